"""The status of each requested name: the same as a review's checks give."""

from dataclasses import replace

import pytest

from cli.diagnose.name_status import NameStatus, RequestedName, name_statuses
from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.model import Case, Decision, NotProvided, OtherName, Pkcs10, UnreadableRequest
from core.settings import Policy
from tests.builders import (
    ADDRESS,
    INSTANCE_ID,
    NODE,
    PUBLIC_ADDRESS,
    PUBLIC_NAME,
    VPC,
    a_case,
    a_policy,
    a_request,
    an_instance,
    an_interface,
    names,
)
from tests.core.check_cases import EXAMPLES, CheckExample

CHECKS = {"san-kinds", "reserved-names", "dns-names", "ip-addresses"}
SECOND_INTERFACE = an_interface(
    device_index=1, address="10.0.2.10", public=("198.51.100.20",), secondary=()
)
TWO_INTERFACES = an_instance(interfaces=(an_interface(), SECOND_INTERFACE))
HOST = NODE.partition(".")[0]


def only_status(name: str, *, policy: Policy | None = None, **rest: object) -> RequestedName:
    """Return the status of this name, requested beside the node's own."""
    case = a_case(
        request=a_request(sans=names(NODE, ADDRESS, name)),
        policy=policy,
        **rest,  # type: ignore[arg-type]
    )
    return {named.value: named for named in name_statuses(case)}[name]


CASES = {
    NODE: NameStatus.CONFIRMED,
    ADDRESS: NameStatus.CONFIRMED,
    PUBLIC_NAME: NameStatus.CONFIRMED,
    f"{NODE.upper()}.": NameStatus.CONFIRMED,
    "10.0.1.77": NameStatus.NOT_ACCEPTED,
    "10.9.9.9": NameStatus.NOT_ON_INSTANCE,
    "other.corp.example": NameStatus.NOT_ON_INSTANCE,
    HOST: NameStatus.NOT_ON_INSTANCE,
    INSTANCE_ID: NameStatus.NOT_ACCEPTED,
    "kubernetes.default": NameStatus.RESERVED,
    "10.100.0.1": NameStatus.RESERVED,
    "a_name": NameStatus.UNSUPPORTED,
}


@pytest.mark.parametrize("name", CASES)
def test_each_name_has_its_own_status(name: str) -> None:
    assert (CASES[name], ()) == (only_status(name).status, only_status(name).settings)


def test_a_name_that_a_setting_would_confirm_names_the_setting() -> None:
    strict = a_policy(allow_public_addresses=False)

    reported = {
        name: only_status(name, policy=strict, instance=TWO_INTERFACES).settings
        for name in (PUBLIC_ADDRESS, "10.0.2.10", "198.51.100.20", f"{HOST}.corp.example")
    }

    assert {
        PUBLIC_ADDRESS: ("ALLOW_PUBLIC_ADDRESSES=true",),
        "10.0.2.10": ("ALLOW_SECONDARY_ENIS=true",),
        "198.51.100.20": ("ALLOW_PUBLIC_ADDRESSES=true", "ALLOW_SECONDARY_ENIS=true"),
        f"{HOST}.corp.example": ("EXTRA_DNS_SUFFIXES=corp.example",),
    } == reported


def test_an_additional_domain_is_added_to_the_configured_ones() -> None:
    policy = a_policy(extra_dns_suffixes="own.example")

    named = only_status(f"{HOST}.corp.example", policy=policy)

    assert ("EXTRA_DNS_SUFFIXES=own.example,corp.example",) == named.settings


@pytest.mark.parametrize("domain", ["us-west-2.compute.internal", "amazonaws.com.evil.internal"])
def test_a_setting_that_is_refused_or_has_no_effect_is_not_suggested(domain: str) -> None:
    other = only_status(f"{HOST}x.{domain}")

    assert (NameStatus.NOT_ON_INSTANCE, ()) == (other.status, other.settings)
    assert () == only_status(f"{HOST}.us-west-2.compute.internal").settings


@pytest.mark.parametrize(
    "case",
    [
        a_case(instances=()),
        a_case(instance=an_instance(state="stopped")),
        a_case(
            instance=an_instance(private_dns_name="", public_dns_name="", interfaces=()),
        ),
        a_case(
            request=a_request(sans=names("10.9.9.9")),
            instance=an_instance(interfaces=(replace(an_interface(), ipv4=()),)),
        ),
    ],
    ids=["unknown", "stopped", "without names", "with prefixes alone"],
)
def test_without_evidence_a_name_has_no_status(case: Case) -> None:
    assert {NameStatus.UNKNOWN} == {named.status for named in name_statuses(case)}


def test_a_name_of_another_kind_keeps_its_kind() -> None:
    request = a_request(sans=(OtherName("rfc822Name", "root@corp.example"),))

    [named] = name_statuses(a_case(request=request))

    assert ("rfc822Name", NameStatus.UNSUPPORTED) == (named.kind, named.status)


def test_a_name_requested_twice_is_listed_once_and_an_unreadable_request_has_none() -> None:
    assert 1 == len(name_statuses(a_case(request=a_request(sans=names(NODE, NODE)))))
    assert () == name_statuses(a_case(request=UnreadableRequest("not PEM")))


NAMED = [
    example
    for example in EXAMPLES
    if isinstance(example.case.request, Pkcs10)
    and example.case.request.sans
    and not isinstance(example.case.instances, NotProvided)
]


@pytest.mark.parametrize("example", NAMED, ids=lambda example: example.id)
def test_all_names_are_confirmed_exactly_if_the_checks_refuse_none(example: CheckExample) -> None:
    """Every example is tried."""
    checks = tuple(
        check for check in KUBELET_SERVING_CHECKS if check.id in CHECKS or check.establishes
    )
    refused = decide(example.case, checks).decision is not Decision.APPROVE

    assert refused == any(
        status.status is not NameStatus.CONFIRMED for status in name_statuses(example.case)
    )


def test_the_vpc_of_another_interface_must_be_the_instances() -> None:
    elsewhere = an_interface(device_index=1, address="10.0.2.10", vpc_id=f"{VPC}b", public=())
    instance = an_instance(interfaces=(an_interface(), elsewhere))

    assert NameStatus.NOT_ACCEPTED is only_status("10.0.2.10", instance=instance).status

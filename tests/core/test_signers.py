"""What the nodes' signer asks EC2 for, for a slice of cases at once."""

from ipaddress import IPv4Address
from typing import Any

import pytest

from core.errors import EvidenceUnavailable
from core.evidence import Evidence
from core.model import (
    APP_SERVING,
    KUBELET_SERVING,
    NOT_PROVIDED,
    Case,
    Identity,
    IdentityKind,
    Instance,
    NotProvided,
)
from core.signers import SIGNERS
from tests.builders import (
    ADDRESS,
    INSTANCE_ID,
    NODE,
    ROLE,
    VPC,
    a_case,
    a_csr,
    a_policy,
    a_request,
    an_extra,
    an_instance,
    names,
)
from tests.core.check_cases.cases import BY_NAME_CSR
from tests.core.fakes import FakeFleet, FakeServices
from tests.service_builders import a_service_case

OTHER_ID = "i-0bbbbbbbbbbbbbbbb"
OTHERS = an_instance(id=OTHER_ID, tags={"eks:cluster-name": "dev"})
GONE = IPv4Address("203.0.113.9")


def by_name(**rest: Any) -> Case:
    """Return a case of a node that is known by its name only."""
    return a_case(csr=BY_NAME_CSR, identity="name", **rest)


def shown(case: Case, *instances: Instance) -> list[str]:
    """Return the ids of the instances that are evidence for a case."""
    answers = SIGNERS[KUBELET_SERVING].gather([case], FakeFleet(instances), None)
    found = answers[case.identity]
    assert isinstance(found, Evidence)
    assert not isinstance(found.instances, NotProvided)
    return [one.id for one in found.instances]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        pytest.param(by_name(), [INSTANCE_ID], id="cluster"),
        pytest.param(by_name(cluster=NOT_PROVIDED), [INSTANCE_ID, OTHER_ID], id="no-cluster"),
    ],
)
def test_of_two_instances_with_a_name_only_the_clusters_counts(
    case: Case, expected: list[str]
) -> None:
    """Where the cluster isn't known, both count, and the name is ambiguous."""
    assert expected == shown(case, an_instance(), OTHERS)


@pytest.mark.parametrize("signer", SIGNERS)
def test_without_cases_nothing_is_asked_and_there_are_no_answers(signer: str) -> None:
    """`evaluate` may read no request of a signer."""
    fleet, services = FakeFleet(), FakeServices()

    assert {} == SIGNERS[signer].gather([], fleet, services)
    assert ([], []) == (fleet.asked, services.asked)


@pytest.mark.parametrize(
    ("case", "vpc"),
    [
        pytest.param(by_name(), VPC, id="the-clusters"),
        pytest.param(by_name(policy=a_policy(allow_other_vpcs=True)), None, id="any"),
        pytest.param(by_name(cluster=NOT_PROVIDED), None, id="unknown"),
    ],
)
def test_a_name_is_searched_in_the_clusters_vpc_unless_others_are_allowed(
    case: Case, vpc: str | None
) -> None:
    """In another VPC the same name may be another machine's."""
    fleet = FakeFleet()

    SIGNERS[KUBELET_SERVING].gather([case], fleet, None)

    assert ("by_private_dns_name", NODE, f"in {vpc}") == fleet.asked[0]


def test_where_one_address_may_have_moved_the_other_answers_stay() -> None:
    """The holders of the address are added to what is known, and to no error."""
    moved = a_case(request=a_request(sans=names(NODE, ADDRESS, str(GONE))))
    other = Identity(IdentityKind.SESSION, OTHER_ID, "other")
    failed = a_case(csr=a_csr(node="other", extra=an_extra(OTHER_ID)), identity=other)
    fleet = FakeFleet(unavailable=(OTHER_ID,))

    answers = SIGNERS[KUBELET_SERVING].gather([moved, failed], fleet, None)

    assert Evidence((an_instance(),), ROLE, {GONE: frozenset()}) == answers[moved.identity]
    assert isinstance(answers[other], EvidenceUnavailable)


def test_without_an_api_server_to_ask_a_services_request_has_no_evidence() -> None:
    """That is no answer, and so no reason to deny."""
    case = a_service_case()

    answers = SIGNERS[APP_SERVING].gather([case], FakeFleet(), None)

    assert [case.claim] == list(answers)
    unavailable = answers[case.claim]
    assert isinstance(unavailable, EvidenceUnavailable)
    assert "there is no API server to ask for Services" == str(unavailable)

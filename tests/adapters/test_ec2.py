"""Instances are requested from EC2 in batches, and each batch fails alone."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.hooks import HierarchicalEmitter
from botocore.stub import Stubber
from moto import mock_aws

from adapters.aws_clients import client_config
from adapters.ec2 import Ec2Fleet
from adapters.iam import InstanceProfiles
from core.errors import EvidenceUnavailable, OutOfTime
from core.model import Instance, Role

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PROFILE = "arn:aws:iam::111122223333:instance-profile/nodes"
ROLE = Role("aws", "111122223333", "eks-node")


class Countdown:
    """A clock with a number of seconds left."""

    def __init__(self, seconds: float = 50) -> None:
        self.seconds = seconds

    def now(self) -> datetime:
        return NOW

    def remaining(self) -> float:
        return self.seconds


class Iam:
    """An IAM client that has one profile."""

    def get_instance_profile(self, **_: str) -> object:
        return {"InstanceProfile": {"Arn": PROFILE, "Roles": [{"Arn": str(ROLE)}]}}


class ScriptedEc2:
    """An EC2 client with scripted pages and errors.

    It is for what botocore's Stubber can't do: errors without an answer of AWS, answers that
    botocore's model doesn't allow, and an older SDK.
    """

    def __init__(self, *pages: object, members: Sequence[str] = ()) -> None:
        self.pages = pages
        self.asked: list[dict[str, Any]] = []
        shape = SimpleNamespace(input_shape=SimpleNamespace(members=members))
        model = SimpleNamespace(operation_model=lambda _: shape)
        self.meta = SimpleNamespace(service_model=model, events=HierarchicalEmitter())

    def get_paginator(self, operation: str) -> "ScriptedEc2":
        assert operation == "describe_instances"
        return self

    def paginate(self, **asked: Any) -> Iterator[object]:
        self.asked.append(asked)
        for page in self.pages:
            if isinstance(page, Exception):
                raise page
            yield page


def a_client() -> Any:
    return boto3.client(
        "ec2",
        region_name="us-east-1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="s",
        config=client_config(),
    )


def a_fleet(ec2: object, seconds: float = 50) -> Ec2Fleet:
    clock = Countdown(seconds)
    return Ec2Fleet(ec2, InstanceProfiles(Iam(), clock.now), clock)


def an_id(number: int) -> str:
    return f"i-{number:017x}"


def an_item(number: int, name: str = "", vpc_id: str = "vpc-1") -> dict[str, Any]:
    return {"InstanceId": an_id(number), "PrivateDnsName": name, "VpcId": vpc_id}


def a_page(*items: object, more: str | None = None) -> dict[str, Any]:
    page: dict[str, Any] = {"Reservations": [{"Instances": [item]} for item in items]}
    return page if more is None else page | {"NextToken": more}


def asked_by_id(ids: Sequence[str], token: str | None = None) -> dict[str, Any]:
    """Return all parameters of a request for these ids."""
    parameters: dict[str, Any] = {
        "Filters": [{"Name": "instance-id", "Values": list(ids)}],
        "MaxResults": 200,
        "IncludeManagedResources": True,
    }
    return parameters if token is None else parameters | {"NextToken": token}


@contextmanager
def ec2_saying(*exchanges: tuple[dict[str, Any], dict[str, Any] | str]) -> Iterator[Ec2Fleet]:
    """Yield EC2 with exactly these requests and answers; a text is an error's code."""
    client = a_client()
    with Stubber(client) as stub:
        for request, answer in exchanges:
            if isinstance(answer, str):
                stub.add_client_error(
                    "describe_instances",
                    answer,
                    f"{PROFILE} must not be shown",
                    expected_params=request,
                )
            else:
                stub.add_response("describe_instances", answer, request)
        yield a_fleet(client)
        stub.assert_no_pending_responses()


def ids_of(answer: Mapping[str, tuple[Instance, ...] | EvidenceUnavailable]) -> list[str]:
    """Return the ids with evidence, which must be one instance with that id."""
    found = {key: value for key, value in answer.items() if isinstance(value, tuple)}
    assert all([key] == [instance.id for instance in value] for key, value in found.items())
    return sorted(found)


def by_name(
    answer: Mapping[str, tuple[Instance, ...] | EvidenceUnavailable],
) -> dict[str, list[str]]:
    """Return the names with evidence, and their instances' ids."""
    return {
        name: [instance.id for instance in found]
        for name, found in answer.items()
        if not isinstance(found, EvidenceUnavailable)
    }


def problems_of(answer: Mapping[str, object]) -> dict[str, str]:
    return {k: str(v) for k, v in answer.items() if isinstance(v, EvidenceUnavailable)}


@mock_aws
def test_instances_come_by_id_and_unknown_ones_are_absent() -> None:
    """An id that EC2 doesn't know has no effect on the others."""
    client = a_client()
    ran = client.run_instances(ImageId="ami-12c6146b", MinCount=2, MaxCount=2)["Instances"]
    ids = [instance["InstanceId"] for instance in ran]

    answer = a_fleet(client).by_id([*ids, an_id(7)])

    assert sorted(ids) == ids_of(answer)
    assert len(answer) == 2


@mock_aws
def test_instances_come_by_name_within_the_vpc() -> None:
    """A name of another VPC, or of no instance, is absent."""
    client = a_client()
    ran = client.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]
    name, vpc_id = ran["PrivateDnsName"], ran["VpcId"]
    fleet = a_fleet(client)

    here = fleet.by_private_dns_name([name, "none.ec2.internal"], vpc_id)
    elsewhere = fleet.by_private_dns_name([name], "vpc-0123")

    assert by_name(here) == {name: [ran["InstanceId"]]}
    assert elsewhere == {}


def test_two_hundred_ids_are_one_call() -> None:
    """401 ids are three calls, by filter, with managed instances, and each id once."""
    ids = [an_id(number) for number in range(401)]
    with ec2_saying(
        (asked_by_id(ids[:200]), a_page()),
        (asked_by_id(ids[200:400]), a_page()),
        (asked_by_id(ids[400:]), a_page()),
    ) as fleet:
        answer = fleet.by_id([*reversed(ids), ids[0]])

    assert answer == {}


def test_names_are_requested_with_their_vpc() -> None:
    """201 names are two calls, each with both filters."""
    names = [f"ip-10-0-{number:03}-1.ec2.internal" for number in range(201)]

    def asked(batch: list[str]) -> dict[str, Any]:
        return {
            "Filters": [
                {"Name": "private-dns-name", "Values": batch},
                {"Name": "vpc-id", "Values": ["vpc-1"]},
            ],
            "MaxResults": 200,
            "IncludeManagedResources": True,
        }

    with ec2_saying(
        (asked(names[:200]), a_page(an_item(1, names[0]), an_item(2, names[0]))),
        (asked(names[200:]), a_page(an_item(3, names[200]))),
    ) as fleet:
        answer = fleet.by_private_dns_name(names, "vpc-1")

    assert by_name(answer) == {names[0]: [an_id(1), an_id(2)], names[200]: [an_id(3)]}


def test_all_pages_are_read_in_any_order() -> None:
    """An instance is identified by its own fields, on any page."""
    ids = [an_id(number) for number in range(3)]
    with ec2_saying(
        (asked_by_id(ids), a_page(an_item(2), more="t1")),
        (asked_by_id(ids, "t1"), a_page(more="t2")),
        (asked_by_id(ids, "t2"), a_page(an_item(1), an_item(0))),
    ) as fleet:
        answer = fleet.by_id(ids)

    assert ids == ids_of(answer)


@pytest.mark.parametrize(
    "code",
    [
        "UnauthorizedOperation",
        "RequestLimitExceeded",
        "InternalError",
        "AuthFailure",
        "Unavailable",
    ],
)
def test_a_failing_batch_fails_alone(code: str) -> None:
    """After any error only its own two hundred ids have no evidence."""
    ids = [an_id(number) for number in range(201)]
    with ec2_saying(
        (asked_by_id(ids[:200]), code), (asked_by_id(ids[200:]), a_page(an_item(200)))
    ) as fleet:
        answer = fleet.by_id(ids)

    assert ids_of(answer) == [an_id(200)]
    assert problems_of(answer) == dict.fromkeys(ids[:200], f"EC2 DescribeInstances: {code}")


def test_a_batch_whose_second_page_fails_fails_whole() -> None:
    """The first page may not be complete, so it is no evidence either."""
    ids = [an_id(1), an_id(2)]
    with ec2_saying(
        (asked_by_id(ids), a_page(an_item(1), more="t1")),
        (asked_by_id(ids, "t1"), "RequestLimitExceeded"),
    ) as fleet:
        answer = fleet.by_id(ids)

    assert problems_of(answer) == dict.fromkeys(ids, "EC2 DescribeInstances: RequestLimitExceeded")


@pytest.mark.parametrize(
    "error",
    [
        NoCredentialsError(),
        ConnectTimeoutError(endpoint_url="https://ec2.us-east-1.amazonaws.com/"),
        ReadTimeoutError(endpoint_url="https://ec2.us-east-1.amazonaws.com/"),
        BotoCoreError(),
    ],
)
def test_a_call_that_gets_no_answer_gives_no_evidence(error: Exception) -> None:
    """Time-outs and missing credentials are reported by their class only."""
    fleet = a_fleet(ScriptedEc2(error))
    problem = f"EC2 DescribeInstances: {type(error).__name__}"

    assert {an_id(1): problem} == problems_of(fleet.by_id([an_id(1)]))
    assert {"a.b": problem} == problems_of(fleet.by_private_dns_name(["a.b"], "vpc-1"))


def test_an_unreadable_instance_is_no_evidence_and_the_others_are() -> None:
    """An item that can't be read is reported by its field."""
    unreadable = an_item(1) | {"PublicIpAddress": "nowhere"}
    answer = a_fleet(ScriptedEc2(a_page(unreadable, an_item(2)))).by_id([an_id(1), an_id(2)])

    assert ids_of(answer) == [an_id(2)]
    assert list(problems_of(answer)) == [an_id(1)]
    assert "PublicIpAddress" in problems_of(answer)[an_id(1)]


def test_a_name_with_an_unreadable_instance_has_no_evidence() -> None:
    """Another instance of that name isn't the only one, so it isn't used."""
    pages = a_page(
        an_item(1, "a.b"), an_item(2, "a.b") | {"PublicIpAddress": "x"}, an_item(3, "c.d")
    )
    answer = a_fleet(ScriptedEc2(pages)).by_private_dns_name(["a.b", "c.d"], "vpc-1")

    assert list(problems_of(answer)) == ["a.b"]
    assert by_name(answer) == {"c.d": [an_id(3)]}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param({}, id="no reservations"),
        pytest.param({"Reservations": [{"Instances": None}]}, id="no instances"),
        pytest.param(a_page(an_item(1), {"VpcId": "vpc-1"}), id="no id"),
        pytest.param(a_page(an_item(1), "i-1"), id="no object"),
    ],
)
def test_a_batch_with_an_item_without_an_id_fails_whole(page: object) -> None:
    """The item may be evidence for any id, so no id is reported as unknown."""
    answer = a_fleet(ScriptedEc2(page)).by_id([an_id(1)])

    assert problems_of(answer) == {an_id(1): "EC2 DescribeInstances: unreadable answer"}


def test_an_instance_that_was_not_requested_is_no_evidence() -> None:
    """An instance with another id or name is ignored, whatever its shape."""
    ec2 = ScriptedEc2(
        a_page(an_item(9, "x.y"), {"InstanceId": "i-9", "PrivateDnsName": "z", "VpcId": 5})
    )

    assert a_fleet(ec2).by_id([an_id(1)]) == {}
    assert a_fleet(ec2).by_private_dns_name(["a.b"], "vpc-1") == {}


def test_an_instance_on_two_pages_is_one() -> None:
    """Pages may overlap while instances come and go."""
    ec2 = ScriptedEc2(a_page(an_item(1, "a.b")), a_page(an_item(1, "a.b")))
    answer = a_fleet(ec2).by_private_dns_name(["a.b"], "vpc-1")

    assert by_name(answer) == {"a.b": [an_id(1)]}


@pytest.mark.parametrize("pattern", ["*", "ip-10-0-1-?.ec2.internal", "a\\b", ""])
def test_a_name_that_is_a_pattern_is_never_requested(pattern: str) -> None:
    """EC2 would answer with other nodes' instances."""
    ec2 = ScriptedEc2(a_page())
    fleet = a_fleet(ec2)

    assert fleet.by_private_dns_name([pattern], "vpc-1") == {}
    assert fleet.by_id([pattern]) == {}
    assert ec2.asked == []


def test_names_of_any_vpc_are_requested_without_a_vpc() -> None:
    """Nodes may be in other VPCs, if the settings allow it."""
    request = {
        "Filters": [{"Name": "private-dns-name", "Values": ["a.b"]}],
        "MaxResults": 200,
        "IncludeManagedResources": True,
    }
    page = a_page(an_item(1, "a.b", "vpc-1"), an_item(2, "a.b", "vpc-2"))
    with ec2_saying((request, page)) as fleet:
        answer = fleet.by_private_dns_name(["a.b"], None)

    assert by_name(answer) == {"a.b": [an_id(1), an_id(2)]}


_BY_ADDRESS = (
    "ip-address",
    "network-interface.addresses.association.public-ip",
    "network-interface.addresses.private-ip-address",
)


def _asked_for(name: str, value: str) -> dict[str, Any]:
    filters = [{"Name": name, "Values": [value]}]
    return {"Filters": filters, "MaxResults": 200, "IncludeManagedResources": True}


def test_the_holders_of_an_address_have_it_anywhere() -> None:
    """As the instance's public address, on any interface, or as a private one."""
    held = an_item(1, "a.b") | {"PublicIpAddress": "54.1.2.3"}
    other = an_item(2, "c.d") | {"PublicIpAddress": "54.1.2.4"}
    answers = [a_page(held, other), a_page(), a_page()]
    with ec2_saying(
        *zip((_asked_for(name, "54.1.2.3") for name in _BY_ADDRESS), answers, strict=True)
    ) as fleet:
        found = fleet.holders([IPv4Address("54.1.2.3")])

    assert {IPv4Address("54.1.2.3"): frozenset({an_id(1)})} == found


def test_holders_are_unknown_if_ec2_doesnt_answer_or_answers_with_nonsense() -> None:
    """An address that wasn't asked for is absent; an empty answer would mean that it is free."""
    address = IPv4Address("54.1.2.3")

    assert {} == a_fleet(ScriptedEc2(a_page({"InstanceId": 5}))).holders([address])
    assert {} == a_fleet(ScriptedEc2(a_page()), seconds=1).holders([address])


def test_without_a_vpc_no_name_is_requested() -> None:
    """Names are unique within a VPC only."""
    ec2 = ScriptedEc2(a_page(an_item(1, "a.b")))
    answer = a_fleet(ec2).by_private_dns_name(["a.b"], "")

    assert problems_of(answer) == {"a.b": "the cluster's VPC is unknown"}
    assert ec2.asked == []


@pytest.mark.parametrize(
    ("members", "managed"),
    [
        pytest.param(
            ["Filters", "IncludeManagedResources"], {"IncludeManagedResources": True}, id="new"
        ),
        pytest.param(["Filters"], {}, id="old"),
    ],
)
def test_managed_instances_are_requested_if_the_sdk_supports_it(
    members: list[str], managed: dict[str, bool]
) -> None:
    """An older SDK refuses the parameter, so it is left out."""
    ec2 = ScriptedEc2(a_page(), members=members)
    a_fleet(ec2).by_id([an_id(1)])

    assert ec2.asked == [
        {
            "Filters": [{"Name": "instance-id", "Values": [an_id(1)]}],
            "PaginationConfig": {"PageSize": 200},
            **managed,
        }
    ]


def test_shortly_before_the_end_nothing_is_requested() -> None:
    """The rest of the time is for the requests whose evidence is there."""
    ec2 = ScriptedEc2(a_page(an_item(1)))
    fleet = a_fleet(ec2, seconds=14)
    problem = "EC2 DescribeInstances: not asked, no time was left"

    assert problems_of(fleet.by_id([an_id(1)])) == {an_id(1): problem}
    assert problems_of(fleet.by_private_dns_name(["a.b"], "vpc-1")) == {"a.b": problem}
    late = fleet.role_of_profile(PROFILE)
    assert isinstance(late, OutOfTime)
    assert str(late) == "IAM GetInstanceProfile: not asked, no time was left"
    assert all(isinstance(found, OutOfTime) for found in fleet.by_id([an_id(1)]).values())
    assert ec2.asked == []


class FastFail:
    """Makes the `fast_fail` client, and counts how often."""

    def __init__(self, *pages: object) -> None:
        self.ec2 = ScriptedEc2(*pages)
        self.made = 0

    def __call__(self) -> ScriptedEc2:
        self.made += 1
        return self.ec2


def late_fleet(clock: Countdown, usual: ScriptedEc2, fast_fail: FastFail) -> Ec2Fleet:
    return Ec2Fleet(usual, InstanceProfiles(Iam(), clock.now), clock, fast_fail)


def test_late_in_a_run_the_fast_fail_client_asks_ec2() -> None:
    """Before that the client isn't made."""
    clock, usual, fast_fail = (
        Countdown(15),
        ScriptedEc2(a_page(an_item(1))),
        FastFail(a_page(an_item(1))),
    )
    fleet = late_fleet(clock, usual, fast_fail)

    assert ids_of(fleet.by_id([an_id(1)])) == [an_id(1)]
    assert (1, 0) == (len(usual.asked), fast_fail.made)
    clock.seconds = 5
    assert ids_of(fleet.by_id([an_id(1)])) == [an_id(1)]
    assert (1, 1) == (len(usual.asked), len(fast_fail.ec2.asked))
    clock.seconds = 4.9
    assert isinstance(fleet.by_id([an_id(1)])[an_id(1)], OutOfTime)
    assert 1 == len(fast_fail.ec2.asked)


@pytest.mark.parametrize("kind", [ConnectTimeoutError, ReadTimeoutError])
def test_a_time_out_of_the_fast_fail_client_is_a_lack_of_time(kind: Any) -> None:
    """EC2 may work: the next run has longer time-outs."""
    fast_fail = FastFail(kind(endpoint_url="https://ec2"))

    answer = late_fleet(Countdown(14), ScriptedEc2(), fast_fail).by_id([an_id(1)])

    assert isinstance(answer[an_id(1)], OutOfTime)


def test_other_trouble_of_the_hasty_client_is_trouble() -> None:
    """An error that is no time-out isn't retried: the patient client would get the same error."""
    denied = ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "DescribeInstances")

    answer = late_fleet(Countdown(14), ScriptedEc2(), FastFail(denied)).by_id([an_id(1)])

    assert not isinstance(answer[an_id(1)], OutOfTime)
    assert problems_of(answer) == {
        an_id(1): "EC2 DescribeInstances: UnauthorizedOperation",
    }


def test_no_other_page_is_requested_with_too_little_time() -> None:
    """A page takes as long as a call; the pages before it are not the whole answer."""
    clock = Countdown(50)

    class Slow(ScriptedEc2):
        def paginate(self, **asked: Any) -> Iterator[object]:
            for page in super().paginate(**asked):
                clock.seconds -= 20
                yield page

    pages = [a_page(an_item(n), more=str(n)) for n in range(1, 4)]
    ec2 = Slow(*pages)

    answer = a_fleet_of(ec2, clock).by_id([an_id(1)])

    assert isinstance(answer[an_id(1)], OutOfTime)
    assert clock.seconds == 10


def a_fleet_of(ec2: object, clock: Countdown) -> Ec2Fleet:
    return Ec2Fleet(ec2, InstanceProfiles(Iam(), clock.now), clock)


def test_a_role_that_is_kept_needs_no_time() -> None:
    """Shortly before the end the roles requested before are still known."""
    clock = Countdown()
    fleet = Ec2Fleet(ScriptedEc2(), InstanceProfiles(Iam(), clock.now), clock)

    assert fleet.role_of_profile(PROFILE) == ROLE
    clock.seconds = 0
    assert fleet.role_of_profile(PROFILE) == ROLE


def test_clients_have_short_time_outs_few_attempts_and_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All settings are explicit; the environment's proxy is used only on request."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    config = a_client().meta.config

    assert (config.connect_timeout, config.read_timeout) == (3, 5)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}
    assert config.proxies == {}
    assert client_config(use_environment_proxy=True).proxies is None

"""A public address that has left its instance: how a review judges, counts and writes it."""

from dataclasses import fields
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NoReturn

import pytest

from core.checks.moved import is_public, may_have_moved, names_public
from core.model import (
    ADDRESS_MOVED,
    KUBELET_SERVING,
    Case,
    Csr,
    Decision,
    Instance,
    Refusal,
    Run,
    UnreadableRequest,
    Verdict,
)
from core.review import review
from core.signers import SIGNERS
from tests.builders import (
    ADDRESS,
    NODE,
    PUBLIC_ADDRESS,
    a_case,
    a_certificate,
    a_cluster,
    a_filed_csr,
    an_extra,
    an_instance,
    an_interface,
    approved,
    settings,
)
from tests.core.fakes import FakeFleet, FakeWorld

MINUTE = timedelta(minutes=1)
GONE = "203.0.113.9"


def moved(name: str = "csr-b", **rest: Any) -> Csr:
    """Return a node's request for its own names, and for an address that it had."""
    return a_filed_csr(**{"name": name, "ips": (ADDRESS, GONE), **rest})


def run(world: FakeWorld, **changes: Any) -> Run:
    chosen = settings(**{"mode": "enforce", **changes})
    return review(a_cluster(), SIGNERS[KUBELET_SERVING], chosen, world.ports)


def counted(done: Run) -> tuple[int, int, int]:
    """Return how many count as moved, as denied, and as pending."""
    return done.totals.moved_addresses, done.due(Decision.DENY), done.totals.pending


def test_it_is_counted_apart_and_pending_and_never_approved() -> None:
    """The alarm on denials is for attacks."""
    world = FakeWorld(moved())

    done = run(world, mode="approve-only")

    assert (1, 0, 1) == counted(done)
    assert ([], [("csr-b", "withheld")]) == (world.api.written, world.ledger.actions)


def test_in_enforce_the_denial_is_written_as_for_others() -> None:
    """The kubelet then asks again at once, for what it has now."""
    world = FakeWorld(moved())

    done = run(world)

    assert (1, 0, 0) == counted(done)
    assert {"csr-b": "Denied"} == world.api.conditions


def test_before_a_denial_is_due_it_only_waits() -> None:
    """EC2 may not show the address yet."""
    assert (0, 0, 1) == counted(run(FakeWorld(moved(age=5 * MINUTE))))


@pytest.mark.parametrize(("age", "expected"), [(19 * MINUTE, (1, 0, 0)), (20 * MINUTE, (0, 1, 0))])
def test_after_twenty_minutes_it_counts_as_denied(
    age: timedelta, expected: tuple[int, int, int]
) -> None:
    """An honest kubelet has asked again by then."""
    done = run(FakeWorld(moved(age=age)), max_csr_age_seconds=3_600)

    assert expected == counted(done)


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ((ADDRESS_MOVED,), True),
        ((ADDRESS_MOVED, ADDRESS_MOVED), True),
        ((ADDRESS_MOVED, "usages not allowed"), False),
        (("usages not allowed",), False),
        ((), False),
    ],
)
def test_a_verdict_is_of_a_moved_address_if_it_has_no_other_reason(
    reasons: tuple[str, ...], *, expected: bool
) -> None:
    """Whatever else is wrong with the request may be an attack."""
    refusals = tuple(Refusal.deny(reason, "x") for reason in reasons)

    assert Verdict(Decision.DENY, refusals).is_moved_address is expected


def test_a_second_one_counts_as_denied() -> None:
    """It doesn't matter how the first one ended, unless it was issued."""
    first = moved("csr-a", age=30 * MINUTE)

    assert (0, 1, 0) == counted(run(FakeWorld(first, moved())))


def test_an_earlier_request_for_private_names_doesnt_count() -> None:
    """A node in a public subnet asks for these first."""
    private = a_filed_csr(name="csr-a", age=30 * MINUTE)

    assert (1, 0, 0) == counted(run(FakeWorld(private, moved())))


def test_an_earlier_request_that_was_issued_doesnt_count() -> None:
    """The address was the instance's then."""
    asked = a_filed_csr(
        name="csr-a", age=30 * MINUTE, ips=(ADDRESS, PUBLIC_ADDRESS), conditions=(approved(),)
    )
    issued = a_filed_csr(
        name="csr-a",
        age=30 * MINUTE,
        ips=(ADDRESS, PUBLIC_ADDRESS),
        conditions=(approved(),),
        certificate=a_certificate(asked),
    )

    assert (1, 0, 0) == counted(run(FakeWorld(issued, moved())))


def test_an_earlier_request_that_cant_be_read_counts() -> None:
    """It may have named any address."""
    unreadable = a_filed_csr(name="csr-a", age=30 * MINUTE)
    unreadable = Csr(
        **{field: getattr(unreadable, field) for field in unreadable.__dataclass_fields__}
        | {"request": b"x"}
    )

    assert (0, 1, 0) == counted(run(FakeWorld(unreadable, moved())))


def test_the_condition_doesnt_show_whether_another_instance_has_the_address() -> None:
    """A node could otherwise find out the public addresses of other clusters' instances."""
    other = an_instance(
        id="i-0bbbbbbbbbbbbbbbb",
        tags={"eks:cluster-name": "dev"},
        interfaces=(an_interface(address="10.0.1.20", public=(GONE,)),),
    )
    free, taken = FakeWorld(moved()), FakeWorld(moved(), fleet=FakeFleet((an_instance(), other)))

    run(free)
    run(taken)

    assert free.api.written == taken.api.written
    assert "address is not the instance's" in free.api.written[0].message


def test_an_address_that_another_instance_has_now_counts_as_denied() -> None:
    """Its requester may want to pass for that instance."""
    other = an_instance(
        id="i-0bbbbbbbbbbbbbbbb",
        private_dns_name="other",
        interfaces=(an_interface(address="10.0.1.20", public=(GONE,)),),
    )
    world = FakeWorld(moved(), fleet=FakeFleet((an_instance(), other)))

    assert (0, 1, 0) == counted(run(world))


def test_without_an_answer_of_ec2_it_counts_as_denied() -> None:
    """Missing evidence silences no alarm."""

    class Silent(FakeFleet):
        def holders(self, _addresses: Any) -> dict[IPv4Address, frozenset[str]]:
            return {}

    assert (0, 1, 0) == counted(run(FakeWorld(moved(), fleet=Silent())))


def test_ec2_is_asked_only_where_an_address_may_have_moved() -> None:
    """An ordinary run makes no further call."""
    ordinary = FakeWorld(a_filed_csr(), a_filed_csr(name="csr-f", node=NODE, ips=("10.9.9.9",)))
    asked = FakeWorld(moved())

    run(ordinary)
    run(asked)

    assert [] == [call for call in ordinary.fleet.asked if call[0] == "holders"]
    assert [("holders", GONE)] == [call for call in asked.fleet.asked if call[0] == "holders"]


@pytest.mark.parametrize(
    "text",
    [
        *("10.255.0.1", "172.31.0.1", "192.168.0.1", "100.64.0.1", "198.19.0.1"),
        *("127.0.0.1", "169.254.169.254", "224.0.0.1", "0.0.0.0", "255.255.255.255"),
    ],
)
def test_these_addresses_are_never_public(text: str) -> None:
    """No instance has them as its public address."""
    assert not is_public(IPv4Address(text))


@pytest.mark.parametrize(
    "text",
    [
        *("9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255"),
        *("192.169.0.0", "100.63.255.255", "100.128.0.0", "198.17.255.255", "198.20.0.0"),
        *("126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0"),
        "223.255.255.255",
    ],
)
def test_their_neighbours_may_be_public(text: str) -> None:
    """The ranges aren't wider than they are reserved."""
    assert is_public(IPv4Address(text))


def test_no_ipv6_address_is_public() -> None:
    """EC2 gives an instance no second address for one."""
    assert not is_public(IPv6Address("2600:1f18::1"))


def test_public_addresses_are_found_as_such_and_as_names() -> None:
    """In any letter case, and in any Region."""
    assert is_public(IPv4Address("54.1.2.3"))
    assert names_public([], [IPv4Address("54.1.2.3")])
    assert names_public([NODE, "EC2-54-1-2-3.compute-1.amazonaws.com."], [])
    assert names_public(["ec2-3-200-201-202.eu-west-1.compute.amazonaws.com"], [])
    assert not names_public([], [])
    assert not names_public([NODE], [IPv4Address(ADDRESS)])


@pytest.mark.parametrize("octet", ["", "1234", "\u0661"])
@pytest.mark.parametrize("place", range(4))
def test_a_name_that_spells_no_address_names_no_public_one(octet: str, place: int) -> None:
    """An octet has one to three ASCII digits."""
    octets = ["54", "1", "2", "3"]
    octets[place] = octet

    assert not names_public([f"ec2-{'-'.join(octets)}.compute-1.amazonaws.com"], [])


@pytest.mark.parametrize(
    "case",
    [
        a_case(request=UnreadableRequest("x")),
        a_case(instances=()),
        a_case(instance=an_instance(state="stopped")),
    ],
    ids=["unreadable", "no-instance", "stopped"],
)
def test_without_a_request_or_a_running_instance_nothing_has_moved(case: Case) -> None:
    """There are no names to compare."""
    assert may_have_moved(case) is None


def test_where_all_names_are_the_instances_own_nothing_has_moved() -> None:
    """The instance has a public address now, which the request needn't name."""
    assert (
        may_have_moved(
            a_case(instance=an_instance(interfaces=(an_interface(public=(PUBLIC_ADDRESS,)),)))
        )
        is None
    )


def test_a_bug_met_on_one_request_stops_no_other() -> None:
    """EC2 is asked for a whole slice at once, before any of its requests is judged."""

    class Broken(Instance):
        def addresses(self) -> NoReturn:
            raise RuntimeError("boom")

    healthy = an_instance(id="i-0bbbbbbbbbbbbbbbb", private_dns_name="ip-10-0-1-20.ec2.internal")
    good = a_filed_csr(
        name="csr-a", node=healthy.private_dns_name, dns=(), extra=an_extra(healthy.id)
    )
    made = an_instance()
    broken = Broken(**{one.name: getattr(made, one.name) for one in fields(made)})
    world = FakeWorld(good, moved(), fleet=FakeFleet((broken, healthy)))

    done = run(world)

    assert ({"csr-a": "Approved"}, 1) == (world.api.conditions, done.totals.bugs)

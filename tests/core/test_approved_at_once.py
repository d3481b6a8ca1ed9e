"""An approval isn't delayed where only a setting accepts a name: EKS doesn't decide those."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.acting import plan, to_reapprove
from core.checks.own_names import (
    accepts_more_by_setting,
    may_need_a_setting,
    needs_a_setting,
)
from core.decision import decide
from core.model import Action, Case, Csr, Decision, Judged, UnreadableRequest, Verdict
from core.settings import Mode
from core.signers import SIGNERS
from core.slices import SLICE
from tests.builders import (
    ADDRESS,
    NODE,
    PUBLIC_ADDRESS,
    a_case,
    a_csr,
    a_filed_csr,
    a_policy,
    a_request,
    an_extra,
    an_instance,
    an_interface,
    approved,
    names,
    settings,
)
from tests.core.fakes import FakeClock, FakeWorld
from tests.core.test_review import a_nodes_csr, fleet_of, node, run, session
from tests.service_builders import a_service_case

LABEL = NODE.partition(".")[0]
BY_SUFFIX = f"{LABEL}.corp.example"
SECOND = an_interface(device_index=1, address="10.0.2.10", public=(), secondary=())
TWO_INTERFACES = an_instance(interfaces=(an_interface(), SECOND))
SUFFIX: dict[str, Any] = {"extra_dns_suffixes": ("corp.example",)}
SECONDARY: dict[str, Any] = {"allow_secondary_enis": True}

YOUNG, MINUTE = timedelta(seconds=5), timedelta(minutes=1)


def case(*sans: str, age: timedelta = YOUNG, **changes: Any) -> Case:
    """Return the case of a CSR with these names, on an instance with two interfaces."""
    return a_case(
        csr=a_csr(age=age),
        request=a_request(sans=names(*sans)),
        policy=settings(**changes),
        instance=TWO_INTERFACES,
    )


def judged(one: Case) -> Judged:
    return Judged(one, decide(one, SIGNERS[one.csr.signer].checks))


@pytest.mark.parametrize(
    ("sans", "changes", "expected"),
    [
        pytest.param((BY_SUFFIX,), SUFFIX, "approved", id="a-name-under-the-suffix"),
        pytest.param((NODE, BY_SUFFIX, ADDRESS), SUFFIX, "approved", id="among-others"),
        pytest.param((BY_SUFFIX.upper(),), SUFFIX, "approved", id="in-capitals"),
        pytest.param((ADDRESS, "10.0.2.10"), SECONDARY, "approved", id="a-secondary-interface"),
        pytest.param((NODE, ADDRESS), {**SUFFIX, **SECONDARY}, "waiting", id="usual-names"),
        pytest.param((NODE.upper(), ADDRESS), SUFFIX, "waiting", id="usual-names-in-capitals"),
        pytest.param((NODE, PUBLIC_ADDRESS), SECONDARY, "waiting", id="a-public-address"),
        pytest.param((BY_SUFFIX,), {}, "waiting", id="without-the-setting"),
    ],
)
def test_an_approval_that_needs_a_setting_is_due_at_once(
    sans: tuple[str, ...], changes: dict[str, Any], expected: str
) -> None:
    """Any other waits, as EKS may issue it."""
    one = judged(case(*sans, **changes))

    assert expected == plan(one, settings(**changes), Mode.ENFORCE).value


def test_at_once_is_in_the_second_in_which_it_is_filed() -> None:
    """Creation times are whole seconds."""
    one = judged(case(BY_SUFFIX, age=timedelta(), **SUFFIX))

    assert plan(one, settings(**SUFFIX), Mode.ENFORCE) is Action.APPROVED


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(
            a_case(request=UnreadableRequest("not DER"), policy=a_policy(**SUFFIX)), id="unreadable"
        ),
        pytest.param(a_case(instances=(), policy=a_policy(**SUFFIX)), id="no-instance"),
        pytest.param(a_service_case(), id="a-service"),
    ],
)
def test_without_a_request_or_an_instance_no_setting_is_needed(one: Case) -> None:
    """The settings are about the names of an instance."""
    assert not needs_a_setting(one)


def test_a_denial_waits_whatever_the_settings() -> None:
    """A name of another machine beside one under the suffix: EC2's answer may lag behind."""
    one = judged(case(BY_SUFFIX, "ip-10-9-9-9.ec2.internal", **SUFFIX))

    assert one.verdict.decision is Decision.DENY
    assert plan(one, settings(**SUFFIX), Mode.ENFORCE) is Action.WAITING


def test_a_request_from_the_future_waits_until_it_is_filed() -> None:
    """Within the tolerance for clocks, it is judged, and not yet due."""
    one = judged(case(BY_SUFFIX, age=timedelta(seconds=-1), **SUFFIX))

    assert plan(one, settings(**SUFFIX), Mode.ENFORCE) is Action.WAITING


def test_a_second_approval_waits() -> None:
    """What another approver approved, EKS may still issue."""
    decided = a_case(
        csr=a_csr(age=YOUNG, conditions=(approved("ByHand"),)),
        request=a_request(sans=names(BY_SUFFIX)),
        policy=settings(**SUFFIX),
    )
    one = Judged(decided, Verdict(Decision.APPROVE))
    again = settings(**SUFFIX, reapprove_unissued=True)

    assert [one] == to_reapprove([one], again)
    assert plan(one, again, Mode.ENFORCE) is Action.WAITING


@pytest.mark.parametrize(
    ("sans", "changes", "expected"),
    [
        pytest.param((BY_SUFFIX,), SUFFIX, True, id="a-name-under-the-suffix"),
        pytest.param((BY_SUFFIX.upper(),), SUFFIX, True, id="in-capitals"),
        pytest.param(("corp.example",), SUFFIX, False, id="the-suffix-itself"),
        pytest.param(("notcorp.example",), SUFFIX, False, id="a-longer-label"),
        pytest.param((BY_SUFFIX,), SECONDARY, False, id="another-setting"),
        pytest.param(("10.0.1.10", "10.0.2.10"), SECONDARY, True, id="two-of-a-family"),
        pytest.param(("10.0.1.10", "2001:db8::1"), SECONDARY, False, id="one-of-each-family"),
        pytest.param(("2001:db8::1", "10.0.1.10"), SECONDARY, False, id="in-another-order"),
        pytest.param(
            ("2001:db8::1", "10.0.1.10", "10.0.2.10"), SECONDARY, True, id="two-beside-another"
        ),
        pytest.param((NODE,), SECONDARY, False, id="no-address"),
        pytest.param(("10.0.1.10", "10.0.2.10"), SUFFIX, False, id="without-the-setting"),
    ],
)
def test_evidence_is_asked_for_early_only_where_a_setting_may_decide(
    sans: tuple[str, ...], changes: dict[str, Any], *, expected: bool
) -> None:
    """It is judged by the request alone, before EC2 is asked."""
    request = a_request(sans=names(*sans))

    assert expected is may_need_a_setting(request, a_policy(**changes))


def test_an_unreadable_request_needs_no_setting() -> None:
    """It has no names."""
    assert not may_need_a_setting(UnreadableRequest("not DER"), a_policy(**SUFFIX))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        (SUFFIX, True),
        (SECONDARY, True),
        ({**SUFFIX, **SECONDARY}, True),
    ],
)
def test_only_two_settings_accept_names_that_eks_doesnt_verify(
    changes: dict[str, Any], *, expected: bool
) -> None:
    """Without them no young request is judged."""
    assert accepts_more_by_setting(a_policy(**changes)) is expected


@pytest.mark.parametrize(("changes", "not_read"), [({}, 1), (SUFFIX, 0)])
def test_young_requests_are_read_last_unless_a_setting_may_decide(
    changes: dict[str, Any], not_read: int
) -> None:
    """Late in a run only what may be due is read."""
    world = FakeWorld(a_filed_csr(age=YOUNG), clock=FakeClock(left=20.0))

    assert not_read == run(world, **changes).not_read


def test_a_review_approves_a_young_request_that_needs_a_setting() -> None:
    """Others of the same age are counted, and EC2 isn't asked for them."""
    young = a_filed_csr(dns=(BY_SUFFIX,), ips=(ADDRESS,), age=YOUNG)
    world = FakeWorld(young)

    done = run(world, **SUFFIX)

    assert {young.name: "Approved"} == world.api.conditions
    assert 0 == sum(done.totals.not_judged.values()) + done.totals.pending


def test_a_review_asks_nothing_for_other_young_requests() -> None:
    """The setting alone makes no request due: its names do."""
    world = FakeWorld(a_filed_csr(age=YOUNG))

    done = run(world, **SUFFIX)

    assert ([], {}) == (world.fleet.asked, world.api.conditions)
    assert {Action.WAITING: 1} == done.totals.not_judged


def test_young_requests_are_judged_last() -> None:
    """A flood of them uses only the time that older requests leave."""
    young = a_filed_csr(
        name="csr-young",
        node=node(1),
        dns=(f"{node(1).partition('.')[0]}.corp.example",),
        ips=("10.0.1.1",),
        extra=an_extra(session(1)),
        age=YOUNG,
    )
    old = [a_nodes_csr(number, age=timedelta(minutes=2)) for number in range(2, SLICE + 2)]
    world = FakeWorld(young, *old, fleet=fleet_of(*range(1, SLICE + 2)))

    run(world, **SUFFIX)

    names_in_order = [name for name, _ in world.ledger.actions]
    assert SLICE + 1 == len(names_in_order)
    assert "csr-young" == names_in_order[-1]


def test_large_young_requests_come_last_of_all() -> None:
    """Age comes first, then size: an old request waits for no young one."""

    def csr(number: int, names: int, age: timedelta) -> Csr:
        name = f"{node(number).partition('.')[0]}.corp.example"
        return replace(
            a_nodes_csr(number, age=age),
            request=a_filed_csr(
                node=node(number), dns=(name,) * names, ips=(f"10.0.1.{number}",)
            ).request,
        )

    csrs = [csr(1, 500, 2 * MINUTE), csr(2, 500, 2 * YOUNG), csr(3, 1, YOUNG)]
    world = FakeWorld(*csrs, fleet=fleet_of(1, 2, 3))

    run(world, **SUFFIX)

    assert ["csr-0001", "csr-0003", "csr-0002"] == [name for name, _ in world.ledger.actions]

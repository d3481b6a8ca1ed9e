"""On any error of a port, a run writes nothing that a healthy run wouldn't, and reports the error.

An exception of a port is raised to the caller, as it is a bug: adapters return all other failures
as values, and raise `ClusterUnavailable` for a failed list, which the handlers log.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from core.errors import BadSettings, ClusterUnavailable, EvidenceUnavailable, NotOnboarded
from core.model import Action, Csr, RoleUnknown, Write, Written
from core.ports import Ports
from tests.builders import PROFILE
from tests.core.fakes import FakeFleet, FakeWorld
from tests.property.busy import (
    CSRS,
    INSTANCES,
    ITEMS,
    WRITTEN,
    LiveApi,
    a_world,
    node,
    reviewed,
    session,
    written,
)

#: More calls of a method than any run makes.
_CALLS = 80

errors = st.sampled_from(
    (
        RuntimeError("boom"),
        KeyError("x"),
        OSError("reset"),
        MemoryError(),
        RecursionError(),
        AssertionError(),
        UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
        EvidenceUnavailable("throttled"),
        ClusterUnavailable("connection", "refused"),
        NotOnboarded("unauthorized", "401"),
        BadSettings("MODE"),
    )
)


class Broken:
    """A port whose one method raises from call number `at` on (from 0), or at that call `once`."""

    def __init__(
        self, port: object, method: str, error: Exception, at: int = 0, *, once: bool = False
    ) -> None:
        self._port, self._method, self._error = port, method, error
        self._calls, self._at, self._once = 0, at, once

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = cast("Callable[..., Any]", getattr(self._port, name))
        return self._failing(method) if name == self._method else method

    def _failing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: object) -> Any:
            self._calls += 1
            if self._calls - 1 == self._at or (self._calls > self._at and not self._once):
                raise self._error
            return method(*arguments)

        return call


def broken(world: FakeWorld, port: str, *rest: Any, **more: Any) -> Ports:
    one: Any = Broken(getattr(world.ports, port), *rest, **more)
    return replace(world.ports, **{port: one})


def run(ports: Ports, error: Exception) -> bool:
    """Review, and return whether it raised that error. It must raise no other."""
    try:
        reviewed(ports)
    except Exception as raised:  # noqa: BLE001  any that an example has drawn
        assert raised is error  # noqa: PT017  most examples raise it, not all
        return True
    return False


# --- before anything is decided ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("api", "list_csrs"),
        ("fleet", "by_id"),
        ("fleet", "by_private_dns_name"),
        ("fleet", "role_of_profile"),
    ],
)
@given(error=errors)
@tried(max_examples=12, deadline=None)
def test_a_failing_port_ends_the_run_with_nothing_written(
    port: str, method: str, error: Exception
) -> None:
    """Without evidence no CSR of the list is decided."""
    world = a_world()

    assert run(broken(world, port, method, error), error)
    assert ([], [], []) == (world.api.written, world.ledger.records, world.ledger.runs)


@pytest.mark.parametrize("method", ["now", "remaining"])
@given(error=errors, at=st.integers(0, _CALLS))
@tried(max_examples=40, deadline=None)
def test_a_clock_that_fails_decides_nothing(method: str, error: Exception, at: int) -> None:
    """At any call, either all or none of the due decisions are written and recorded."""
    world = a_world()

    raised = run(broken(world, "clock", method, error, at), error)

    assert written(world.api.written) in ([], list(WRITTEN))
    assert raised == (world.ledger.runs == [])
    recorded = {name for name, _ in world.ledger.actions}
    assert {write.csr.name for write in world.api.written} <= recorded


# --- errors while writing ------------------------------------------------------------------------


@dataclass
class CutOff(LiveApi):
    """Raises during the writes: before or after the one at `at` is stored, reported or not."""

    at: int = 0
    error: Exception | None = None
    taken: bool = False

    def write_all(self, writes: Sequence[Write]) -> Iterator[tuple[Write, Written]]:
        yield from super().write_all(writes[: self.at])
        if self.taken:
            self._apply(writes[self.at])
        assert self.error is not None
        raise self.error


@given(
    error=errors,
    at=st.integers(0, len(WRITTEN) - 1),
    taken=st.booleans(),
)
@tried(max_examples=60, deadline=None)
def test_interrupted_writes_are_recorded_as_far_as_reported(
    error: Exception, at: int, *, taken: bool
) -> None:
    """Reported writes are recorded; the next run's list shows the others."""
    world = a_world()
    api = CutOff(list(ITEMS), at=at, error=error, taken=taken)

    assert run(replace(world.ports, api=api), error)

    assert list(WRITTEN[:at]) == written(api.reported)
    assert list(WRITTEN[: at + taken]) == written(api.applied)
    decided = (Action.APPROVED.value, Action.DENIED.value)
    reported = [name for name, action in world.ledger.actions if action in decided]
    assert [name for name, _ in WRITTEN[:at]] == reported
    assert [] == world.ledger.runs


# --- errors while recording ----------------------------------------------------------------------


@given(error=errors, at=st.integers(0, _CALLS), once=st.booleans())
@tried(max_examples=60, deadline=None)
def test_a_record_that_fails_costs_no_other_csr_its_decision_or_its_record(
    error: Exception, at: int, *, once: bool
) -> None:
    """A CSR whose line can't be written must not stop a whole cluster in every run.

    The error is raised in the end, after the totals are recorded.
    """
    healthy, world = a_world(), a_world()
    reviewed(healthy.ports)
    records = healthy.ledger.actions

    raised = run(broken(world, "ledger", "record", error, at, once=once), error)

    assert raised == (at < len(records))
    assert healthy.api.written == world.api.written
    assert records[:at] + (records[at + 1 :] if once else []) == world.ledger.actions
    assert [run.totals for run in healthy.ledger.runs] == [run.totals for run in world.ledger.runs]


@given(error=errors)
@tried(max_examples=12, deadline=None)
def test_an_error_while_recording_the_totals_is_raised(error: Exception) -> None:
    """Everything is decided and recorded by then; the error is raised."""
    world = a_world()

    assert run(broken(world, "ledger", "finish", error), error)
    assert list(WRITTEN) == written(world.api.written)


# --- unavailable evidence ------------------------------------------------------------------------

_OF_AWS = [*(session(number) for number in range(1, 17)), node(11), node(12)]


def _claims(csr: Csr) -> set[str]:
    return {*csr.extra.get("sessionName", ()), csr.node or ""}


@given(unavailable=st.sets(st.sampled_from(_OF_AWS)))
@tried(max_examples=40, deadline=None)
def test_a_csr_with_unavailable_evidence_is_never_decided(unavailable: set[str]) -> None:
    """The CSR isn't decided even if its request alone would be denied; others are as usual."""
    undecidable = {csr.name for csr in CSRS if unavailable & _claims(csr)}
    world = a_world(unavailable=unavailable)

    reviewed(world.ports)

    assert [decision for decision in WRITTEN if decision[0] not in undecidable] == written(
        world.api.written
    )


_WITH_SESSION = [csr for csr in CSRS if csr.extra]


@given(unknown=st.sets(st.sampled_from([csr.extra["sessionName"][0] for csr in _WITH_SESSION])))
@tried(max_examples=40, deadline=None)
def test_an_instance_that_ec2_doesnt_show_makes_no_new_denial(unknown: set[str]) -> None:
    """EC2 may not show it yet: CSRs that the request alone doesn't disprove are left."""
    instances = [instance for instance in INSTANCES if instance.id not in unknown]
    world = a_world(instances=instances)

    reviewed(world.ports)

    assert set(written(world.api.written)) <= set(WRITTEN)
    gone = {csr.name for csr in CSRS if unknown & _claims(csr)}
    kept = {
        decision
        for decision in WRITTEN
        if decision[0] not in gone or decision == ("csr-05", "Denied")
    }
    assert kept <= set(written(world.api.written))


@given(why=st.text(max_size=20), fault=st.booleans())
@tried(max_examples=15, deadline=None)
def test_without_a_role_nothing_is_approved_and_no_more_denied(why: str, *, fault: bool) -> None:
    """A node that is identified by name, without IAM, needs no role."""
    fleet = FakeFleet(INSTANCES, roles={PROFILE: RoleUnknown(why, fault=fault)})
    world = FakeWorld(*ITEMS, fleet=fleet)

    reviewed(world.ports)

    assert [
        decision for decision in WRITTEN if decision[1] == "Denied" or decision[0] == "csr-11"
    ] == written(world.api.written)

"""Runs may be repeated, overlap, and be cut off anywhere: each decision is written once.

The CSR object is the only state: the next run sees what one run wrote, and continues.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from core.model import Csr, Pkcs10, Write, WriteResult, Written
from sandbox.csr_builder import request as csr_builder
from tests.builders import NOW, a_certificate, a_parsed_csr
from tests.core.fakes import FakeClock, FakeFleet, FakeLedger, FakeWorld
from tests.property.busy import (
    INSTANCES,
    ITEMS,
    WELL,
    WRITTEN,
    End,
    Item,
    LiveApi,
    asked,
    reviewed,
    written,
)

_NAMES = [name for name, _ in WRITTEN]


def run(api: LiveApi, seconds: float = 0) -> None:
    """Run once on the API's CSRs, `seconds` after the first run."""
    clock = FakeClock((NOW + timedelta(seconds=seconds),))
    world = FakeWorld(fleet=FakeFleet(INSTANCES), clock=clock)
    reviewed(replace(world.ports, api=api))


def test_a_second_run_writes_nothing_more() -> None:
    """The first run decides everything that is due."""
    api = LiveApi(list(ITEMS))

    run(api)
    assert list(WRITTEN) == written(api.applied)
    run(api)

    assert list(WRITTEN) == written(api.reported)


def _issued(item: Item) -> Item:
    """Return the item after the signer issued its certificate."""
    if not isinstance(item, Csr) or dict(WRITTEN).get(item.name) != "Approved":
        return item
    request = a_parsed_csr(item).request
    assert isinstance(request, Pkcs10)
    names = (
        *map(csr_builder.dns, request.dns),
        *(csr_builder.ip(ip.packed) for ip in request.addresses),
    )
    return replace(item, certificate=a_certificate(item, sans=names, node=item.node or ""))


def test_a_run_after_the_signer_writes_nothing_more() -> None:
    """An issued CSR isn't decided again."""
    api = LiveApi(list(ITEMS))

    run(api)
    api.items = [_issued(item) for item in api.items]
    run(api)

    assert list(WRITTEN) == written(api.reported)


_CUT = RuntimeError("cut off")
_ENDS = st.dictionaries(
    st.sampled_from(_NAMES),
    st.sampled_from(
        (
            WELL,
            End(applied=False),  # for example a 500
            End(applied=False, result=WriteResult.DEFERRED),
            End(result=WriteResult.FAILED),  # it was stored, and the answer was lost
            End(applied=False, error=_CUT),
            End(error=_CUT),
        )
    ),
)


@given(ends=st.lists(_ENDS, max_size=3))
@tried(max_examples=80, deadline=None)
def test_the_next_runs_do_what_was_cut_off(ends: list[dict[str, End]]) -> None:
    """With any results of earlier writes, everything is decided in the end, and nothing twice."""
    api = LiveApi(list(ITEMS))
    for each in ends:
        api.ends = each
        try:
            run(api)
        except RuntimeError as error:
            assert error is _CUT  # noqa: PT017  only some of the examples are cut off
    api.ends = {}

    run(api)

    assert sorted(WRITTEN) == sorted(written(api.applied))


@dataclass
class Overlapped(LiveApi):
    """Another run happens between this one's list and its writes, or between its writes."""

    after: int = 0
    others: list[Written] = field(default_factory=list)

    def write_all(self, writes: Sequence[Write]) -> Iterator[tuple[Write, Written]]:
        yield from super().write_all(writes[: self.after])
        other = LiveApi(self.items, self.applied, self.reported)
        run(other)
        yield from super().write_all(writes[self.after :])


@given(after=st.integers(0, len(WRITTEN)))
@tried(max_examples=len(WRITTEN) + 1, deadline=None)
def test_runs_that_overlap_write_each_decision_once(after: int) -> None:
    """The second writer's result is that another client was first."""
    api = Overlapped(list(ITEMS), after=after)
    ledger = FakeLedger()
    world = FakeWorld(fleet=FakeFleet(INSTANCES), ledger=ledger)

    reviewed(replace(world.ports, api=api))

    assert sorted(WRITTEN) == sorted(written(api.applied))
    ended = dict(ledger.actions)
    assert ["overtaken"] * (len(WRITTEN) - after) == [ended[name] for name in _NAMES[after:]]


@given(seconds=st.lists(st.integers(0, 1_200), max_size=4).map(sorted))
@tried(max_examples=40, deadline=None)
def test_runs_at_any_time_decide_nothing_twice(seconds: list[int]) -> None:
    """Young CSRs become due, old ones are abandoned, and decided ones stay decided."""
    api = LiveApi(list(ITEMS))
    for after in (0, *seconds):
        run(api, after)

    names = [name for name, _ in written(api.applied)]
    assert len(set(names)) == len(names)
    assert api.applied == api.reported
    assert list(WRITTEN) == written(api.applied)[: len(WRITTEN)]


@pytest.mark.parametrize("count", [2, 5])
def test_each_run_approves_one_of_many_requests_of_the_same_second(count: int) -> None:
    """Ages have whole seconds, so many are newest: a decided one must not block the others."""
    api = LiveApi([asked(1, f"-{number}") for number in range(count)])
    for number in range(count):
        run(api)
        assert number + 1 == len(api.applied)

    run(api)
    assert {f"csr-01-{number}" for number in range(count)} == {
        entry.csr.name for entry in api.reported
    }

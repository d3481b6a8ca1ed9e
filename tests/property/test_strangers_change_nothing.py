"""No CSR of another requester changes one's verdicts, except one that uses the same key."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from core.model import (
    KUBELET_SERVING,
    Condition,
    Csr,
    OversizedRequest,
    Refusal,
    UnreadableCsr,
    Verdict,
)
from sandbox.csr_builder import request as csr_builder
from tests.builders import NOW, a_certificate, an_extra, approved
from tests.core.fakes import FakeWorld
from tests.property.busy import (
    CSRS,
    ITEMS,
    WRITTEN,
    Item,
    a_world,
    asked,
    node,
    reviewed,
    session,
    written,
)

_OURS = {csr.username for csr in CSRS}
_NOTED = (Condition("Noted", "True", "", "", None),)
_OTHER_CSRS = [asked(number, words=f"other {number}") for number in range(20, 24)]

# Characters of any Unicode plane, and some that break parsers and terminals.
_odd = st.one_of(
    st.text(max_size=20),
    st.text(st.sampled_from("\0\n\x1b\u202e\u2028\ufeff\U0001f600e\u0301K"), max_size=6),
    st.sampled_from(("../..", "%2e%2e", "{}", "$(x)", "x" * 1_000)),
)
_usernames = st.one_of(
    _odd,
    _odd.map("system:node:{}".format),
    st.integers(20, 30).map(lambda number: f"system:node:{node(number)}"),
    st.sampled_from([f"system:node:{node(1).upper()}", f"system:node:{node(1)}."]),
).filter(lambda name: name not in _OURS)
_moments = st.one_of(
    st.datetimes(timezones=st.just(UTC)),
    st.integers(-100, 1_000).map(lambda age: NOW - timedelta(seconds=age)),
    st.sampled_from((datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC))),
)
_texts = st.lists(_odd, max_size=4).map(tuple)
_extras = st.one_of(
    st.integers(1, 30).map(lambda number: an_extra(session(number))),
    st.dictionaries(st.one_of(_odd, st.sampled_from(sorted(an_extra()))), _texts, max_size=4),
)
# Including copies of others' requests, which only their own requester can use.
_requests = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([csr.request for csr in (*CSRS, *_OTHER_CSRS)]),
    st.integers(65_537, 3_000_000).map(OversizedRequest),
)
_conditions = st.lists(
    st.builds(
        Condition,
        st.one_of(st.sampled_from(("Approved", "Denied", "Failed")), _odd),
        _odd,
        st.one_of(st.sampled_from(("ApprovedByCsrApprover", "DeniedByCsrApprover")), _odd),
        _odd,
        st.one_of(st.none(), _moments),
    ),
    max_size=3,
).map(tuple)

strangers = st.one_of(
    st.builds(
        Csr,
        name=_odd.map("csr-x{}".format),
        uid=_odd.map("uid-x{}".format),
        resource_version=_odd,
        created=_moments,
        signer=st.just(KUBELET_SERVING),
        username=_usernames,
        groups=st.one_of(_texts, st.just(("system:nodes", "system:authenticated"))),
        extra=_extras,
        usages=st.one_of(_texts, st.just(("digital signature", "server auth"))),
        expiration_seconds=st.one_of(st.none(), st.integers()),
        request=_requests,
        conditions=_conditions,
        certificate=st.one_of(st.just(b""), st.binary(max_size=20)),
    ),
    st.sampled_from(_OTHER_CSRS),
    st.builds(
        UnreadableCsr, st.one_of(st.none(), _odd), st.sampled_from((KUBELET_SERVING, None)), _odd
    ),
)


def _mixed(data: st.DataObject, foreign: list[Item]) -> list[Item]:
    """Return our and foreign items, in any order, some of the foreign ones twice."""
    twice = data.draw(st.lists(st.sampled_from(foreign), max_size=2)) if foreign else []
    random = data.draw(st.randoms(use_true_random=False))
    items = [*ITEMS, *foreign, *twice]
    return random.sample(items, len(items))


def _verdicts_of(items: Sequence[Item]) -> dict[str, Verdict | None]:
    world = a_world(items)
    reviewed(world.ports)
    return _verdicts(world)


def _verdicts(world: FakeWorld) -> dict[str, Verdict | None]:
    """Return the verdicts on our CSRs after a review."""
    cases = {record.evaluation.case.csr.name: record for record in world.ledger.records}
    return {csr.name: cases[csr.name].evaluation.verdict for csr in CSRS if csr.name in cases}


_ALONE = _verdicts_of(ITEMS)


@given(foreign=st.lists(strangers, max_size=12), data=st.data())
@tried(max_examples=80, deadline=None)
def test_foreign_csrs_leave_our_verdicts_the_same(foreign: list[Item], data: st.DataObject) -> None:
    """Our decisions stay the same, too, and no foreign CSR raises an error."""
    world = a_world(_mixed(data, foreign))

    reviewed(world.ports)

    assert _ALONE == _verdicts(world)
    assert list(WRITTEN) == [
        decision
        for decision in written(world.api.written)
        if not decision[0].startswith(("csr-x", "csr-2"))
    ]
    assert not [
        record.evaluation.problem for record in world.ledger.records if record.evaluation.problem
    ]


@given(foreign=st.lists(strangers, max_size=12), data=st.data())
@tried(max_examples=40, deadline=None)
def test_every_item_is_accounted_for(foreign: list[Item], data: st.DataObject) -> None:
    """Each item is recorded, counted at a gate, unreadable, or decided before."""
    items = _mixed(data, foreign)
    pending = [item for item in items if isinstance(item, Csr) and item.is_pending]

    done = reviewed(a_world(items).ports)

    assert len(items) == done.listed
    assert len(pending) == sum(done.totals.actions.values()) + sum(done.gated.values())
    assert sum(isinstance(item, UnreadableCsr) for item in items) == len(done.unreadable)


@given(numbers=st.sets(st.sampled_from(range(1, 17)), min_size=1), age=st.integers(0, 1_000))
@tried(max_examples=30, deadline=None)
def test_another_roles_sessions_under_our_usernames_change_nothing(
    numbers: set[int], age: int
) -> None:
    """Wrong certificates of such a session change nothing: EKS makes the username from its name."""
    forged = [
        asked(
            number,
            "-forged",
            words=f"forged {number}",
            extra=an_extra(session(number), role="gpu-node"),
            conditions=(approved(),),
            age=timedelta(seconds=age),
        )
        for number in sorted(numbers)
    ]

    names = (csr_builder.dns("other.example"),)
    wrong = [replace(csr, certificate=a_certificate(csr, sans=names)) for csr in forged]

    assert _ALONE == _verdicts_of([*ITEMS, *wrong])


def _without_key(verdict: Verdict | None) -> list[Refusal]:
    assert verdict is not None
    return [refusal for refusal in verdict.refusals if refusal.check != "key-not-reused"]


@given(
    numbers=st.sets(st.sampled_from((1, 2, 3, 8, 9)), min_size=1), change=st.sampled_from((0, 1, 2))
)
@tried(max_examples=30, deadline=None)
def test_a_shared_key_denies_its_two_requesters_and_no_other(
    numbers: set[int], change: int
) -> None:
    """The second requester must have the key: a copy of the request has no effect."""
    held: list[dict[str, Any]] = [{}, {"conditions": _NOTED}, {"age": timedelta(days=1)}]
    thieves = [asked(number + 30, words=node(number), **held[change]) for number in sorted(numbers)]
    copies = [
        replace(asked(4), name="csr-copy", uid="copy", username=f"system:node:{node(39)}"),
        *(replace(csr, name=f"{csr.name}-copy", uid=csr.name, username="bob") for csr in CSRS),
    ]

    got = _verdicts_of([*ITEMS, *thieves, *copies])

    assert _ALONE.keys() == got.keys()
    for name, verdict in got.items():
        assert _without_key(verdict) == _without_key(_ALONE[name])
        denied = verdict is not None and verdict != _ALONE[name]
        assert denied == (name in {f"csr-{number:02}" for number in numbers})

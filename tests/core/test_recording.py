"""A record that fails stops no other, and its error is raised at the end of the run."""

import pytest

from core.model import KUBELET_SERVING, Action, NoEvidence, Record
from core.recording import DeferredErrorLedger
from core.review import review
from core.settings import Mode
from core.signers import SIGNERS
from tests.builders import a_case, a_cluster, a_csr, settings
from tests.core.fakes import FakeLedger, FakeWorld

RUN = review(a_cluster(), SIGNERS[KUBELET_SERVING], settings(), FakeWorld().ports)


def a_record(name: str) -> Record:
    case = a_case(csr=a_csr(name=name))
    return Record(NoEvidence(case, "throttled"), Action.UNDECIDED, 420.0, 420.0, mode=Mode.ENFORCE)


class Failing(FakeLedger):
    """Fails on each record whose CSR's name begins with "bad", with an error of this name."""

    def record(self, record: Record) -> None:
        name = record.evaluation.case.csr.name
        if name.startswith("bad"):
            raise RuntimeError(name)
        super().record(record)


def test_without_a_failure_everything_is_recorded() -> None:
    """Nothing is raised."""
    inner = FakeLedger()
    ledger = DeferredErrorLedger(inner)

    ledger.record(a_record("good"))
    ledger.finish(RUN)

    assert ([("good", "undecided")], [RUN]) == (inner.actions, inner.runs)


def test_the_first_error_is_raised_once_all_is_recorded() -> None:
    """Those that follow may be its effects."""
    inner = Failing()
    ledger = DeferredErrorLedger(inner)

    for name in ("good-1", "bad-1", "good-2", "bad-2"):
        ledger.record(a_record(name))
    with pytest.raises(RuntimeError, match="bad-1"):
        ledger.finish(RUN)

    assert ["good-1", "good-2"] == [name for name, _ in inner.actions]
    assert [RUN] == inner.runs

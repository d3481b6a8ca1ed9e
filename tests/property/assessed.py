"""The pipeline on one CSR whose request is given as it was read, not as bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from core.assessment import EvidenceSource, Plan, assess
from core.budget import Budget
from core.context import ReviewContext
from core.evidence import Addable, Answers
from core.memo import Memo, Reader
from core.model import Case, Csr, Evaluation, Pkcs10
from core.peers import PeerIndex
from tests.core.fakes import FakeClock


class FixedReader(Reader):
    """Reads every request as this one."""

    def __init__(self, request: Pkcs10) -> None:
        super().__init__(Memo())
        self._request = request

    def read(self, kind: str, content: bytes, how: Callable[[bytes], Any]) -> Any:
        return self._request if kind.startswith("request") else super().read(kind, content, how)


@dataclass(frozen=True)
class Edited:
    """Evidence, and a change of the case that it is added to."""

    evidence: Addable
    edit: Callable[[Case], Case]

    def added_to(self, case: Case) -> Case:
        return self.edit(self.evidence.added_to(case))


def assessed(
    csr: Csr,
    request: Pkcs10,
    context: ReviewContext,
    source: EvidenceSource,
    edit: Callable[[Case], Case] = lambda case: case,
) -> Evaluation | None:
    """Return what came of the CSR; None without time."""

    def edited(cases: Sequence[Case]) -> Answers:
        answers = cast("dict[Any, Addable]", source(cases))
        return {claimed: Edited(found, edit) for claimed, found in answers.items()}

    clock = FakeClock((context.now,))
    context = replace(context, reader=FixedReader(request))
    budget = Budget(clock, context.signer.seconds)
    assessment = assess([csr], context, Plan(_all, gates_first=False), edited, budget)
    evaluations = [evaluation for part in assessment.slices() for evaluation in part]
    return evaluations[0] if evaluations else None


def _all(cases: Sequence[Case], _peers: PeerIndex) -> Sequence[Case]:
    return cases

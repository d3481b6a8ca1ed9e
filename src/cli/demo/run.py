"""The run of `csr-approver demo`: the fleet, the handlers on it, and what came of each request."""

import io
import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from adapters.csr_items import read_item
from cli.evaluate.saved_evidence import Answer, SavedEvidence
from cli.evaluate.saved_evidence import evaluate as judge_saved
from core.acting import is_early
from core.model import Case, Judged, Pkcs10
from core.printable import printable
from core.settings import DispatchSettings, ReviewSettings
from core.signers import SIGNERS
from handlers import dispatch, review
from sandbox import scoped
from sandbox.fleet import CHAPTERS, SCENARIOS, Fleet, Outcome, Scenario

Line = Mapping[str, Any]

_SERVICE: Final = "csr-approver"
_SECONDS: Final = 55
_SETTINGS: Final = ReviewSettings()
_GATES: Final = frozenset(
    check.id for signer in SIGNERS.values() for check in signer.checks if check.gate
)

#: What EventBridge Scheduler sends. From: EventBridge Scheduler User Guide.
_SCHEDULED: Final = {"version": "0", "source": "aws.scheduler", "detail-type": "Scheduled Event"}


@dataclass(frozen=True, slots=True)
class Row:
    """One request: what was asked, and what came of it. All texts are printable ASCII."""

    chapter: str
    scenario: Scenario
    requester: str
    names: tuple[str, ...]
    names_in_all: int
    outcome: Outcome
    why: str
    refusals: int
    issued: bool
    line: Line | None

    @property
    def is_expected(self) -> bool:
        """True when it came as the scenario says that it must."""
        return self.outcome == self.scenario.expect


@dataclass(frozen=True, slots=True)
class Play:
    """Everything that happened."""

    rows: tuple[Row, ...]
    lines: tuple[Line, ...]
    metrics: tuple[Line, ...]
    seconds: float

    @property
    def surprises(self) -> tuple[Row, ...]:
        """The rows that came otherwise than they must."""
        return tuple(row for row in self.rows if not row.is_expected)

    def said(self, message: str) -> Sequence[Line]:
        """The log lines with this message."""
        return [line for line in self.lines if line["message"] == message]


class LambdaContext:
    """What a handler is told of its invocation."""

    def __init__(self) -> None:
        self.aws_request_id = str(uuid4())
        self._end = time.monotonic() + _SECONDS

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end it."""
        return int((self._end - time.monotonic()) * 1_000)


def play() -> Play:
    """File everything, run the dispatcher once and the reviewer on each message, and look."""
    started = time.monotonic()
    with Fleet(SCENARIOS) as fleet, _environment(fleet.settings):
        with _cold_start() as printed:
            dispatch.handler(_SCHEDULED, LambdaContext())
            for record in fleet.aws.receive(fleet.settings["QUEUE_URL"]):
                review.handler({"Records": [record]}, LambdaContext())
        lines = [json.loads(text) for text in printed.getvalue().splitlines()]
        said = tuple(line for line in lines if "_aws" not in line)
        rows = tuple(_rows(fleet, {line["uid"]: line for line in said if "uid" in line}))
    metrics = tuple(line for line in lines if "_aws" in line)
    return Play(rows, said, metrics, time.monotonic() - started)


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """The template's variables, and none of the caller's own of the same names."""
    known = {*ReviewSettings.model_fields, *DispatchSettings.model_fields}
    others = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in known and not name.startswith("POWERTOOLS_")
    }
    ours = {**settings, "POWERTOOLS_SERVICE_NAME": _SERVICE}
    with scoped.environment(others | ours):
        yield


@contextmanager
def _cold_start() -> Iterator[io.StringIO]:
    """Handlers without warm state, before and after, and all that they print.

    Powertools keeps a service's log handler, with its stream, for the life of the process.
    """
    warm = (dispatch._dispatcher, dispatch._logger, review._reviewer, review._logger)  # noqa: SLF001
    printed = io.StringIO()
    for made in warm:
        made.cache_clear()
    for handler in logging.getLogger(_SERVICE).handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(printed)
    try:
        with redirect_stdout(printed):
            yield printed
    finally:
        for made in warm:
            made.cache_clear()


def _rows(fleet: Fleet, lines: Mapping[str, Line]) -> Iterator[Row]:
    gates = {name: _answers(cluster.objects()) for name, cluster in fleet.clusters.items()}
    for chapter, scenarios in CHAPTERS.items():
        for scenario in scenarios:
            stored = fleet.clusters[scenario.cluster].get(scenario.name)
            uid = stored["metadata"]["uid"]
            issued = bool(stored["status"].get("certificate"))
            line = lines.get(uid)
            if line is None:
                yield _gated(chapter, scenario, gates[scenario.cluster][uid], issued=issued)
            else:
                yield _logged(chapter, scenario, line, issued=issued)


def _answers(objects: Sequence[Line]) -> Mapping[str, Answer]:
    """By uid: what `evaluate` says of those that no line tells of, for the gates need no AWS."""
    items = [read_item(item) for item in objects]
    now = datetime.now(UTC)
    found = judge_saved(items, SavedEvidence(), _SETTINGS, now, decided=False)
    return {item["metadata"]["uid"]: one for item, one in zip(objects, found, strict=True)}


def _logged(chapter: str, scenario: Scenario, line: Line, *, issued: bool) -> Row:
    refusals = line.get("refusals", [])
    if "finding" in line:
        outcome, why = Outcome("", "", line["finding"]), line["detail"]
    else:
        first = refusals[0] if refusals else {"check": "", "reason": line.get("problem", "")}
        outcome = Outcome(line["verdict"] or "", first["check"], line["action"])
        why = f"{first['reason']}: {first['detail']}" if refusals else first["reason"]
    names = (*line.get("dns", ()), *line.get("ips", ()), *line.get("other_names", ()))
    return Row(
        chapter=chapter,
        scenario=scenario,
        requester=line["requester"],
        names=names,
        names_in_all=line.get("names", 0),
        outcome=outcome,
        why=why,
        refusals=len(refusals),
        issued=issued,
        line=line,
    )


def _gated(chapter: str, scenario: Scenario, answer: Answer, *, issued: bool) -> Row:
    """Return the row of a request that has no line of its own: the handler only counts it.

    Either a gate stopped it, and `evaluate` says which one and why, or it is too young for any
    decision.
    """
    case = answer.case if isinstance(answer, Judged) else None
    refusals = answer.verdict.refusals if isinstance(answer, Judged) and answer.verdict else ()
    names: tuple[str, ...] = ()
    if case is not None and isinstance(case.request, Pkcs10):
        names = (*case.request.dns, *map(str, case.request.addresses))
    outcome, why = Outcome("", "", "lost"), "neither logged nor stopped at a gate"
    if case is not None and _is_early(case):
        outcome = Outcome("", "", "waiting", counted=True)
        why = f"EC2 isn't asked before it is {_SETTINGS.approve_after_seconds} s old"
    elif len(refusals) == 1 and refusals[0].check in _GATES:
        outcome = Outcome("leave", refusals[0].check, "left", counted=True)
        why = f"{refusals[0].reason}: {refusals[0].detail}"
    return Row(
        chapter=chapter,
        scenario=scenario,
        requester="" if case is None else printable(case.csr.username),
        names=tuple(map(printable, names)),
        names_in_all=len(names),
        outcome=outcome,
        why=why,
        refusals=len(refusals),
        issued=issued,
        line=None,
    )


def _is_early(case: Case) -> bool:
    age = (case.now - (case.peers.asking_since or case.csr.created)).total_seconds()
    return case.csr.is_pending and is_early(age, _SETTINGS)

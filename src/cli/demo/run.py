"""The run of `csr-approver demo`: the fleet, the functions on it, and the result by request."""

import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from adapters.csr_items import read_item
from cli.evaluate.saved_evidence import Answer, SavedEvidence
from cli.evaluate.saved_evidence import evaluate as judge_saved
from core.acting import is_early
from core.model import Case, Judged, Pkcs10
from core.printable import printable
from core.settings import DispatchSettings, ReviewSettings
from core.signers import SIGNERS
from handlers.dispatch import Dispatcher
from handlers.review import Reviewer
from sandbox import scoped
from sandbox.fleet import (
    CHAPTERS,
    SCENARIOS,
    WORKING_LOG,
    BrokenNode,
    Fleet,
    Outcome,
    Scenario,
)
from sandbox.kubelet_server import INTERNAL_ERROR

Line = Mapping[str, Any]

_SERVICE: Final = "csr-approver"
#: The time of an invocation. From: template.yaml, the reviewer's Timeout.
_SECONDS: Final = 55.0
_SETTINGS: Final = ReviewSettings()
_GATES: Final = frozenset(
    check.id for signer in SIGNERS.values() for check in signer.checks if check.gate
)


@dataclass(frozen=True, slots=True)
class Row:
    """One request and its result. All texts are printable ASCII."""

    chapter: str
    scenario: Scenario
    requester: str
    names: tuple[str, ...]
    name_count: int
    outcome: Outcome
    why: str
    refusals: int
    issued: bool
    line: Line | None

    @property
    def is_expected(self) -> bool:
        """Whether the result is the one that the scenario expects."""
        return self.outcome == self.scenario.expect


@dataclass(frozen=True, slots=True)
class Symptom:
    """What the broken node's kubelet answers, and the state of its request."""

    log: str
    condition: str


@dataclass(frozen=True, slots=True)
class Play:
    """The results of all requests, and what the functions printed."""

    before: Symptom
    after: Symptom
    rows: tuple[Row, ...]
    lines: tuple[Line, ...]
    metrics: tuple[Line, ...]
    seconds: float

    @property
    def surprises(self) -> tuple[Row, ...]:
        """The rows whose result isn't the expected one."""
        return tuple(row for row in self.rows if not row.is_expected)

    @property
    def is_expected(self) -> bool:
        """Whether each result is the expected one, and the broken node works."""
        works = (self.before.log, self.after.log) == (INTERNAL_ERROR, WORKING_LOG)
        return works and not self.surprises

    def log_lines(self, message: str) -> Sequence[Line]:
        """Return the log lines with this message."""
        return [line for line in self.lines if line["message"] == message]


def play() -> Play:
    """File all requests, run the dispatcher once and the reviewer on each of its messages."""
    started = time.monotonic()
    with (
        Fleet(SCENARIOS) as fleet,
        BrokenNode(fleet) as node,
        scoped.environment(_variables(fleet.settings)),
    ):
        before = Symptom(node.log(), node.condition())
        printed = [json.loads(text) for text in _run(fleet).splitlines()]
        after = Symptom(node.log(), node.condition())
        lines = tuple(line for line in printed if "_aws" not in line)
        rows = tuple(_rows(fleet, {line["uid"]: line for line in lines if "uid" in line}))
    metrics = tuple(line for line in printed if "_aws" in line)
    return Play(before, after, rows, lines, metrics, time.monotonic() - started)


def _variables(settings: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment of the functions: the caller's own settings must not change them."""
    known = {*ReviewSettings.model_fields, *DispatchSettings.model_fields}
    others = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in known and not name.startswith("POWERTOOLS_")
    }
    return {**others, **settings}


def _run(fleet: Fleet) -> str:
    """Return the log lines and metrics of one run, a line each, as JSON."""
    printed = io.StringIO()
    # Powertools keeps the stream of a service's first logger: each run needs a name of its own.
    logger = Logger(service=f"demo-{uuid4()}", level="INFO", stream=printed, location=None)
    logger.append_keys(service=_SERVICE)
    with redirect_stdout(printed):  # Powertools prints metrics to stdout
        dispatcher = Dispatcher.from_env(os.environ, logger)
        reviewer = Reviewer.from_env(os.environ, logger)
        with _invocation(logger):
            dispatcher.dispatch(WallClock(_SECONDS))
        for record in fleet.aws.receive(fleet.settings["QUEUE_URL"]):
            with _invocation(logger):
                reviewer.handle({"Records": [record]}, WallClock(_SECONDS))
    return printed.getvalue()


@contextmanager
def _invocation(logger: Logger) -> Iterator[None]:
    """Give the log lines a request ID, as Lambda does."""
    with logger.append_context_keys(function_request_id=str(uuid4())):
        yield


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
    """Return by UID what `evaluate` answers: requests stopped at a gate have no log line."""
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
        name_count=line.get("names", 0),
        outcome=outcome,
        why=why,
        refusals=len(refusals),
        issued=issued,
        line=line,
    )


def _gated(chapter: str, scenario: Scenario, answer: Answer, *, issued: bool) -> Row:
    """Return the row of a request without a log line, which the reviewer only counts.

    Either a gate stopped it, and `evaluate` shows which one and why, or it is too young to be
    decided.
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
        name_count=len(names),
        outcome=outcome,
        why=why,
        refusals=len(refusals),
        issued=issued,
        line=None,
    )


def _is_early(case: Case) -> bool:
    age = (case.now - (case.peers.asking_since or case.csr.created)).total_seconds()
    return case.csr.is_pending and is_early(age, _SETTINGS)

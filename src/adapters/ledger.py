"""Where decisions are recorded: JSON lines and CloudWatch metrics (`core.ports.Ledger`)."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from aws_lambda_powertools import Logger

from adapters.ledger_lines import (
    Line,
    csr_line,
    finding_line,
    run_line,
    unreadable_line,
)
from adapters.ledger_metrics import ACCOUNT, CLUSTER, WHEN_NOT_ZERO, emit, values_of
from core.errors import ClusterUnavailable, NotOnboarded
from core.model import Action, Bug, Decision, IssueState, Record, Run
from core.printable import printable

# How many findings and unreadable items have a line of their own; the totals count all. They
# come again in every run for as long as they are listed.
_MAX_LINES: Final = 100

_WARNED: Final = frozenset({Action.UNDECIDED, Action.NOT_WRITTEN, Action.REAPPROVED})

_GRAVEST_FIRST: Final = (
    IssueState.MISMATCH,
    IssueState.NOT_ISSUED,
    IssueState.SIGNER_FAILED,
    IssueState.FEWER_NAMES,
)


class PowertoolsLedger:
    """One JSON line per decision and per run, and two sets of metrics a run.

    Messages are constant; what came from outside stands in fields, bounded and printable, never
    in a message, a field's name or a dimension. Nothing is kept from one run to the next.
    """

    def __init__(self, logger: Logger, stack: str) -> None:
        """`stack`: the value of the dimension Stack.

        Raises:
            ValueError: it is blank; CloudWatch drops such a dimension, and alarms go blind.
        """
        if not stack.strip():
            raise ValueError("the stack's name is blank")
        self._logger = logger
        self._stack = stack

    def record(self, record: Record) -> None:
        """One CSR past the gates."""
        self._say(_level(record), "csr reviewed", csr_line(record))

    def finish(self, run: Run) -> None:
        """The findings, the unreadable items, the sums, and the metrics."""
        findings = sorted(run.findings, key=lambda one: _GRAVEST_FIRST.index(one.state))
        for finding in findings[:_MAX_LINES]:
            line = finding_line(run.cluster, finding)
            self._say(logging.WARNING, "certificate not as approved", line)
        for item in run.unreadable[:_MAX_LINES]:
            self._say(logging.WARNING, "csr unreadable", unreadable_line(run.cluster, item))
        self._say(logging.INFO, "cluster reviewed", run_line(run))
        self._emit_all(run.cluster.name, run.cluster.region, values_of(run))

    def cluster_unavailable(
        self, cluster: str, region: str, error: ClusterUnavailable, signer: str = ""
    ) -> None:
        """The cluster could not be described, reached or read; perhaps of one signer only.

        One that EKS didn't describe may not exist: its name is whatever a message said, and every
        name that becomes a dimension is a metric to be paid for.
        """
        of = {"signer": signer} if signer else {}
        line = _cluster_line(cluster, region, cause=error.cause, detail=error.detail, **of)
        self._say(logging.WARNING, "cluster unavailable", line)
        if error.cause == "describe":
            self._emit_account({"ReviewErrors": 1})
        else:
            self._emit_all(cluster, region, {"ReviewErrors": 1})

    def not_onboarded(self, cluster: str, region: str, error: NotOnboarded) -> None:
        """The cluster doesn't know us, or allows us nothing: access isn't set up yet."""
        line = _cluster_line(cluster, region, cause=error.cause, detail=error.detail)
        self._say(logging.INFO, "cluster not onboarded", line)
        self._emit_all(cluster, region, {"NotOnboarded": 1})

    def skipped(self, cluster: str, region: str, reason: str) -> None:
        """There was nothing to do: the cluster is gone, not ready, or not selected (any more).

        That completes its assignment. There are no metrics for the cluster, which may not exist.
        """
        self._say(logging.INFO, "cluster skipped", _cluster_line(cluster, region, reason=reason))
        self._emit_account({"Completed": 1})

    def expected(self, count: int) -> None:
        """The dispatcher's: how many clusters it assigned, or should have.

        The zeros change no sum, but in an account without clusters the alarm on missing reviews
        would subtract metrics that never were.
        """
        self._say(logging.INFO, "clusters dispatched", {"expected": count})
        emit({"Stack": self._stack}, {"Expected": count, "Completed": 0, "NotOnboarded": 0})

    def dispatch_errors(self, problems: Sequence[str]) -> None:
        """Record what the dispatcher could not list or assign; with no problem, a zero."""
        for problem in problems[:_MAX_LINES]:
            self._say(logging.WARNING, "dispatch failed", {"problem": printable(problem)})
        emit({"Stack": self._stack}, {"DispatchErrors": len(problems)})

    def _say(self, level: int, message: str, line: Line) -> None:
        write = {logging.ERROR: self._logger.error, logging.WARNING: self._logger.warning}
        write.get(level, self._logger.info)(message, extra=dict(line))

    def _emit_all(self, cluster: str, region: str, values: Mapping[str, float]) -> None:
        self._emit_account(values)
        ours = {name: values.get(name, 0) for name in CLUSTER}
        emit({"Cluster": cluster, "Region": region}, ours)

    def _emit_account(self, values: Mapping[str, float]) -> None:
        always = {name: values.get(name, 0) for name in ACCOUNT}
        others = {name: values[name] for name in WHEN_NOT_ZERO if values.get(name)}
        emit({"Stack": self._stack}, always | others)


def _level(record: Record) -> int:
    if isinstance(record.evaluation, Bug):
        return logging.ERROR
    is_warned = record.action in _WARNED or record.due is Decision.DENY
    return logging.WARNING if is_warned else logging.INFO


def _cluster_line(cluster: str, region: str, **texts: str) -> Line:
    line = {"cluster": cluster, "region": region, **texts}
    return {key: printable(text) for key, text in line.items()}

"""Record decisions as JSON lines and CloudWatch metrics (`core.ports.Ledger`)."""

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
from adapters.ledger_metrics import ZEROS, emit, of_cluster, of_stack, with_end
from adapters.queue import Assignment
from core.errors import ClusterUnavailable, NotOnboarded, Unreachable
from core.model import Action, Bug, Decision, IssueState, Record, Run
from core.printable import printable
from core.version import VERSION

# How many findings, and how many unreadable items, a run logs one by one; its totals count all.
# They come again in every run for as long as they are listed.
_MAX_LINES: Final = 100

_WARNED: Final = frozenset({Action.UNDECIDED, Action.NOT_WRITTEN, Action.REAPPROVED})

_GRAVEST_FIRST: Final = (
    IssueState.MISMATCH,
    IssueState.NOT_ISSUED,
    IssueState.SIGNER_FAILED,
    IssueState.FEWER_NAMES,
)


class PowertoolsLedger:
    """Writes one JSON line per decision and per run, and metrics of the stack and of the cluster.

    Messages are constant. Untrusted text is in fields, bounded and printable, never in a message, a
    field's name or a dimension. No state is kept from one run to the next.
    """

    def __init__(self, logger: Logger, stack: str, *, further: bool = False) -> None:
        """Take the logger and the stack's name, the value of the dimension Stack.

        `further`: the reviews are further ones within a minute. However one ends, it counts as
        `FurtherReviews`, so that the ordinary ones add up.

        Raises:
            ValueError: the name is blank; CloudWatch drops such a dimension, and no alarm fires.
        """
        if not stack.strip():
            raise ValueError("the stack's name is blank")
        logger.append_keys(version=VERSION)  # on every line of this logger, not only the ledger's
        self._logger = logger
        self._stack = stack
        self._further = further

    def of_further_reviews(self) -> "PowertoolsLedger":
        """Return the same ledger for further reviews."""
        return PowertoolsLedger(self._logger, self._stack, further=True)

    def record(self, record: Record) -> None:
        """Log one CSR past the gates."""
        self._log(_level(record), "csr reviewed", csr_line(record))

    def finish(self, run: Run) -> None:
        """Log the findings, the unreadable items and the totals, and emit the metrics."""
        findings = sorted(run.findings, key=lambda one: _GRAVEST_FIRST.index(one.state))
        for finding in findings[:_MAX_LINES]:
            line = finding_line(run.cluster, finding)
            self._log(logging.WARNING, "certificate not as approved", line)
        for item in run.unreadable[:_MAX_LINES]:
            self._log(logging.WARNING, "csr unreadable", unreadable_line(run.cluster, item))
        self._log(logging.INFO, "cluster reviewed", run_line(run))
        self._count(of_stack(run))
        self._count_of(run.cluster.name, run.cluster.region, of_cluster(run))

    def cluster_unavailable(
        self, cluster: str, region: str, error: ClusterUnavailable, signer: str = ""
    ) -> None:
        """Record that the cluster could not be described, reached or read.

        `signer`: the signer concerned, if not the nodes', whose run has ended the message already.
        A cluster that EKS didn't describe may not exist: its name comes from a message, and every
        name that becomes a dimension is a metric that costs money. So it counts as missing
        evidence, which has an alarm of the stack.
        """
        extra = {"signer": signer} if signer else {}
        line = _cluster_line(cluster, region, cause=error.cause, detail=error.detail, **extra)
        self._log(logging.WARNING, "cluster unavailable", line)
        is_described = error.cause != "describe"
        self._count({"Failed": int(not signer), "EvidenceUnavailable": int(not is_described)})
        if is_described:
            self._count_of(cluster, region, {"ReviewErrors": 1})

    def not_onboarded(
        self, cluster: str, region: str, error: NotOnboarded, required: str = ""
    ) -> None:
        """Record that the cluster rejects our credentials or allows us nothing: no access yet.

        `required`: why that is an error; empty if it isn't.
        """
        self._log_no_access(cluster, region, error, required)
        self._count({"NotOnboarded": 1})
        self._count_of(cluster, region, {"NotOnboarded": int(bool(required))})

    def unreachable(
        self, cluster: str, region: str, error: Unreachable, required: str = ""
    ) -> None:
        """Record that there is no way to the cluster's endpoint, and what to do about it.

        `required`: why that is an error; empty if it isn't. Only then the cluster gets a metric of
        its own, which costs money for as long as nothing changes.
        """
        self._log_no_access(cluster, region, error, required)
        self._count({"Unreachable": 1})
        self._count_of(cluster, region, {"Unreachable": int(bool(required))})

    def no_access_yet(self, cluster: str, region: str, error: NotOnboarded | Unreachable) -> None:
        """Record that a new cluster refuses us or can't be reached; its review counts as skipped.

        If it counted as not onboarded, the first cluster of an account would fire an alarm.
        """
        self._log_no_access(cluster, region, error)
        self._count({"Skipped": 1})

    def skipped(self, cluster: str, region: str, reason: str, unexpected: str = "") -> None:
        """Record that the review ended on purpose: the cluster is gone, not ready or excluded.

        `unexpected`: why its exclusion needs attention; empty if it doesn't. Only then there is a
        metric for the cluster, which otherwise may not exist.
        """
        self._log(logging.INFO, "cluster skipped", _cluster_line(cluster, region, reason=reason))
        self._count({"Skipped": 1, "UnexpectedlyOff": int(bool(unexpected))})
        if unexpected:
            self._log_unexpectedly_off(cluster, region, unexpected)
            self._count_of(cluster, region, {"UnexpectedlyOff": 1})

    def dispatched(
        self,
        expected: int,
        *,
        nothing_selected: bool,
        off: Sequence[Assignment],
        unexpectedly_off: Mapping[Assignment, str],
    ) -> None:
        """Record, for the dispatcher, which clusters are to be reviewed, and which aren't.

        `expected`: how many it assigned or should have assigned. `nothing_selected`: there are
        clusters, and none is expected. `off`: switched off by their tags. `unexpectedly_off`: those
        that need attention, and why. It sends the zeros of ZEROS, because reviews send none.
        """
        names = [f"{assignment.region}/{assignment.cluster}" for assignment in off]
        line = {"expected": expected, "off": len(off), "clusters_off": names[:_MAX_LINES]}
        self._log(logging.INFO, "clusters dispatched", line if off else {"expected": expected})
        for number, (assignment, why) in enumerate(unexpectedly_off.items()):
            if number < _MAX_LINES:
                self._log_unexpectedly_off(assignment.cluster, assignment.region, why)
            self._count_of(assignment.cluster, assignment.region, {"UnexpectedlyOff": 1})
        counts = {
            **dict.fromkeys(ZEROS, 0),
            "NothingSelected": int(nothing_selected),
            "UnexpectedlyOff": len(unexpectedly_off),
        }
        emit({"Stack": self._stack}, {**counts, **_not_zero({"Off": len(off)})})

    def _log_no_access(
        self, cluster: str, region: str, error: NotOnboarded | Unreachable, required: str = ""
    ) -> None:
        fix = {"fix": error.fix} if isinstance(error, Unreachable) else {}
        why = {"required": required} if required else {}
        line = _cluster_line(cluster, region, cause=error.cause, detail=error.detail, **fix, **why)
        level = logging.WARNING if required else logging.INFO
        ending = "unreachable" if isinstance(error, Unreachable) else "not onboarded"
        self._log(level, f"cluster {ending}", line)

    def _log_unexpectedly_off(self, cluster: str, region: str, why: str) -> None:
        line = _cluster_line(cluster, region, reason=why)
        self._log(logging.WARNING, "cluster unexpectedly off", line)

    def dispatch_errors(self, problems: Sequence[str]) -> None:
        """Record, for the dispatcher, what it could not list or assign."""
        for problem in problems[:_MAX_LINES]:
            self._log(logging.WARNING, "dispatch failed", {"problem": printable(problem)})
        self._count({"DispatchErrors": len(problems)})

    def further_reviews(self, joining: Sequence[str], sent: int, unknown: Sequence[str]) -> None:
        """Log, for the dispatcher, the clusters that nodes join, and the further reviews sent.

        `joining`: as Region and name. `unknown`: the Regions in which EC2 didn't say. Nothing in a
        quiet minute.
        """
        if joining or unknown:
            names = [printable(name) for name in joining[:_MAX_LINES]]
            line = {
                "joining": len(joining),
                "clusters_joining": names,
                "further_reviews": sent,
                "launches_unknown": [printable(why) for why in unknown[:_MAX_LINES]],
            }
            self._log(logging.INFO, "clusters joined", line)

    def _log(self, level: int, message: str, line: Line) -> None:
        write = {logging.ERROR: self._logger.error, logging.WARNING: self._logger.warning}
        write.get(level, self._logger.info)(message, extra=dict(line))

    def _count(self, values: Mapping[str, float]) -> None:
        """Emit the stack's metrics that aren't 0."""
        emit({"Stack": self._stack}, _not_zero(with_end(values, further=self._further)))

    def _count_of(self, cluster: str, region: str, values: Mapping[str, float]) -> None:
        """Emit one cluster's metrics that aren't 0."""
        dimensions = {"Cluster": cluster, "Region": region, "Stack": self._stack}
        emit(dimensions, _not_zero(values))


def _not_zero(values: Mapping[str, float]) -> Mapping[str, float]:
    return {name: value for name, value in values.items() if value}


def _level(record: Record) -> int:
    if isinstance(record.evaluation, Bug):
        return logging.ERROR
    verdict = record.evaluation.verdict
    warns = verdict is not None and any(refusal.warns for refusal in verdict.refusals)
    is_warned = warns or record.action in _WARNED or record.due is Decision.DENY
    return logging.WARNING if is_warned else logging.INFO


def _cluster_line(cluster: str, region: str, **texts: str) -> Line:
    line = {"cluster": cluster, "region": region, **texts}
    return {key: printable(text) for key, text in line.items()}

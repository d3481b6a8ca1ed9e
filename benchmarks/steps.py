"""What each step of a review costs alone, in microseconds of CPU per CSR, without a network."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import StringIO
from statistics import median
from time import process_time
from typing import Final, NamedTuple

from aws_lambda_powertools import Logger

from adapters.csr_objects import read_csr, read_kept
from adapters.ledger import PowertoolsLedger
from benchmarks.ec2_answer import SHAPES
from benchmarks.ec2_reading import Ec2Reading
from benchmarks.listed_items import items
from benchmarks.nodes import a_node, cases_of
from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decider
from core.model import Action, Case, Decision, Judged, Record
from core.pkcs10 import read
from core.settings import Mode
from handlers.process import limit_collections

_BATCHES: Final = 5


class Step(NamedTuple):
    """The CPU time of one step, in microseconds per CSR: of some batches, each of all CSRs."""

    name: str
    median: float
    least: float
    most: float


def steps(count: int) -> Iterator[Step]:
    """Measure each step with so many CSRs, with the function's garbage collection."""
    limit_collections()
    nodes = [a_node(number) for number in range(count)]
    for kind, item in items().items():
        yield _measured(f"list {kind}", count, partial(_read_new, [item] * count))
    yield _measured("read the request", count, lambda: [read(node.pem) for node in nodes])
    for shape in SHAPES:
        yield _measured(f"read EC2's answer, {shape}", count, Ec2Reading(nodes, shape).read)
    cases = cases_of(nodes)
    yield _measured("judge", count, lambda: [_judged(case) for case in cases])
    records, written = [_record(case) for case in cases], StringIO()
    # As `handlers.environment` makes it.
    logger = Logger(service="benchmark-steps", location=None, json_deserializer=str, stream=written)
    yield _measured(
        "write the log line", count, partial(_log, PowertoolsLedger(logger, "bench"), records)
    )
    last = json.loads(written.getvalue().splitlines()[-1])
    assert last["action"] == "approved"  # noqa: S101  another line costs less


def _read_new(listed: Sequence[memoryview]) -> None:
    """Read each as if it had never been listed before."""
    for item in listed:
        read_kept.cache_clear()
        read_csr(item)


_decide: Final = decider(KUBELET_SERVING_CHECKS)


def _judged(case: Case) -> Judged:
    judged = Judged(case, _decide(case))
    assert judged.verdict.decision is Decision.APPROVE  # noqa: S101  a refused case costs less
    return judged


def _record(case: Case) -> Record:
    return Record(_judged(case), Action.APPROVED, 95.0, 95.0, Decision.APPROVE, mode=Mode.ENFORCE)


def _log(ledger: PowertoolsLedger, records: Sequence[Record]) -> None:
    for record in records:
        ledger.record(record)


def _measured(name: str, count: int, work: Callable[[], object]) -> Step:
    each = [_seconds(work) / count * 1e6 for _ in range(_BATCHES)]
    return Step(name, median(each), min(each), max(each))


def _seconds(work: Callable[[], object]) -> float:
    start = process_time()  # the CPU time of this process alone: other programs don't count
    work()
    return process_time() - start

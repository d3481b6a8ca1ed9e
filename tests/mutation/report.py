"""How many mutants of each module were killed, and which survived."""

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import TestOutcome, WorkerOutcome


def write(db: WorkDB, file: Path) -> None:
    """Print a table of the modules, and write the survivors to a file."""
    outcomes: dict[str, Counter[TestOutcome]] = defaultdict(Counter)
    skipped: Counter[str] = Counter()
    survivors: list[tuple[str, int, str]] = []
    for item, result in db.completed_work_items:
        (mutation,) = item.mutations
        module = str(mutation.module_path)
        if result.worker_outcome == WorkerOutcome.SKIPPED:
            skipped[result.output] += 1
            continue
        outcomes[module][result.test_outcome] += 1
        if result.test_outcome == TestOutcome.SURVIVED:
            change = "\n".join(_change(mutation.module_path.read_text(), result.diff))
            survivors.append((module, mutation.start_pos[0], f"{mutation.operator_name}\n{change}"))
    _print_table(outcomes)
    for reason, count in skipped.most_common():
        print(f"{count:6} not tried: {reason}")
    texts = [f"{module}:{line} {change}\n" for module, line, change in sorted(survivors)]
    file.write_text("\n".join(texts))
    print(f"{len(db.pending_work_items)} left to try; the survivors are in .mutants/{file.name}")


def _print_table(outcomes: dict[str, Counter[TestOutcome]]) -> None:
    print(f"{'killed':>6} {'survived':>8} {'total':>6}  module")
    for module in sorted(outcomes):
        _print_row(outcomes[module], module)
    _print_row(sum(outcomes.values(), Counter()), "all")


def _print_row(outcome: Counter[TestOutcome], name: str) -> None:
    killed, survived = outcome[TestOutcome.KILLED], outcome[TestOutcome.SURVIVED]
    print(f"{killed:6} {survived:8} {outcome.total():6}  {name}")


def _change(original: str, code: str) -> Iterator[str]:
    lines = difflib.unified_diff(original.splitlines(), code.splitlines(), lineterm="", n=0)
    return (f"    {line}" for line in list(lines)[2:] if not line.startswith("@@"))

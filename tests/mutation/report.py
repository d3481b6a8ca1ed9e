"""How many mutants of each module were killed, and which survived without a reason."""

from collections import Counter, defaultdict
from pathlib import Path

from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import TestOutcome, WorkerOutcome

from tests.mutation import reasons
from tests.mutation.reasons import Difference

_COLUMNS = ("killed", "accepted", "survived")


def write(db: WorkDB, file: Path) -> None:
    """Print a table of the modules, and write the survivors without a reason to a file."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    skipped: Counter[str] = Counter()
    accepted, unused = reasons.read(), set(reasons.read())
    survivors: list[tuple[str, int, str]] = []
    for item, result in db.completed_work_items:
        (mutation,) = item.mutations
        module = str(mutation.module_path)
        if result.worker_outcome == WorkerOutcome.SKIPPED:
            skipped[result.output] += 1
        elif result.test_outcome == TestOutcome.KILLED:
            outcomes[module]["killed"] += 1
        else:
            original = mutation.module_path.read_text()
            change = Difference.between(module, original, result.diff)
            unused.discard(change)
            outcomes[module]["accepted" if change in accepted else "survived"] += 1
            if change not in accepted:
                survivors.append((module, mutation.start_pos[0], str(change)))
    _print_table(outcomes)
    for reason, count in skipped.most_common():
        print(f"{count:6} not tried: {reason}")
    texts = (f"# {module}:{line}\n{change}\n" for module, line, change in sorted(survivors))
    file.write_text("\n".join(texts))
    left = len(db.pending_work_items)
    print(f"{left} left to try; the survivors are in .mutants/{file.name}")
    if not left:
        for entry in sorted(map(str, unused)):
            print(f"no such survivor, remove it from {reasons.FILE}:\n{entry}")


def _print_table(outcomes: dict[str, Counter[str]]) -> None:
    print("".join(f"{name:>9}" for name in (*_COLUMNS, "total")), " module")
    for module in sorted(outcomes):
        _print_row(outcomes[module], module)
    _print_row(sum(outcomes.values(), Counter()), "all")


def _print_row(outcome: Counter[str], name: str) -> None:
    numbers = (*(outcome[column] for column in _COLUMNS), outcome.total())
    print("".join(f"{number:9}" for number in numbers), f" {name}")

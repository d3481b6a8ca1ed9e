"""The session: which mutants there are, and what became of each. cosmic-ray keeps it in SQLite."""

import ast
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cosmic_ray.commands
import cosmic_ray.modules
from cosmic_ray.config import load_config
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.tools.filters.operators_filter import OperatorsFilter
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult

from tests.mutation.exempt import exemptions
from tests.mutation.source import Source

CONFIG: Final = "tests/mutation/cosmic-ray.toml"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant: `code` is the module's text with the change, `digest` that of its syntax tree."""

    job: str
    module: str
    line: int
    code: str
    digest: str


def begin(file: Path, db: WorkDB) -> None:
    """Find all mutants, and skip those that are exempt."""
    config = load_config(CONFIG)
    modules = sorted(cosmic_ray.modules.find_modules([Path(config["module-path"])]))
    cosmic_ray.commands.init(modules, db, config.operators_config)
    OperatorsFilter().main([str(file), CONFIG])
    exempt = {module: exemptions(Source(module.read_text())) for module in modules}
    for item in db.pending_work_items:
        (mutation,) = item.mutations
        for part in exempt[mutation.module_path]:
            if part.holds(mutation.start_pos, mutation.end_pos):
                _skip(db, item, part.reason)
                break


def retry_survivors(file: Path) -> None:
    """Forget the results of those that survived; cosmic-ray itself forgets all or none."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM work_results WHERE test_outcome = 'SURVIVED'")


def killers(db: WorkDB) -> dict[tuple[Path, str], str]:
    """Return what killed each mutant, by its module and the digest of the whole module's code."""
    return {
        (item.mutations[0].module_path, json.loads(result.output)["digest"]): json.loads(
            result.output
        )["killer"]
        for item, result in db.completed_work_items
        if result.test_outcome == TestOutcome.KILLED
    }


def mutants(db: WorkDB) -> Iterator[Mutant]:
    """Yield those without a result, in random order; of several that are the same code, one."""
    seen = {
        (item.mutations[0].module_path, json.loads(result.output)["digest"])
        for item, result in db.completed_work_items
        if result.worker_outcome == WorkerOutcome.NORMAL
    }
    for item in db.pending_work_items:
        (mutation,) = item.mutations
        module = mutation.module_path
        original = module.read_text()
        code = mutate_code(original, get_operator(mutation.operator_name)(), mutation.occurrence)
        try:
            digest = _digest(code)
        except SyntaxError:
            _skip(db, item, "no Python")
            continue
        if digest == _digest(original) or (module, digest) in seen:
            _skip(db, item, "the same as another, or as the original")
            continue
        seen.add((module, digest))
        yield Mutant(item.job_id, str(module), mutation.start_pos[0], code, digest)


def finish(db: WorkDB, mutant: Mutant, killer: str) -> None:
    """Keep what became of a mutant. `killer`: what noticed it, "" where nothing did."""
    db.set_result(
        mutant.job,
        WorkResult(
            worker_outcome=WorkerOutcome.NORMAL,
            test_outcome=TestOutcome.KILLED if killer else TestOutcome.SURVIVED,
            output=json.dumps({"digest": mutant.digest, "killer": killer}),
            diff=mutant.code,
        ),
    )


def _skip(db: WorkDB, item: WorkItem, reason: str) -> None:
    db.set_result(item.job_id, WorkResult(worker_outcome=WorkerOutcome.SKIPPED, output=reason))


def _digest(code: str) -> str:
    return hashlib.sha256(ast.dump(ast.parse(code)).encode()).hexdigest()[:16]

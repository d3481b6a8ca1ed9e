"""Try the mutants, several at once, and report. It runs in the copy: see `__main__`."""

import json
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cosmic_ray.config import load_config
from cosmic_ray.work_db import WorkDB, use_db

from tests.mutation import fork, provider, reach, report, session
from tests.mutation.session import Mutant

_STATE: Final = Path("..")
_SESSION: Final = _STATE / "session.sqlite"
_EARLIER: Final = _STATE / "earlier.sqlite"
_EVERY: Final = 100


def main() -> None:
    """Try the mutants that have no result."""
    provider.register()
    is_new = not _SESSION.exists()
    tests = load_config(session.CONFIG)["test-command"].split()
    fork.warm_up(tests)
    reached = _reach(tests)
    with use_db(str(_SESSION)) as db:
        if is_new:
            session.begin(_SESSION, db)
        elif not db.pending_work_items:
            session.retry_survivors(_SESSION)
        try:
            _try_all(db, reached)
        except KeyboardInterrupt:
            print("interrupted; the next `make mutants` continues")
        report.write(db, _STATE / "survivors.txt")


def _reach(tests: list[str]) -> reach.Reach:
    files = [str(path) for folder in tests for path in sorted(Path(folder).rglob("test_*.py"))]
    with TemporaryDirectory() as folder:
        result = Path(folder) / "reach.json"
        child = fork.start(lambda: asdict(reach.measure(files)), result)
        if os.waitpid(child, 0)[1]:
            raise SystemExit("a test fails without any mutant, or can't be run: run the tests")
        return reach.Reach.of_json(json.loads(result.read_text()))


def _try_all(db: WorkDB, reached: reach.Reach) -> None:
    jobs = int(os.environ.get("MUTANTS_JOBS") or os.cpu_count() or 1)
    mutants = _not_known(db)
    print(f"{len(mutants)} mutants to try, {jobs} at once", flush=True)
    started = time.monotonic()
    with TemporaryDirectory() as folder:
        trials = _Trials(db, reached, Path(folder))
        try:
            for done, mutant in enumerate(mutants):
                while len(trials.running) >= jobs:
                    trials.wait()
                trials.start(mutant)
                _show_progress(done, len(mutants), started)
            while trials.running:
                trials.wait()
        finally:
            trials.stop()


def _not_known(db: WorkDB) -> list[Mutant]:
    """Return the mutants to try. Those killed before are finished first: it takes a minute.

    If this run is interrupted and `src/core` changes again, nothing else would carry them over.
    """
    known, left = _known(), list[Mutant]()
    for mutant in session.mutants(db):
        killer = known.get((Path(mutant.module), mutant.digest))
        if killer:
            session.finish(db, mutant, killer)
        else:
            left.append(mutant)
    return left


def _known() -> Mapping[tuple[Path, str], str]:
    """Return what was killed before the last change of `src/core`."""
    if not _EARLIER.exists():
        return {}
    with use_db(str(_EARLIER)) as db:
        return session.killers(db)


class _Trials:
    """The mutants that are being tried, each in a process of its own."""

    def __init__(self, db: WorkDB, reached: reach.Reach, folder: Path) -> None:
        self.running: dict[int, Mutant] = {}
        self._db = db
        self._reached = reached
        self._folder = folder
        self._kills: dict[str, Counter[str]] = defaultdict(Counter)

    def start(self, mutant: Mutant) -> None:
        """Run the tests that may notice it; first those that noticed most others of its module."""
        kills, seconds = self._kills[mutant.module], self._reached.seconds
        files = sorted(
            self._reached.files(mutant.module, mutant.line),
            key=lambda file: (kills[file] + 1) / (seconds[file] + 0.1),
            reverse=True,
        )
        if files:
            work = partial(fork.killer, mutant.module, mutant.code, files)
            self.running[fork.start(work, self._folder / mutant.job)] = mutant
        else:
            session.finish(self._db, mutant, "")

    def wait(self) -> None:
        """Wait for one to end, and keep its result."""
        child, status = os.wait()
        mutant = self.running.pop(child)
        result = self._folder / mutant.job
        killer = f"ended with status {status}" if status else json.loads(result.read_text())
        result.unlink(missing_ok=True)
        self._kills[mutant.module][killer.partition("::")[0]] += 1
        session.finish(self._db, mutant, killer)

    def stop(self) -> None:
        """End all that run; the next run tries them again."""
        for child in self.running:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self.running.clear()


def _show_progress(done: int, left: int, started: float) -> None:
    if done and done % _EVERY == 0:
        minutes = (time.monotonic() - started) / 60
        rest = minutes / done * (left - done)
        print(f"{done} of {left} in {minutes:.0f} minutes, about {rest:.0f} more", flush=True)


if __name__ == "__main__":
    main()

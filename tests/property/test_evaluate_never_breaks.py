"""`csr-approver evaluate` keeps its contract on mutants of all its inputs.

Three claims, for any inputs:

1. There is no traceback: the exit code is 0, 2 or 3, and it prints JSON if and only if it is 0.
2. Each item gets one answer of the contract's shape, in the items' order.
3. An approval has no objection of an oracle that is independent of our checks.

`FUZZ_SECONDS=600` continues with new seeds for 300 s; `FUZZ_SEED` repeats one.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from cli.evaluate.saved_list import Unparsed, objects_of
from core.checks import KUBELET_SERVING_CHECKS
from tests.property import document_mutations, saved
from tests.property.fuzzing import repeatable, seeds
from tests.property.oracle import moment, objections

#: Mutants in a normal run, and mutants of each seed in a run of FUZZ_SECONDS.
MUTANTS = 250
BATCH = 25

_CHECKS = {check.id for check in KUBELET_SERVING_CHECKS}
_OF_EVALUATE = {"object-readable", "evidence-given", "signer-served", "pending"}
_GATES = {check.id for check in KUBELET_SERVING_CHECKS if check.gate}
_OTHERS_TOUCH = {"newest", "key-not-reused", "not-reissued-in-a-loop"}
_KEYS = {
    *("csr", "signer", "requester", "node", "instance", "identity"),
    *("verdict", "not_run", "refusals"),
}

_GOOD_SETTINGS = (
    *("ALLOW_NAME_IDENTITY=true", "ALLOW_OTHER_VPCS=true", "REQUIRE_CLUSTER_TAG=false"),
    *("VERIFY_NODE_ROLE=false", "ALLOW_PUBLIC_ADDRESSES=false", "ALLOW_SECONDARY_ENIS=true"),
    *("EXTRA_DNS_SUFFIXES=corp.example", "MAX_CSR_AGE_SECONDS=86400", "MODE=", "MODE=enforce"),
    *("MAX_CERTIFICATE_SECONDS=86400", "CLUSTER_NAMES=a*,b*", "REGIONS=eu-west-1"),
)
# Each is good alone; by all of them together any instance with a node's name would be that node.
_REFUSED_TOGETHER = frozenset(_GOOD_SETTINGS[:3])
_BAD_SETTINGS = (
    *("", "=", "MODE", "FOO=1", "mode", "MODE=Enforce", "ALLOW_NAME_IDENTITY=yes"),
    *("MAX_CSR_AGE_SECONDS=59", "MAX_CSR_AGE_SECONDS=nan", f"DENY_AFTER_SECONDS={'9' * 5_000}"),
    *("EXTRA_DNS_SUFFIXES=cluster.local", "EXTRA_DNS_SUFFIXES=\ud800.example", "MODE=\0"),
)
_GOOD_MOMENTS = (
    *(saved.NOW, "2026-11-24T13:00:00+01:00", "2026-11-24T12:00:30.5Z"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
)
_BAD_MOMENTS = ("", "yesterday", "2026-11-24T12:00:00", "2026-02-30T00:00:00Z", "\ud800", "0", "\0")


# --- a case --------------------------------------------------------------------------------------


@dataclass
class Saved:
    """One call of the command: the bytes of its files, and its other options.

    `codes`: the exit codes that are allowed. `settings`: the effective ones, if known.
    """

    files: dict[str, bytes]
    options: list[str]
    now: str = saved.NOW
    settings: Mapping[str, str] | None = field(default_factory=dict)
    codes: tuple[int, ...] = (0, 3)
    table: bool = False

    def run(self, folder: Path) -> Result:
        arguments = ["evaluate", "--now", self.now, *self.options]
        for option, content in self.files.items():
            path = folder / f"{option.removeprefix('--')}.json"
            path.write_bytes(content)
            arguments += [option, str(path)]
        return CliRunner().invoke(app, [*arguments, "--output", "table" if self.table else "json"])


def a_mutant(random: Random) -> Saved:
    """Return all inputs as a person may have saved them, with one or more of them bent."""
    files = {
        option: document_mutations.encoded(document) for option, document in saved.DOCUMENTS.items()
    }
    # Evidence of another shape is often unreadable, and then there are no answers.
    for option in random.choice((["--csr"], ["--csr"], random.sample(sorted(files), 2))):
        files[option] = _bent(random, option)
    for option in sorted(files.keys() - {"--csr"}):
        if random.random() < 0.05:
            del files[option]
    case = Saved(files, [], codes=_codes_of(files), table=random.random() < 0.1)
    if random.random() < 0.3:
        case.options.append("--decided")
    if random.random() < 0.3:
        _set(random, case)
    if random.random() < 0.1:
        _at_another_moment(random, case)
    return case


def _bent(random: Random, option: str) -> bytes:
    document = saved.DOCUMENTS[option]
    if random.random() < 0.85:
        document = document_mutations.mutated(random, document, list(saved.DOCUMENTS.values()))
    text = document_mutations.encoded(document)
    return document_mutations.mutated_text(random, text) if random.random() < 0.2 else text


def _set(random: Random, case: Saved) -> None:
    pairs = random.sample(_GOOD_SETTINGS, random.randint(1, 3))
    case.settings = dict(pair.split("=", 1) for pair in pairs)
    match random.randrange(6):
        case 0:
            pairs.append(random.choice(_BAD_SETTINGS))  # the last one of a name counts
            case.codes = (2,)
        case 1:
            pairs.append(document_mutations.changed_text(random, random.choice(pairs)))
            case.settings, case.codes = None, (*case.codes, 2)
    if _REFUSED_TOGETHER.issubset(pairs):
        case.codes = (2,)
    case.options += [part for pair in pairs for part in ("--set", pair)]


def _at_another_moment(random: Random, case: Saved) -> None:
    if random.random() < 0.5:
        case.now = random.choice(_GOOD_MOMENTS)
        return
    case.now, case.codes = random.choice(_BAD_MOMENTS), (2,)


def _codes_of(files: Mapping[str, bytes]) -> tuple[int, ...]:
    """Return the allowed exit codes: only 3 if a file isn't JSON, or the CSRs' file isn't a list.

    In the CSRs' file, single items may be invalid JSON.
    """
    try:
        if _items(files["--csr"]) is None:
            return (3,)
        documents = {file: json.loads(files[file]) for file in files if file != "--csr"}
    except (ValueError, RecursionError):
        return (3,)
    sound = all(
        document_mutations.encoded(documents[file])
        == document_mutations.encoded(saved.DOCUMENTS[file])
        for file in files
        if file != "--csr"
    )
    return (0,) if sound else (0, 3)


def _items(content: bytes) -> list[Any] | None:
    """Return the CSRs of a file, by the rules that tests/cli/test_saved_list.py tests."""
    objects, _ = objects_of(content)
    if objects is None:
        return None
    return [item.known if isinstance(item, Unparsed) else item for item in objects]


# --- the claims ----------------------------------------------------------------------------------


@dataclass
class Tally:
    """Counts of the answers, to show that all kinds occurred."""

    cases: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)


def examine(case: Saved, folder: Path, tally: Tally) -> list[dict[str, Any]]:
    """Run one case, fail if it contradicts a claim, and return the answers of JSON output."""
    return examined(case, case.run(folder), tally)


def examined(case: Saved, result: Result, tally: Tally) -> list[dict[str, Any]]:
    """Fail if what a case printed contradicts a claim, and return the answers of JSON output."""
    tally.cases += 1
    tally.codes[result.exit_code] += 1
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in case.codes
    assert "Traceback" not in result.stderr
    if result.exit_code != 0:
        assert result.stdout == ""
        assert result.stderr.startswith("csr-approver: ")
    elif case.table:
        assert all(letter.isprintable() or letter == "\n" for letter in result.stdout)
    else:
        rows: list[dict[str, Any]] = json.loads(result.stdout)
        _check_rows(case, rows, tally)
        return rows
    return []


def _check_rows(case: Saved, rows: list[dict[str, Any]], tally: Tally) -> None:
    documents = {file: json.loads(case.files[file]) for file in case.files if file != "--csr"}
    items = _items(case.files["--csr"])
    assert items is not None
    documents["--csr"] = {"items": items}
    assert len(items) == len(rows)
    for item, row in zip(items, rows, strict=True):
        tally.verdicts[row["verdict"]] += 1
        _check_shape(row)
        _check_whose(item, row)
        if row["verdict"] == "approve":
            _check_approval(case, documents, item, row)


def _check_shape(row: dict[str, Any]) -> None:
    assert row.keys() == _KEYS
    for key in ("csr", "signer", "requester", "node", "instance"):
        assert isinstance(row[key], str | None)
    assert row["identity"] in ("session", "name", None)
    assert set(row["not_run"]) <= _CHECKS
    for refusal in row["refusals"]:
        assert refusal.keys() == {"check", "effect", "reason", "detail"}
        assert refusal["check"] in _CHECKS | _OF_EVALUATE
        assert refusal["effect"] in ("deny", "leave")
        assert 0 < len(refusal["reason"]) < 60
        assert len(refusal["detail"]) <= 300
        assert refusal["detail"].isascii()
        assert refusal["detail"].isprintable()
    _check_verdict(row)


def _check_verdict(row: dict[str, Any]) -> None:
    effects = {refusal["effect"] for refusal in row["refusals"]}
    gated = any(refusal["check"] in _GATES for refusal in row["refusals"])
    match row["verdict"]:
        case "approve":
            assert not effects
            assert not row["not_run"]
        case "ignore":
            [refusal] = row["refusals"]
            assert refusal["check"] in ("signer-served", "pending")
        case "deny":
            assert "deny" in effects
            assert not gated
        case "leave":
            assert effects == {"leave"}
        case other:
            pytest.fail(f"no verdict: {other}")


def _check_whose(item: Any, row: dict[str, Any]) -> None:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    assert row["csr"] == (name if isinstance(name, str) else None)
    unreadable = ["object-readable"] == [refusal["check"] for refusal in row["refusals"]]
    if not _is_like_a_csr(item):
        assert unreadable
    if unreadable:
        assert (row["verdict"], row["requester"], row["instance"]) == ("leave", None, None)


def _is_like_a_csr(item: Any) -> bool:
    try:
        texts = (
            item["metadata"]["name"],
            item["metadata"]["creationTimestamp"],
            item["spec"]["signerName"],
        )
        return all(isinstance(text, str) and text for text in texts) and isinstance(
            item["spec"]["request"], str
        )
    except (KeyError, TypeError, IndexError):
        return False


def _check_approval(
    case: Saved, documents: Mapping[str, Any], item: dict[str, Any], row: dict[str, Any]
) -> None:
    """Check an approval with the oracle, and that the files which it needs were given."""
    assert {"--cluster", "--instances"} <= documents.keys()
    if case.settings is None:
        return
    found = objections(item, documents, case.settings, _moment_of(case, item))
    assert not found, f"approved, though: {found}\n{json.dumps(item)}\n{row}"


def _moment_of(case: Saved, item: dict[str, Any]) -> Any:
    for condition in (item.get("status") or {}).get("conditions") or ():
        if condition["type"] in ("Approved", "Denied"):
            return moment(condition.get("lastUpdateTime") or item["metadata"]["creationTimestamp"])
    return moment(case.now)


# --- tests ---------------------------------------------------------------------------------------


def a_good_case() -> Saved:
    files = {
        option: document_mutations.encoded(document) for option, document in saved.DOCUMENTS.items()
    }
    return Saved(files, [])


def test_what_the_mutants_come_from_has_all_verdicts(tmp_path: Path) -> None:
    """The original documents give all verdicts, and the oracle agrees with the approvals."""
    rows = examine(a_good_case(), tmp_path, Tally())

    assert list(saved.VERDICTS) == [row["verdict"] for row in rows]
    now = moment(saved.NOW)
    for item, row in zip(saved.CSRS["items"], rows, strict=True):
        if "spec" in item:
            found = objections(item, saved.DOCUMENTS, {}, now)
            assert bool(found) == (row["verdict"] != "approve")


def test_evaluate_keeps_its_contract_on_mutants(tmp_path: Path) -> None:
    """The contract holds on hundreds of mutants, the same in each run."""
    tally, random = Tally(), Random(0)  # noqa: S311 - to repeat mutants
    for _ in range(MUTANTS):
        examine(a_mutant(random), tmp_path, tally)

    assert {0, 2, 3} == set(tally.codes)
    # Otherwise the mutants differ too much to show anything.
    assert all(tally.verdicts[verdict] > MUTANTS // 5 for verdict in set(saved.VERDICTS))


def test_evaluate_keeps_its_contract_for_as_long_as_asked(tmp_path: Path) -> None:
    """The contract holds with new seeds, for half of FUZZ_SECONDS (default 6)."""
    tally = Tally()
    for seed in seeds():
        random = Random(seed)  # noqa: S311 - to repeat mutants
        with repeatable(seed):
            for _ in range(BATCH):
                examine(a_mutant(random), tmp_path, tally)
    print(tally)  # noqa: T201 - how far it came


def test_a_mutated_csr_changes_no_others_answer(tmp_path: Path) -> None:
    """Exceptions: it is newer, of the same requester, has that key, or a wrong certificate."""
    random = Random(0)  # noqa: S311 - to repeat mutants
    straight = examine(a_good_case(), tmp_path, Tally())
    for _ in range(MUTANTS // 2):
        items = list(saved.CSRS["items"])
        at = random.randrange(len(items))
        items[at] = document_mutations.mutated(random, items[at], items)
        case = a_good_case()
        case.files["--csr"] = document_mutations.encoded({"items": items})
        rows = examine(case, tmp_path, Tally())
        for number, (before, after) in enumerate(zip(straight, rows, strict=True)):
            refused = {refusal["check"] for refusal in after["refusals"]}
            assert number == at or before == after or refused & _OTHERS_TOUCH, (before, after)

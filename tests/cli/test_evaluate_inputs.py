"""`csr-approver evaluate`: files in YAML, standard input, and truncated files."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import CommandRunner
from tests.property import saved

NOW = ("--now", saved.NOW)


class Files:
    """The inputs as files, JSON by default."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.options: dict[str, str] = {}
        for option, document in saved.DOCUMENTS.items():
            self.put(option, json.dumps(document))

    def put(self, option: str, text: str) -> str:
        path = self._folder / option.removeprefix("--")
        path.write_text(text)
        self.options[option] = str(path)
        return str(path)

    @property
    def arguments(self) -> list[str]:
        return ["evaluate", *NOW, *(part for pair in self.options.items() for part in pair)]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def in_yaml(document: object) -> str:
    """Return it without the aliases that PyYAML writes for shared values."""
    return yaml.safe_dump(json.loads(json.dumps(document)), sort_keys=False)


def verdicts(answer: Any) -> list[str]:
    return [row["verdict"] for row in answer]


# --- YAML ---------------------------------------------------------------------------------------


def test_yaml_is_judged_as_json_is(files: Files, runner: CommandRunner) -> None:
    """As `kubectl -o yaml` and `aws --output yaml` print it."""
    judged = runner.json(*files.arguments)
    for option, document in saved.DOCUMENTS.items():
        files.put(option, in_yaml(document))

    assert judged == runner.json(*files.arguments)
    assert list(saved.VERDICTS) == verdicts(judged)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("items: [", "neither JSON nor YAML: "),
        ("items: []\n---\nitems: []\n", "neither JSON nor YAML: 2 documents, expected one"),
        ("items: [&a {}, *a]", "neither JSON nor YAML: aliases are not accepted"),
        ("? [a]\n: b\n", "neither JSON nor YAML: a key that isn't text"),
        ("words", "no `items`"),
        ('{"items": [}', "not JSON: "),
        ("", "empty"),
        (" \n", "empty"),
    ],
)
def test_a_file_that_is_neither_json_nor_yaml_of_a_list_is_named(
    files: Files, runner: CommandRunner, text: str, problem: str
) -> None:
    path = files.put("--csr", text)

    stderr = runner.run(*files.arguments, code=3).stderr

    assert stderr.startswith(f"csr-approver: --csr {path}: {problem}")
    assert stderr.endswith("; expected the output of `kubectl get csr -o json`\n")


@pytest.mark.parametrize("option", ["--csr", "--instances"])
@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00", b"\xff\xfe\x00"])
def test_a_binary_file_is_named_as_such(
    files: Files, runner: CommandRunner, option: str, content: bytes
) -> None:
    path = files.put(option, "")
    Path(path).write_bytes(content)

    stderr = runner.run(*files.arguments, code=3).stderr

    assert f"csr-approver: {option} {path}: not text in UTF-8; expected" in stderr


def test_the_table_ends_with_the_options_that_were_not_given(
    files: Files, runner: CommandRunner
) -> None:
    """With --explain each request has them already."""
    del files.options["--instances"]
    line = "evidence-given: give --instances; without it some checks can't run"

    assert line == runner.run(*files.arguments).stdout.splitlines()[-1]
    assert line not in runner.run(*files.arguments, "--explain").stdout


# --- standard input -----------------------------------------------------------------------------


@pytest.mark.parametrize("dump", [json.dumps, in_yaml])
def test_a_file_named_by_a_hyphen_is_standard_input(
    files: Files, runner: CommandRunner, dump: Any
) -> None:
    files.options["--csr"] = "-"

    judged = runner.json(*files.arguments, stdin=dump(saved.CSRS))

    assert list(saved.VERDICTS) == verdicts(judged)


def test_only_one_file_can_be_standard_input(files: Files, runner: CommandRunner) -> None:
    files.options |= {"--csr": "-", "--instances": "-"}

    assert (
        "csr-approver: `-` was given for several options: give a file for all but one\n"
    ) == runner.run(*files.arguments, code=2).stderr


# --- truncated files ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "mark", "shown"),
    [
        ("--instances", {"NextToken": "more"}, "NextToken"),
        ("--instance-profiles", {"IsTruncated": True}, "IsTruncated"),
        ("--csr", {"metadata": {"continue": "more"}}, "metadata.continue"),
        ("--services", {"metadata": {"continue": "more"}}, "metadata.continue"),
    ],
)
def test_a_truncated_file_is_refused(
    files: Files, runner: CommandRunner, option: str, mark: dict[str, Any], shown: str
) -> None:
    """What isn't in it could forbid an approval, e.g. a second instance of the same name."""
    document = saved.DOCUMENTS.get(option, {"items": []})
    path = files.put(option, json.dumps({**document, **mark}))

    result = runner.run(*files.arguments, code=3)

    assert "" == result.stdout
    assert (
        f"csr-approver: {option} {path}: truncated ({shown}): it lacks a part. Save it again "
        "without --max-items, --no-paginate or a limit; expected the output of "
    ) in result.stderr


def test_the_marks_of_a_whole_file_are_no_truncation(files: Files, runner: CommandRunner) -> None:
    whole = {"metadata": {"continue": "", "resourceVersion": "9"}}
    files.put("--csr", json.dumps({**saved.CSRS, **whole}))
    files.put("--instance-profiles", json.dumps({**saved.PROFILES, "IsTruncated": False}))

    assert list(saved.VERDICTS) == verdicts(runner.json(*files.arguments))


# --- the table ----------------------------------------------------------------------------------


def test_the_table_has_a_line_for_each_csr_in_80_columns_and_ends_with_counts(
    files: Files, runner: CommandRunner
) -> None:
    """Names and instance ids are unbroken, and no line ends in blanks."""
    runner.environment = {"COLUMNS": "80"}
    heading, *lines, blank, counts = runner.run(*files.arguments).stdout.splitlines()

    assert ["CSR", "Instance", "Verdict", "Why"] == heading.split()
    assert [item["metadata"]["name"] for item in saved.CSRS["items"]] == [
        line.split()[0] for line in lines
    ]
    assert list(saved.VERDICTS) == [line.split()[2] for line in lines]
    assert max(map(len, lines)) <= 80
    assert [line.rstrip() for line in lines] == lines
    numbers = {verdict: saved.VERDICTS.count(verdict) for verdict in saved.VERDICTS}
    order = [one for one in ("approve", "deny", "leave", "ignore") if one in numbers]
    each = ", ".join(f"{numbers[one]} {one}" for one in order)
    assert ("", f"{len(lines)} CSRs: {each}") == (blank, counts)


def test_a_long_name_stands_out_unbroken_and_many_checks_are_counted(
    files: Files, runner: CommandRunner
) -> None:
    runner.environment = {"COLUMNS": "80"}
    name = "node-csr-" + "x" * 43
    long = saved.a_csr(1, dns=("other.example", "kubernetes.default.svc"), ips=("10.9.9.9",))
    long["metadata"]["name"] = name
    files.put("--csr", json.dumps({"items": [long]}))

    [_, line, *_] = runner.run(*files.arguments).stdout.splitlines()

    assert line.startswith(f"{name}  i-00000000000000001  deny     reserved-names +")


def test_explain_prints_values_as_review_does_without_quotes_of_python(
    files: Files, runner: CommandRunner
) -> None:
    files.put("--csr", json.dumps({"items": [saved.a_csr(1, ips=("10.0.2.5", "10.0.2.6"))]}))

    shown = runner.run(*files.arguments, "--explain").stdout

    assert "    got 10.0.2.5, 10.0.2.6" in shown
    assert "'1" not in shown


def test_explain_prints_all_reasons(files: Files, runner: CommandRunner) -> None:
    """In lines of the terminal's width, unless a name is longer."""
    runner.environment = {"COLUMNS": "60"}
    files.put("--csr", json.dumps({"items": [saved.a_csr(1, dns=("other.example",))]}))

    shown = runner.run(*files.arguments, "--explain").stdout

    assert shown.startswith(
        "csr-1: deny\n"
        "  signer     kubernetes.io/kubelet-serving\n"
        f"  requester  system:node:{saved.node(1)}\n"
        f"  instance   {saved.session(1)}\n"
        "  dns-names: DNS name is not the instance's (deny)\n"
        "    got other.example\n"
        "    expected one of"
    )
    assert shown.endswith("\n\n1 CSR: 1 deny\n")


def test_an_empty_list_has_no_table_but_a_count_and_a_hint(
    files: Files, runner: CommandRunner
) -> None:
    """If kubectl can't parse the API server's answer, it prints an empty list."""
    path = files.put("--csr", json.dumps({"items": []}))
    result = runner.run(*files.arguments)

    assert "\n0 CSRs\n" in result.stdout
    assert f"csr-approver: hint: {path} has no CSR; check that kubectl saved it" in result.stderr


def test_settings_may_be_named_in_lower_case(files: Files, runner: CommandRunner) -> None:
    """As the template's parameters and the variables are remembered."""
    upper, lower = (
        runner.json(*files.arguments, "--set", pair)
        for pair in ("ALLOW_PUBLIC_ADDRESSES=false", "allow_public_addresses=false")
    )

    assert upper == lower

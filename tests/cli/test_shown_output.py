"""docs/commands.md shows what the commands print."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from sandbox.aws import ACCOUNT, HOME
from sandbox.kubernetes import KUBELET_SERVING, approver_rules
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.handlers.account import Account, Cluster
from tests.property import saved

PAGE: Final = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
ROLE_NAME: Final = f"csr-approver-reviewer-{HOME}"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/{ROLE_NAME}"

#: The commands, with their exit codes here.
COMMANDS: Final = {
    "csr-approver review prod": 1,
    "csr-approver access prod --apply": 0,
    "csr-approver access prod | grep '^#'": 0,
    "csr-approver doctor prod": 1,
}


_EVALUATE: Final = (
    "csr-approver evaluate --csr csrs.json --instances instances.json --cluster cluster.json \\\n"
    "    --instance-profiles profiles.json --now 2026-11-24T12:00:00Z"
)


@pytest.fixture
def cluster(account: Account, stub: AwsStub, runner: CommandRunner) -> Cluster:
    """Return a cluster with a healthy node, and one that requests another's address.

    The approver has no access entry yet.
    """
    account.aws.add_role(ROLE_NAME)
    reviewer = account.aws._assume(ROLE, "reviewer")
    runner.environment = {
        "COLUMNS": "80",
        "AWS_ACCESS_KEY_ID": reviewer.access_key,
        "AWS_SECRET_ACCESS_KEY": reviewer.secret_key,
        "AWS_SESSION_TOKEN": str(reviewer.token),
    }
    stub.stack(ROLE, region=HOME, Mode="approve-only")
    made = account.cluster(onboarded=False)
    made.add_identity(reviewer)
    made.map_role(ROLE, "reviewer", ["approvers"])
    made.grant("approvers", approver_rules(KUBELET_SERVING))
    made.file(1, name="csr-7znmf")
    made.file(2, name="csr-9hzkp", ips=("10.9.9.9",))
    return made


@pytest.mark.parametrize("command", COMMANDS)
def test_the_shown_output_is_the_printed_one(
    cluster: Cluster, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Only durations may differ.

    The tests of the control plane apply the manifests; the fake API server doesn't have RBAC.
    """
    assert cluster
    monkeypatch.setattr("cli.access.rbac.apply", lambda *_: "created")
    typed, _, grep = command.partition(" | grep ")
    printed = runner.run(*typed.split()[1:], code=COMMANDS[command]).stdout
    lines = [line for line in _plain(printed) if re.match(grep.strip("'"), line)]

    assert lines == _plain(_shown(command))


def test_the_shown_output_of_evaluate_is_the_printed_one(
    tmp_path: Path, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nodes: a healthy one, one that requests the API server's name, and one without proof."""
    csrs = {"items": [saved.a_csr(1), saved.a_csr(4, dns=("kubernetes.default.svc",))]}
    csrs["items"].append(saved.a_csr(5, ips=("10.0.2.5",)))
    documents = {
        "csrs": csrs,
        "instances": saved.INSTANCES,
        "cluster": saved.CLUSTER,
        "profiles": saved.PROFILES,
    }
    for name, content in documents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    monkeypatch.chdir(tmp_path)
    runner.environment = {"COLUMNS": "80"}

    command = " ".join(_EVALUATE.split())
    printed = runner.run(*command.replace("\\ ", "").split()[1:]).stdout

    assert _plain(printed) == _plain(_shown(_EVALUATE))


def _shown(command: str) -> str:
    """Return the rest of the block that begins with the command."""
    found = re.search(rf"^```\n\$ {re.escape(command)}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the page shows no output of {command}"
    return found[1]


def _plain(text: str) -> list[str]:
    """Return the lines without trailing blanks and without durations; empty lines are dropped."""
    lines = (re.sub(r"\b[0-9.]+ s\b", "0 s", line).rstrip() for line in text.splitlines())
    return [line for line in lines if line]

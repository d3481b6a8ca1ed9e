"""The record of decisions: a certificate leads to its line, which says what decided it, and how."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from core.version import VERSION
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas

AUDIT: Final = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
FOREIGN: Final = ("10.9.9.9",)


def fingerprint(certificate: Path) -> str:
    """Return what the command of docs/audit.md prints for this file."""
    command = re.search(r"^KEY=\$\((.+?)\)$", AUDIT, re.MULTILINE | re.DOTALL)
    assert command
    bash = ["bash", "-eu", "-o", "pipefail", "-c", command[1].replace("node.pem", str(certificate))]
    # The command is the document's, and the file the test's own.
    ran = subprocess.run(bash, check=True, capture_output=True, text=True)  # noqa: S603
    return ran.stdout.strip()


def test_a_certificate_leads_to_its_approval(
    account: Account, lambdas: Lambdas, tmp_path: Path
) -> None:
    """OpenSSL prints the same SHA-256 for the certificate's key as the line of its request has."""
    cluster = account.cluster()
    names = [cluster.file(number) for number in (1, 2)]
    lambdas.review()
    certificate = tmp_path / "node.pem"

    for name in names:
        certificate.write_bytes(cluster.certificate(name))
        found = [
            line["csr"]
            for line in lambdas.lines_with("csr reviewed")
            if line["public_key_sha256"] == fingerprint(certificate)
        ]

        assert [name] == found


@pytest.mark.parametrize(
    ("tag", "mode", "action"),
    [
        pytest.param("enforce", "approve-only", "approved", id="a tag can't raise the mode"),
        pytest.param("shadow", "shadow", "withheld", id="a tag lowers the mode"),
        pytest.param("typo", "shadow", "withheld", id="an unknown tag"),
    ],
)
def test_each_line_has_the_version_and_the_mode_in_force(
    account: Account, lambdas: Lambdas, tag: str, mode: str, action: str
) -> None:
    """The mode is the cluster's, in the line of each decision and in the line of the run."""
    account.cluster(tags={"csr-approver:mode": tag}).file(1)
    lambdas.review()
    [decision] = lambdas.lines_with("csr reviewed")
    [run] = lambdas.lines_with("cluster reviewed")

    assert (mode, VERSION, action) == (decision["mode"], decision["version"], decision["action"])
    assert (mode, VERSION) == (run["mode"], run["version"])


def test_every_line_of_both_functions_has_the_version(account: Account, lambdas: Lambdas) -> None:
    """After an upgrade the log shows which version wrote a line."""
    account.cluster().file(1)
    lambdas.dispatch()
    lambdas.review()

    written = lambdas.lines

    assert {"clusters dispatched", "cluster reviewed"} <= {line["message"] for line in written}
    assert {VERSION} == {line.get("version") for line in written}


def test_a_wrong_certificate_has_the_version_and_the_key_of_its_request(
    account: Account, lambdas: Lambdas
) -> None:
    """The line is part of the record: it says which version approved no such certificate."""
    cluster = account.cluster()
    first, second = cluster.file(1), cluster.file(2)
    lambdas.review()
    cluster.issue(first, cluster.certificate(second))
    lambdas.review()
    [finding] = lambdas.lines_with("certificate not as approved")
    decisions = {line["csr"]: line for line in lambdas.lines_with("csr reviewed")}

    assert (first, VERSION) == (finding["csr"], finding["version"])
    assert decisions[first]["public_key_sha256"] == finding["public_key_sha256"]

"""What docs/audit.md says of the cluster's audit log, on a real kube-apiserver."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from sandbox.aws import FakeAws
from tests.controlplane.nodes import APPROVERS, enrol, join, message, reviewer, stored
from tests.real.controlplane import ControlPlane

Entry = Mapping[str, Any]

DOCUMENT: Final = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
SHOWN: Final[Entry] = json.loads(re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)[0])

#: The username of an access entry that sets none. From: EKS User Guide, "Create access entries".
DEFAULT_USERNAME: Final = "arn:aws:sts::{account}:assumed-role/{role}/{{{{SessionName}}}}"


@pytest.fixture(scope="module")
def approval(
    plane: ControlPlane, aws: FakeAws, profile: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Entry, Entry]]:
    """Yield an approved CSR, and the audit log's entry of its approval."""
    assert plane  # the fixture, which skips the test if there is no control plane
    folder = tmp_path_factory.mktemp("audited")
    with ControlPlane("audited", audited=True).start(folder) as audited:
        enrol(audited, aws)
        role = aws.role_arn.rpartition("/")[2]
        username = DEFAULT_USERNAME.format(account=aws.identity.account, role=role)
        audited.map_role(aws.role_arn, username, [APPROVERS])
        csr, _ = join(audited, aws, profile).file()
        reviewer(Logger(service="audit")).handle(message(audited), WallClock(50))
        lines = map(json.loads, audited.audit_log.read_text().splitlines())
        [entry] = [line for line in lines if line["objectRef"].get("subresource") == "approval"]
        yield stored(audited, csr), entry


def replaced(shown: Any, csr: Entry, arn: str) -> Any:
    """Return the document's entry with the values of this test."""
    _, _, _, _, account, session = arn.split(":")
    _, role, name = session.split("/")
    names = {
        "csr-7znmf": csr["metadata"]["name"],
        "UID": csr["metadata"]["uid"],
        "system:node:ip-10-0-1-10.ec2.internal": csr["spec"]["username"],
        "111122223333": account,
        "csr-approver-reviewer-us-east-1": role,
        "FUNCTION": name,
    }
    text = json.dumps(shown)
    for old, new in names.items():
        text = text.replace(old, new)
    return json.loads(text)


def part(whole: Any, shown: Any) -> Any:
    """Return what `whole` has of the keys and places of `shown`."""
    if isinstance(shown, dict):
        return {key: part(whole[key], shown[key]) for key in shown if key in whole}
    if isinstance(shown, list):
        return [part(one, other) for one, other in zip(whole, shown, strict=True)]
    return whole


def test_an_approval_is_in_the_audit_log_as_the_document_shows(
    approval: tuple[Entry, Entry], aws: FakeAws
) -> None:
    """Each field of the document's entry is in the real one, with the same value."""
    csr, entry = approval
    shown = replaced(SHOWN, csr, aws.identity.arn)

    assert shown == part(entry, shown)


def test_each_field_of_the_query_is_in_an_entry(approval: tuple[Entry, Entry]) -> None:
    """Logs Insights names the elements of a list by their place."""
    _, entry = approval
    joined = re.sub(r"\\\n\s*", "", DOCUMENT)
    [query] = [line for line in joined.splitlines() if "kube-apiserver-audit" in line]
    fields = re.split(r", ", query.partition("| fields ")[2].partition(" |")[0])
    filters = re.findall(r"([\w.]+) = '", query)

    assert {"objectRef.subresource", "user.username"} <= {*fields, *filters}
    for name in [*fields, *filters]:
        value: Any = entry
        # Names with @ are fields that Logs Insights itself adds.
        for key in [] if name.startswith("@") else name.split("."):
            value = value[int(key) if key.isdecimal() else key]  # KeyError: the field isn't there

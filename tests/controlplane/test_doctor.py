"""`csr-approver doctor` on a real kube-apiserver: whose rights are there, and who may ask."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from sandbox.aws import PracticeAws
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import Desk
from tests.controlplane.desk import forget, sit_down
from tests.controlplane.nodes import APPROVERS, REGION, RULES, grant
from tests.real.controlplane import ControlPlane

RIGHTS: Final = ("rbac-list", "rbac-update", "rbac-approve")
GROUP: Final = "csr-approver"

Link = Mapping[str, Any]


@pytest.fixture
def desk(plane: ControlPlane, aws: PracticeAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A sound account, and the control plane as it is after each test."""
    stub = AwsStub()
    stub.install(monkeypatch)
    stub.stack(aws.role_arn, region=REGION)
    stub.entry(plane.cluster, aws.role_arn, GROUP, region=REGION)
    yield Desk()
    grant(plane, APPROVERS, RULES)
    forget(plane, GROUP)


def look(desk: Desk, plane: ControlPlane, code: int) -> dict[str, Link]:
    document = desk.json("doctor", plane.cluster, code=code)
    return {one["link"]: one for one in document["clusters"][0]["links"]}


def statuses(links: Mapping[str, Link]) -> tuple[str, ...]:
    return tuple(links[right]["status"] for right in RIGHTS)


def test_the_approver_with_its_rights(desk: Desk, plane: ControlPlane) -> None:
    links = look(desk, plane, 0)

    assert ("ok", "ok", "ok") == statuses(links)
    assert ("the cluster knows the approver", "ok") == (
        links["token"]["detail"],
        links["dry-run"]["status"],
    )


@pytest.mark.parametrize("missing", range(3), ids=RIGHTS)
def test_each_right_that_is_missing_is_the_first_broken_link(
    desk: Desk, plane: ControlPlane, missing: int
) -> None:
    grant(plane, APPROVERS, [rule for at, rule in enumerate(RULES) if at != missing])

    links = look(desk, plane, 1)

    broken = [one["link"] for one in links.values() if one["status"] == "broken"]
    assert [RIGHTS[missing]] == broken


def test_an_administrator_is_told_of_the_approvers_group(
    desk: Desk, plane: ControlPlane, aws: PracticeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not of his own rights, which are all that there are."""
    sit_down(plane, aws, monkeypatch, "system:masters")

    assert ("broken", "broken", "broken") == statuses(look(desk, plane, 1))
    grant(plane, GROUP, RULES)
    links = look(desk, plane, 0)

    assert ("ok", "ok", "ok") == statuses(links)
    assert (
        "the group csr-approver may list certificatesigningrequests"
        == (links["rbac-list"]["detail"])
    )


def test_who_may_not_ask_about_others_is_told_so(
    desk: Desk, plane: ControlPlane, aws: PracticeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person whom the cluster knows, and lets do next to nothing."""
    sit_down(plane, aws, monkeypatch)

    links = look(desk, plane, 3)

    assert ("unknown", "unknown", "unknown") == statuses(links)
    assert ("the cluster knows you", "you may not ask what the group csr-approver may") == (
        links["token"]["detail"],
        links["rbac-list"]["detail"],
    )


def test_whom_the_authenticator_does_not_know_gets_no_further(
    desk: Desk, plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")

    links = look(desk, plane, 1)

    assert ("broken", "the cluster doesn't know the approver (401)") == (
        links["token"]["status"],
        links["token"]["detail"],
    )
    assert ("not checked", "not checked", "not checked") == statuses(links)

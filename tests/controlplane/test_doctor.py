"""`csr-approver doctor` on a real kube-apiserver: the approver's rights, and the caller's."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from sandbox.aws import FakeAws
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.controlplane.nodes import APPROVERS, REGION, RULES, grant
from tests.controlplane.runner import forget, use_credentials
from tests.real.controlplane import ControlPlane

RIGHTS: Final = ("rbac-list", "rbac-update", "rbac-approve")
GROUP: Final = "csr-approver"

Link = Mapping[str, Any]


@pytest.fixture
def runner(
    plane: ControlPlane, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandRunner]:
    """Yield a runner in a healthy account; clean the control plane up after each test."""
    stub = AwsStub()
    stub.install(monkeypatch)
    stub.stack(aws.role_arn, region=REGION)
    stub.entry(plane.cluster, aws.role_arn, GROUP, region=REGION)
    yield CommandRunner()
    grant(plane, APPROVERS, RULES)
    forget(plane, GROUP)


def look(runner: CommandRunner, plane: ControlPlane, code: int) -> dict[str, Link]:
    document = runner.json("doctor", plane.cluster, code=code)
    return {link["link"]: link for link in document["clusters"][0]["links"]}


def statuses(links: Mapping[str, Link]) -> tuple[str, ...]:
    return tuple(links[right]["status"] for right in RIGHTS)


def test_with_all_rights_no_link_is_broken(runner: CommandRunner, plane: ControlPlane) -> None:
    links = look(runner, plane, 0)

    assert ("ok", "ok", "ok") == statuses(links)
    assert ("the cluster accepts the approver's credentials", "ok") == (
        links["token"]["detail"],
        links["dry-run"]["status"],
    )


@pytest.mark.parametrize("missing", range(3), ids=RIGHTS)
def test_each_right_that_is_missing_is_the_first_broken_link(
    runner: CommandRunner, plane: ControlPlane, missing: int
) -> None:
    grant(plane, APPROVERS, [rule for at, rule in enumerate(RULES) if at != missing])

    links = look(runner, plane, 1)

    broken = [link["link"] for link in links.values() if link["status"] == "broken"]
    assert [RIGHTS[missing]] == broken


def test_an_administrator_sees_the_rights_of_the_approvers_group(
    runner: CommandRunner, plane: ControlPlane, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is about the group's rights, not the administrator's own."""
    use_credentials(plane, aws, monkeypatch, "system:masters")

    assert ("broken", "broken", "broken") == statuses(look(runner, plane, 1))
    grant(plane, GROUP, RULES)
    links = look(runner, plane, 0)

    assert ("ok", "ok", "ok") == statuses(links)
    assert (
        "the group csr-approver may list certificatesigningrequests"
        == (links["rbac-list"]["detail"])
    )


def test_a_caller_who_may_not_check_others_rights_is_reported(
    runner: CommandRunner, plane: ControlPlane, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller is mapped in the cluster, but has almost no rights."""
    use_credentials(plane, aws, monkeypatch)

    links = look(runner, plane, 3)

    assert ("unknown", "unknown", "unknown") == statuses(links)
    assert (
        "the cluster accepts your credentials",
        (
            "you may not create SubjectAccessReviews, so the rights of the group csr-approver are "
            "unknown"
        ),
    ) == (
        links["token"]["detail"],
        links["rbac-list"]["detail"],
    )


def test_an_approver_without_an_access_entry_is_the_first_broken_link(
    runner: CommandRunner, plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")

    links = look(runner, plane, 1)

    assert ("broken", "the cluster rejects the approver's credentials (401)") == (
        links["token"]["status"],
        links["token"]["detail"],
    )
    assert ("not checked", "not checked", "not checked") == statuses(links)

"""Giving the approver access to one cluster: its RBAC objects and its access entry."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from adapters.aws_account import Aws
from adapters.clock import WallClock
from adapters.eks import DescribedCluster
from cli.access import rbac
from cli.access.manifests import GROUP, Manifest
from cli.account import access_entries
from cli.account.cluster_api import connection
from cli.account.clusters import Found, described
from cli.account.problems import in_words, what_failed, with_fix
from core.errors import ClusterUnavailable, EvidenceUnavailable, NotOnboarded
from core.model import Role

SECONDS: Final = 60.0

ENTRY: Final = "access entry"
CLUSTER: Final = "cluster"


class State(Enum):
    """The state of a step; the values are a stable contract."""

    OK = "ok"
    CREATED = "created"
    CHANGED = "changed"
    NEEDS_ACTION = "needs action"
    #: A person must decide something first.
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


_OF_RBAC: Final = {
    "created": State.CREATED,
    "changed": State.CHANGED,
    "unchanged": State.OK,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One object that the approver needs. `fix`: lines of instructions for a person."""

    thing: str
    state: State
    detail: str = ""
    fix: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Onboarding:
    """The result for one cluster."""

    name: str
    region: str
    auth_mode: str
    steps: tuple[Step, ...]

    @property
    def is_described(self) -> bool:
        """Whether EKS has such a cluster, and described it."""
        return not any(step.thing == CLUSTER for step in self.steps)

    def has(self, state: State) -> bool:
        """Return whether any step has this state."""
        return any(step.state is state for step in self.steps)


def onboard(
    aws: Aws, found: Found, role_arn: str, manifests: Sequence[Manifest], *, applied: bool
) -> Onboarding:
    """Check a cluster's access entry; with `applied`, create or update it and the RBAC objects."""
    try:
        cluster = described(found)
    except ClusterUnavailable as error:
        step = Step(CLUSTER, State.UNKNOWN, in_words(error))
        return Onboarding(found.name, found.region, "", (step,))
    steps = list(_rbac(aws, cluster, manifests)) if applied else []
    steps.append(_entry(aws, cluster, role_arn, applied=applied))
    return Onboarding(found.name, found.region, cluster.auth_mode, tuple(steps))


def _rbac(aws: Aws, cluster: DescribedCluster, manifests: Sequence[Manifest]) -> Iterator[Step]:
    """Apply the manifests, up to the first that fails."""
    done = 0
    try:
        api = connection(aws, cluster, WallClock(SECONDS))
        try:
            for manifest in manifests:
                yield Step(_thing(manifest), _OF_RBAC[rbac.apply(api, manifest)])
                done += 1
        finally:
            api.close()
    except NotOnboarded as error:
        yield Step(
            _thing(manifests[done]), State.UNKNOWN, what_failed(error), (_own_rights(error),)
        )
    except ClusterUnavailable as error:
        yield Step(
            _thing(manifests[done]), State.UNKNOWN, in_words(error), _again(error, manifests[done])
        )


def _again(error: ClusterUnavailable, manifest: Manifest) -> tuple[str, ...]:
    """Return the fix if a binding's role can't be changed (422), or another owns it (409)."""
    if not error.detail.startswith(("409", "422")):
        return ()
    thing = f"{manifest['kind'].lower()} {manifest['metadata']['name']}"
    # Without a context, kubectl would delete it in whatever cluster is current.
    command = f"kubectl delete {thing} --context NAME"
    return ("if nothing else needs it, delete it and run this again:", f"  {command}")


def _own_rights(error: NotOnboarded) -> str:
    if error.cause == "unauthorized":
        return "ask a cluster administrator for an access entry for your own role"
    return (
        "your role must create and patch clusterroles and clusterrolebindings, and have every "
        "right that they grant, or `escalate` and `bind`"
    )


def _thing(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def _entry(aws: Aws, cluster: DescribedCluster, role_arn: str, *, applied: bool) -> Step:
    if cluster.auth_mode == "CONFIG_MAP":
        return _without_entries(cluster, role_arn)
    eks = aws.client("eks", cluster.cluster.region)
    try:
        entry = access_entries.describe(eks, cluster.cluster.name, role_arn)
        if entry is None:
            return _made(eks, cluster, role_arn, applied=applied)
        if entry.type != access_entries.STANDARD:
            return _of_another_type(cluster, role_arn, entry.type)
        if GROUP in entry.groups:
            return Step(ENTRY, State.OK)
        groups = [*entry.groups, GROUP]
        if applied:
            access_entries.set_groups(eks, cluster.cluster.name, role_arn, groups)
            return Step(ENTRY, State.CHANGED, f"added to the group {GROUP}")
    except EvidenceUnavailable as error:
        return Step(ENTRY, State.UNKNOWN, with_fix(str(error)))
    update = _command("update", cluster, role_arn, "--kubernetes-groups", *groups)
    return Step(ENTRY, State.NEEDS_ACTION, f"not in the group {GROUP}", (update,))


def _made(eks: Any, cluster: DescribedCluster, role_arn: str, *, applied: bool) -> Step:
    if not applied:
        return Step(ENTRY, State.NEEDS_ACTION, "there is none yet", (_create(cluster, role_arn),))
    if access_entries.create(eks, cluster.cluster.name, role_arn, [GROUP]):
        return Step(ENTRY, State.CREATED)
    detail = "another access entry was created at the same moment: run this again"
    return Step(ENTRY, State.UNKNOWN, detail)


def _of_another_type(cluster: DescribedCluster, role_arn: str, kind: str) -> Step:
    """Return the fix: an entry's type can't be changed, and only a standard one takes our group."""
    fix = (
        "if nothing else uses that role, delete the entry and create it again:",
        _command("delete", cluster, role_arn),
        _create(cluster, role_arn),
    )
    return Step(ENTRY, State.BLOCKED, f"the access entry's type is {kind}, expected STANDARD", fix)


def _without_entries(cluster: DescribedCluster, role_arn: str) -> Step:
    """Return the two ways to fix it.

    From: EKS User Guide, "Migrating existing aws-auth ConfigMap entries to access entries".
    """
    name, region = cluster.cluster.name, cluster.cluster.region
    switch = _aws(
        f"update-cluster-config --region {region} --name {name}",
        "--access-config",
        "authenticationMode=API_AND_CONFIG_MAP",
    )
    fix = (
        "either add to mapRoles of the ConfigMap aws-auth:",
        "  kubectl edit configmap aws-auth --namespace kube-system --context NAME",
        f"    - rolearn: {Role.of_arn(role_arn)}",
        f'      username: "{GROUP}:{{{{SessionName}}}}"',
        f"      groups: [{GROUP}]",
        "or switch the mode, WHICH CAN'T BE UNDONE, and run this again:",
        f"  {switch}",
    )
    detail = "the authentication mode is CONFIG_MAP: the cluster takes no access entries"
    return Step(ENTRY, State.BLOCKED, detail, fix)


def _create(cluster: DescribedCluster, role_arn: str) -> str:
    return _command("create", cluster, role_arn, "--kubernetes-groups", GROUP)


def _command(verb: str, cluster: DescribedCluster, role_arn: str, *more: str) -> str:
    name, region = cluster.cluster.name, cluster.cluster.region
    where = f"--region {region} --cluster-name {name}"
    return _aws(f"{verb}-access-entry {where}", "--principal-arn", role_arn, *more)


def _aws(words: str, *more: str) -> str:
    """Return a command to paste. `words` need no quotes: names and Regions."""
    return f"aws eks {words} {shlex.join(more)}"

"""Giving the approver access to one cluster: its RBAC objects and its access entry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.aws_account import Aws
from adapters.clock import WallClock
from adapters.eks import DescribedCluster
from cli.access import rbac
from cli.access.entry import Entry
from cli.access.manifests import Manifest
from cli.access.steps import CLUSTER, State, Step
from cli.account.cluster_api import connection
from cli.account.clusters import Found, described
from cli.account.copied import KUBECTL, GivenOptions
from cli.account.problems import in_words, what_failed
from core.errors import ClusterUnavailable, NotOnboarded

SECONDS: Final = 60.0

_RBAC_STATES: Final = {
    "created": State.CREATED,
    "changed": State.CHANGED,
    "unchanged": State.OK,
}


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


@dataclass(frozen=True, slots=True)
class Approver:
    """The approver's role and the rights that it needs. `given`: for commands that are shown."""

    role_arn: str
    manifests: Sequence[Manifest]
    given: GivenOptions


def onboard(aws: Aws, found: Found, approver: Approver, *, applied: bool) -> Onboarding:
    """Check a cluster's access entry; with `applied`, create or update it and the RBAC objects."""
    try:
        cluster = described(found)
    except ClusterUnavailable as error:
        step = Step(CLUSTER, State.UNKNOWN, in_words(error))
        return Onboarding(found.name, found.region, "", (step,))
    steps = list(_rbac(aws, cluster, approver.manifests)) if applied else []
    steps.append(Entry(cluster, approver.role_arn, approver.given).step(aws, applied=applied))
    return Onboarding(found.name, found.region, cluster.auth_mode, tuple(steps))


def _rbac(aws: Aws, cluster: DescribedCluster, manifests: Sequence[Manifest]) -> Iterator[Step]:
    """Apply the manifests, up to the first that fails."""
    done = 0
    try:
        api = connection(aws, cluster, WallClock(SECONDS))
        try:
            for manifest in manifests:
                yield Step(_thing(manifest), _RBAC_STATES[rbac.apply(api, manifest)])
                done += 1
        finally:
            api.close()
    except NotOnboarded as error:
        yield Step(
            _thing(manifests[done]), State.UNKNOWN, what_failed(error), (_own_rights(error),)
        )
    except ClusterUnavailable as error:
        yield Step(
            _thing(manifests[done]),
            State.UNKNOWN,
            in_words(error),
            _recreation(error, manifests[done]),
        )


def _recreation(error: ClusterUnavailable, manifest: Manifest) -> tuple[str, ...]:
    """Return how to create an object again that can't change (422) or that another owns (409)."""
    if not error.detail.startswith(("409", "422")):
        return ()
    thing = f"{manifest['kind'].lower()} {manifest['metadata']['name']}"
    return (
        "if nothing else needs it, delete it and run this again:",
        f"  {KUBECTL} delete {thing}",
    )


def _own_rights(error: NotOnboarded) -> str:
    if error.cause == "unauthorized":
        return "ask a cluster administrator for an access entry for your own role"
    return (
        "your role must create and patch clusterroles and clusterrolebindings, and have every "
        "right that they grant, or `escalate` and `bind`"
    )


def _thing(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"

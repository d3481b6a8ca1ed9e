"""What EC2 and IAM show for the instances that the requesters claim to be."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from ipaddress import IPv4Address
from typing import Any, Protocol

from core.dns import folded, is_dns_name, suffix
from core.errors import EvidenceUnavailable, OutOfTime
from core.identity import INSTANCE_ID
from core.model import Case, Identity, IdentityKind, Instance, NotProvided, Role, RoleUnknown
from core.ports import Fleet
from core.slices import rotated

# A terminated instance stays visible for about an hour; its name may belong to another by then.
# From: EC2 User Guide, "Terminate Amazon EC2 instances".
_GONE = frozenset({"shutting-down", "terminated"})

_NO_PROFILE = RoleUnknown("the instance has no instance profile")
_NO_INSTANCE = RoleUnknown("there is no single instance to ask for")


@dataclass(frozen=True, slots=True)
class Evidence:
    """The instances that match one identity, and the role of its profile if there is just one."""

    instances: tuple[Instance, ...] | NotProvided
    role: Role | RoleUnknown | NotProvided
    holders: Mapping[IPv4Address, frozenset[str]] = field(default_factory=dict)

    def added_to(self, case: Case) -> Case:
        """Return the case, completed by this evidence."""
        return replace(case, instances=self.instances, role=self.role, holders=self.holders)


#: The evidence for a requester that claims no identity.
NO_EVIDENCE = Evidence((), _NO_INSTANCE)


class Addable(Protocol):
    """Evidence of any kind."""

    def added_to(self, case: Case) -> Case:
        """Return the case, completed by this evidence."""


#: The evidence for each identity or claim, or why there is none.
Answers = Mapping[Any, Addable | EvidenceUnavailable]


def gather(
    identities: Collection[Identity],
    vpc_id: str | None,
    fleet: Fleet,
    now: datetime,
    *,
    roles_wanted: bool,
    is_of_cluster: Callable[[Instance], bool],
) -> Mapping[Identity, Evidence | EvidenceUnavailable]:
    """Ask for all identities at once: one call per batch, and one per instance profile.

    `vpc_id`: the VPC of nodes that are known by name only; None for any VPC. `is_of_cluster`: of
    several instances with a node's name, those for which it returns False don't count. An identity
    that couldn't be asked for maps to the error, which is never a verdict. The profile that is
    asked for first changes with `now`: if IAM is slow, a run has time for a few only, and the next
    run must begin with others.
    """
    found = _instances(identities, vpc_id, fleet, is_of_cluster)
    profiles = {_profile(answer) for answer in found.values()}
    roles: dict[str, Role | RoleUnknown | OutOfTime] = {"": _NO_PROFILE}
    if roles_wanted:
        arns = rotated(sorted(profiles - {""}), now)
        roles |= {arn: fleet.role_of_profile(arn) for arn in arns}
    return {identity: _evidence(found[identity], roles) for identity in identities}


def _profile(answer: tuple[Instance, ...] | EvidenceUnavailable) -> str:
    """Return the profile of a single instance; empty if there is none, or several."""
    match answer:
        case (instance,):
            return instance.profile_arn
        case _:
            return ""


def living(instances: Iterable[Instance], vpc_id: str | None) -> tuple[Instance, ...]:
    """Return the instances that aren't shutting down or terminated, of the VPC if one is given."""
    return tuple(
        instance
        for instance in instances
        if instance.state not in _GONE
        and (vpc_id is None or (vpc_id and instance.vpc_id == vpc_id))
    )


def _instances(
    wanted: Collection[Identity],
    vpc_id: str | None,
    fleet: Fleet,
    is_of_cluster: Callable[[Instance], bool],
) -> dict[Identity, tuple[Instance, ...] | EvidenceUnavailable]:
    ids = {identity.instance_id for identity in wanted if identity.instance_id is not None}
    # Only plain host names reach the filter: EC2 reads `*`, `?` and `\` in it as wildcards.
    names = {
        identity.node
        for identity in wanted
        if identity.kind is IdentityKind.NAME and is_dns_name(identity.node)
    }
    ids |= set(map(_instance_in, names)) - {""}
    by_id = fleet.by_id(sorted(ids)) if ids else {}
    by_name = fleet.by_private_dns_name(sorted(names), vpc_id) if names else {}
    answers: dict[Identity, tuple[Instance, ...] | EvidenceUnavailable] = {}
    for identity in wanted:
        if identity.instance_id is not None:
            answers[identity] = by_id.get(identity.instance_id, ())
            continue
        named = by_name.get(identity.node, ())
        by_its_id = by_id.get(_instance_in(identity.node), ())
        if isinstance(named, EvidenceUnavailable) or isinstance(by_its_id, EvidenceUnavailable):
            answers[identity] = named if isinstance(named, EvidenceUnavailable) else by_its_id
            continue
        known = {one.id for one in named}
        more = (one for one in by_its_id if one.id not in known and _is_named(one, identity.node))
        found = living((*named, *more), vpc_id)
        # If none is the cluster's, all are kept: the check `cluster` then says why they aren't.
        answers[identity] = tuple(filter(is_of_cluster, found)) or found
    return answers


def _instance_in(node: str) -> str:
    """Return the instance id in a node's name that is one or a resource name; empty for others."""
    first = folded(node).partition(".")[0]
    return first if INSTANCE_ID.fullmatch(first) else ""


def _is_named(instance: Instance, node: str) -> bool:
    """Return True for the instance's id, or its id under PrivateDnsName's suffix.

    From: EC2 User Guide, "EC2 instance hostnames and domains" (resource names).
    """
    domain = folded(suffix(instance.private_dns_name))
    return folded(node) in {instance.id, f"{instance.id}.{domain}"}


def _evidence(
    answer: tuple[Instance, ...] | EvidenceUnavailable,
    roles: Mapping[str, Role | RoleUnknown | OutOfTime],
) -> Evidence | EvidenceUnavailable:
    if isinstance(answer, EvidenceUnavailable):
        return answer
    if len(answer) != 1:
        return Evidence(answer, _NO_INSTANCE)
    [instance] = answer
    role = roles.get(instance.profile_arn, RoleUnknown("IAM was not asked"))
    return role if isinstance(role, OutOfTime) else Evidence(answer, role)

"""The checks of each signer, in the order in which they run and are reported."""

from collections.abc import Callable
from dataclasses import dataclass

from core.checks import instance, names, request, requester, service
from core.model import APP_SERVING, KUBELET_SERVING, Case, Effect, NotProvided, Refusal


def _always_given(_case: Case) -> bool:
    return True


def _instances_given(case: Case) -> bool:
    return not isinstance(case.instances, NotProvided)


def _cluster_given(case: Case) -> bool:
    return not isinstance(case.cluster, NotProvided)


def _instances_and_cluster_given(case: Case) -> bool:
    needed = case.policy.require_cluster_tag or not case.policy.allow_other_vpcs
    return _instances_given(case) and (_cluster_given(case) or not needed)


def _role_given(case: Case) -> bool:
    needed = case.policy.verify_node_role
    return _instances_given(case) and not (needed and isinstance(case.role, NotProvided))


def _services_given(case: Case) -> bool:
    return not isinstance(case.services, NotProvided)


_DENY = frozenset({Effect.DENY})
_LEAVE = frozenset({Effect.LEAVE})
_EITHER = _DENY | _LEAVE


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: a pure function that gives a refusal, of one of its `effects`, or None.

    A `gate` that refuses ends the judging. `given` tells whether all that the rule compares with
    was given at all; only offline may it not be. The check's id is then listed as not run, and it
    is not run, unless it is `partial`: has more to compare with.
    """

    id: str
    run: Callable[[Case], Refusal | None]
    effects: frozenset[Effect]
    gate: bool = False
    given: Callable[[Case], bool] = _always_given
    partial: bool = False


KUBELET_SERVING_CHECKS = (
    Check("requester-is-node", requester.requester_is_node, _LEAVE, gate=True),
    Check("node-kind", requester.node_kind, _LEAVE, gate=True),
    Check("fresh", requester.fresh, _LEAVE, gate=True),
    Check("newest", requester.newest, _LEAVE, gate=True),
    Check("request-well-formed", request.request_well_formed, _DENY),
    Check("key", request.key, _EITHER),
    Check("signature", request.signature, _DENY),
    Check("subject", request.subject, _DENY),
    Check("usages", request.usages, _DENY),
    Check("extensions", request.extensions, _DENY),
    Check("san-kinds", request.san_kinds, _DENY),
    Check("lifetime", request.lifetime, _DENY),
    Check("key-not-reused", request.key_not_reused, _DENY),
    Check("not-reissued-in-a-loop", request.not_reissued_in_a_loop, _LEAVE),
    Check("instance-known", instance.instance_known, _LEAVE),
    Check("instance-single", instance.instance_single, _LEAVE, given=_instances_given),
    Check("instance-running", instance.instance_running, _LEAVE, given=_instances_given),
    Check(
        "instance-launched-before",
        instance.instance_launched_before,
        _LEAVE,
        given=_instances_given,
    ),
    Check("node-name", instance.node_name, _EITHER, given=_instances_given),
    Check("cluster", instance.cluster, _LEAVE, given=_instances_and_cluster_given),
    Check("node-role", instance.node_role, _LEAVE, given=_role_given),
    Check("reserved-names", names.reserved_names, _DENY, given=_cluster_given, partial=True),
    Check("dns-names", names.dns_names, _EITHER, given=_instances_given),
    Check("ip-addresses", names.ip_addresses, _EITHER, given=_instances_given),
)

APP_SERVING_CHECKS = (
    Check("requester-is-service-account", service.requester_is_service_account, _LEAVE, gate=True),
    Check("issuable-name", service.issuable_name, _LEAVE, gate=True),
    Check("fresh", requester.fresh, _LEAVE, gate=True),
    Check("among-newest", service.among_newest, _LEAVE, gate=True),
    Check("request-well-formed", request.request_well_formed, _DENY),
    Check("key", request.key, _EITHER),
    Check("signature", request.signature, _DENY),
    Check("service-subject", service.service_subject, _LEAVE),
    Check("service-usages", service.service_usages, _EITHER),
    Check("service-extensions", service.service_extensions, _EITHER),
    Check("san-kinds", request.plain_names, _DENY),
    Check("lifetime", service.lifetime, _LEAVE),
    Check("key-not-reused", request.key_not_reused, _DENY),
    Check("service-known", service.service_known, _LEAVE, given=_services_given),
    Check("reserved-names", names.reserved_for_services, _DENY, given=_cluster_given, partial=True),
    Check("service-names", service.service_names, _EITHER),
    Check("service-addresses", service.service_addresses, _LEAVE, given=_services_given),
)

#: The checks of each signer that is served; every other signer's CSRs are not ours.
CHECKS = {KUBELET_SERVING: KUBELET_SERVING_CHECKS, APP_SERVING: APP_SERVING_CHECKS}

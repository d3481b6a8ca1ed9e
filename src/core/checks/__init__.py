"""The checks of each signer, in the order in which they are reported."""

from functools import partial

from core.checks import instance, names, node, request, requester, reserved, service
from core.checks.check import Availability, Check, Need, availability
from core.model import Effect
from core.settings import Policy

__all__ = [
    "APP_SERVING_CHECKS",
    "KUBELET_SERVING_CHECKS",
    "Availability",
    "Check",
    "Need",
    "availability",
]

_DENY = frozenset({Effect.DENY})
_LEAVE = frozenset({Effect.LEAVE})
_EITHER = _DENY | _LEAVE

_REQUEST = frozenset({Need.REQUEST})
_EC2 = frozenset({Need.EC2})
_INSTANCE = frozenset({Need.INSTANCE})
_OWN_INSTANCE = frozenset({Need.OWN_INSTANCE})
_CLUSTER = frozenset({Need.CLUSTER})
_ROLE = frozenset({Need.ROLE})
_SERVICES = frozenset({Need.SERVICES})


def _role_matters(policy: Policy) -> bool:
    return policy.verify_node_role


# An instance is evidence only if it is this cluster's: a requester that chooses the name of its
# session could otherwise have any instance compared with its request, and learn its names.
_of_instance = partial(Check, effects=_LEAVE, establishes=_OWN_INSTANCE)

KUBELET_SERVING_CHECKS = (
    Check(
        "requester-is-node",
        node.requester_is_node,
        _LEAVE,
        gate=True,
        may_pass_by_evidence=node.claims_instance,
    ),
    Check("node-kind", node.node_kind, _LEAVE, gate=True),
    Check("fresh", requester.fresh, _LEAVE, gate=True, changes_with_time=True),
    Check("newest", requester.newest, _LEAVE, gate=True),
    Check("request-well-formed", request.request_well_formed, _DENY),
    Check("key", request.key, _EITHER, _REQUEST),
    Check("signature", request.signature, _DENY, _REQUEST),
    Check("subject", request.subject, _DENY, _REQUEST),
    Check("usages", request.usages, _DENY),
    Check("extensions", request.extensions, _DENY, _REQUEST),
    Check("san-kinds", request.san_kinds, _DENY, _REQUEST),
    Check("lifetime", request.lifetime, _DENY),
    Check("key-not-reused", request.key_not_reused, _DENY),
    Check("not-reissued-in-a-loop", request.not_reissued_in_a_loop, _LEAVE),
    _of_instance("instance-known", instance.instance_known),
    _of_instance("instance-single", instance.instance_single, needs=_EC2),
    _of_instance("instance-running", instance.instance_running, needs=_EC2),
    _of_instance("instance-launched-before", instance.instance_launched_before, needs=_EC2),
    Check("node-name", instance.node_name, _EITHER, _OWN_INSTANCE),
    _of_instance("cluster", instance.cluster, needs=_INSTANCE | _CLUSTER),
    _of_instance("node-role", instance.node_role, needs=_INSTANCE | _ROLE, applies=_role_matters),
    Check("reserved-names", reserved.reserved_names, _DENY, _REQUEST, uses=_CLUSTER),
    Check("dns-names", names.dns_names, _EITHER, _REQUEST | _OWN_INSTANCE),
    Check("ip-addresses", names.ip_addresses, _EITHER, _REQUEST | _OWN_INSTANCE),
)

APP_SERVING_CHECKS = (
    Check("requester-is-service-account", service.requester_is_service_account, _LEAVE, gate=True),
    Check("issuable-name", service.issuable_name, _LEAVE, gate=True),
    Check("fresh", requester.fresh, _LEAVE, gate=True, changes_with_time=True),
    Check("among-newest", service.among_newest, _LEAVE, gate=True),
    Check("request-well-formed", request.request_well_formed, _DENY),
    Check("key", request.key, _EITHER, _REQUEST),
    Check("signature", request.signature, _DENY, _REQUEST),
    Check("service-subject", service.service_subject, _LEAVE, _REQUEST),
    Check("service-usages", service.service_usages, _EITHER),
    Check("service-extensions", service.service_extensions, _EITHER, _REQUEST),
    Check("san-kinds", request.plain_names, _DENY, _REQUEST),
    Check("lifetime", service.lifetime, _LEAVE),
    Check("key-not-reused", request.key_not_reused, _DENY),
    Check("service-known", service.service_known, _LEAVE, _SERVICES),
    Check("reserved-names", reserved.reserved_for_services, _EITHER, _REQUEST, uses=_CLUSTER),
    Check("service-names", service.service_names, _LEAVE, _REQUEST),
    Check("service-addresses", service.service_addresses, _LEAVE, _REQUEST | _SERVICES),
)

"""The second signer: values of each field that must prevent an approval, or why it is irrelevant.

The module `tests.property.changes` has the same for nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from core.dns import folded
from core.model import (
    APP_SERVING,
    Cluster,
    Csr,
    DnsName,
    IpName,
    KeyRule,
    OtherName,
    Pkcs10,
    Service,
    StringType,
    SubjectAttribute,
)
from core.settings import ReviewSettings
from tests.builders import NOW, a_cluster, names, settings
from tests.property.changes import CHANGES as OF_NODES
from tests.property.changes import Irrelevant
from tests.service_builders import (
    ACCOUNT,
    CLUSTER_IP,
    DNS,
    GROUPS,
    NAMESPACE,
    SERVICE,
    USAGES,
    a_service,
    a_service_csr,
    a_service_request,
)


@dataclass(frozen=True)
class Scenery:
    """All inputs of one verdict."""

    csr: Csr
    request: Pkcs10
    service: Service
    cluster: Cluster
    settings: ReviewSettings

    def changed(self, field: str, value: Any) -> "Scenery":
        """Return a copy with one field changed; `field` is `record.field`."""
        record, _, name = field.partition(".")
        change = {name: value}
        match record:
            case "key":
                request = replace(self.request, key=replace(self.request.key, **change))
                return replace(self, request=request)
            case "attribute":
                [only] = self.request.subject
                request = replace(self.request, subject=(replace(only, **change),))
                return replace(self, request=request)
            case "settings":
                return replace(self, settings=self.settings.model_copy(update=change))
        return replace(self, **{record: replace(getattr(self, record), **change)})


APPROVABLE = Scenery(
    a_service_csr(),
    a_service_request(),
    a_service(),
    a_cluster(),
    settings(),
)

_GOOD_DNS = {DNS, f"{DNS}.cluster.local"}
_text = st.text(max_size=40)
_label = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)

_foreign_dns = st.one_of(
    _text,
    _label,
    st.builds("{}.{}".format, _label, _label),
    st.builds("{}.{}.svc".format, _label, _label),
    st.builds("{}.{}.svc.cluster.local".format, _label, _label),
    st.builds("{}.{}".format, _label, st.just(DNS)),
    st.builds("{}.{}".format, st.just(DNS), _label),
    st.builds("{}.shop.svc".format, _label),
    st.sampled_from(("kubernetes.default.svc", "*.shop.svc", "web.shop", "web", "")),
).filter(lambda name: folded(name) not in _GOOD_DNS)
_foreign_ip = st.ip_addresses().filter(lambda ip: ip != ip_address(CLUSTER_IP))
_foreign = st.one_of(
    _foreign_dns.map(DnsName), _foreign_ip.map(IpName), st.builds(OtherName, _text, _text)
)
_attribute = st.builds(
    SubjectAttribute,
    st.sampled_from(("2.5.4.3", "2.5.4.10", "2.5.4.11")),
    st.one_of(st.sampled_from((DNS, "system:masters", "kubernetes.default.svc")), _text),
    st.sampled_from(StringType),
    st.integers(0, 3),
)
_usage = st.sampled_from((*USAGES, "client auth", "any", "cert sign", "signing", ""))


def _is_good_subject(subject: tuple[SubjectAttribute, ...]) -> bool:
    return not subject or (
        len(subject) == 1
        and subject[0].oid == "2.5.4.3"
        and folded(subject[0].value) in _GOOD_DNS
        and subject[0].string_type is not StringType.OTHER
    )


#: Field -> values of which none may be approved.
CHANGES: Mapping[str, SearchStrategy[Any]] = {
    "csr.name": st.one_of(st.just(""), _text).map("csr-{}".format),
    "csr.created": st.one_of(st.integers(-(10**8), 89), st.integers(901, 10**8)).map(
        lambda age: NOW - timedelta(seconds=age)
    ),
    "csr.username": st.one_of(
        _text,
        _text.map("system:serviceaccount:{}".format),
        st.builds("system:serviceaccount:{}:issuer".format, _label),
        st.builds("system:serviceaccount:{}/{}:issuer".format, st.just(NAMESPACE), _label),
        st.builds("{}{}".format, st.just(f"{ACCOUNT}:"), _text),
        st.builds("{}{}".format, st.sampled_from(" \n:S"), st.just(ACCOUNT)),
    ).filter(
        lambda name: (
            not name.startswith(f"system:serviceaccount:{NAMESPACE}:i")
            or name.startswith(f"{ACCOUNT}:")
        )
    ),
    "csr.groups": st.lists(st.one_of(st.sampled_from(GROUPS), _text), max_size=4)
    .map(tuple)
    .filter(lambda groups: f"system:serviceaccounts:{NAMESPACE}" not in groups),
    "csr.usages": st.lists(_usage, max_size=5)
    .map(tuple)
    .filter(lambda got: not set(got) <= set(USAGES) or "server auth" not in got),
    "csr.expiration_seconds": st.integers(31_536_001, 2**31),
    "csr.conditions": OF_NODES["csr.conditions"],
    "csr.certificate": st.binary(min_size=1),
    "request.subject": st.lists(_attribute, max_size=3)
    .map(tuple)
    .filter(lambda subject: not _is_good_subject(subject)),
    "request.sans": st.one_of(
        st.just(()),
        st.tuples(_foreign),
        st.just(names(CLUSTER_IP)),
        _foreign.map(lambda name: (*names(DNS, CLUSTER_IP), name)),
        _foreign.map(lambda name: (name, *names(DNS, CLUSTER_IP))),
    ),
    "request.extensions": st.lists(_text, min_size=1)
    .map(tuple)
    .filter(lambda oids: not set(oids) <= {"2.5.29.17", "2.5.29.15", "2.5.29.37"}),
    "request.signature_algorithm": OF_NODES["request.signature_algorithm"],
    "request.signature_valid": st.sampled_from((False, None)),
    "request.usages": st.frozensets(_usage, min_size=1).filter(lambda got: not got <= set(USAGES)),
    "request.asks_ca": st.just(True),
    "key.rule": st.sampled_from((KeyRule.FORBIDDEN, KeyRule.UNVERIFIABLE)),
    "attribute.oid": _text.filter(lambda oid: oid != "2.5.4.3"),
    "attribute.value": st.one_of(_text, _foreign_dns).filter(
        lambda value: folded(value) not in _GOOD_DNS
    ),
    "attribute.string_type": st.just(StringType.OTHER),
    "service.namespace": st.one_of(_text, _label).filter(lambda name: name != NAMESPACE),
    "service.name": st.one_of(_text, _label).filter(lambda name: name != SERVICE),
    "service.kind": st.one_of(st.sampled_from(("ExternalName", "")), _text).filter(
        lambda kind: kind not in ("ClusterIP", "NodePort", "LoadBalancer")
    ),
    "service.cluster_ips": st.frozensets(_foreign_ip, max_size=3),
    "service.deleting": st.just(True),
    # Ranges whose first address is the Service's own.
    "cluster.service_ranges": st.just((ip_network("10.100.7.6/31"),)),
    "settings.max_csr_age_seconds": st.integers(60, 419),
    "settings.approve_after_seconds": st.integers(421, 840),
}

_OF_NODES = "it is used for nodes, not for Services"

IRRELEVANT: Mapping[str, Irrelevant] = {
    "csr.uid": Irrelevant("it is for the write, not for the verdict", "other"),
    "csr.resource_version": Irrelevant("it is for the write, not for the verdict", "other"),
    "csr.signer": Irrelevant("the list has one signer's CSRs; listing checks it", APP_SERVING),
    "csr.extra": Irrelevant("the namespace is known by username and groups", {}),
    "csr.request": Irrelevant("`request` is its parsed form; bytes have their own test", b""),
    "key.kind": Irrelevant("only people read it; the rule counts", "ECDSA P-521"),
    "key.spki": Irrelevant("any key is allowed that no other requester uses", b"other"),
    "request.key": Irrelevant("its fields are changed one by one", a_service_request().key),
    "request.signature_hash": Irrelevant("only people read it; the algorithm counts", ""),
    "attribute.rdn": Irrelevant("there is only one", 7),
    "cluster.name": Irrelevant("the message selects the cluster", "other"),
    "cluster.vpc_id": Irrelevant(_OF_NODES, "vpc-other"),
    "cluster.region": Irrelevant("it is for the log", "us-east-1"),
    "cluster.tags": Irrelevant(
        "they only lower the mode, which is not the verdict", {"csr-approver:mode": "shadow"}
    ),
    "settings.allow_short_service_names": Irrelevant("no short name is requested", True),
    "settings.max_certificate_seconds": Irrelevant("no lifetime is requested", 600),
    "settings.allow_name_identity": Irrelevant(_OF_NODES, True),
    "settings.allow_other_vpcs": Irrelevant(_OF_NODES, True),
    "settings.require_cluster_tag": Irrelevant(_OF_NODES, False),
    "settings.verify_node_role": Irrelevant(_OF_NODES, False),
    "settings.allow_public_addresses": Irrelevant(_OF_NODES, False),
    "settings.allow_secondary_enis": Irrelevant(_OF_NODES, True),
    "settings.extra_dns_suffixes": Irrelevant(_OF_NODES, ("a.example",)),
    "settings.regions": Irrelevant("the dispatcher selects clusters", ("us-east-1",)),
    "settings.cluster_names": Irrelevant("the dispatcher selects clusters", ("other",)),
    "settings.cluster_tag": Irrelevant("the dispatcher selects clusters", "other"),
    "settings.require_access": Irrelevant("it is for clusters that can't be read", "all"),
    "settings.schedule_minutes": Irrelevant("it is for settings that must fit it", 5),
    "settings.subnet_ids": Irrelevant("it is for the way to the cluster", ("subnet-1",)),
    "settings.security_group_ids": Irrelevant("it is for the way to the cluster", ("sg-1",)),
    "settings.mode": Irrelevant("it is set by the test", None),
    "settings.deny_after_seconds": Irrelevant("nothing is denied here", 0),
    "settings.issue_grace_seconds": Irrelevant("nothing is issued here", 30),
    "settings.write_connections": Irrelevant("it is for the write", 1),
    "settings.reapprove_unissued": Irrelevant("it is for CSRs approved before", True),
    "settings.app_serving": Irrelevant(
        "the handler checks it before it reviews this signer", False
    ),
}

"""Every field of an approvable case: values that must prevent an approval, or why it is irrelevant.

`CHANGES` has values of which none may be approved. `IRRELEVANT` has the reason why a field doesn't
matter, and another value that is approved too. `FORBIDDING` has records whose presence prevents an
approval, with any values of their fields.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from core.dns import folded
from core.model import (
    NOT_PROVIDED,
    Case,
    Cluster,
    Condition,
    Csr,
    DnsName,
    Identity,
    IdentityKind,
    Instance,
    IpName,
    KeyRule,
    NetworkInterface,
    OtherName,
    OversizedRequest,
    Peers,
    Pkcs10,
    PrivateAddress,
    PublicKey,
    Role,
    RoleUnknown,
    Service,
    ServiceClaim,
    ServicesHidden,
    StringType,
    SubjectAttribute,
    UnreadableRequest,
)
from core.settings import ReviewSettings
from tests.builders import (
    ADDRESS,
    INSTANCE_ID,
    LAUNCHED,
    NODE,
    NOW,
    O_AND_CN,
    PROFILE,
    PUBLIC_ADDRESS,
    PUBLIC_NAME,
    ROLE,
    VPC,
    a_cluster,
    a_csr,
    a_parsed_csr,
    a_request,
    an_extra,
    an_instance,
    names,
    settings,
)

#: Every record in a case, except the policy's settings; of several, the first counts.
RECORDS: Mapping[str, type[Any]] = {
    "case": Case,
    "csr": Csr,
    "condition": Condition,
    "identity": Identity,
    "peers": Peers,
    "request": Pkcs10,
    "key": PublicKey,
    "attribute": SubjectAttribute,
    "dns": DnsName,
    "ip": IpName,
    "instance": Instance,
    "interface": NetworkInterface,
    "address": PrivateAddress,
    "cluster": Cluster,
    "role": Role,
}

_INSIDE = {
    "key": "request.key",
    "attribute": "request.subject",
    "dns": "request.sans",
    "ip": "request.sans",
    "condition": "csr.conditions",
    "interface": "instance.interfaces",
    "address": "interface.ipv4",
}


@dataclass(frozen=True)
class Scenery:
    """All inputs of one verdict. `of_case`: changes to the case after it was made."""

    csr: Csr
    request: Pkcs10
    instance: Instance
    cluster: Cluster
    role: Role
    settings: ReviewSettings
    of_case: Mapping[str, Any] = field(default_factory=dict)

    def changed(self, path: str, value: Any) -> "Scenery":
        """Return a copy with one field changed; `path` is `record.field`."""
        record, _, name = path.partition(".")
        if record == "settings":
            return replace(self, settings=self.settings.model_copy(update={name: value}))
        if record in ("case", "identity", "peers"):
            return replace(self, of_case={**self.of_case, path: value})
        changed = replace(self._record(record), **{name: value})
        if record not in _INSIDE:
            return replace(self, **{record: changed})
        inside = self._get(_INSIDE[record])
        if isinstance(inside, tuple):
            at = self._place(record)
            return self.changed(_INSIDE[record], (*inside[:at], changed, *inside[at + 1 :]))
        return self.changed(_INSIDE[record], changed)

    def edited(self, case: Case) -> Case:
        """Return the case with the changes in `of_case`."""
        for path, value in self.of_case.items():
            record, _, name = path.partition(".")
            change = {name: value}
            if record != "case":
                whole = getattr(case, record)  # another change may have removed the identity
                change = {record: whole and replace(whole, **change)}
            case = replace(case, **change)
        return case

    def _get(self, path: str) -> Any:
        record, _, name = path.partition(".")
        return getattr(self._record(record), name)

    def _record(self, record: str) -> Any:
        if record not in _INSIDE:
            return getattr(self, record)
        inside = self._get(_INSIDE[record])
        return inside[self._place(record)] if isinstance(inside, tuple) else inside

    def _place(self, record: str) -> int:
        inside = self._get(_INSIDE[record])
        return next(at for at, item in enumerate(inside) if isinstance(item, RECORDS[record]))


_NOTED = Condition("Noted", "True", "ByHand", "", None)

APPROVABLE = Scenery(
    a_csr(conditions=(_NOTED,)),
    a_request(),
    an_instance(),
    a_cluster(),
    ROLE,
    settings(extra_dns_suffixes="a.example"),
)

_OWN_DNS = {
    folded(name)
    for name in (
        NODE,
        PUBLIC_NAME,
        f"{INSTANCE_ID}.eu-west-1.compute.internal",
        "ip-10-0-1-10.a.example",
        f"{INSTANCE_ID}.a.example",
        "ec2-198-51-100-10.a.example",
    )
}
_OWN_ADDRESSES = {IPv4Address(ADDRESS), IPv4Address(PUBLIC_ADDRESS)}
_USAGES = ("digital signature", "server auth", "key encipherment", "client auth", "any", "")
_GOOD_USAGES = ({*_USAGES[:2]}, {*_USAGES[:3]})
_GROUPS = {"system:nodes", "system:authenticated"}
_TAGS = {"kubernetes.io/cluster/prod", *(f"{x}cluster-name" for x in ("eks:", "eks:eks-"))}

_text = st.text(max_size=40)
_values = st.lists(_text, max_size=3).map(tuple)


def _not(*good: object, of: SearchStrategy[Any] = _text) -> SearchStrategy[Any]:
    return of.filter(lambda value: value not in good)


def _near(good: str) -> SearchStrategy[str]:
    """Return texts that resemble the good one, and any others."""
    return st.one_of(
        _text,
        st.builds("{}{}".format, _text, st.just(good)),
        st.builds("{}{}".format, st.just(good), _text),
        st.integers(0, len(good)).map(lambda at: good[:at]),
    ).filter(lambda value: folded(value) != folded(good))


#: Node names that aren't the instance's; many resemble it.
OTHER_NODES = _near(NODE).filter(lambda name: folded(name) not in _OWN_DNS | {INSTANCE_ID})

_foreign_dns = _near(NODE).filter(lambda name: folded(name) not in _OWN_DNS).map(DnsName)
_foreign_ip = st.ip_addresses().filter(lambda ip: ip not in _OWN_ADDRESSES).map(IpName)
_other_name = st.builds(OtherName, _text, _text)
_foreign = st.one_of(_foreign_dns, _foreign_ip, _other_name)

_attribute = st.builds(
    SubjectAttribute,
    st.sampled_from(("2.5.4.3", "2.5.4.10", "2.5.4.11")),
    st.one_of(st.sampled_from(("system:nodes", f"system:node:{NODE}", "system:masters")), _text),
    st.sampled_from(StringType),
    st.integers(0, 3),
)


def _is_the_subject(subject: tuple[SubjectAttribute, ...]) -> bool:
    return sorted((part.oid, part.value) for part in subject) == sorted(O_AND_CN)


#: Field -> values of which none may be approved.
CHANGES: Mapping[str, SearchStrategy[Any]] = {
    # Younger than the minimum age, older than a kubelet waits, or from before the launch.
    "csr.created": st.one_of(
        st.integers(-(10**8), 89), st.integers(901, 10**8), st.just(3 * 86_400)
    ).map(lambda age: NOW - timedelta(seconds=age)),
    "csr.username": st.one_of(
        _near(f"system:node:{NODE}"), _near(NODE).map("system:node:{}".format)
    ).filter(lambda name: name != f"system:node:{NODE}"),
    "csr.groups": st.lists(st.one_of(st.sampled_from(sorted(_GROUPS)), _text), max_size=4)
    .map(tuple)
    .filter(lambda groups: not set(groups) >= _GROUPS),
    "csr.extra": st.one_of(
        st.dictionaries(st.one_of(st.sampled_from(sorted(an_extra())), _text), _values),
        _not((INSTANCE_ID,), of=_values).map(lambda values: an_extra() | {"sessionName": values}),
        _near(INSTANCE_ID).map(an_extra),
        st.from_regex(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})", fullmatch=True)
        .filter(lambda other: other != INSTANCE_ID)
        .map(an_extra),
        _values.map(lambda values: an_extra() | {"canonicalArn": values}),
        st.from_regex(r"arn:aws:iam::[0-9]{12}:role/[a-z-]{1,9}", fullmatch=True)
        .filter(lambda arn: arn != str(ROLE))
        .map(lambda arn: an_extra() | {"canonicalArn": (arn,)}),
        st.sampled_from(("sessionName", "canonicalArn")).map(
            lambda key: {k.lower() if k == key else k: v for k, v in an_extra().items()}
        ),
    ),
    "csr.usages": st.lists(st.sampled_from(_USAGES), max_size=5)
    .map(tuple)
    .filter(lambda got: set(got) not in _GOOD_USAGES or len(set(got)) < len(got)),
    "csr.expiration_seconds": st.integers(31_536_001, 2**31),
    "csr.conditions": st.lists(
        st.builds(
            Condition,
            st.sampled_from(("Approved", "Denied", "Failed")),
            _text,
            _text,
            _text,
            st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    "csr.certificate": st.binary(min_size=1),
    "condition.type": st.sampled_from(("Approved", "Denied", "Failed")),
    # Before the CSR, or so late that no kubelet waits for it.
    "case.now": st.one_of(st.integers(-(10**8), -31), st.integers(901, 10**8)).map(
        lambda age: APPROVABLE.csr.created + timedelta(seconds=age)
    ),
    "case.identity": st.none(),
    "case.cluster": st.just(NOT_PROVIDED),
    "case.instances": st.sampled_from(((), NOT_PROVIDED, (an_instance(),) * 2)),
    "case.role": st.just(NOT_PROVIDED),
    "identity.instance_id": st.one_of(st.just(""), _near(INSTANCE_ID)),
    "peers.newer": _text,
    "peers.same_key": _text,
    "peers.mismatch": _text,
    "request.subject": st.lists(_attribute, max_size=4)
    .map(tuple)
    .filter(lambda subject: not _is_the_subject(subject)),
    "request.sans": st.one_of(
        st.just(()),
        st.tuples(_foreign),
        _foreign.map(lambda name: (*names(NODE, ADDRESS), name)),
        _foreign.map(lambda name: (name, *names(NODE, ADDRESS))),
    ),
    "request.extensions": st.lists(st.one_of(st.just("2.5.29.17"), _text), min_size=1)
    .map(tuple)
    .filter(lambda oids: set(oids) != {"2.5.29.17"}),
    "request.signature_algorithm": st.one_of(
        st.sampled_from(("1.2.840.10045.4.1", "1.2.840.10045.4.3.1", "1.2.840.113549.1.1.10")),
        _not(
            *(f"1.2.840.10045.4.3.{number}" for number in (2, 3, 4)),
            *(f"1.2.840.113549.1.1.{number}" for number in (11, 12, 13)),
            "1.3.101.112",
        ),
    ),
    "request.signature_valid": st.sampled_from((False, None)),
    "dns.value": _foreign_dns.map(lambda name: name.value),
    "ip.address": _foreign_ip.map(lambda name: name.address),
    "key.rule": st.sampled_from((KeyRule.FORBIDDEN, KeyRule.UNVERIFIABLE)),
    "attribute.oid": _not("2.5.4.10"),
    "attribute.value": _not("system:nodes"),
    "attribute.string_type": st.just(StringType.OTHER),
    "attribute.rdn": st.just(1),  # the other attribute's RDN
    "instance.id": _near(INSTANCE_ID),
    "instance.state": _not("running", of=st.one_of(st.sampled_from(("stopped", "")), _text)),
    "instance.launched": st.one_of(
        st.none(),
        st.integers(31, 10**8).map(lambda late: APPROVABLE.csr.created + timedelta(seconds=late)),
    ),
    "instance.vpc_id": _not(VPC),
    "instance.private_dns_name": _near(NODE),
    "instance.profile_arn": _not(PROFILE),
    "instance.tags": st.dictionaries(st.one_of(st.sampled_from(sorted(_TAGS)), _text), _text)
    .filter(lambda tags: "kubernetes.io/cluster/prod" not in tags)
    .filter(lambda tags: "prod" not in tags.values()),
    "instance.interfaces": st.just(()),
    "interface.kind": _not("interface", "efa"),
    "interface.attached": st.just(False),
    "interface.device_index": st.one_of(st.none(), st.integers(1, 20)),
    "interface.card_index": st.integers(1, 20),
    "interface.ipv4": st.just(()),
    "address.address": st.ip_addresses(v=4).filter(lambda ip: ip not in _OWN_ADDRESSES),
    "address.primary": st.just(False),
    "cluster.name": _not("prod"),
    "cluster.vpc_id": _not(VPC),
    # Every range that contains the node's own address.
    "cluster.service_ranges": st.integers(0, 32).map(
        lambda size: (ip_network(f"{ADDRESS}/{size}", strict=False),)
    ),
    "role.partition": _not("aws"),
    "role.account": _not(ROLE.account),
    "role.name": _text.filter(lambda name: name.casefold() != ROLE.name.casefold()),
    "settings.max_csr_age_seconds": st.integers(60, 419),
    "settings.approve_after_seconds": st.integers(421, 840),
}


@dataclass(frozen=True)
class Irrelevant:
    """Why a field doesn't matter here, and another value for it."""

    why: str
    value: Any


_LOOSER = "it allows what is refused by default, and the case has nothing of that kind"

_BY_HAND = "a condition's type is the decision; the API server requires the status True"
_ONE_BY_ONE = "its fields are changed one by one"

_OF_WORKLOADS = "it is used for the other signer's requests"

IRRELEVANT: Mapping[str, Irrelevant] = {
    "case.csr": Irrelevant(_ONE_BY_ONE, APPROVABLE.csr),
    "case.request": Irrelevant(_ONE_BY_ONE, APPROVABLE.request),
    "case.policy": Irrelevant(_ONE_BY_ONE, APPROVABLE.settings),
    "case.peers": Irrelevant(_ONE_BY_ONE, Peers()),
    "condition.status": Irrelevant(_BY_HAND, "False"),
    "condition.reason": Irrelevant("only people read it", ""),
    "condition.message": Irrelevant("only people read it", "approve this"),
    "condition.last_update": Irrelevant("it is a decision's age, and this isn't a decision", NOW),
    "identity.kind": Irrelevant(
        "it follows from `csr.extra`, and so does the id", IdentityKind.NAME
    ),
    "identity.node": Irrelevant("it is for the call to EC2; `csr.username` counts", "other"),
    "csr.name": Irrelevant("the requester chooses it", "csr\nof mine"),
    "csr.uid": Irrelevant("it is for the write, not for the verdict", "other"),
    "csr.resource_version": Irrelevant("it is for the write, not for the verdict", "other"),
    "csr.signer": Irrelevant("the list has one signer's CSRs; listing checks it", "example.com/x"),
    "csr.request": Irrelevant("`request` is its parsed form; bytes have their own test", b""),
    "key.kind": Irrelevant("only people read it; the rule counts", "ECDSA P-521"),
    "key.spki": Irrelevant("any key is allowed that no other requester uses", b"other"),
    "request.key": Irrelevant("its fields are changed one by one", a_request().key),
    "request.signature_hash": Irrelevant("only people read it; the algorithm counts", ""),
    "instance.public_dns_name": Irrelevant("it is another name, not requested here", ""),
    "instance.other_addresses": Irrelevant(
        "they only turn a deny into a leave", frozenset({IPv4Address("192.0.2.1")})
    ),
    "request.usages": Irrelevant(
        "a request with such an extension is refused for having it", frozenset({"client auth"})
    ),
    "request.asks_ca": Irrelevant(
        "a request with such an extension is refused for having it", True
    ),
    "settings.app_serving": Irrelevant("it is for ServiceAccounts, not for nodes", True),
    "settings.allow_short_service_names": Irrelevant("it is for Services, not for nodes", True),
    "interface.id": Irrelevant("only people read it", ""),
    "interface.vpc_id": Irrelevant("the first interface is always in the instance's VPC", ""),
    "interface.ipv6": Irrelevant("it is an additional address", (IPv6Address("2001:db8::b"),)),
    "interface.prefixes": Irrelevant(
        "a primary IPv4 address is never in one", (ip_network("10.0.1.0/28"),)
    ),
    "address.public": Irrelevant("it is another address, not requested here", frozenset()),
    "peers.asking_since": Irrelevant("it is for counting denials", LAUNCHED),
    "peers.asked_for_public": Irrelevant("it only changes how a denial counts", True),
    "case.holders": Irrelevant("they only change how a denial counts", {}),
    "peers.newer_in_namespace": Irrelevant(_OF_WORKLOADS, 99),
    "case.claim": Irrelevant(_OF_WORKLOADS, ServiceClaim("shop", ("web",))),
    "case.services": Irrelevant(_OF_WORKLOADS, ServicesHidden("not shown")),
    "cluster.region": Irrelevant("it is for the log", "us-east-1"),
    "cluster.tags": Irrelevant(
        "they only lower the mode, which is not the verdict", {"csr-approver:mode": "shadow"}
    ),
    "settings.max_certificate_seconds": Irrelevant("no lifetime is requested", 600),
    "settings.allow_name_identity": Irrelevant("with a session the name never counts", True),
    "settings.allow_other_vpcs": Irrelevant(_LOOSER, True),
    "settings.require_cluster_tag": Irrelevant(_LOOSER, False),
    "settings.verify_node_role": Irrelevant(_LOOSER, False),
    "settings.allow_public_addresses": Irrelevant("no public name is requested", False),
    "settings.allow_secondary_enis": Irrelevant(_LOOSER, True),
    "settings.extra_dns_suffixes": Irrelevant("no name under them is requested", ()),
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
}

#: Records of the other signer's cases; their fields are in `tests.property.service_changes`.
OF_WORKLOADS = frozenset({Service, ServiceClaim, ServicesHidden})

#: Record -> the field that holds it, and how to put it there.
FORBIDDING: Mapping[type[Any], tuple[str, Callable[[Any], Any]]] = {
    UnreadableRequest: ("case.request", lambda unread: unread),
    OversizedRequest: ("case.request", lambda size: a_parsed_csr(a_csr(request=size)).request),
    OtherName: ("request.sans", lambda name: (*names(NODE, ADDRESS), name)),
    RoleUnknown: ("case.role", lambda unknown: unknown),
}

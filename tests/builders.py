"""Builders of values that are valid by default; each test changes one thing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.context import ReviewContext
from core.model import (
    KUBELET_SERVING,
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
    NotProvided,
    OversizedRequest,
    ParsedCsr,
    Peers,
    Pkcs10,
    PrivateAddress,
    PublicKey,
    Role,
    RoleUnknown,
    San,
    StringType,
    SubjectAttribute,
    UnreadableRequest,
)
from core.reading import read
from core.settings import Policy, ReviewSettings
from core.signers import SIGNERS
from sandbox.csr_builder import der, keys
from sandbox.csr_builder import request as csr_builder

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LAUNCHED = NOW - timedelta(days=2)
INSTANCE_ID = "i-0aaaaaaaaaaaaaaaa"
NODE = "ip-10-0-1-10.eu-west-1.compute.internal"
ADDRESS = "10.0.1.10"
PUBLIC_NAME = "ec2-198-51-100-10.eu-west-1.compute.amazonaws.com"
PUBLIC_ADDRESS = "198.51.100.10"
VPC = "vpc-0aaaaaaaaaaaaaaaa"
PROFILE = "arn:aws:iam::111122223333:instance-profile/nodes"
ROLE = Role("aws", "111122223333", "eks-node")


def an_extra(instance_id: str = INSTANCE_ID, role: str = "eks-node") -> dict[str, tuple[str, ...]]:
    """Return the six keys of the IAM authenticator."""
    return {
        "arn": (f"arn:aws:sts::111122223333:assumed-role/{role}/{instance_id}",),
        "canonicalArn": (f"arn:aws:iam::111122223333:role/{role}",),
        "sessionName": (instance_id,),
        "accessKeyId": ("ASIAEXAMPLEEXAMPLE00",),
        "principalId": ("AROAEXAMPLEEXAMPLE00",),
        "sigs.k8s.io/aws-iam-authenticator/principalId": ("AROAEXAMPLEEXAMPLE00",),
    }


def a_csr(
    *,
    name: str = "csr-7znmf",
    uid: str | None = None,
    node: str = NODE,
    username: str | None = None,
    groups: tuple[str, ...] = ("system:bootstrappers", "system:nodes", "system:authenticated"),
    extra: Mapping[str, tuple[str, ...]] | None = None,
    usages: tuple[str, ...] = ("digital signature", "server auth"),
    signer: str = KUBELET_SERVING,
    age: timedelta = timedelta(minutes=7),
    expiration_seconds: int | None = None,
    request: bytes | OversizedRequest = b"not read in this test",
    conditions: tuple[Condition, ...] = (),
    certificate: bytes = b"",
) -> Csr:
    """Return a pending CSR of a healthy node, seven minutes old: approvals and denials are due."""
    return Csr(
        name=name,
        uid=f"uid-of-{name}" if uid is None else uid,
        resource_version="1000",
        created=NOW - age,
        signer=signer,
        username=f"system:node:{node}" if username is None else username,
        groups=groups,
        extra=an_extra() if extra is None else extra,
        usages=usages,
        expiration_seconds=expiration_seconds,
        request=request,
        conditions=conditions,
        certificate=certificate,
    )


def a_key(kind: str = "ECDSA P-256", rule: KeyRule = KeyRule.ALLOWED) -> PublicKey:
    return PublicKey(kind, rule, b"spki")


def a_subject(
    *attributes: tuple[str, str], string_type: StringType = StringType.UTF8, rdns: bool = True
) -> tuple[SubjectAttribute, ...]:
    """Return a subject of attributes by dotted OID; all in one RDN if not `rdns`."""
    return tuple(
        SubjectAttribute(oid, value, string_type, position if rdns else 0)
        for position, (oid, value) in enumerate(attributes)
    )


def names(*values: str) -> tuple[San, ...]:
    """Return SANs from texts: IP addresses if they can be parsed as such, else DNS names."""
    return tuple(_san(value) for value in values)


def _san(value: str) -> San:
    try:
        return IpName(ip_address(value))
    except ValueError:
        return DnsName(value)


O_AND_CN = (("2.5.4.10", "system:nodes"), ("2.5.4.3", f"system:node:{NODE}"))


def a_request(
    *,
    subject: tuple[SubjectAttribute, ...] | None = None,
    sans: tuple[San, ...] | None = None,
    extensions: tuple[str, ...] = ("2.5.29.17",),
    key: PublicKey | None = None,
    signature_algorithm: str = "1.2.840.10045.4.3.2",
    signature_hash: str = "sha256",
    signature_valid: bool | None = True,
) -> Pkcs10:
    """Return a kubelet's request as the strict parser returns it."""
    return Pkcs10(
        subject=a_subject(*O_AND_CN) if subject is None else subject,
        sans=names(NODE, ADDRESS) if sans is None else sans,
        extensions=extensions,
        key=a_key() if key is None else key,
        signature_algorithm=signature_algorithm,
        signature_hash=signature_hash,
        signature_valid=signature_valid,
    )


def an_interface(
    *,
    kind: str = "interface",
    attached: bool = True,
    device_index: int | None = 0,
    card_index: int = 0,
    vpc_id: str = VPC,
    address: str = ADDRESS,
    public: tuple[str, ...] = (PUBLIC_ADDRESS,),
    secondary: tuple[str, ...] = ("10.0.1.77",),
    ipv6: tuple[str, ...] = (),
    prefixes: tuple[str, ...] = (),
) -> NetworkInterface:
    """Return a primary interface with a public address, and a secondary one that is a pod's."""
    primary = PrivateAddress(_v4(address), primary=True, public=frozenset(map(_v4, public)))
    others = tuple(PrivateAddress(_v4(other), primary=False) for other in secondary)
    return NetworkInterface(
        id="eni-0aaaaaaaaaaaaaaaa",
        kind=kind,
        attached=attached,
        device_index=device_index,
        card_index=card_index,
        vpc_id=vpc_id,
        ipv4=(primary, *others),
        ipv6=tuple(map(IPv6Address, ipv6)),
        prefixes=tuple(ip_network(prefix) for prefix in prefixes),
    )


def _v4(text: str) -> IPv4Address:
    return IPv4Address(text)


def an_instance(
    *,
    id: str = INSTANCE_ID,  # noqa: A002  the field's name
    state: str = "running",
    launched: datetime | None = LAUNCHED,
    vpc_id: str = VPC,
    private_dns_name: str = NODE,
    public_dns_name: str = PUBLIC_NAME,
    profile_arn: str = PROFILE,
    tags: Mapping[str, str] | None = None,
    interfaces: tuple[NetworkInterface, ...] | None = None,
) -> Instance:
    """Return a running node of the cluster in a public subnet."""
    return Instance(
        id=id,
        state=state,
        launched=launched,
        vpc_id=vpc_id,
        private_dns_name=private_dns_name,
        public_dns_name=public_dns_name,
        profile_arn=profile_arn,
        tags={"kubernetes.io/cluster/prod": "owned"} if tags is None else tags,
        interfaces=(an_interface(),) if interfaces is None else interfaces,
    )


def a_cluster(
    *,
    name: str = "prod",
    region: str = "eu-west-1",
    vpc_id: str = VPC,
    service_ranges: tuple[str, ...] = ("10.100.0.0/16",),
    tags: Mapping[str, str] | None = None,
) -> Cluster:
    return Cluster(name, region, vpc_id, tuple(map(ip_network, service_ranges)), tags or {})


def a_case(
    *,
    csr: Csr | None = None,
    request: Pkcs10 | UnreadableRequest | None = None,
    identity: Identity | str | None = "session",
    policy: Policy | None = None,
    peers: Peers | None = None,
    cluster: Cluster | NotProvided | None = None,
    instances: tuple[Instance, ...] | NotProvided | None = None,
    instance: Instance | None = None,
    role: Role | RoleUnknown | NotProvided = ROLE,
    holders: Mapping[IPv4Address, frozenset[str]] | None = None,
) -> Case:
    """Return an approvable case."""
    if isinstance(identity, str):
        kind = IdentityKind(identity)
        node = NODE if csr is None else csr.node or ""
        identity = Identity(kind, INSTANCE_ID if kind is IdentityKind.SESSION else None, node)
    if instances is None:
        instances = (an_instance() if instance is None else instance,)
    return Case(
        csr=a_csr() if csr is None else csr,
        request=a_request() if request is None else request,
        identity=identity,
        now=NOW,
        policy=a_policy() if policy is None else policy,
        peers=Peers() if peers is None else peers,
        cluster=a_cluster() if cluster is None else cluster,
        instances=instances,
        role=role,
        holders=holders or {},
    )


def a_policy(**changes: object) -> Policy:
    return Policy.model_validate(changes)


def settings(**changes: object) -> ReviewSettings:
    """Return settings that let approvals be written, which the default mode doesn't."""
    return ReviewSettings.model_validate({"mode": "approve-only", **changes})


def a_context(*, policy: Policy | None = None) -> ReviewContext:
    return ReviewContext(a_cluster(), policy or settings(), NOW, SIGNERS[KUBELET_SERVING])


def a_parsed_csr(csr: Csr) -> ParsedCsr:
    """Return a CSR with its request parsed by the strict parser."""
    return read(a_context().case_of(csr), a_context())


def approved(by: str = "ApprovedByCsrApprover", ago: timedelta = timedelta(minutes=3)) -> Condition:
    return Condition("Approved", "True", by, "", NOW - ago)


def without(csr: Csr, *keys: str) -> Csr:
    """Return the CSR without these keys of `spec.extra`."""
    return replace(csr, extra={k: v for k, v in csr.extra.items() if k not in keys})


def a_certificate(
    csr: Csr,
    *,
    sans: Sequence[bytes] = (csr_builder.dns(NODE), csr_builder.ip(ADDRESS)),
    extensions: Sequence[bytes] | None = None,
    spki: bytes | None = None,
    node: str = NODE,
    version: int = 2,
) -> bytes:
    """Return a certificate in PEM, as a signer issues it for this CSR: its key, and these names."""
    authority = keys.ecdsa("the cluster's authority")
    request = x509.load_pem_x509_csr(csr.request if isinstance(csr.request, bytes) else b"")
    own = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if extensions is None:
        extensions = (csr_builder.san_extension(*sans),)
    signed = der.sequence(
        der.explicit(0, der.integer(version)),
        der.integer(1),
        authority.algorithm,
        der.sequence(csr_builder.rdn("2.5.4.3", der.utf8("kubernetes"))),
        der.sequence(der.element(0x17, b"261124120000Z"), der.element(0x17, b"271124120000Z")),
        der.sequence(*csr_builder.kubelet_rdns(node)),
        own if spki is None else spki,
        der.explicit(3, der.sequence(*extensions)),
    )
    signature = der.bits(authority.sign(signed))
    return csr_builder.pem(der.sequence(signed, authority.algorithm, signature), b"CERTIFICATE")


def a_filed_csr(
    *,
    node: str = NODE,
    dns: Sequence[str] = (NODE,),
    ips: Sequence[str] = (ADDRESS,),
    words: str = "",
    **rest: Any,
) -> Csr:
    """Return a CSR with a real request; its key is derived from the node's name, or `words`."""
    key = keys.ecdsa(words or node)
    named = csr_builder.Names(node, tuple(dns), tuple(ips))
    return a_csr(node=node, request=csr_builder.CsrBuilder.of_node(key, node, named).pem(), **rest)

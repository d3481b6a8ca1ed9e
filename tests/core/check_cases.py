"""The rule book as a table: for each check what passes it, and what each refusal looks like.

One line changes one thing of an approvable case. `tests/core/test_checks.py` runs every line, and
fails when a check lacks a line for passing or for one of its effects.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

from core.model import (
    NOT_PROVIDED,
    Case,
    Effect,
    KeyRule,
    OtherName,
    Peers,
    RoleUnknown,
    StringType,
    UnreadableRequest,
)
from tests.builders import (
    INSTANCE_ID,
    NODE,
    NOW,
    O_AND_CN,
    PUBLIC_ADDRESS,
    PUBLIC_NAME,
    a_case,
    a_cluster,
    a_csr,
    a_key,
    a_policy,
    a_request,
    a_subject,
    an_extra,
    an_instance,
    an_interface,
    names,
    without,
)

DENY, LEAVE = Effect.DENY, Effect.LEAVE
OTHER_NODE = "ip-10-0-1-20.eu-west-1.compute.internal"
RESOURCE_NAME = f"{INSTANCE_ID}.eu-west-1.compute.internal"


@dataclass(frozen=True)
class Line:
    """One line: the check, the sentence, the case, and the refusal it gives (None: it passes)."""

    check: str
    sentence: str
    case: Case
    effect: Effect | None = None
    reason: str = ""
    detail: str = ""

    @property
    def id(self) -> str:
        outcome = self.effect.value if self.effect else "ok"
        return f"{outcome}/{self.check}/{self.sentence}".replace(" ", "-")


def _with_names(*values: str, **rest: object) -> Case:
    return a_case(request=a_request(sans=names(*values)), **rest)  # type: ignore[arg-type]


_SECOND_ENI = an_interface(device_index=1, address="10.0.2.10", public=(), secondary=())
_TWO_ENIS = an_instance(interfaces=(an_interface(), _SECOND_ENI))
_IPV6 = an_instance(interfaces=(an_interface(ipv6=("2001:db8::a",)),))
_BY_NAME_CSR = a_csr(extra={})
_CN_ONLY = (("2.5.4.3", f"system:node:{NODE}"),)

LINES: tuple[Line, ...] = (
    # --- requester-is-node
    Line("requester-is-node", "a node of both groups", a_case()),
    Line(
        "requester-is-node",
        "a person",
        a_case(csr=a_csr(username="alice"), identity=None),
        LEAVE,
        "not a node",
        "got username alice, expected system:node:<name>",
    ),
    Line(
        "requester-is-node",
        "a node without a name",
        a_case(csr=a_csr(username="system:node:")),
        LEAVE,
        "not a node",
        "got username system:node:, expected system:node:<name>",
    ),
    Line(
        "requester-is-node",
        "a node's username without the nodes' group",
        a_case(csr=a_csr(groups=("system:authenticated",))),
        LEAVE,
        "not in the nodes' groups",
        "missing system:nodes",
    ),
    Line(
        "requester-is-node",
        "a username in another letter case",
        a_case(csr=a_csr(username=f"System:Node:{NODE}")),
        LEAVE,
        "not a node",
        f"got username System:Node:{NODE}, expected system:node:<name>",
    ),
    # --- node-kind
    Line("node-kind", "a session of one instance", a_case()),
    Line("node-kind", "no IAM keys at all", a_case(csr=_BY_NAME_CSR)),
    Line(
        "node-kind",
        "a short instance id of eight digits",
        a_case(csr=a_csr(extra=an_extra("i-0aaaaaaa"))),
    ),
    Line(
        "node-kind",
        "a Fargate node",
        a_case(csr=a_csr(node="fargate-ip-10-0-1-10.ec2.internal")),
        LEAVE,
        "not an EC2 node",
        "got node fargate-ip-10-0-1-10.ec2.internal",
    ),
    Line(
        "node-kind",
        "a hybrid node",
        a_case(csr=a_csr(node="mi-0123456789abcdef0")),
        LEAVE,
        "not an EC2 node",
        "got node mi-0123456789abcdef0",
    ),
    Line(
        "node-kind",
        "a person's session of the node role",
        a_case(csr=a_csr(extra=an_extra("alice"))),
        LEAVE,
        "not an EC2 session",
        "got sessionName ['alice'], expected one instance id",
    ),
    Line(
        "node-kind",
        "an instance id with a line end behind it",
        a_case(csr=a_csr(extra=an_extra(INSTANCE_ID + "\n"))),
        LEAVE,
        "not an EC2 session",
        f"got sessionName ['{INSTANCE_ID}\\\\n'], expected one instance id",
    ),
    Line(
        "node-kind",
        "two session names",
        a_case(csr=a_csr(extra=an_extra() | {"sessionName": (INSTANCE_ID, INSTANCE_ID)})),
        LEAVE,
        "not an EC2 session",
        f"got sessionName ['{INSTANCE_ID}', '{INSTANCE_ID}'], expected one instance id",
    ),
    Line(
        "node-kind",
        "an empty list of session names",
        a_case(csr=a_csr(extra=an_extra() | {"sessionName": ()})),
        LEAVE,
        "not an EC2 session",
        "got sessionName [], expected one instance id",
    ),
    # --- fresh
    Line("fresh", "fifteen minutes old", a_case(csr=a_csr(age=timedelta(seconds=900)))),
    Line("fresh", "of a clock 30 s ahead", a_case(csr=a_csr(age=timedelta(seconds=-30)))),
    Line(
        "fresh",
        "a second over fifteen minutes",
        a_case(csr=a_csr(age=timedelta(seconds=901))),
        LEAVE,
        "abandoned",
        "got an age of 901 s, expected at most 900 s",
    ),
    Line(
        "fresh",
        "from the future",
        a_case(csr=a_csr(age=timedelta(seconds=-31))),
        LEAVE,
        "created in the future",
        "got 31 s from now",
    ),
    # --- newest
    Line("newest", "nothing newer", a_case()),
    Line(
        "newest",
        "a newer one of the same requester",
        a_case(peers=Peers(newer="csr-later")),
        LEAVE,
        "superseded",
        "by csr-later",
    ),
    # --- request-well-formed
    Line("request-well-formed", "one plain request", a_case()),
    Line(
        "request-well-formed",
        "what the strict reader refuses",
        a_case(
            request=UnreadableRequest(
                "not exactly one CERTIFICATE REQUEST block, first byte to last"
            )
        ),
        DENY,
        "request not well-formed",
        "not exactly one CERTIFICATE REQUEST block, first byte to last",
    ),
    # --- key
    Line("key", "an allowed key", a_case()),
    Line(
        "key",
        "a weak key",
        a_case(request=a_request(key=a_key("RSA 1024 with exponent 65537", KeyRule.FORBIDDEN))),
        DENY,
        "key not allowed",
        "got RSA 1024 with exponent 65537, expected ECDSA P-256, P-384, P-521, "
        "RSA 2048 to 8192 (e >= 65537) or Ed25519",
    ),
    Line(
        "key",
        "a key that can't be verified here",
        a_case(request=a_request(key=a_key("MLDSA65", KeyRule.UNVERIFIABLE), signature_valid=None)),
        LEAVE,
        "key can't be verified",
        "got MLDSA65, unknown to this version",
    ),
    # --- signature
    Line("signature", "signed with its own key", a_case()),
    Line(
        "signature",
        "Ed25519, which has no separate hash",
        a_case(request=a_request(signature_algorithm="1.3.101.112", signature_hash="")),
    ),
    Line(
        "signature",
        "not run for a key that can't be verified",
        a_case(request=a_request(key=a_key("MLDSA65", KeyRule.UNVERIFIABLE), signature_valid=None)),
    ),
    Line(
        "signature",
        "signed with another key",
        a_case(request=a_request(signature_valid=False)),
        DENY,
        "signature not valid",
        "the request isn't signed by the key that it holds",
    ),
    Line(
        "signature",
        "SHA-1",
        a_case(
            request=a_request(
                signature_algorithm="1.2.840.10045.4.1",
                signature_hash="sha1",
                signature_valid=False,
            )
        ),
        DENY,
        "signature algorithm not allowed",
        "got sha1, expected SHA-256 or better",
    ),
    # --- subject
    Line("subject", "O and CN of the requester", a_case()),
    Line(
        "subject",
        "the same in PrintableString",
        a_case(request=a_request(subject=a_subject(*O_AND_CN, string_type=StringType.PRINTABLE))),
    ),
    Line("subject", "CN before O", a_case(request=a_request(subject=a_subject(*O_AND_CN[::-1])))),
    Line(
        "subject",
        "two CNs, the own one last",
        a_case(request=a_request(subject=a_subject(("2.5.4.3", "system:node:other"), *O_AND_CN))),
        DENY,
        "subject is not the requester's",
        f"got CN=system:node:other, O=system:nodes, CN=system:node:{NODE}, "
        f"expected O=system:nodes, CN=system:node:{NODE}",
    ),
    Line(
        "subject",
        "the CN of another node",
        a_case(request=a_request(subject=a_subject(O_AND_CN[0], ("2.5.4.3", "system:node:b")))),
        DENY,
        "subject is not the requester's",
        f"got O=system:nodes, CN=system:node:b, expected O=system:nodes, CN=system:node:{NODE}",
    ),
    Line(
        "subject",
        "the CN in upper case",
        a_case(
            request=a_request(
                subject=a_subject(O_AND_CN[0], ("2.5.4.3", f"system:node:{NODE.upper()}"))
            )
        ),
        DENY,
        "subject is not the requester's",
        f"got O=system:nodes, CN=system:node:{NODE.upper()}, "
        f"expected O=system:nodes, CN=system:node:{NODE}",
    ),
    Line(
        "subject",
        "no O",
        a_case(request=a_request(subject=a_subject(*_CN_ONLY))),
        DENY,
        "subject is not the requester's",
        f"got CN=system:node:{NODE}, expected O=system:nodes, CN=system:node:{NODE}",
    ),
    Line(
        "subject",
        "an O of masters besides",
        a_case(request=a_request(subject=a_subject(*O_AND_CN, ("2.5.4.10", "system:masters")))),
        DENY,
        "subject is not the requester's",
        f"got O=system:nodes, CN=system:node:{NODE}, O=system:masters, "
        f"expected O=system:nodes, CN=system:node:{NODE}",
    ),
    Line(
        "subject",
        "nothing",
        a_case(request=a_request(subject=())),
        DENY,
        "subject is not the requester's",
        f"got nothing, expected O=system:nodes, CN=system:node:{NODE}",
    ),
    Line(
        "subject",
        "O and CN in one RDN",
        a_case(request=a_request(subject=a_subject(*O_AND_CN, rdns=False))),
        DENY,
        "subject is ambiguous",
        "got O and CN in one RDN, expected one RDN each",
    ),
    Line(
        "subject",
        "a BMPString",
        a_case(request=a_request(subject=a_subject(*O_AND_CN, string_type=StringType.OTHER))),
        DENY,
        "subject is ambiguous",
        "expected PrintableString or UTF8String",
    ),
    # --- usages
    Line("usages", "those of a kubelet with an ECDSA key", a_case()),
    Line(
        "usages",
        "those of a kubelet with an RSA key",
        a_case(csr=a_csr(usages=("server auth", "key encipherment", "digital signature"))),
    ),
    Line(
        "usages",
        "client auth besides",
        a_case(csr=a_csr(usages=("digital signature", "server auth", "client auth"))),
        DENY,
        "usages not allowed",
        "got ['digital signature', 'server auth', 'client auth'], expected digital signature "
        "and server auth, with or without key encipherment",
    ),
    Line(
        "usages",
        "none",
        a_case(csr=a_csr(usages=())),
        DENY,
        "usages not allowed",
        "got [], expected digital signature and server auth, with or without key encipherment",
    ),
    Line(
        "usages",
        "one twice",
        a_case(csr=a_csr(usages=("digital signature", "server auth", "server auth"))),
        DENY,
        "usages not allowed",
        "got ['digital signature', 'server auth', 'server auth'], expected digital signature "
        "and server auth, with or without key encipherment",
    ),
    # --- extensions
    Line("extensions", "subjectAltName alone", a_case()),
    Line(
        "extensions",
        "basicConstraints besides",
        a_case(request=a_request(extensions=("2.5.29.17", "2.5.29.19"))),
        DENY,
        "extensions not allowed",
        "got ['2.5.29.19'], expected subjectAltName alone",
    ),
    # --- san-kinds
    Line("san-kinds", "a DNS name and an address", a_case()),
    Line("san-kinds", "one trailing dot", _with_names(f"{NODE}.")),
    Line(
        "san-kinds",
        "no subject alternative names",
        a_case(request=a_request(sans=())),
        DENY,
        "no subject alternative names",
        "got no subject alternative name, expected at least one",
    ),
    Line(
        "san-kinds",
        "an e-mail address besides",
        a_case(request=a_request(sans=(*names(NODE), OtherName("RFC822Name", "a@b.example")))),
        DENY,
        "unsupported names",
        "RFC822Name a@b.example",
    ),
    Line(
        "san-kinds",
        "an address as a DNS name",
        _with_names("10.0.1.10", "10.0.1.10."),
        DENY,
        "unsupported names",
        "DNS name '10.0.1.10.' is an address",
    ),
    Line(
        "san-kinds",
        "an address in hex as a DNS name",
        _with_names("0x0a00010a"),
        DENY,
        "unsupported names",
        "DNS name '0x0a00010a' is an address",
    ),
    Line(
        "san-kinds",
        "an empty DNS name",
        _with_names(""),
        DENY,
        "unsupported names",
        "DNS name '' is no host name",
    ),
    Line(
        "san-kinds",
        "a line end in a DNS name",
        _with_names(f"{NODE}\n{OTHER_NODE}"),
        DENY,
        "unsupported names",
        f"DNS name '{NODE}\\\\n{OTHER_NODE}' is no host name",
    ),
    Line(
        "san-kinds",
        "two trailing dots",
        _with_names(f"{NODE}.."),
        DENY,
        "unsupported names",
        f"DNS name '{NODE}..' is no host name",
    ),
    Line(
        "san-kinds",
        "an underscore",
        _with_names("ip_10_0_1_10.ec2.internal"),
        DENY,
        "unsupported names",
        "DNS name 'ip_10_0_1_10.ec2.internal' is no host name",
    ),
    Line(
        "san-kinds",
        "an IPv4-mapped IPv6 address",
        _with_names("::ffff:10.0.1.10"),
        DENY,
        "unsupported names",
        "IPv4-mapped 10.0.1.10",
    ),
    # --- lifetime
    Line("lifetime", "none asked for", a_case()),
    Line("lifetime", "a year", a_case(csr=a_csr(expiration_seconds=31_536_000))),
    Line(
        "lifetime",
        "more than a year",
        a_case(csr=a_csr(expiration_seconds=31_536_001)),
        DENY,
        "lifetime too long",
        "got 31536001 s, expected at most 31536000 s",
    ),
    # --- key-not-reused
    Line("key-not-reused", "a key of its own", a_case()),
    Line(
        "key-not-reused",
        "another node's key",
        a_case(peers=Peers(same_key="system:node:b")),
        DENY,
        "key used by another requester",
        "also by system:node:b",
    ),
    # --- not-reissued-in-a-loop
    Line("not-reissued-in-a-loop", "no mismatch", a_case()),
    Line(
        "not-reissued-in-a-loop",
        "an earlier certificate differed",
        a_case(peers=Peers(mismatch="csr-earlier")),
        LEAVE,
        "issued certificate differs",
        "see csr-earlier",
    ),
    # --- instance-known
    Line("instance-known", "by its session", a_case()),
    Line("instance-known", "by its name, where allowed", a_case(csr=_BY_NAME_CSR, identity="name")),
    Line(
        "instance-known",
        "EC2 knows it not",
        a_case(instances=()),
        LEAVE,
        "instance unknown",
        f"EC2 shows no instance for {INSTANCE_ID}",
    ),
    Line(
        "instance-known",
        "no evidence given",
        a_case(instances=NOT_PROVIDED),
        LEAVE,
        "instance unknown",
        "no EC2 evidence was given",
    ),
    Line(
        "instance-known",
        "no IAM keys",
        a_case(csr=_BY_NAME_CSR, identity=None),
        LEAVE,
        "no instance identity",
        "spec.extra has no IAM keys; by name only with ALLOW_NAME_IDENTITY=true",
    ),
    Line(
        "instance-known",
        "IAM keys without a session name",
        a_case(csr=without(a_csr(), "sessionName"), identity=None),
        LEAVE,
        "no instance identity",
        "spec.extra has IAM keys but no sessionName",
    ),
    Line(
        "instance-known",
        "a session name in another letter case",
        a_case(csr=a_csr(extra={"sessionname": (INSTANCE_ID,)}), identity=None),
        LEAVE,
        "no instance identity",
        "spec.extra holds a session name under an odd key, so it isn't the authenticator's",
    ),
    Line(
        "instance-known",
        "another instance than the session's",
        a_case(instance=an_instance(id="i-0bbbbbbbbbbbbbbbb")),
        LEAVE,
        "instance unknown",
        f"got ['i-0bbbbbbbbbbbbbbbb'], expected {INSTANCE_ID}",
    ),
    # --- instance-single
    Line("instance-single", "one", a_case()),
    Line(
        "instance-single",
        "two of one name",
        a_case(
            csr=_BY_NAME_CSR,
            identity="name",
            instances=(an_instance(), an_instance(id="i-0bbbbbbbbbbbbbbbb")),
        ),
        LEAVE,
        "several instances match",
        f"got {INSTANCE_ID}, i-0bbbbbbbbbbbbbbbb, expected one for node {NODE}",
    ),
    # --- instance-running
    Line("instance-running", "running", a_case()),
    *(
        Line(
            "instance-running",
            state,
            a_case(instance=an_instance(state=state)),
            LEAVE,
            "instance not running",
            f"got {INSTANCE_ID} {state}, expected running",
        )
        for state in ("pending", "stopping", "stopped", "shutting-down", "terminated")
    ),
    # --- instance-launched-before
    Line("instance-launched-before", "two days before", a_case()),
    Line(
        "instance-launched-before",
        "within the skew of clocks",
        a_case(instance=an_instance(launched=NOW - timedelta(minutes=7) + timedelta(seconds=30))),
    ),
    Line(
        "instance-launched-before",
        "after the request",
        a_case(instance=an_instance(launched=NOW - timedelta(minutes=6))),
        LEAVE,
        "instance launched after the request",
        f"got {INSTANCE_ID} launched 2026-11-24T11:54:00+00:00, "
        "expected before 2026-11-24T11:53:00+00:00",
    ),
    Line(
        "instance-launched-before",
        "no launch time",
        a_case(instance=an_instance(launched=None)),
        LEAVE,
        "launch time unknown",
        f"EC2 gives no launch time for {INSTANCE_ID}",
    ),
    # --- node-name
    Line("node-name", "PrivateDnsName", a_case()),
    Line("node-name", "the instance id", a_case(csr=a_csr(node=INSTANCE_ID))),
    Line("node-name", "the resource name", a_case(csr=a_csr(node=RESOURCE_NAME))),
    Line(
        "node-name",
        "the instance id, before EC2 gives a name",
        a_case(csr=a_csr(node=INSTANCE_ID), instance=an_instance(private_dns_name="")),
    ),
    Line(
        "node-name",
        "another node's name",
        a_case(csr=a_csr(node=OTHER_NODE)),
        DENY,
        "node name is not the instance's",
        f"got {OTHER_NODE}, expected one of ['{INSTANCE_ID}', '{RESOURCE_NAME}', '{NODE}']",
    ),
    Line(
        "node-name",
        "the resource name under another suffix",
        a_case(csr=a_csr(node=f"{INSTANCE_ID}.evil.example")),
        DENY,
        "node name is not the instance's",
        f"got {INSTANCE_ID}.evil.example, "
        f"expected one of ['{INSTANCE_ID}', '{RESOURCE_NAME}', '{NODE}']",
    ),
    Line(
        "node-name",
        "EC2 gives no name yet",
        a_case(instance=an_instance(private_dns_name="")),
        LEAVE,
        "instance has no name yet",
        f"EC2 gives no PrivateDnsName for {INSTANCE_ID}",
    ),
    Line(
        "node-name",
        "no instance to compare with",
        a_case(instances=()),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
    Line(
        "node-name",
        "a stopped instance, whatever its name",
        a_case(csr=a_csr(node=OTHER_NODE), instance=an_instance(state="stopped")),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
    # --- cluster
    Line("cluster", "its VPC and its tag", a_case()),
    *(
        Line("cluster", f"its tag {tag}", a_case(instance=an_instance(tags={tag: "prod"})))
        for tag in ("eks:cluster-name", "eks:eks-cluster-name", "aws:eks:cluster-name")
    ),
    Line(
        "cluster",
        "another VPC, where allowed",
        a_case(instance=an_instance(vpc_id="vpc-other"), policy=a_policy(allow_other_vpcs=True)),
    ),
    Line(
        "cluster",
        "no tag, where none is required",
        a_case(instance=an_instance(tags={}), policy=a_policy(require_cluster_tag=False)),
    ),
    Line(
        "cluster",
        "another VPC",
        a_case(instance=an_instance(vpc_id="vpc-other")),
        LEAVE,
        "instance in another VPC",
        "got vpc-other, expected vpc-0aaaaaaaaaaaaaaaa",
    ),
    Line(
        "cluster",
        "no VPC on either side",
        a_case(instance=an_instance(vpc_id=""), cluster=a_cluster(vpc_id="")),
        LEAVE,
        "instance in another VPC",
        "got none, expected unknown",
    ),
    Line(
        "cluster",
        "another cluster's tags",
        a_case(
            instance=an_instance(
                tags={"kubernetes.io/cluster/dev": "owned", "eks:cluster-name": "dev"}
            )
        ),
        LEAVE,
        "instance has no cluster tag",
        f"{INSTANCE_ID} lacks kubernetes.io/cluster/prod or "
        "eks:cluster-name, eks:eks-cluster-name, aws:eks:cluster-name",
    ),
    Line(
        "cluster",
        "the tag of a cluster without a name",
        a_case(
            instance=an_instance(tags={"kubernetes.io/cluster/": "owned", "eks:cluster-name": ""}),
            cluster=a_cluster(name=""),
        ),
        LEAVE,
        "instance has no cluster tag",
        f"{INSTANCE_ID} lacks kubernetes.io/cluster/ or "
        "eks:cluster-name, eks:eks-cluster-name, aws:eks:cluster-name",
    ),
    Line(
        "cluster",
        "no instance to compare with",
        a_case(instances=()),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
    # --- node-role
    Line("node-role", "that of the instance profile", a_case()),
    Line(
        "node-role",
        "the same in another letter case",
        a_case(csr=a_csr(extra=an_extra(role="EKS-Node"))),
    ),
    Line(
        "node-role",
        "the same with a path",
        a_case(csr=a_csr(extra=an_extra(role="team/eks-node"))),
    ),
    Line(
        "node-role",
        "another, where roles aren't verified",
        a_case(csr=a_csr(extra=an_extra(role="admin")), policy=a_policy(verify_node_role=False)),
    ),
    Line(
        "node-role",
        "none claimed by a node known by name",
        a_case(csr=_BY_NAME_CSR, identity="name", role=RoleUnknown("no instance profile")),
    ),
    Line(
        "node-role",
        "another role",
        a_case(csr=a_csr(extra=an_extra(role="admin"))),
        LEAVE,
        "node role not verified",
        "got arn:aws:iam::111122223333:role/admin, "
        "expected arn:aws:iam::111122223333:role/eks-node",
    ),
    Line(
        "node-role",
        "the same name in another account",
        a_case(
            csr=a_csr(
                extra=an_extra() | {"canonicalArn": ("arn:aws:iam::999999999999:role/eks-node",)}
            )
        ),
        LEAVE,
        "node role not verified",
        "got arn:aws:iam::999999999999:role/eks-node, "
        "expected arn:aws:iam::111122223333:role/eks-node",
    ),
    Line(
        "node-role",
        "the same in another partition",
        a_case(
            csr=a_csr(
                extra=an_extra() | {"canonicalArn": ("arn:aws-cn:iam::111122223333:role/eks-node",)}
            )
        ),
        LEAVE,
        "node role not verified",
        "got arn:aws-cn:iam::111122223333:role/eks-node, "
        "expected arn:aws:iam::111122223333:role/eks-node",
    ),
    Line(
        "node-role",
        "no role claimed",
        a_case(csr=without(a_csr(), "canonicalArn")),
        LEAVE,
        "node role not verified",
        "got [], expected arn:aws:iam::111122223333:role/eks-node",
    ),
    Line(
        "node-role",
        "two roles claimed",
        a_case(
            csr=a_csr(
                extra=an_extra()
                | {"canonicalArn": ("arn:aws:iam::111122223333:role/eks-node", "x")}
            )
        ),
        LEAVE,
        "node role not verified",
        "got ['arn:aws:iam::111122223333:role/eks-node', 'x'], "
        "expected arn:aws:iam::111122223333:role/eks-node",
    ),
    Line(
        "node-role",
        "no instance profile",
        a_case(role=RoleUnknown("the instance has no instance profile")),
        LEAVE,
        "node role not verified",
        "the instance has no instance profile",
    ),
    Line(
        "node-role",
        "IAM silent",
        a_case(role=RoleUnknown("AccessDenied", fault=True)),
        LEAVE,
        "node role not verified",
        "AccessDenied",
    ),
    Line(
        "node-role",
        "no instance to compare with",
        a_case(instances=()),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
    # --- reserved-names
    Line("reserved-names", "the node's own names", a_case()),
    Line("reserved-names", "the public name of an instance", _with_names(PUBLIC_NAME)),
    Line(
        "reserved-names",
        "the public name in us-east-1",
        _with_names("ec2-198-51-100-10.compute-1.amazonaws.com"),
    ),
    Line(
        "reserved-names",
        "the public name in the European Sovereign Cloud",
        _with_names("ec2-198-51-100-10.eusc-de-east-1.compute.amazonaws.eu"),
    ),
    *(
        Line(
            "reserved-names",
            f"the name {name}",
            _with_names(name),
            DENY,
            "reserved name",
            f"got ['{name}'], expected none of the cluster's or AWS's",
        )
        for name in (
            "kubernetes",
            "KUBERNETES.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local.",
            "api.kubernetes.default",
            "localhost",
            "node.localhost",
            "*.eu-west-1.compute.internal",
            "*",
            "db.shop.svc",
            "db.shop.svc.example.com",
            "node.cluster.local",
            "cluster.local",
            "sts.eu-west-1.amazonaws.com",
            "bucket.s3.cn-north-1.amazonaws.com.cn",
            "amazonaws.com",
            "ec2-1.evil.s3.amazonaws.com",
            "eks.eu-west-1.api.aws",
        )
    ),
    *(
        Line(
            "reserved-names",
            f"the address {ip}",
            _with_names(ip),
            DENY,
            "reserved name",
            f"got ['{ip}'], expected none of the cluster's or AWS's",
        )
        for ip in (
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "169.254.169.254",
            "fe80::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "10.100.0.1",
        )
    ),
    Line(
        "reserved-names",
        "an address of the IPv6 Service range",
        _with_names("fd00:10::1", cluster=a_cluster(service_ranges=("fd00:10::/108",))),
        DENY,
        "reserved name",
        "got ['fd00:10::1'], expected none of the cluster's or AWS's",
    ),
    # --- dns-names
    Line("dns-names", "PrivateDnsName", a_case()),
    Line("dns-names", "in capitals with a trailing dot", _with_names(f"{NODE.upper()}.")),
    Line("dns-names", "the resource name", _with_names(RESOURCE_NAME)),
    Line("dns-names", "the public name", _with_names(PUBLIC_NAME)),
    Line("dns-names", "addresses only", _with_names("10.0.1.10")),
    Line(
        "dns-names",
        "the instance id of a node so named",
        _with_names(INSTANCE_ID, csr=a_csr(node=INSTANCE_ID)),
    ),
    Line(
        "dns-names",
        "the first label under an own suffix",
        _with_names(
            "ip-10-0-1-10.corp.example", policy=a_policy(extra_dns_suffixes="corp.example")
        ),
    ),
    Line(
        "dns-names",
        "another node's name",
        _with_names(NODE, OTHER_NODE),
        DENY,
        "DNS name is not the instance's",
        f"got ['{OTHER_NODE}'], expected one of ['{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}']",
    ),
    Line(
        "dns-names",
        "the node's name as a prefix",
        _with_names(f"{NODE}.evil.example"),
        DENY,
        "DNS name is not the instance's",
        f"got ['{NODE}.evil.example'], "
        f"expected one of ['{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}']",
    ),
    Line(
        "dns-names",
        "the name of a node whose name isn't the instance's",
        _with_names(OTHER_NODE, csr=a_csr(node=OTHER_NODE)),
        DENY,
        "DNS name is not the instance's",
        f"got ['{OTHER_NODE}'], expected one of ['{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}']",
    ),
    Line(
        "dns-names",
        "the public name, where not allowed",
        _with_names(PUBLIC_NAME, policy=a_policy(allow_public_addresses=False)),
        DENY,
        "DNS name is not the instance's",
        f"got ['{PUBLIC_NAME}'], expected one of ['{RESOURCE_NAME}', '{NODE}']",
    ),
    Line(
        "dns-names",
        "the first label under somebody's suffix",
        _with_names("ip-10-0-1-10.corp.example"),
        DENY,
        "DNS name is not the instance's",
        f"got ['ip-10-0-1-10.corp.example'], "
        f"expected one of ['{PUBLIC_NAME}', '{RESOURCE_NAME}', '{NODE}']",
    ),
    Line(
        "dns-names",
        "EC2 gives no names yet",
        _with_names(OTHER_NODE, instance=an_instance(private_dns_name="", public_dns_name="")),
        LEAVE,
        "instance has no name yet",
        f"EC2 gives no names for {INSTANCE_ID}",
    ),
    Line(
        "dns-names",
        "no instance to compare with",
        a_case(instances=()),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
    # --- ip-addresses
    Line("ip-addresses", "the primary private address", a_case()),
    Line("ip-addresses", "the public address on it", _with_names(PUBLIC_ADDRESS)),
    Line("ip-addresses", "DNS names only", _with_names(NODE)),
    Line(
        "ip-addresses",
        "an EFA interface",
        a_case(instance=an_instance(interfaces=(an_interface(kind="efa"),))),
    ),
    Line(
        "ip-addresses",
        "an IPv6 address in another spelling",
        _with_names("2001:db8:0:0:0:0:0:a", instance=_IPV6),
    ),
    Line(
        "ip-addresses",
        "the primary of a second interface, where allowed",
        _with_names("10.0.2.10", instance=_TWO_ENIS, policy=a_policy(allow_secondary_enis=True)),
    ),
    Line(
        "ip-addresses",
        "another node's address",
        _with_names("10.0.1.20"),
        DENY,
        "address is not the instance's",
        "got ['10.0.1.20'], expected one of ['10.0.1.10', '198.51.100.10']",
    ),
    Line(
        "ip-addresses",
        "another node's beside a pod's",
        _with_names("10.0.1.77", "10.0.1.20"),
        DENY,
        "address is not the instance's",
        "got ['10.0.1.20'], expected one of ['10.0.1.10', '198.51.100.10']",
    ),
    Line(
        "ip-addresses",
        "the IPv4-compatible form of another's",
        _with_names("::10.0.1.20"),
        DENY,
        "address is not the instance's",
        "got ['::a00:114'], expected one of ['10.0.1.10', '198.51.100.10']",
    ),
    Line(
        "ip-addresses",
        "another node's address twice, which is told once",
        _with_names("10.0.1.20", "10.0.1.20"),
        DENY,
        "address is not the instance's",
        "got ['10.0.1.20'], expected one of ['10.0.1.10', '198.51.100.10']",
    ),
    Line(
        "ip-addresses",
        "addresses beside the delegated prefixes, of either kind",
        _with_names(
            "10.0.3.15",
            "10.0.3.16",
            "2001:db8::1:0:0",
            "2001:db8::ffff:ffff",
            instance=an_instance(
                interfaces=(an_interface(prefixes=("10.0.3.0/28", "2001:db8::/96")),)
            ),
        ),
        DENY,
        "address is not the instance's",
        "got ['10.0.3.16', '2001:db8::1:0:0'], expected one of ['10.0.1.10', '198.51.100.10']",
    ),
    Line(
        "ip-addresses",
        "a secondary private address",
        _with_names("10.0.1.77"),
        LEAVE,
        "address not accepted",
        f"got ['10.0.1.77'], on {INSTANCE_ID} but a pod's or of another interface; "
        "expected one of ['10.0.1.10', '198.51.100.10']",
    ),
    Line(
        "ip-addresses",
        "the public address, where not allowed",
        _with_names(PUBLIC_ADDRESS, policy=a_policy(allow_public_addresses=False)),
        LEAVE,
        "address not accepted",
        f"got ['{PUBLIC_ADDRESS}'], on {INSTANCE_ID} but a pod's or of another interface; "
        "expected one of ['10.0.1.10']",
    ),
    Line(
        "ip-addresses",
        "an address of a delegated prefix",
        _with_names(
            "10.0.3.5", instance=an_instance(interfaces=(an_interface(prefixes=("10.0.3.0/28",)),))
        ),
        LEAVE,
        "address not accepted",
        f"got ['10.0.3.5'], on {INSTANCE_ID} but a pod's or of another interface; "
        "expected one of ['10.0.1.10', '198.51.100.10']",
    ),
    Line(
        "ip-addresses",
        "an IPv6 address within a delegated prefix",
        _with_names(
            "2001:db8::a",
            instance=an_instance(
                interfaces=(an_interface(ipv6=("2001:db8::a",), prefixes=("2001:db8::/80",)),)
            ),
        ),
        LEAVE,
        "address not accepted",
        f"got ['2001:db8::a'], on {INSTANCE_ID} but a pod's or of another interface; "
        "expected one of ['10.0.1.10', '198.51.100.10']",
    ),
    Line(
        "ip-addresses",
        "the primary of a second interface",
        _with_names("10.0.2.10", instance=_TWO_ENIS),
        LEAVE,
        "address not accepted",
        f"got ['10.0.2.10'], on {INSTANCE_ID} but a pod's or of another interface; "
        "expected one of ['10.0.1.10', '198.51.100.10']",
    ),
    Line(
        "ip-addresses",
        "the first interface of another network card",
        _with_names(
            "10.0.2.10",
            instance=an_instance(
                interfaces=(an_interface(), replace(_SECOND_ENI, device_index=0, card_index=1))
            ),
        ),
        LEAVE,
        "address not accepted",
        f"got ['10.0.2.10'], on {INSTANCE_ID} but a pod's or of another interface; "
        "expected one of ['10.0.1.10', '198.51.100.10']",
    ),
    *(
        Line(
            "ip-addresses",
            sentence,
            _with_names(
                "10.0.2.10",
                instance=an_instance(interfaces=(an_interface(), interface)),
                policy=a_policy(allow_secondary_enis=True),
            ),
            LEAVE,
            "address not accepted",
            f"got ['10.0.2.10'], on {INSTANCE_ID} but a pod's or of another interface; "
            "expected one of ['10.0.1.10', '198.51.100.10']",
        )
        for sentence, interface in (
            ("a trunk interface", replace(_SECOND_ENI, kind="trunk")),
            ("a branch interface", replace(_SECOND_ENI, kind="branch")),
            ("an interface that is being attached", replace(_SECOND_ENI, attached=False)),
            ("an interface in another VPC", replace(_SECOND_ENI, vpc_id="vpc-other")),
        )
    ),
    Line(
        "ip-addresses",
        "EC2 gives no addresses yet",
        a_case(instance=an_instance(interfaces=())),
        LEAVE,
        "instance has no address yet",
        f"EC2 gives no addresses for {INSTANCE_ID}",
    ),
    Line(
        "ip-addresses",
        "no instance to compare with",
        a_case(instances=()),
        LEAVE,
        "no running instance to compare with",
        f"no single running instance for {INSTANCE_ID}",
    ),
)

"""What a cluster's API says of its CSRs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

KUBELET_SERVING = "kubernetes.io/kubelet-serving"

#: EKS's own, for workloads. From: EKS User Guide, "Secure workloads with Kubernetes certificates".
APP_SERVING = "beta.eks.amazonaws.com/app-serving"

#: The reasons of the conditions that we write: by them our decisions are known again.
APPROVED_REASON = "ApprovedByCsrApprover"
DENIED_REASON = "DeniedByCsrApprover"

#: The keys of `spec.extra` that tell an IAM requester's session and role.
SESSION_NAME = "sessionName"
CANONICAL_ARN = "canonicalArn"

# Namespaces are labels of DNS, names of ServiceAccounts are domains of it.
_SERVICE_ACCOUNT = re.compile(
    r"system:serviceaccount:([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):[a-z0-9][a-z0-9.-]{0,252}",
    re.ASCII,
)

#: Username, session and role.
Requester = tuple[str, tuple[str, ...], tuple[str, ...]]

#: The largest `spec.request` that is read at all, in bytes. A kubelet's is about 600.
MAX_REQUEST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Condition:
    """One entry of `status.conditions`."""

    type: str
    status: str
    reason: str
    message: str
    last_update: datetime | None


@dataclass(frozen=True, slots=True)
class OversizedRequest:
    """Stands in for a `spec.request` over MAX_REQUEST_BYTES, of which only the size is kept."""

    size: int


@dataclass(frozen=True, slots=True)
class Csr:
    """A CertificateSigningRequest as listed.

    `username`, `groups` and `extra` are set by the API server from the authenticated requester
    and can't be forged by him. From: Kubernetes
    pkg/registry/certificates/certificates/strategy.go, PrepareForCreate.
    """

    name: str
    uid: str
    resource_version: str
    created: datetime
    signer: str
    username: str
    groups: tuple[str, ...]
    extra: Mapping[str, tuple[str, ...]]
    usages: tuple[str, ...]
    expiration_seconds: int | None
    request: bytes | OversizedRequest
    conditions: tuple[Condition, ...] = ()
    certificate: bytes = b""

    @property
    def requester(self) -> Requester:
        """Who filed it. The role is part of it: EKS makes a node's username of the session alone.

        So anyone who may assume another role that the cluster maps to nodes can file under any
        node's name, and must not get in that node's way.
        """
        session, role = (self.extra.get(key, ()) for key in (SESSION_NAME, CANONICAL_ARN))
        return self.username, tuple(session), tuple(role)

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type (`Approved`, `Denied`, `Failed`), if there is one."""
        return next((c for c in self.conditions if c.type == kind), None)

    @property
    def is_pending(self) -> bool:
        """Return True when it is neither decided, nor refused by the signer, nor issued."""
        decided = any(self.condition(kind) for kind in ("Approved", "Denied", "Failed"))
        return not decided and not self.certificate

    @property
    def node(self) -> str | None:
        """The node name that the requester authenticated as; None when it isn't a node."""
        prefix = "system:node:"
        return self.username.removeprefix(prefix) if self.username.startswith(prefix) else None

    @property
    def namespace(self) -> str | None:
        """The namespace of the ServiceAccount that the requester is; None when it isn't one.

        From: Kubernetes apiserver pkg/authentication/serviceaccount/util.go, SplitUsername.
        """
        match = _SERVICE_ACCOUNT.fullmatch(self.username)
        return match[1] if match else None


@dataclass(frozen=True, slots=True)
class UnreadableCsr:
    """A list item that can't be read. It is counted, never judged, and stops no other.

    `name`: the requester's text, as much of it as can be read.
    """

    name: str | None
    signer: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One signer's CSRs. `truncated`: not all of them are here; `cause` says why, for the log."""

    items: tuple[Csr | UnreadableCsr, ...]
    truncated: bool = False
    pages: int = 1
    cause: str = ""

    @property
    def csrs(self) -> tuple[Csr, ...]:
        """The readable items, in the order listed."""
        return tuple(item for item in self.items if isinstance(item, Csr))

    @property
    def unreadable(self) -> tuple[UnreadableCsr, ...]:
        """The items that can't be read."""
        return tuple(item for item in self.items if isinstance(item, UnreadableCsr))

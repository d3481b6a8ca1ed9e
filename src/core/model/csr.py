"""A cluster's CSRs, as its API server lists them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

KUBELET_SERVING = "kubernetes.io/kubelet-serving"

#: EKS's own signer, for workloads.
#: From: EKS User Guide, "Secure workloads with Kubernetes certificates".
APP_SERVING = "beta.eks.amazonaws.com/app-serving"

#: The reasons of the conditions that we write; they identify our decisions later.
APPROVED_REASON = "ApprovedByCsrApprover"
DENIED_REASON = "DeniedByCsrApprover"

#: The keys of `spec.extra` with an IAM requester's session name and role.
SESSION_NAME = "sessionName"
CANONICAL_ARN = "canonicalArn"

_DECISIONS = frozenset({"Approved", "Denied", "Failed"})

# A namespace is a DNS label, a ServiceAccount's name a DNS subdomain.
_SERVICE_ACCOUNT = re.compile(
    r"system:serviceaccount:([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?):[a-z0-9][a-z0-9.-]{0,252}"
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
    """Stands in for a `spec.request` over MAX_REQUEST_BYTES; only its size, in bytes, is kept."""

    size: int


@dataclass(frozen=True, slots=True)
class Csr:
    """A CertificateSigningRequest as listed.

    The API server sets `username`, `groups` and `extra` from the authenticated requester, who can't
    forge them. From: Kubernetes
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
    conditions: tuple[Condition, ...]
    certificate: bytes

    @property
    def requester(self) -> Requester:
        """Return who filed it: username, session and role.

        EKS derives a node's username from the session name alone. So anyone who may assume another
        role that the cluster maps to nodes can file under any node's name; with the role as part of
        the requester, that can't supersede the node's own requests.
        """
        return self.username, self.extra.get(SESSION_NAME, ()), self.extra.get(CANONICAL_ARN, ())

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of this type (`Approved`, `Denied`, `Failed`), if there is one."""
        return next((c for c in self.conditions if c.type == kind), None)

    @property
    def is_approved_by_us(self) -> bool:
        """Return True when we approved it, and no other approver."""
        approved = self.condition("Approved")
        return approved is not None and approved.reason == APPROVED_REASON

    @property
    def is_pending(self) -> bool:
        """Return True when it isn't approved, denied, failed or issued."""
        # One pass over the conditions: this runs several times for each CSR of every list.
        return not self.certificate and not any(c.type in _DECISIONS for c in self.conditions)

    @property
    def node(self) -> str | None:
        """Return the node name that the requester authenticated as; None when it isn't a node."""
        prefix = "system:node:"
        return self.username.removeprefix(prefix) if self.username.startswith(prefix) else None

    @property
    def namespace(self) -> str | None:
        """Return the requesting ServiceAccount's namespace; None for any other requester.

        From: Kubernetes apiserver pkg/authentication/serviceaccount/util.go, SplitUsername.
        """
        match = _SERVICE_ACCOUNT.fullmatch(self.username)
        return match[1] if match else None


@dataclass(frozen=True, slots=True)
class UnreadableCsr:
    """A list item that can't be read. It is counted, never judged, and stops no other.

    `name`: as much of the object's name as can be read; the requester chose it.
    """

    name: str | None
    signer: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One signer's CSRs. `truncated`: some are missing; `cause` says why, for the log."""

    items: tuple[Csr | UnreadableCsr, ...]
    truncated: bool
    pages: int
    cause: str

    @property
    def csrs(self) -> tuple[Csr, ...]:
        """Return the readable items, in the order listed."""
        return tuple(item for item in self.items if isinstance(item, Csr))

    @property
    def unreadable(self) -> tuple[UnreadableCsr, ...]:
        """Return the items that can't be read."""
        return tuple(item for item in self.items if isinstance(item, UnreadableCsr))

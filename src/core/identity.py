"""Which EC2 instance a requester claims to be.

The session name of an instance profile's credentials is the instance's id. EKS's authenticator
copies it into `spec.extra`, which requesters can't set. From:
aws-iam-authenticator pkg/token/token.go (Identity.SessionName) and pkg/server/server.go.
"""

import re

from core.model import CANONICAL_ARN, SESSION_NAME, Csr, Identity, IdentityKind

#: `i-` and 8 or 17 hex digits, the whole value. From: EC2 User Guide, resource IDs.
INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")

# From: aws-iam-authenticator pkg/server/server.go; a requester that has any is an IAM identity.
# Compared without regard to case, because impersonation headers arrive in lower case.
_IAM_KEYS = frozenset(
    key.casefold()
    for key in (
        "arn",
        CANONICAL_ARN,
        SESSION_NAME,
        "accessKeyId",
        "principalId",
        "sigs.k8s.io/aws-iam-authenticator/principalId",
    )
)
_SESSION_KEY = SESSION_NAME.casefold()


def has_iam_keys(csr: Csr) -> bool:
    """Return True when `spec.extra` has any key of the IAM authenticator, in any letter case."""
    return any(key.casefold() in _IAM_KEYS for key in csr.extra)


def has_session_name(csr: Csr) -> bool:
    """Return True when `spec.extra` has `sessionName`, in any letter case, with any value."""
    return any(key.casefold() == _SESSION_KEY for key in csr.extra)


def session_instance(csr: Csr) -> str | None:
    """Return the instance id in the session name; None when it isn't exactly one instance id."""
    spellings = [key for key in csr.extra if key.casefold() == _SESSION_KEY]
    if spellings != [SESSION_NAME]:
        return None
    match csr.extra[SESSION_NAME]:
        case (session,) if INSTANCE_ID.fullmatch(session):
            return session
    return None


def identify(csr: Csr, *, allow_name: bool) -> Identity | None:
    """Return the instance that a CSR claims: by its session, else by name if that is allowed."""
    node = csr.node
    if not node:
        return None
    instance_id = session_instance(csr)
    if instance_id is not None:
        return Identity(IdentityKind.SESSION, instance_id, node)
    if allow_name and not has_iam_keys(csr):
        return Identity(IdentityKind.NAME, None, node)
    return None


def claimed_by_session(csr: Csr) -> Identity | None:
    """Return the instance that a requester's session names, even if it isn't treated as a node."""
    instance_id = session_instance(csr)
    return None if instance_id is None else Identity(IdentityKind.SESSION, instance_id, "")

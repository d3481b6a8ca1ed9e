"""The causes why a request has no certificate, and what each requires of a person."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Need(Enum):
    """What a cause requires of a person, the most urgent first."""

    ACTION = "action"
    #: It is unknown whether anything must be done.
    UNKNOWN = "unknown"
    #: Nothing is wrong so far, and the request is young.
    WAIT = "wait"
    NONE = "none"


class Cause(Enum):
    """The causes. The values are a stable contract."""

    # requests that pass every check
    WAITING = "waiting"
    NAMES_MAY_LAG = "names-may-lag"
    NOT_APPROVED = "not-approved"
    JUST_APPROVED = "just-approved"
    NOT_ISSUED = "not-issued"
    NOT_ISSUED_AFTER_US = "not-issued-after-us"
    # names
    NAMES_NEED_SETTING = "names-need-setting"
    NAMES_NOT_ACCEPTED = "names-not-accepted"
    HOST_NAME = "host-name"
    NAMES_NOT_ON_INSTANCE = "names-not-on-instance"
    NAMES_RESERVED = "names-reserved"
    ADDRESS_MOVED = "address-moved"
    # instance
    NO_CLUSTER_TAG = "no-cluster-tag"
    OTHER_VPC = "other-vpc"
    OTHER_CLUSTER = "other-cluster"
    NODE_NAME = "node-name"
    NO_PRIVATE_NAME = "no-private-name"
    NODE_ROLE = "node-role"
    NO_IDENTITY = "no-identity"
    NO_INSTANCE = "no-instance"
    # requester and request
    ROLE_NOT_MAPPED = "role-not-mapped"
    FARGATE = "fargate"
    HYBRID = "hybrid"
    HYPERPOD = "hyperpod"
    WORKLOAD = "workload"
    PERSON = "person"
    NOT_A_NODE = "not-a-node"
    NOT_A_KUBELET_REQUEST = "not-a-kubelet-request"
    # decisions and certificates
    SIGNER_FAILED = "signer-failed"
    DENIED = "denied"
    FEWER_NAMES = "fewer-names"
    WRONG_CERTIFICATE = "wrong-certificate"
    # unknown
    EC2_MAY_LAG = "ec2-may-lag"
    EVIDENCE_UNAVAILABLE = "evidence-unavailable"
    NOT_JUDGED = "not-judged"
    CREATED_IN_FUTURE = "created-in-future"
    NO_NEWER_REQUEST = "no-newer-request"
    # no action needed
    SUPERSEDED = "superseded"
    INSTANCE_GONE = "instance-gone"
    ABANDONED = "abandoned"

    @property
    def need(self) -> Need:
        """Return what it requires of a person."""
        return _NEEDS.get(self, Need.ACTION)


_NEEDS: Final = {
    Cause.WAITING: Need.WAIT,
    Cause.NAMES_MAY_LAG: Need.WAIT,
    Cause.JUST_APPROVED: Need.WAIT,
    **dict.fromkeys(
        (
            Cause.EC2_MAY_LAG,
            Cause.EVIDENCE_UNAVAILABLE,
            Cause.NOT_JUDGED,
            Cause.CREATED_IN_FUTURE,
            Cause.NO_NEWER_REQUEST,
        ),
        Need.UNKNOWN,
    ),
    **dict.fromkeys((Cause.SUPERSEDED, Cause.INSTANCE_GONE, Cause.ABANDONED), Need.NONE),
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One cause. `values`: the names that it is about; `settings`: what would allow them."""

    cause: Cause
    detail: str = ""
    values: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()

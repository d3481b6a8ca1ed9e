"""How a run of `csr-approver request` ended."""

from dataclasses import dataclass
from enum import Enum

from cli.request.certificate import Certificate


class Outcome(Enum):
    """The outcome of a run; the values are a stable contract."""

    ISSUED = "issued"
    #: Issued and saved, but not as requested.
    DIFFERS = "differs"
    #: Issued as requested, but the certificate's or the CA's file wasn't written.
    NOT_SAVED = "not-saved"
    #: What was issued can't be used.
    UNUSABLE = "unusable"
    DENIED = "denied"
    FAILED = "failed"
    #: The API server rejects the request.
    REFUSED = "refused"
    #: Someone else deleted the request.
    DELETED = "deleted"
    NOT_ISSUED = "not-issued"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class RequestState(Enum):
    """The state of the request in the cluster; the values are a stable contract."""

    THERE = "there"
    DELETED = "deleted"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Result:
    """The result. `saved`: the certificate's file was written; `ca_saved`: the CA's."""

    outcome: Outcome
    detail: str
    request: RequestState
    key_kept: bool
    requester: str = ""
    certificate: Certificate | None = None
    saved: bool = False
    ca_saved: bool = False


class NotIssued(Exception):
    """The run ends without a saved certificate."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail

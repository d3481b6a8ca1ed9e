"""Errors, by whose fault they are. Handlers and commands map them to logs, metrics and exits."""


class CsrApproverError(Exception):
    """The base of all errors that this project raises on purpose."""


class MalformedRequest(CsrApproverError):
    """The requester's fault: `spec.request` is not one request that every reader reads alike."""


class WrongCertificate(CsrApproverError):
    """The signer's fault: the requester can't use what it issued."""


class EvidenceUnavailable(CsrApproverError):
    """EC2, IAM or the API server (for Services) gave no answer.

    Never a "no" and never a "yes": such CSRs stay as they are.
    """


class OutOfTime(EvidenceUnavailable):
    """No time was left to ask in this run. The next run asks."""


class ClusterUnavailable(CsrApproverError):
    """The cluster could not be described, reached or read. The next run tries again.

    `cause` is a short stable word for logs: `describe`, `tls`, `connection`, `status`, ….
    """

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


class NotOnboarded(ClusterUnavailable):
    """The cluster's API rejects our credentials (401) or allows us nothing (403): no access yet."""


class Unreachable(ClusterUnavailable):
    """There is no way from the reviewer to the cluster's endpoint, or it isn't tried for a while.

    `fix`: what an operator does about it. `is_fault`: EKS's description doesn't explain it.
    """

    def __init__(self, cause: str, detail: str, *, fix: str, is_fault: bool) -> None:
        super().__init__(cause, detail)
        self.fix = fix
        self.is_fault = is_fault


class BadSettings(CsrApproverError):
    """The operator's fault: a setting's value isn't allowed. Names the setting and what is."""

"""Errors, split by whose fault they are; only the edges map them to logs, metrics and retries."""


class CsrApproverError(Exception):
    """Anything this project raises on purpose."""


class MalformedRequest(CsrApproverError):
    """The requester's fault: `spec.request` is not one request that every reader reads alike."""


class WrongCertificate(CsrApproverError):
    """The signer's fault: what it issued is of no use to the requester."""


class EvidenceUnavailable(CsrApproverError):
    """AWS, or a cluster of its Services, could not be asked.

    Never a "no" and never a "yes": such CSRs stay as they are.
    """


class OutOfTime(EvidenceUnavailable):
    """There was no time left to ask in this run. The next run asks."""


class ClusterUnavailable(CsrApproverError):
    """The cluster could not be described, reached or read; its next run tries again.

    `cause` is a short stable word for logs: `describe`, `tls`, `connection`, `status`, ….
    """

    def __init__(self, cause: str, detail: str) -> None:
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail


class NotOnboarded(ClusterUnavailable):
    """The cluster's API knows us not (401) or allows us nothing (403): access is not set up yet."""


class BadSettings(CsrApproverError):
    """The operator's fault: a setting's value is not allowed. Names the setting and the fix."""

"""The evaluation of one CSR: a verdict, or one of three reasons why there is none."""

from dataclasses import dataclass

from core.model.csr import Csr
from core.model.request import Pkcs10, UnreadableRequest
from core.model.verdict import Case, Verdict


@dataclass(frozen=True, slots=True)
class ParsedCsr:
    """The case of a CSR whose request was read, before its evidence.

    `key_is_proven`: it passes its own requester, form, signature and subject checks, so its key
    counts against other requesters. `mismatched`: its certificate isn't what was approved.
    """

    case: Case
    key_is_proven: bool
    mismatched: bool

    @property
    def csr(self) -> Csr:
        """Return the CSR as listed."""
        return self.case.csr

    @property
    def request(self) -> Pkcs10 | UnreadableRequest:
        """Return its request."""
        return self.case.request


@dataclass(frozen=True, slots=True)
class Judged:
    """The checks were run, and gave a verdict."""

    case: Case
    verdict: Verdict
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Deferred:
    """No time was left for it in this run; the next run judges it."""

    case: Case
    problem: str
    verdict: None = None

    @classmethod
    def in_this_run(cls, case: Case) -> "Deferred":
        """Defer a case for which the run has no time."""
        return cls(case, "no time was left in this run")


@dataclass(frozen=True, slots=True)
class NoEvidence:
    """EC2, IAM or the API server gave no answer, which is never a verdict."""

    case: Case
    problem: str
    verdict: None = None


@dataclass(frozen=True, slots=True)
class Bug:
    """Our own code failed on it; the other CSRs are judged."""

    case: Case
    problem: str
    verdict: None = None

    @classmethod
    def of(cls, case: Case, error: Exception) -> "Bug":
        """Describe the error."""
        return cls(case, f"this is a bug: {type(error).__name__}: {error}")


Evaluation = Judged | Deferred | NoEvidence | Bug

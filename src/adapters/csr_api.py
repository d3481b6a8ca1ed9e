"""The CSR API of one cluster: list, and write decisions (`core.ports.CertificateApi`).

Rights needed: `list` on CSRs, `update` on their `approval`, `approve` on the signer; no `get`.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Final, Self
from urllib.parse import quote

from adapters.api_connection import ApiConnection
from adapters.bearer import TokenSource
from adapters.concurrent_calls import concurrently
from adapters.csr_messages import decision, shows
from adapters.csr_pages import CSRS, CsrPages, Limits
from adapters.kubernetes_protobuf import MEDIA_TYPE
from adapters.retry import Answer, NoAnswer, Outcome, Retries
from adapters.services import KubernetesServices
from core.budget import LISTING_LEAVES
from core.model import Listing, Write, WriteResult, Written
from core.ports import Clock

DEFAULT_LIMITS: Final = Limits()


class KubernetesCsrApi:
    """One run's CSRs of one cluster. Close it, or use it as a context manager."""

    def __init__(
        self,
        endpoint: str,
        ca_pem: str,
        tokens: TokenSource,
        clock: Clock,
        *,
        connections: int = 8,
        use_environment_proxy: bool = False,
        retries: Retries | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """`tokens`: makes a new token at each call; called twice in a run at most.

        Raises:
            ClusterUnavailable: the endpoint, the CA or the proxy is not valid.
        """
        self._connection = ApiConnection(
            endpoint,
            ca_pem,
            tokens,
            clock,
            retries or Retries(clock),
            connections=connections,
            max_answer_bytes=limits.page,
            use_environment_proxy=use_environment_proxy,
        )
        self._clock = clock
        self._connections = connections
        self._limits = limits
        self._listed: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    @property
    def has_connected(self) -> bool:
        """Whether a connection was made to a server that the cluster's CA vouches for."""
        return self._connection.has_connected

    @property
    def services(self) -> KubernetesServices:
        """The cluster's Services, over the same connections."""
        return KubernetesServices(self._connection)

    def list_csrs(self, signer: str) -> Listing:
        """Return one signer's CSRs, each validated alone, as far as the listing's time allows.

        Raises:
            ClusterUnavailable: nothing could be listed.
            NotOnboarded: the cluster rejects our credentials or gives us no rights.
        """
        stop_at = self._clock.remaining() * LISTING_LEAVES
        pages = CsrPages(self._connection, signer, stop_at=stop_at, limits=self._limits)
        listing = pages.read()
        self._listed |= pages.listed
        return listing

    def write_all(self, writes: Sequence[Write]) -> Generator[tuple[Write, Written]]:
        """Write decisions; yield several results at a time. A failed write raises nothing.

        A result waits for others for `concurrent_calls.LONGEST_WAIT` at most. A process that is
        killed meanwhile has written these decisions and logged none of them.
        """
        with closing(concurrently(writes, self._write, self._connections)) as results:
            for write, written in results:
                if isinstance(written, BaseException):  # one CSR's failure stops no other
                    problem = f"unexpected: {type(written).__name__}"
                    yield write, Written(WriteResult.FAILED, problem)
                else:
                    yield write, written

    def _write(self, write: Write) -> Written:
        if self._clock.remaining() <= 0:
            return Written(WriteResult.DEFERRED, "no time was left")
        listed = self._listed.get(write.csr.uid)
        if listed is None:
            return Written(WriteResult.FAILED, "it was not listed in this run")
        # With `safe=""` a slash, question mark or percent sign stays part of the name.
        path = f"{CSRS}/{quote(write.csr.name, safe='')}/approval"
        outcome = self._connection.call(
            "PUT", path, decision(listed, write), content_type=MEDIA_TYPE, accept=MEDIA_TYPE
        )
        return _written(outcome, write)


def _written(outcome: Outcome, write: Write) -> Written:
    """Return the result of a write.

    A 409 may also mean that our own earlier attempt was accepted and its answer was lost. Only the
    right to `get` would show the difference, and the CSR is decided in both cases.
    """
    match outcome:
        case Answer(status=200) if shows(outcome.body, write):
            return Written(WriteResult.WRITTEN)
        case Answer(status=200):
            return Written(WriteResult.FAILED, "the answer doesn't show the decision")
        case Answer(status=404 | 409):
            return Written(WriteResult.OVERTAKEN, outcome.words)
        case NoAnswer(cause="time"):
            return Written(WriteResult.DEFERRED, outcome.detail)
        case NoAnswer():
            return Written(WriteResult.FAILED, f"{outcome.cause}: {outcome.detail}")
    return Written(WriteResult.FAILED, outcome.words)

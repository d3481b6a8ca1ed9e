"""The CSR API of one cluster: list, and write decisions (`core.ports.CertificateApi`).

Rights needed: `list` on CSRs, `update` on their `approval`, `approve` on the signer; no `get`.
"""

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final, Self
from urllib.parse import quote

from adapters.api_connection import ApiConnection
from adapters.bearer import TokenSource
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
        """Write decisions; yield each result as it arrives. A failed write raises nothing."""
        waiting, written = deque(writes), SimpleQueue[tuple[Write, Written]]()
        pool = ThreadPoolExecutor(self._connections, thread_name_prefix="write")
        try:
            # A task for each connection, not for each write, which would take 0.1 ms more per CSR.
            for _ in range(min(self._connections, len(writes))):
                pool.submit(self._write_each, waiting, written)
            for _ in writes:
                yield written.get()
        finally:
            waiting.clear()
            pool.shutdown()

    def _write_each(
        self, waiting: deque[Write], written: SimpleQueue[tuple[Write, Written]]
    ) -> None:
        """Write decisions until none is waiting; give a result for each, whatever happens."""
        while waiting:
            try:
                write = waiting.popleft()
            except IndexError:  # another thread took the last one
                return
            result = Written(WriteResult.FAILED, "unexpected: the thread ended")
            try:
                result = self._write(write)
            finally:
                written.put((write, result))

    def _write(self, write: Write) -> Written:
        try:
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
        except Exception as error:  # noqa: BLE001  one CSR's failure stops no other
            return Written(WriteResult.FAILED, f"unexpected: {type(error).__name__}")


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

"""The API server of one cluster, as a review sees it (`core.ports.CertificateApi`)."""

from collections.abc import Iterable, Sequence

from core.errors import ClusterUnavailable, NotOnboarded
from core.model import Listing, Write, WriteResult, Written
from tests.simulation.world.clusters import ApiFault, SimulatedCluster

#: What `adapters.csr_pages` raises in each case.
_ERRORS = {
    ApiFault.SERVER_ERROR: ClusterUnavailable("status", "500"),
    ApiFault.HANGS: ClusterUnavailable("time", "the list took too long"),
    ApiFault.NO_ROUTE: ClusterUnavailable("connection", "timed out"),
    ApiFault.NO_ACCESS: NotOnboarded("unauthorized", "401"),
}


class SimulatedApi:
    """One review's connection."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self.has_connected = cluster.fault is not ApiFault.NO_ROUTE

    def list_csrs(self, signer: str) -> Listing:
        """Return all requests, or fail by the cluster's fault."""
        del signer
        fault = self._cluster.fault
        if fault in _ERRORS:
            raise _ERRORS[fault]
        is_cut = fault is ApiFault.TRUNCATED
        return Listing(
            self._cluster.requests.list(),
            truncated=is_cut,
            pages=1,
            cause="time: no time was left" if is_cut else "",
        )

    def write_all(self, writes: Sequence[Write]) -> Iterable[tuple[Write, Written]]:
        """Write decisions on CSRs that haven't changed since they were listed."""
        return [(write, self._write(write)) for write in writes]

    def _write(self, write: Write) -> Written:
        if self._cluster.fault is ApiFault.REFUSES_WRITES:
            return Written(WriteResult.FAILED, "403: denied by a webhook")
        stored = self._cluster.requests.get(write.csr.name)
        if stored is None or stored.resource_version != write.csr.resource_version:
            return Written(WriteResult.OVERTAKEN, "409")
        self._cluster.requests.add_condition(stored, write.condition, write.reason, write.message)
        return Written(WriteResult.WRITTEN)

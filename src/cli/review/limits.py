"""A review of some requests only: the others are judged, because they are evidence, and left."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cli.node_kinds import is_of_node
from core.model import Csr, Listing, Record, Run, Write, Written
from core.ports import CertificateApi


class RecordKeeper:
    """A ledger that keeps the records, so that they can be shown."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def record(self, record: Record) -> None:
        """Keep one CSR."""
        self.records.append(record)

    def finish(self, run: Run) -> None:
        """Do nothing: the run is returned."""


@dataclass(slots=True)
class Limits:
    """The requests and nodes that a review is limited to; without `names`, it has no limits.

    `listed`: by signer, the requests of its list within the limits.
    """

    names: tuple[str, ...]
    listed: dict[str, list[Csr]] = field(default_factory=dict)
    _found: set[str] = field(default_factory=set)

    def allow(self, csr: Csr) -> bool:
        """Return whether a decision on the request may be written."""
        return not self.names or any(_matches(csr, name) for name in self.names)

    def note(self, signer: str, listing: Listing) -> None:
        """Remember which requests of a signer's list are within the limits."""
        self.listed[signer] = [one for one in listing.csrs if self.allow(one)]
        self._found |= {one.name for one in listing.unreadable if one.name}
        self._found |= {
            name for name in self.names for one in self.listed[signer] if _matches(one, name)
        }

    @property
    def not_listed(self) -> tuple[str, ...]:
        """Return the names without any request."""
        return tuple(name for name in self.names if name not in self._found)

    def unjudged(
        self, signer: str, judged: Collection[str], now: datetime, *, is_cut_short: bool
    ) -> Iterator[tuple[Csr, str]]:
        """Yield, for each name of which nothing was judged, its newest request and the reason.

        `is_cut_short`: the run had no time for some requests, and doesn't show for which.
        """
        for name in self.names:
            matching = [one for one in self.listed[signer] if _matches(one, name)]
            if matching and not any(one.name in judged for one in matching):
                newest = max(matching, key=lambda one: one.created)
                yield newest, _why(newest, now, is_cut_short=is_cut_short)


class LimitedApi:
    """The API of a cluster, through which only decisions within the limits are written."""

    def __init__(self, api: CertificateApi, limits: Limits) -> None:
        self._api = api
        self._limits = limits

    def list_csrs(self, signer: str) -> Listing:
        """Return the whole list: the other requests are evidence."""
        listing = self._api.list_csrs(signer)
        self._limits.note(signer, listing)
        return listing

    def write_all(self, writes: Sequence[Write]) -> Iterable[tuple[Write, Written]]:
        """Write the decisions within the limits, and no other."""
        allowed = [one for one in writes if self._limits.allow(one.csr)]
        return self._api.write_all(allowed) if allowed else ()


def _matches(csr: Csr, name: str) -> bool:
    return csr.name == name or is_of_node(csr, name)


def _why(csr: Csr, now: datetime, *, is_cut_short: bool) -> str:
    if csr.certificate:
        return "already issued"
    if is_cut_short and csr.is_pending:
        return "not known to be judged: the time was up; run this again"
    if not csr.is_pending:
        kinds = [kind for kind in ("Failed", "Denied", "Approved") if csr.condition(kind)]
        return f"already {kinds[0].lower()}" if kinds else "already decided"
    age = (now - csr.created).total_seconds()
    return f"no decision is due at an age of {age:.0f} s, or it stops at a gate"

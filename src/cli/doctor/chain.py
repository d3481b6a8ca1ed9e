"""Links of a chain, some of which need others: which hold, and which is the first that does not."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from cli.account.clusters import with_fix
from core.errors import ClusterUnavailable, EvidenceUnavailable


class Status(Enum):
    """How a link stands."""

    OK = "ok"
    #: Nothing has shown it yet, and nothing is wrong.
    OPEN = "open"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NOT_CHECKED = "not checked"


_HOLDS = frozenset({Status.OK, Status.OPEN})


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a link. `fix`: what a person does about it."""

    status: Status
    detail: str
    fix: str = ""

    @property
    def holds(self) -> bool:
        """Whether links that need this one can be looked at."""
        return self.status in _HOLDS


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `needs` must hold for it to be looked at; `after` must only not be broken."""

    id: str
    look: Callable[[], Finding]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def ok(detail: str) -> Finding:
    """It holds."""
    return Finding(Status.OK, detail)


def still_open(detail: str, fix: str = "") -> Finding:
    """Nothing has shown it."""
    return Finding(Status.OPEN, detail, fix)


def broken(detail: str, fix: str) -> Finding:
    """It doesn't hold."""
    return Finding(Status.BROKEN, detail, fix)


def unknown(detail: str, fix: str = "") -> Finding:
    """It couldn't be told."""
    return Finding(Status.UNKNOWN, detail, fix)


def walk(links: Iterable[Link], known: Mapping[str, Finding]) -> dict[str, Finding]:
    """Look at the links in their order; `known` are those before them. Returns these links' own.

    What can't be asked is unknown, and costs those that don't need it nothing.
    """
    seen = dict(known)
    for link in links:
        lacking = [one for one in link.needs if not seen[one].holds]
        lacking += [one for one in link.after if _is_missing(seen[one])]
        seen[link.id] = _looked(link) if not lacking else _skipped(lacking)
    return {link_id: finding for link_id, finding in seen.items() if link_id not in known}


def first(findings: Mapping[str, Finding], status: Status) -> str | None:
    """The first link that stands so; None where none does."""
    return next((link for link, one in findings.items() if one.status is status), None)


def _is_missing(finding: Finding) -> bool:
    return finding.status in {Status.BROKEN, Status.NOT_CHECKED}


def _skipped(lacking: list[str]) -> Finding:
    return Finding(Status.NOT_CHECKED, f"needs {', '.join(dict.fromkeys(lacking))}")


def _looked(link: Link) -> Finding:
    try:
        return link.look()
    except (EvidenceUnavailable, ClusterUnavailable) as error:
        return unknown(with_fix(str(error)))

"""Links of a chain, some of which need others, and the first one that is broken."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from cli.account.problems import in_words, with_fix
from core.errors import ClusterUnavailable, EvidenceUnavailable


class Status(Enum):
    """The status of a link; the values are a stable contract."""

    OK = "ok"
    #: Nothing is wrong, but nothing has confirmed it yet.
    OPEN = "open"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NOT_CHECKED = "not checked"


_HOLDS = frozenset({Status.OK, Status.OPEN})


@dataclass(frozen=True, slots=True)
class Finding:
    """The result for a link. `fix`: what a person does about it."""

    status: Status
    detail: str
    fix: str = ""

    @property
    def holds(self) -> bool:
        """Whether links that need this one can be checked."""
        return self.status in _HOLDS


@dataclass(frozen=True, slots=True)
class Link:
    """One link. It is checked if all of `needs` hold, and none of `after` is broken."""

    id: str
    look: Callable[[], Finding]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def ok(detail: str) -> Finding:
    """Return that the link holds."""
    return Finding(Status.OK, detail)


def still_open(detail: str, fix: str = "") -> Finding:
    """Return that nothing has confirmed the link yet."""
    return Finding(Status.OPEN, detail, fix)


def broken(detail: str, fix: str) -> Finding:
    """Return that the link is broken."""
    return Finding(Status.BROKEN, detail, fix)


def unknown(detail: str, fix: str = "") -> Finding:
    """Return that the link couldn't be checked."""
    return Finding(Status.UNKNOWN, detail, fix)


def worst(findings: Sequence[Finding]) -> Finding:
    """Return the first broken finding, or else the first unknown, open or other one."""
    order = (Status.BROKEN, Status.UNKNOWN, Status.OPEN)
    first_of = {finding.status: finding for finding in reversed(findings)}
    return next((first_of[status] for status in order if status in first_of), findings[0])


def walk(links: Iterable[Link], known: Mapping[str, Finding]) -> dict[str, Finding]:
    """Check the links in order, and return their findings. `known`: findings of earlier links.

    A link that can't be checked is unknown, and stops only the links that need it.
    """
    seen = dict(known)
    for link in links:
        lacking = [one for one in link.needs if not seen[one].holds]
        lacking += [one for one in link.after if _is_missing(seen[one])]
        seen[link.id] = _looked(link) if not lacking else _skipped(lacking)
    return {link_id: finding for link_id, finding in seen.items() if link_id not in known}


def first(findings: Mapping[str, Finding], status: Status) -> str | None:
    """Return the first link with this status; None if there is none."""
    return next((link for link, one in findings.items() if one.status is status), None)


def _is_missing(finding: Finding) -> bool:
    return finding.status in {Status.BROKEN, Status.NOT_CHECKED}


def _skipped(lacking: list[str]) -> Finding:
    return Finding(Status.NOT_CHECKED, f"needs {', '.join(dict.fromkeys(lacking))}")


def _looked(link: Link) -> Finding:
    try:
        return link.look()
    except ClusterUnavailable as error:
        return unknown(in_words(error))
    except EvidenceUnavailable as error:
        return unknown(with_fix(str(error)))

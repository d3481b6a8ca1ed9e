"""One cluster in the HTML report: its groups, with what to do, and its requests."""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from cli.diagnose.advice import LONGEST_NAME, about_version, node_of
from cli.diagnose.cause import Need
from cli.diagnose.diagnosis import DiagnosedCsr, Diagnosis, state_of
from cli.diagnose.groups import Group, grouped
from cli.diagnose.html_elements import tag, with_code
from cli.diagnose.name_status import RequestedName
from cli.diagnose.remedy import has_kubectl, problem_and_fix, what_is_context
from cli.diagnose.run import ClusterDiagnosis
from cli.diagnose.totals import (
    NEED_TEXT,
    NO_PROOF,
    STATUS_TEXT,
    answer,
    confirmed,
    confirmed_last,
    ignored,
    summary,
)
from cli.lines import age_of
from core.printable import printable

# The most of each that the report shows for one cluster or request. No one reads longer lists in a
# browser, and `--output json` has them whole.
_MOST_REQUESTS: Final = 200
_MOST_IGNORED: Final = 100
_MOST_NAMES: Final = 30

#: The CSS class of a cluster's readiness.
READY_CLASS: Final = {True: "ready", False: "not-ready", None: "unknown"}

_CONFIRMED_CLASS: Final = {True: "yes", False: "no", None: "unclear"}


def cluster_section(index: int, diagnosed: ClusterDiagnosis) -> Element:
    """Return the part of one cluster, which can be collapsed. `index`: of the cluster."""
    heading = tag(
        "h3",
        printable(diagnosed.name, LONGEST_NAME),
        " ",
        tag("small", printable(diagnosed.region, LONGEST_NAME)),
    )
    diagnosis = diagnosed.diagnosis
    parts = _problem(diagnosed) if diagnosis is None else _diagnosed(diagnosis, diagnosed)
    section = tag(
        "details",
        tag("summary", heading, badge(diagnosed.ready)),
        tag("div", *parts, id=f"content-{index}", class_="content"),
        id=f"cluster-{index}",
    )
    if diagnosed.ready is not True:
        section.set("open", "open")
    return section


def _problem(diagnosed: ClusterDiagnosis) -> Iterator[Element]:
    problem, fix = problem_and_fix(diagnosed)
    yield tag("p", printable(problem, 1_000), class_="problem")
    if fix:
        yield tag("pre", fix)


def _diagnosed(diagnosis: Diagnosis, diagnosed: ClusterDiagnosis) -> Iterator[Element]:
    yield tag("p", about_version(diagnosed))
    yield tag("p", summary(diagnosis, diagnosed))
    for gap in diagnosis.gaps:
        yield tag("p", printable(gap, 1_000), class_="problem")
    groups = grouped(diagnosed)
    for one in groups:
        yield _group(one, diagnosed)
    if has_kubectl(one.advice(diagnosed) for one in groups):
        yield tag("p", what_is_context(diagnosed))
    if not any(one.cause.need is Need.ACTION for one in groups):
        yield tag("p", *with_code(NO_PROOF.split("`")))
    yield from _ignored(diagnosed)


def _group(group: Group, diagnosed: ClusterDiagnosis) -> Element:
    advice, need = group.advice(diagnosed), group.cause.need
    requests = group.csrs
    items = [_request(one) for one in requests[:_MOST_REQUESTS]]
    if len(requests) > _MOST_REQUESTS:
        more = len(requests) - _MOST_REQUESTS
        items.append(tag("p", f"And {more} more; --output json shows all."))
    return tag(
        "article",
        tag(
            "h4",
            f"{len(requests)} \N{MULTIPLICATION SIGN} {advice.title} ",
            tag("span", NEED_TEXT[need], class_=f"need {need.value}"),
        ),
        tag("p", *with_code(advice.parts)),
        *(tag("pre", one) for one in advice.commands),
        *items,
        class_=need.value,
    )


def _request(one: DiagnosedCsr) -> Element:
    """Return one line, which expands to the names that the request asks for."""
    facts = (
        one.instance_id or "",
        f"{one.state.value}, {age_of(one.age_seconds)}",
    )
    names = sorted(one.names, key=confirmed_last)
    items = [_name(name) for name in names[:_MOST_NAMES]] or [
        tag("li", "no names that can be read")
    ]
    if len(names) > _MOST_NAMES:
        items.append(tag("li", f"and {len(names) - _MOST_NAMES} more"))
    line = " \N{MIDDLE DOT} ".join((node_of(one), *filter(None, facts)))
    return tag(
        "details",
        tag("summary", tag("code", printable(one.csr.name, LONGEST_NAME)), f" {line}"),
        tag("ul", *items, class_="names"),
        class_="request",
    )


def _name(name: RequestedName) -> Element:
    return tag(
        "li",
        tag("code", printable(name.value, LONGEST_NAME)),
        " ",
        tag("span", STATUS_TEXT[name.status]),
        class_=_CONFIRMED_CLASS[confirmed(name)],
    )


def _ignored(diagnosed: ClusterDiagnosis) -> Iterator[Element]:
    requests = list(ignored(diagnosed))
    if not requests:
        return
    items = [
        tag(
            "li",
            tag("code", printable(csr.name, LONGEST_NAME)),
            f" of {printable(csr.node or csr.username, LONGEST_NAME)}, "
            f"{state_of(csr).value}: {cause.value}",
            f" by {printable(newer, LONGEST_NAME)}" if newer else "",
        )
        for csr, cause, newer in requests[:_MOST_IGNORED]
    ]
    if len(requests) > _MOST_IGNORED:
        more = len(requests) - _MOST_IGNORED
        items.append(tag("li", f"and {more} more; --output json shows all"))
    heading = f"{len(requests)} ignored: no action needed"
    yield tag("details", tag("summary", heading), tag("ul", *items), class_="ignored")


def badge(ready: bool | None, text: str = "") -> Element:  # noqa: FBT001  the value is shown
    """Return a coloured word for a readiness."""
    return tag("span", text or answer(ready), class_=f"badge {READY_CLASS[ready]}")

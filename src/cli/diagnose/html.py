"""The report of `csr-approver diagnose` as one HTML file that can be sent to a colleague.

ElementTree builds and writes the elements, and escapes all text but the style and the script.
Untrusted text is made printable and short before ElementTree gets it. The file loads nothing, and
its Content-Security-Policy forbids loading anything. If scripts are off, the report can't be
sorted, but shows the same.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element, tostring

from cli.diagnose.advice import LONGEST_NAME, PAGE, about_version, age_of, node_of
from cli.diagnose.cause import Need
from cli.diagnose.diagnosis import DiagnosedCsr, state_of
from cli.diagnose.groups import Group, grouped
from cli.diagnose.html_assets import SCRIPT, STYLE
from cli.diagnose.html_elements import digest, sortable, tag, with_code
from cli.diagnose.name_status import RequestedName
from cli.diagnose.run import ClusterDiagnosis
from cli.diagnose.totals import (
    COUNT_HEADINGS,
    NEED_TEXT,
    NO_PROOF,
    STATUS_TEXT,
    all_ready,
    answer,
    confirmed,
    confirmed_last,
    counts,
    ignored,
    summary,
    yes_or_no,
)
from core.printable import printable
from core.version import VERSION

# The most of each that the report shows for one cluster or request. No one reads longer lists in a
# browser, and `--output json` has them whole.
_MOST_REQUESTS: Final = 200
_MOST_IGNORED: Final = 100
_MOST_NAMES: Final = 30

# Of a cluster's readiness: its CSS class, and its place in the order of clusters.
_READY_CLASS: Final = {True: "ready", False: "not-ready", None: "unknown"}
_READY_ORDER: Final = {False: 0, None: 1, True: 2}

_CONFIRMED_CLASS: Final = {True: "yes", False: "no", None: "unclear"}


def html_report(clusters: Sequence[ClusterDiagnosis], now: datetime, account: str) -> str:
    """Return the whole file, in ASCII. Clusters that need action come first.

    `account`: of the credentials; empty if unknown.
    """
    ordered = sorted(clusters, key=lambda one: (_READY_ORDER[one.ready], one.name, one.region))
    body = tag(
        "body",
        _header(ordered, now, account),
        tag("main", _overview(ordered), _details(ordered)),
        tag(
            "footer",
            tag("p", f"Written by csr-approver {VERSION}, diagnose, which changes nothing."),
        ),
        tag("script", SCRIPT),
    )
    html: bytes = tostring(tag("html", _head(), body, lang="en"), "us-ascii", method="html")
    return f"<!DOCTYPE html>\n{html.decode('ascii')}\n"


def _head() -> Element:
    policy = (
        f"default-src 'none'; style-src '{digest(STYLE)}'; script-src '{digest(SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    csp = tag("meta", content=policy)
    csp.set("http-equiv", "Content-Security-Policy")
    return tag(
        "head",
        tag("meta", charset="us-ascii"),
        csp,
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", "Readiness of EKS clusters"),
        tag("style", STYLE),
    )


def _header(clusters: Sequence[ClusterDiagnosis], now: datetime, account: str) -> Element:
    ready = all_ready(clusters)
    totals = Counter(one.ready for one in clusters)
    tiles = [
        tag(
            "li",
            tag("strong", str(totals[readiness])),
            f" {answer(readiness)}",
            class_=_READY_CLASS[readiness],
        )
        for readiness in (False, None, True)
    ]
    return tag(
        "header",
        tag("h1", "Readiness of EKS clusters"),
        tag(
            "p",
            "Which nodes get no kubelet serving certificate, and what to do: the audit that ",
            tag("a", "AWS's page", href=PAGE, rel="noreferrer"),
            " asks for before the upgrade to Kubernetes 1.24.",
        ),
        tag(
            "p",
            _badge(ready),
            f" AWS account {printable(account) or 'unknown'}. Clusters diagnosed: {len(clusters)}, "
            f"{now:%Y-%m-%d %H:%M} UTC, csr-approver {VERSION}",
        ),
        tag("ul", *tiles, class_="tiles"),
    )


def _overview(clusters: Sequence[ClusterDiagnosis]) -> Element:
    headings = [tag("th", one, scope="col") for one in ("Ready", "Cluster", "Region", "Version")]
    headings[0].set("aria-sort", "ascending")
    headings += [tag("th", one, scope="col", class_="number") for one in COUNT_HEADINGS]
    rows = [_row(index, one) for index, one in enumerate(clusters)]
    table = tag("table", tag("thead", tag("tr", *headings)), tag("tbody", *rows))
    # With a tabindex, a table that is wider than the window can be scrolled by keyboard.
    scrollable = tag("div", table, class_="scrollable", tabindex="0", role="region")
    scrollable.set("aria-labelledby", "overview")
    return tag("section", tag("h2", "Overview", id="overview"), scrollable)


def _row(index: int, diagnosed: ClusterDiagnosis) -> Element:
    name = printable(diagnosed.name, LONGEST_NAME)
    region = printable(diagnosed.region, LONGEST_NAME)
    version = printable(diagnosed.version, LONGEST_NAME)
    ready = diagnosed.ready
    cells = [
        sortable("td", _READY_ORDER[ready], _badge(ready, yes_or_no(ready))),
        # To the part of the section that can be collapsed: a browser then expands the section.
        sortable("th", name, tag("a", name, href=f"#content-{index}"), scope="row"),
        sortable("td", region, region),
        sortable("td", version, version or "?"),
    ]
    # Clusters whose requests can't be counted sort before those that have none.
    cells += [
        sortable("td", -1, "?", class_="number")
        if count is None
        else sortable("td", count, str(count), class_="number")
        for count in counts(diagnosed)
    ]
    row = tag("tr", *cells)
    row.set("data-section", f"cluster-{index}")
    return row


def _details(clusters: Sequence[ClusterDiagnosis]) -> Element:
    return tag(
        "section",
        tag("h2", "Clusters"),
        tag("div", *(_cluster(index, one) for index, one in enumerate(clusters)), id="clusters"),
    )


def _cluster(index: int, diagnosed: ClusterDiagnosis) -> Element:
    heading = tag(
        "h3",
        printable(diagnosed.name, LONGEST_NAME),
        " ",
        tag("small", printable(diagnosed.region, LONGEST_NAME)),
    )
    parts = [tag("p", about_version(diagnosed))]
    if diagnosed.diagnosis is None:
        parts.append(tag("p", printable(diagnosed.problem, 1_000), class_="problem"))
    else:
        parts.append(tag("p", summary(diagnosed.diagnosis, diagnosed)))
        parts += [
            tag("p", printable(gap, 1_000), class_="problem") for gap in diagnosed.diagnosis.gaps
        ]
    groups = grouped(diagnosed)
    parts += [_group(one, diagnosed) for one in groups]
    if not any(one.cause.need is Need.ACTION for one in groups):
        parts.append(tag("p", *with_code(NO_PROOF)))
    parts += _ignored(diagnosed)
    section = tag(
        "details",
        tag("summary", heading, _badge(diagnosed.ready)),
        tag("div", *parts, id=f"content-{index}", class_="content"),
        id=f"cluster-{index}",
    )
    if diagnosed.ready is not True:
        section.set("open", "open")
    return section


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
        tag("p", *with_code(advice.text)),
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


def _badge(ready: bool | None, text: str = "") -> Element:  # noqa: FBT001  the value is shown
    return tag("span", text or answer(ready), class_=f"badge {_READY_CLASS[ready]}")

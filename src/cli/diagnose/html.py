"""The report of `csr-approver diagnose` as one HTML file that can be sent to a colleague.

ElementTree builds and writes the elements, and escapes all text but the style and the script.
Untrusted text is made printable and short before ElementTree gets it. The file loads nothing, and
its Content-Security-Policy forbids loading anything. If scripts are off, the report can't be
sorted, but shows the same.
"""

import base64
import hashlib
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
    body = _tag(
        "body",
        _header(ordered, now, account),
        _tag("main", _overview(ordered), _details(ordered)),
        _tag(
            "footer",
            _tag("p", f"Written by csr-approver {VERSION}, diagnose, which changes nothing."),
        ),
        _tag("script", SCRIPT),
    )
    html: bytes = tostring(_tag("html", _head(), body, lang="en"), "us-ascii", method="html")
    return f"<!DOCTYPE html>\n{html.decode('ascii')}\n"


def _head() -> Element:
    policy = (
        f"default-src 'none'; style-src '{_digest(STYLE)}'; script-src '{_digest(SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    csp = _tag("meta", content=policy)
    csp.set("http-equiv", "Content-Security-Policy")
    return _tag(
        "head",
        _tag("meta", charset="us-ascii"),
        csp,
        _tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _tag("meta", name="color-scheme", content="light dark"),
        _tag("meta", name="referrer", content="no-referrer"),
        _tag("title", "Readiness of EKS clusters"),
        _tag("style", STYLE),
    )


def _header(clusters: Sequence[ClusterDiagnosis], now: datetime, account: str) -> Element:
    ready = all_ready(clusters)
    totals = Counter(one.ready for one in clusters)
    tiles = [
        _tag(
            "li",
            _tag("strong", str(totals[readiness])),
            f" {answer(readiness)}",
            class_=_READY_CLASS[readiness],
        )
        for readiness in (False, None, True)
    ]
    return _tag(
        "header",
        _tag("h1", "Readiness of EKS clusters"),
        _tag(
            "p",
            "Which nodes get no kubelet serving certificate, and what to do: the audit that ",
            _tag("a", "AWS's page", href=PAGE, rel="noreferrer"),
            " asks for before the upgrade to Kubernetes 1.24.",
        ),
        _tag(
            "p",
            _badge(ready),
            f" AWS account {printable(account) or 'unknown'}. Clusters diagnosed: {len(clusters)}, "
            f"{now:%Y-%m-%d %H:%M} UTC, csr-approver {VERSION}",
        ),
        _tag("ul", *tiles, class_="tiles"),
    )


def _overview(clusters: Sequence[ClusterDiagnosis]) -> Element:
    headings = [_tag("th", one, scope="col") for one in ("Ready", "Cluster", "Region", "Version")]
    headings[0].set("aria-sort", "ascending")
    headings += [_tag("th", one, scope="col", class_="number") for one in COUNT_HEADINGS]
    rows = [_row(index, one) for index, one in enumerate(clusters)]
    table = _tag("table", _tag("thead", _tag("tr", *headings)), _tag("tbody", *rows))
    # With a tabindex, a table that is wider than the window can be scrolled by keyboard.
    scrollable = _tag("div", table, class_="scrollable", tabindex="0", role="region")
    scrollable.set("aria-labelledby", "overview")
    return _tag("section", _tag("h2", "Overview", id="overview"), scrollable)


def _row(index: int, diagnosed: ClusterDiagnosis) -> Element:
    name = printable(diagnosed.name, LONGEST_NAME)
    region = printable(diagnosed.region, LONGEST_NAME)
    version = printable(diagnosed.version, LONGEST_NAME)
    ready = diagnosed.ready
    cells = [
        _sortable("td", _READY_ORDER[ready], _badge(ready, yes_or_no(ready))),
        # To the part of the section that can be collapsed: a browser then expands the section.
        _sortable("th", name, _tag("a", name, href=f"#content-{index}"), scope="row"),
        _sortable("td", region, region),
        _sortable("td", version, version or "?"),
    ]
    # Clusters whose requests can't be counted sort before those that have none.
    cells += [
        _sortable("td", -1, "?", class_="number")
        if count is None
        else _sortable("td", count, str(count), class_="number")
        for count in counts(diagnosed)
    ]
    row = _tag("tr", *cells)
    row.set("data-section", f"cluster-{index}")
    return row


def _details(clusters: Sequence[ClusterDiagnosis]) -> Element:
    return _tag(
        "section",
        _tag("h2", "Clusters"),
        _tag("div", *(_cluster(index, one) for index, one in enumerate(clusters)), id="clusters"),
    )


def _cluster(index: int, diagnosed: ClusterDiagnosis) -> Element:
    heading = _tag(
        "h3",
        printable(diagnosed.name, LONGEST_NAME),
        " ",
        _tag("small", printable(diagnosed.region, LONGEST_NAME)),
    )
    parts = [_tag("p", about_version(diagnosed))]
    if diagnosed.diagnosis is None:
        parts.append(_tag("p", printable(diagnosed.problem, 1_000), class_="problem"))
    else:
        parts.append(_tag("p", summary(diagnosed.diagnosis, diagnosed)))
        parts += [
            _tag("p", printable(gap, 1_000), class_="problem") for gap in diagnosed.diagnosis.gaps
        ]
    groups = grouped(diagnosed)
    parts += [_group(one, diagnosed) for one in groups]
    if not any(one.cause.need is Need.ACTION for one in groups):
        parts.append(_tag("p", *_with_code(NO_PROOF)))
    parts += _ignored(diagnosed)
    section = _tag(
        "details",
        _tag("summary", heading, _badge(diagnosed.ready)),
        _tag("div", *parts, id=f"content-{index}", class_="content"),
        id=f"cluster-{index}",
    )
    if diagnosed.ready is not True:
        section.set("open", "open")
    return section


def _group(group: Group, diagnosed: ClusterDiagnosis) -> Element:
    advice, need = group.advice(diagnosed), group.cause.need
    requests = [one for _, one in group.members]
    items = [_request(one) for one in requests[:_MOST_REQUESTS]]
    if len(requests) > _MOST_REQUESTS:
        more = len(requests) - _MOST_REQUESTS
        items.append(_tag("p", f"And {more} more; --output json shows all."))
    return _tag(
        "article",
        _tag(
            "h4",
            f"{len(requests)} \N{MULTIPLICATION SIGN} {advice.title} ",
            _tag("span", NEED_TEXT[need], class_=f"need {need.value}"),
        ),
        _tag("p", *_with_code(advice.text)),
        *(_tag("pre", one) for one in advice.commands),
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
        _tag("li", "no names that can be read")
    ]
    if len(names) > _MOST_NAMES:
        items.append(_tag("li", f"and {len(names) - _MOST_NAMES} more"))
    line = " \N{MIDDLE DOT} ".join((node_of(one), *filter(None, facts)))
    return _tag(
        "details",
        _tag("summary", _tag("code", printable(one.csr.name, LONGEST_NAME)), f" {line}"),
        _tag("ul", *items, class_="names"),
        class_="request",
    )


def _with_code(text: str) -> Iterator[Element | str]:
    """Yield the parts of a text; a part between backticks is a `code` element."""
    for index, part in enumerate(text.split("`")):
        yield _tag("code", part) if index % 2 else part


def _name(name: RequestedName) -> Element:
    return _tag(
        "li",
        _tag("code", printable(name.value, LONGEST_NAME)),
        " ",
        _tag("span", STATUS_TEXT[name.status]),
        class_=_CONFIRMED_CLASS[confirmed(name)],
    )


def _ignored(diagnosed: ClusterDiagnosis) -> Iterator[Element]:
    requests = list(ignored(diagnosed))
    if not requests:
        return
    items = [
        _tag(
            "li",
            _tag("code", printable(csr.name, LONGEST_NAME)),
            f" of {printable(csr.node or csr.username, LONGEST_NAME)}, "
            f"{state_of(csr).value}: {cause.value}",
            f" by {printable(newer, LONGEST_NAME)}" if newer else "",
        )
        for csr, cause, newer in requests[:_MOST_IGNORED]
    ]
    if len(requests) > _MOST_IGNORED:
        more = len(requests) - _MOST_IGNORED
        items.append(_tag("li", f"and {more} more; --output json shows all"))
    heading = f"{len(requests)} ignored: no action needed"
    yield _tag("details", _tag("summary", heading), _tag("ul", *items), class_="ignored")


def _badge(ready: bool | None, text: str = "") -> Element:  # noqa: FBT001  the value is shown
    return _tag("span", text or answer(ready), class_=f"badge {_READY_CLASS[ready]}")


def _sortable(name: str, key: object, *children: Element | str, **attributes: str) -> Element:
    """Return a table cell with the key by which the script sorts its column."""
    cell = _tag(name, *children, **attributes)
    cell.set("data-key", str(key))
    return cell


def _tag(name: str, /, *children: Element | str, **attributes: str) -> Element:
    """Return an element. Text is escaped when the element is written.

    `attributes`: with an underscore at the end of those that Python reserves, such as `class_`.
    """
    made = Element(name, {key.removesuffix("_"): value for key, value in attributes.items()})
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif len(made):  # ElementTree keeps text that follows a child in that child's `tail`
            made[-1].tail = (made[-1].tail or "") + child
        else:
            made.text = (made.text or "") + child
    return made


def _digest(text: str) -> str:
    """Return the hash by which a Content-Security-Policy allows this style or script.

    From: CSP Level 3, section 2.3.1.
    """
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("ascii")).digest()).decode()

"""The report of `csr-approver diagnose` as one HTML file that can be sent to a colleague.

ElementTree builds and writes the elements, and escapes all text but the style and the script.
Untrusted text is made printable and short before ElementTree gets it. The file loads nothing, and
its Content-Security-Policy forbids loading anything. If scripts are off, the report can't be
sorted, but shows the same.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element, tostring

from cli.diagnose.advice import LONGEST_NAME, PAGE
from cli.diagnose.html_assets import SCRIPT, STYLE
from cli.diagnose.html_cluster import READY_CLASS, badge, cluster_section
from cli.diagnose.html_elements import digest, sortable, tag
from cli.diagnose.run import ClusterDiagnosis
from cli.diagnose.totals import COUNT_HEADINGS, all_ready, answer, counts, yes_or_no
from core.printable import printable
from core.version import VERSION

# Of a cluster's readiness: its place in the order of clusters.
_READY_ORDER: Final = {False: 0, None: 1, True: 2}


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
            class_=READY_CLASS[readiness],
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
            badge(ready),
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
        sortable("td", _READY_ORDER[ready], badge(ready, yes_or_no(ready))),
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
        tag(
            "div",
            *(cluster_section(index, one) for index, one in enumerate(clusters)),
            id="clusters",
        ),
    )

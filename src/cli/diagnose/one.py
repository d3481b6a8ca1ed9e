"""One request in full: who asks for what, what EC2 shows, each check, and what to type."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from cli.columns import Column, aligned
from cli.diagnose.advice import LONGEST_NAME, advise
from cli.diagnose.cause import Cause
from cli.diagnose.diagnosis import DiagnosedCsr, state_of
from cli.diagnose.groups import Sought, has_requests
from cli.diagnose.not_found import not_listed, unread_parts
from cli.diagnose.remedy import Remedy, has_kubectl, how_to_ask_again, what_is_context
from cli.diagnose.results import Result, check_results, checks_json
from cli.diagnose.run import ClusterDiagnosis
from cli.diagnose.totals import NEED_TEXT, STATUS_TEXT, confirmed, confirmed_last
from cli.diagnose.view import STYLES, look_at, place
from cli.lines import age_of, command, prose, put
from cli.refusal_lines import refusal_lines
from core.model import (
    CANONICAL_ARN,
    SESSION_NAME,
    Case,
    Csr,
    Instance,
    NotProvided,
    RoleUnknown,
)
from core.printable import printable

_LONGEST: Final = 300
_MOST_NAMES: Final = 100
_FACTS: Final = (Column(), Column())
_NAMES: Final = (Column(gives=1, least=30), Column())

Lines = Iterator[Text | str]


def show_sought(sought: Sought, clusters: Sequence[ClusterDiagnosis], console: Console) -> None:
    """Print every request of the clusters in full. `sought`: what they are limited to."""
    is_first = True
    for cluster in [one for one in clusters if one.exists]:
        for part in _parts(cluster, console.width):
            if not is_first:
                console.print()
            put(list(part), console)
            is_first = False
        for part in unread_parts(cluster, console.width):
            if not is_first:
                console.print()
            is_first = False
            put(list(part), console)
    if not any(map(has_requests, clusters)):
        put(list(not_listed(sought, clusters, console.width)), console)


def _parts(cluster: ClusterDiagnosis, width: int) -> Iterator[Lines]:
    diagnosis = cluster.diagnosis
    if diagnosis is None:
        return
    for one in diagnosis.csrs:
        yield _diagnosed(one, cluster, width)
    for csr, newer in diagnosis.superseded:
        yield _superseded(csr, newer, cluster, width)
    for csr in diagnosis.issued:
        yield _issued(csr, cluster, width)


def _diagnosed(one: DiagnosedCsr, cluster: ClusterDiagnosis, width: int) -> Lines:
    yield _title(one.csr, cluster).append(NEED_TEXT[one.need], style=STYLES.get(one.need, ""))
    yield from _facts(
        [
            *_requester(one.csr),
            ("request", f"{one.state.value}, filed {age_of(one.age_seconds)} ago"),
            ("a review", one.verdict.value if one.verdict else "can't judge it now"),
        ],
        width,
    )
    if one.evaluation is not None:
        yield ""
        yield from _shown_by_ec2(one.evaluation.case, width)
    yield ""
    yield from _names(one, width)
    yield ""
    yield from _checks(one, width)
    yield ""
    yield Text("What to do", style="bold")
    remedies = [advise(each.cause, [(each, one)], cluster) for each in one.causes]
    for explanation, remedy in zip(one.causes, remedies, strict=True):
        yield from _remedy(explanation.cause, remedy, width)
    asking_again = how_to_ask_again((each.cause for each in one.causes), one.csr.name)
    yield from prose(asking_again, width, "  ") if asking_again else ()
    if asking_again or has_kubectl(remedies):
        yield from prose(what_is_context(cluster), width, "  ")


def _title(csr: Csr, cluster: ClusterDiagnosis) -> Text:
    return Text(f"{printable(csr.name, 253)} in {place(cluster)}: ", style="bold")


def _requester(csr: Csr) -> Iterator[tuple[str, str]]:
    yield "requester", printable(csr.username, _LONGEST)
    for title, key in (("IAM session", SESSION_NAME), ("IAM role", CANONICAL_ARN)):
        if key in csr.extra:
            yield title, ", ".join(printable(one, _LONGEST) for one in csr.extra[key])


def _shown_by_ec2(case: Case, width: int) -> Lines:
    instances = () if isinstance(case.instances, NotProvided) else case.instances
    yield Text("What EC2 shows", style="bold")
    if not instances:
        claimed = case.identity and case.identity.instance_id
        yield (
            f"  no instance {claimed}" if claimed else "  nothing: the requester names no instance"
        )
    for one in instances:
        yield from _facts(_instance(one, case), width)


def _instance(one: Instance, case: Case) -> Iterator[tuple[str, str]]:
    launched = f", launched {one.launched:%Y-%m-%d %H:%M} UTC" if one.launched else ""
    yield "instance", f"{one.id}, {one.state}{launched}"
    yield "VPC", one.vpc_id or "none"
    names = [name for name in (one.private_dns_name, one.public_dns_name) if name]
    yield "names", ", ".join(map(printable, names)) or "none"
    yield "addresses", ", ".join(dict.fromkeys(map(str, one.addresses()))) or "none"
    yield "role", _role(case)
    tags = [f"{key}={value}" for key, value in one.tags.items() if "cluster" in key]
    yield "cluster tags", ", ".join(map(printable, tags)) or "none"


def _role(case: Case) -> str:
    """Return the role of the instance profile, or why it is unknown."""
    if isinstance(case.role, RoleUnknown):
        return f"unknown: {printable(case.role.why)}"
    return "not asked" if isinstance(case.role, NotProvided) else str(case.role)


def _names(one: DiagnosedCsr, width: int) -> Lines:
    yield Text("Names that it asks for", style="bold")
    names = sorted(one.names, key=confirmed_last)
    rows = [
        (
            Text(printable(name.value, LONGEST_NAME)),
            Text(STATUS_TEXT[name.status], style="green" if confirmed(name) else "red"),
        )
        for name in names[:_MOST_NAMES]
    ]
    yield from aligned(_NAMES, rows, width)
    if len(names) > _MOST_NAMES:
        yield f"  and {len(names) - _MOST_NAMES} more names; --output json shows all"
    if not names:
        yield "  none that can be read"


def _checks(one: DiagnosedCsr, width: int) -> Lines:
    yield Text("Checks", style="bold")
    evaluation = one.evaluation
    if evaluation is None or evaluation.verdict is None:
        yield "  none: the request could not be judged"
        return
    results = list(check_results(evaluation.case, evaluation.verdict))
    yield from refusal_lines([one for one in checks_json(results) if one["reason"]], width)
    for result, words in _WORDS.items():
        checks = [each.check for each in results if each.result is result]
        if checks:
            yield from prose(f"{words}: {', '.join(checks)}", width, "  ", "    ")


_WORDS: Final = {
    Result.PASSED: "passed",
    Result.NOT_COMPARED: "nothing to compare",
    Result.OFF: "off by a setting",
}


def _remedy(cause: Cause, remedy: Remedy, width: int) -> Lines:
    yield from prose(f"{remedy.title} ({cause.value})", width, "  ", "    ")
    yield from prose(remedy.text, width, "    ")
    for text in remedy.commands:
        yield from command(text, width, "      ")


def _superseded(csr: Csr, newer: str, cluster: ClusterDiagnosis, width: int) -> Lines:
    yield _title(csr, cluster).append(Cause.SUPERSEDED.value)
    yield from _facts(list(_requester(csr)), width)
    yield "  The kubelet has filed a newer request, and no longer waits for this one:"
    yield from command(look_at(cluster, newer), width, "    ")


def _issued(csr: Csr, cluster: ClusterDiagnosis, width: int) -> Lines:
    yield _title(csr, cluster).append("issued as asked", style="bold green")
    yield from _facts([*_requester(csr), ("request", state_of(csr).value)], width)
    yield from prose(
        "The certificate was issued. If `kubectl logs` still reports `tls: internal error`, the "
        "kubelet hasn't fetched it: look at its log on the node (journalctl -u kubelet).",
        width,
        "  ",
    )


def _facts(facts: Sequence[tuple[str, str]] | Iterator[tuple[str, str]], width: int) -> Lines:
    for title, text in facts:
        yield from prose(text, width, f"  {title:<13}")

"""The result of `csr-approver request`: as JSON of a stable shape, and for people."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any, Final

import typer

from cli.account.copied import KUBECTL
from cli.lines import prose
from cli.request.files import Files
from cli.request.outcome import Outcome, RequestState, Result
from cli.request.plan import Plan
from cli.screen import Screen
from core.model import APP_SERVING, Cluster
from core.printable import printable

Json = dict[str, Any]

#: The words for an outcome; empty if its detail says it all.
_OUTCOME_TEXT: Final = {
    Outcome.ISSUED: "issued",
    Outcome.DIFFERS: "issued, but not as requested",
    Outcome.NOT_SAVED: "",
    Outcome.UNUSABLE: "issued, but unusable",
    Outcome.DENIED: "denied",
    Outcome.FAILED: "failed at the signer",
    Outcome.REFUSED: "rejected by the API server",
    Outcome.DELETED: "deleted",
    Outcome.NOT_ISSUED: "not issued",
    Outcome.STOPPED: "stopped",
    Outcome.UNKNOWN: "result unknown",
}

#: Decisions that can't be undone.
_FINAL: Final = frozenset({Outcome.DENIED, Outcome.FAILED})

_TRUST: Final = (
    "No client trusts this signer by default, and Kubernetes doesn't distribute its CA: give the "
    "CA to your clients."
)
_BY_CLUSTER: Final = (
    "The certificate verifies against the cluster's own CA, which pods find in the ConfigMap "
    "kube-root-ca.crt of their namespace."
)
_BY_ANOTHER: Final = (
    "The certificate does NOT verify against the cluster's own CA: get the issuer's certificate "
    "from the operator of the signer, and give it to your clients."
)


def as_json(cluster: Cluster, plan: Plan, result: Result, notes: Sequence[str]) -> Json:
    """Return everything for programs; the keys and their meaning are a stable contract."""
    spec, found = plan.spec, result.certificate
    return {
        "name": spec.name,
        "cluster": cluster.name,
        "region": cluster.region,
        "signer": APP_SERVING,
        "outcome": result.outcome.value,
        "detail": result.detail or None,
        "requester": result.requester or None,
        "dns": list(spec.dns),
        "addresses": [str(address) for address in spec.addresses],
        "key_type": plan.key.kind.value,
        "key": str(plan.files.key) if result.key_kept else None,
        "certificate": str(plan.files.certificate) if result.saved else None,
        "ca": str(plan.files.ca) if result.ca_saved else None,
        "request": result.request.value,
        "issuer": found.issuer if found else None,
        "expires": found.expires.isoformat() if found else None,
        "trusted_by_cluster_ca": found.by_cluster if found else None,
        "differences": list(found.differences) if found else [],
        "warnings": list(notes),
    }


def lines(plan: Plan, result: Result) -> Iterator[str]:
    """Yield the lines for people; `show` escapes them."""
    spec, found = plan.spec, result.certificate
    yield ": ".join(filter(None, (spec.name, _OUTCOME_TEXT[result.outcome], result.detail)))
    yield from _file_lines(plan.files, result)
    if found:
        yield f"names        {', '.join([*spec.dns, *map(str, spec.addresses)])}"
        yield f"valid until  {found.expires:%Y-%m-%d %H:%M} UTC"
        yield f"issuer       {found.issuer}"
        yield ""
        yield _TRUST
        yield _BY_CLUSTER if found.by_cluster else _BY_ANOTHER
    else:
        yield from _request_lines(plan, result)


def show(shown: Iterator[str]) -> None:
    """Print the lines, folded to the terminal but for commands, which are to be copied."""
    width = Screen.of_stdout().width
    for line in map(_escaped, shown):
        is_command = line.startswith("  ")
        typer.echo(line if is_command else "\n".join(prose(line, width)))


def _escaped(line: str) -> str:
    return printable(line, None)


def _file_lines(files: Files, result: Result) -> Iterator[str]:
    if result.key_kept:
        yield f"key          {files.key}"
    if result.saved:
        yield f"certificate  {files.certificate}"
    if result.ca_saved:
        yield f"CA           {files.ca}"


def _request_lines(plan: Plan, result: Result) -> Iterator[str]:
    """Yield what happened to the request and its key."""
    name = plan.spec.name
    if not result.key_kept:
        yield "Its key was deleted."
    match result.request:
        case RequestState.DELETED:
            yield "The request was deleted."
        case RequestState.UNKNOWN:
            yield (
                "The request may still be in the cluster, so its key was kept. To check: "
                f"{KUBECTL} get csr {name}"
            )
        case RequestState.THERE if result.outcome is Outcome.NOT_SAVED:
            yield "The request stays in the cluster. To save its certificate, within an hour:"
            yield f"  {fetch(name, plan.files)}"
        case RequestState.THERE if result.key_kept and result.outcome not in _FINAL:
            yield "The request stays in the cluster. To save its certificate once it is issued:"
            yield f"  {fetch(name, plan.files)}"
        case RequestState.THERE:
            yield (
                "The request stays in the cluster until Kubernetes deletes it after an hour. To "
                f"use its name before: {KUBECTL} delete csr {name}"
            )


def fetch(name: str, files: Files) -> str:
    """Return the command that saves the issued certificate."""
    path = "jsonpath='{.status.certificate}'"
    file = shlex.quote(str(files.certificate))
    return f"{KUBECTL} get csr {name} -o {path} | base64 -d > {file}"

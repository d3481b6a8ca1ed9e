"""What `csr-approver request` tells: as JSON of a stable shape, and for people."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cli.request.files import Files
from cli.request.run import End, Ended, Left, Plan
from core.model import APP_SERVING

Json = dict[str, Any]

_WORDS: Final = {
    End.ISSUED: "issued",
    End.DIFFERS: "issued, but not as asked for",
    End.UNUSABLE: "issued, to no use",
    End.DENIED: "denied",
    End.FAILED: "refused by the signer",
    End.REFUSED: "not taken by the API server",
    End.DELETED: "gone",
    End.NOT_ISSUED: "not issued",
    End.STOPPED: "stopped",
    End.UNKNOWN: "could not be told",
}

#: A decision that the API server lets nobody undo.
_FINAL: Final = frozenset({End.DENIED, End.FAILED})

_TRUST: Final = (
    "Nobody trusts this signer by itself, and Kubernetes hands its CA to nobody: clients must be "
    "given the CA."
)
_BY_CLUSTER: Final = (
    "The certificate verifies against the cluster's own CA, which pods find in the ConfigMap "
    "kube-root-ca.crt of their namespace."
)
_BY_ANOTHER: Final = (
    "The certificate does NOT verify against the cluster's own CA: its issuer's certificate has "
    "to be had from whoever runs the signer, and clients given that."
)


def as_json(cluster: str, region: str, plan: Plan, ended: Ended, notes: Sequence[str]) -> Json:
    """Everything for programs; the keys and their meaning are a stable contract."""
    asked, found = plan.asked, ended.certificate
    return {
        "name": asked.name,
        "cluster": cluster,
        "region": region,
        "signer": APP_SERVING,
        "outcome": ended.end.value,
        "detail": ended.detail or None,
        "requester": ended.requester or None,
        "dns": list(asked.dns),
        "addresses": [str(address) for address in asked.addresses],
        "key_type": plan.key.kind.value,
        "key": str(plan.files.key) if ended.key_kept else None,
        "certificate": str(plan.files.certificate) if ended.saved else None,
        "ca": str(plan.files.ca) if ended.ca_saved else None,
        "request": ended.request.value,
        "issuer": found.issuer if found else None,
        "expires": found.expires.isoformat() if found else None,
        "trusted_by_cluster_ca": found.by_cluster if found else None,
        "differences": list(found.differences) if found else [],
        "warnings": list(notes),
    }


def lines(plan: Plan, ended: Ended) -> Iterator[str]:
    """The answer for people. What others wrote has to be escaped yet."""
    asked, found = plan.asked, ended.certificate
    reported = f": {ended.detail}" if ended.detail else ""
    yield f"{asked.name}: {_WORDS[ended.end]}{reported}"
    yield from _file_lines(plan.files, ended)
    if found:
        yield f"names        {', '.join([*asked.dns, *map(str, asked.addresses)])}"
        yield f"valid until  {found.expires:%Y-%m-%d %H:%M} UTC"
        yield f"issuer       {found.issuer}"
        yield ""
        yield _TRUST
        yield _BY_CLUSTER if found.by_cluster else _BY_ANOTHER
    else:
        yield from _request_lines(plan, ended)


def _file_lines(files: Files, ended: Ended) -> Iterator[str]:
    if ended.key_kept:
        yield f"key          {files.key}"
    if ended.saved:
        yield f"certificate  {files.certificate}"
    if ended.ca_saved:
        yield f"CA           {files.ca}"


def _request_lines(plan: Plan, ended: Ended) -> Iterator[str]:
    """What became of the request and its key."""
    name = plan.asked.name
    if not ended.key_kept:
        yield "Its key was deleted."
    match ended.request:
        case Left.DELETED:
            yield "The request was deleted."
        case Left.UNKNOWN:
            yield (
                "Whether the request is in the cluster could not be told, so its key was kept. "
                f"Look: kubectl get csr {name}"
            )
        case Left.THERE if ended.key_kept and ended.end not in _FINAL:
            yield "The request is in the cluster, with its certificate once it is issued:"
            yield f"  {fetch(name, plan.files)}"
        case Left.THERE:
            yield (
                "The request stays in the cluster, where Kubernetes deletes it after an hour. To "
                f"use its name before: kubectl delete csr {name}"
            )


def fetch(name: str, files: Files) -> str:
    """The command that saves a certificate that was issued."""
    path = "jsonpath='{.status.certificate}'"
    return f"kubectl get csr {name} -o {path} | base64 -d > {shlex.quote(str(files.certificate))}"

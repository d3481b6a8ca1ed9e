"""Search in text that isn't YAML: templates, scripts, programs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cli.legacy.problems import Problem
from cli.legacy.source import Source, lines
from core.model import APP_SERVING

#: Every file with a finding matches this.
CLUE: Final = re.compile(
    r"certificate_?signing_?request|certificates\.k8s\.io|certificates[/.]v1beta1"
    r"|certificates\(\)\.v1beta1|certificatesv1beta1|legacy-?unknown",
    re.IGNORECASE,
)

_V1BETA1: Final = re.compile(
    # In a manifest or a path, also as JSON escapes it.
    r"certificates\.k8s\.io(?:\\?/|%2[Ff])v1beta1\b"
    # As kubectl names a resource with its version, and as the APIService.
    r"|\bv1beta1\.certificates\.k8s\.io"
    # Group and version apart: client-go structs, webhook rules, kustomize targets.
    r"|certificates\.k8s\.io[\"'\s,;\]})]{0,40}(?:api)?[vV]ersions?[\"']?\s{0,20}[:=][\[\s\"'-]{0,40}"
    r"v1beta1\b"
    # Clients: Go, Python, JavaScript, Java, Pulumi, Terraform.
    r"|\bcertificates/v1beta1\b|\bcertificates\.v1beta1\b|Certificates\(\)\.V1beta1\b"
    r"|CertificatesV1beta1|V1beta1CertificateSigningRequest"
    r"|\"kubernetes_certificate_signing_request\""
)
_LEGACY: Final = re.compile(r"kubernetes\.io(?:\\?/|%2[Ff])legacy-unknown|LegacyUnknownSignerName")

# A signer's name where a program or template sets it, not where an approver compares it.
_SET_SIGNER: Final = (
    r"\bsigner_?name\w*[\"']?\s{0,20}(?::=|:|=(?!=))\s{0,20}(?:&|\*|string\()?[\"'`]?"
)
_OF_KUBELETS: Final = re.compile(
    _SET_SIGNER + r"(?:kubernetes\.io(?:\\?/)(?:kubelet-serving|kube-apiserver-client-kubelet)\b"
    r"|(?:\w{1,60}\.)?KubeletServingSignerName|(?:\w{1,60}\.)?KubeAPIServerClientKubeletSignerName)",
    re.IGNORECASE,
)
_OF_CLIENTS: Final = re.compile(
    _SET_SIGNER + r"(?:kubernetes\.io(?:\\?/)kube-apiserver-client(?![\w-])"
    r"|(?:\w{1,60}\.)?KubeAPIServerClientSignerName)",
    re.IGNORECASE,
)
_SERVICE_NAME: Final = re.compile(r"\.svc\b")
_NODE_NAME: Final = re.compile(r"system:node:")

#: The `kind` line of a CSR's manifest.
KIND_LINE: Final = re.compile(
    r"^([^\S\n]*+(?:- )?+)([\"']?)kind\2[^\S\n]*:[^\S\n]*[\"']?CertificateSigningRequest\b",
    re.MULTILINE,
)

# Kinds that v1beta1 serves. From: Kubernetes 1.33 and 1.35 release notes.
SERVED_KINDS: Final = ("ClusterTrustBundle", "PodCertificateRequest")
_SERVED: Final = re.compile(rf"\b(?:{'|'.join(SERVED_KINDS)})")

# Around a match, in lines: near ones belong to the same object, far ones to the same function, and
# those above and below to the same manifest. Hostile lines may be long, so characters are bounded.
_NEAR: Final = 4
_FAR: Final = 40
_NEAR_CHARACTERS: Final = 400
_ABOVE: Final = 10
_BELOW: Final = 40
_CHARACTERS: Final = 8_000
_REQUEST: Final = re.compile(r"^[^\S\n]*+[\"']?request[\"']?\s*:", re.MULTILINE)
_SIGNER: Final = re.compile(r"signer_?name", re.IGNORECASE)
_V1_LITERALLY: Final = re.compile(r"apiVersion[\"']?:[^\S\n]*[\"']?certificates\.k8s\.io/v1\b")
_SIGNER_LITERALLY: Final = re.compile(
    r"signerName[\"']?:[^\S\n]*[\"']?[a-z0-9.-]+/[\w./-]+[\"']?[^\S\n]*(?:$|,|#)", re.MULTILINE
)

# A key or a comment at the block's margin.
_KEY: Final = re.compile(r"(?:- )?[\"']?[A-Za-z_][\w./-]*[\"']?\s*:(?:\s|$)|#")
# In lines.
_TALLEST_ABOVE: Final = 100
_TALLEST_BELOW: Final = 200


@dataclass(frozen=True, slots=True)
class Hit:
    """One match, at `start`."""

    start: int
    problem: Problem
    detail: str


def hits(text: str) -> Iterator[Hit]:
    """Yield the mentions of the old API and of signers that never issue, one each per line."""
    old_api = "certificates/v1beta1, which has no CSRs since Kubernetes 1.22"
    for at in _matches(_V1BETA1, text):
        yield Hit(at, Problem.V1BETA1, old_api)
    for at in _matches(_LEGACY, text):
        yield Hit(at, Problem.LEGACY_SIGNER, "kubernetes.io/legacy-unknown, which v1 refuses")
    yield from _never_issued(text)


def _never_issued(text: str) -> Iterator[Hit]:
    """Yield signers that EKS never issues for, as far as the lines around show it."""
    for at in _matches(_OF_KUBELETS, text):
        around = _around(text, at, _FAR, _FAR)
        if _SERVICE_NAME.search(around) or not _NODE_NAME.search(around):
            detail = "a kubelet's signer, by which EKS issues nothing for workloads"
            yield Hit(at, Problem.SIGNER_NOT_ISSUED, f"{detail}: use {APP_SERVING}")
    for at in _matches(_OF_CLIENTS, text):
        if _SERVICE_NAME.search(_around(text, at, _FAR, _FAR)):
            detail = "a signer of client certificates, near the name of a Service"
            yield Hit(at, Problem.SIGNER_NOT_ISSUED, f"{detail}: use {APP_SERVING}")


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[int]:
    match = pattern.search(text)
    while match:
        resume = match.end()
        if not _SERVED.search(_around(text, match.start(), _NEAR, _NEAR, _NEAR_CHARACTERS)):
            yield match.start()
            found = text.find("\n", match.start())
            resume = found if found >= 0 else len(text)
        match = pattern.search(text, resume)


def unsigned(text: str, at: int) -> Hit | None:
    """Return a hit if the lines around this CSR have a request and no signer."""
    around = _around(text, at, _ABOVE, _BELOW)
    if _REQUEST.search(around) and not _SIGNER.search(around):
        return Hit(at, Problem.NO_SIGNER, "no signerName in the lines around, but v1 requires it")
    return None


def is_literally_v1(text: str, at: int) -> bool:
    """Return whether the lines around have v1 and a signer, neither filled in by a template."""
    around = _around(text, at, _ABOVE, _BELOW)
    return bool(_V1_LITERALLY.search(around) and _SIGNER_LITERALLY.search(around))


def _around(text: str, at: int, above: int, below: int, characters: int = _CHARACTERS) -> str:
    """Return some lines above and below an offset, within the document."""
    before = text[max(at - characters, 0) : at].split("\n")[-above - 1 :]
    after = text[at : at + characters].split("\n")[: below + 1]
    cuts = [number for number, line in enumerate(before) if line.startswith("---")]
    ends = [number for number, line in enumerate(after) if number and line.startswith("---")]
    kept = before[cuts[-1] :] if cuts else before
    return "\n".join(kept) + "\n".join(after[: ends[0]] if ends else after)


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that look like one manifest within other text, at the left margin."""

    source: Source
    start: int
    end: int


def block(source: Source, match: re.Match[str]) -> Block:
    """Return the lines around a CSR's kind with the same margin, e.g. of a heredoc or ConfigMap."""
    text, margin = source.text, len(match[1])
    start = end = match.start()
    for _ in range(_TALLEST_ABOVE):
        if start == 0 or text[start : start + margin].strip() == "-":
            break
        before = text.rfind("\n", 0, start - 1) + 1
        if not _belongs(text[before : start - 1], margin, first=True):
            break
        start = before
    for number in range(_TALLEST_BELOW):
        after = text.find("\n", end)
        line = text[end : after if after >= 0 else len(text)]
        if number and not _belongs(line, margin, first=False):
            break
        end = after + 1 if after >= 0 else len(text)
        if after < 0:
            break
    body = "\n".join(line[margin:].rstrip("\r") for _, line in lines(text[start:end]))
    return Block(Source(body, source.line(start)), start, end)


def _belongs(line: str, margin: int, *, first: bool) -> bool:
    pad, rest = line[:margin], line[margin:]
    if not line.strip():
        return not first
    if pad.strip():
        return first and pad.strip() == "-" and bool(_KEY.match(rest))
    return rest[:1].isspace() or bool(_KEY.match(rest))

"""The objects of one YAML document, and the CSRs among them as data."""

from collections.abc import Iterator

from cli.legacy.asked import Asked
from cli.legacy.request import Request, read_request
from cli.legacy.rewrite import KIND
from cli.legacy.signers import V1, V1BETA1
from cli.legacy.text import SERVED_KINDS
from cli.yaml_data import Reader, Tree, text_of, tree
from cli.yaml_nodes import Mapping, Node, Scalar, Sequence


def objects(root: Node) -> Iterator[tuple[Mapping | Scalar, str]]:
    """Yield a document's objects, lists item by item, with the version that a list gives.

    Yield that version, too: it is reported with each item, so the text search must skip it.
    """
    seen: set[int] = set()
    waiting: list[tuple[Node, str]] = [(root, "")]
    while waiting:
        node, inherited = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Sequence):
            waiting += [(item, inherited) for item in reversed(node.items)]
        elif isinstance(node, Mapping):
            items = node.find("items")
            if not isinstance(items, Sequence):
                yield node, inherited
                continue
            version = _list_version(node)
            waiting.append((items, version.value if version else ""))
            if version:
                yield version, ""


def _list_version(node: Mapping) -> Scalar | None:
    """Return a list's version, which the API server leaves out of its items."""
    version = node.find("apiVersion") if _text(node, "kind") == f"{KIND}List" else None
    return version if isinstance(version, Scalar) else None


def _text(node: Mapping, *path: str) -> str | None:
    found = node.find(*path)
    return text_of(tree(found)) if isinstance(found, Scalar) else None


def is_other_v1beta1_kind(node: Mapping) -> bool:
    """Return whether the object is of another kind that v1beta1 serves."""
    return (_text(node, "kind") or "").startswith(SERVED_KINDS)


def read_csr(
    node: Mapping, inherited: str, reader: Reader
) -> tuple[Asked, Request, dict[str, Tree]] | None:
    """Return a CSR's contents, and the object as plain data; None for other objects and patches.

    Raises:
        NotYaml: it is a CSR, but not plain data.
    """
    version = _text(node, "apiVersion") or inherited
    kind = _text(node, "kind") or (KIND if inherited else "")
    if kind != KIND or not (version in {V1, V1BETA1} or (not version and node.find("spec"))):
        return None
    value = reader.tree(node)
    if not isinstance(value, dict):  # never: it has a kind
        return None
    metadata, spec = part(value, "metadata"), part(value, "spec")
    if "request" not in spec:
        return None
    request = read_request(text_of(spec["request"]))
    seconds = text_of(spec.get("expirationSeconds")) or ""
    asked = Asked(
        api_version=version,
        name=text_of(metadata.get("name")) or text_of(metadata.get("generateName")) or "",
        signer=text_of(spec.get("signerName")),
        usages=_usages(spec.get("usages")),
        expiration_seconds=int(seconds) if seconds.isdecimal() and len(seconds) < 12 else None,
        names=request.names,
    )
    return asked, request, value


def part(value: dict[str, Tree], name: str) -> dict[str, Tree]:
    """Return a mapping of the object, e.g. `metadata`; empty if it isn't there."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _usages(value: Tree | None) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(text_of(usage) or "" for usage in value)

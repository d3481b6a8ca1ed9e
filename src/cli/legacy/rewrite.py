"""The v1 form of a manifest: edited in place with its comments, or rewritten."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from cli.legacy.fit import Fit
from cli.legacy.signers import V1
from cli.legacy.source import Source, lines
from cli.yaml_data import Tree, dump, text_leaf, text_of, tree
from cli.yaml_nodes import Mapping, Node, NotYaml, Scalar, Sequence, compose

KIND: Final = "CertificateSigningRequest"

# The fields that the API server sets, which a new request must not have.
_SET_BY_SERVER: Final = {
    "metadata": (
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generation",
        "managedFields",
        "selfLink",
    ),
    "spec": ("username", "uid", "groups", "extra"),
}
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

_NAMES: Final = ("name", "generateName")


@dataclass(frozen=True, slots=True)
class V1Form:
    """The manifest for v1. `comments_kept`: False if the original's comments are lost."""

    manifest: str
    comments_kept: bool


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def v1_form(source: Source, node: Mapping, fit: Fit) -> V1Form:
    """Return the manifest with this signer, these usages and this name, for the v1 API.

    An edit is only used if it reads as exactly the expected object; otherwise that is dumped.
    """
    original = cast("dict[str, Tree]", tree(node))
    expected = _expected(original, fit)
    piece = _piece(source, node)
    edited = _edited(piece, fit)
    if edited is not None and _reads_as(edited, expected):
        return V1Form(edited, comments_kept=True)
    commented = any(line.lstrip().startswith("#") or " #" in line for _, line in lines(piece))
    return V1Form(dump(expected), comments_kept=not commented)


def _expected(original: dict[str, Tree], fit: Fit) -> dict[str, Tree]:
    """Return the v1 object as plain data."""
    form = {"apiVersion": text_leaf(V1), "kind": text_leaf(KIND)} | original
    form |= {"apiVersion": text_leaf(V1), "kind": text_leaf(KIND)}
    form.pop("status", None)
    for part, names in _SET_BY_SERVER.items():
        old = form.get(part)
        if isinstance(old, dict):
            form[part] = {name: value for name, value in old.items() if name not in names}
    metadata = form.get("metadata")
    if isinstance(metadata, dict):
        _rename(metadata, fit.name)
    spec = form.get("spec")
    form["spec"] = (spec if isinstance(spec, dict) else {}) | {
        "signerName": text_leaf(fit.signer or ""),
        "usages": [text_leaf(usage) for usage in fit.usages],
    }
    return form


def _rename(metadata: dict[str, Tree], name: str) -> None:
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict) and _LAST_APPLIED in annotations:
        del annotations[_LAST_APPLIED]
        if not annotations:
            del metadata["annotations"]
    for key in _NAMES:
        if text_of(metadata.get(key)) is not None:
            metadata[key] = text_leaf(name)
            return


def _piece(source: Source, node: Mapping) -> str:
    """Return the object's lines, moved to the left margin."""
    margin = node.start - source.line_start(node.start)
    out: list[str] = []
    for number, (_, line) in enumerate(lines(source.text[node.start : node.end])):
        bare = line.removesuffix("\r")
        if number == 0 or not bare[:margin].strip():
            out.append(bare if number == 0 else bare[margin:])
        elif bare.lstrip().startswith("#"):
            break  # a comment further left belongs to the next object
        else:
            out.append(bare)
    return _heading(source, node) + "\n".join(out).rstrip() + "\n"


def _heading(source: Source, node: Mapping) -> str:
    """Return the comments right above an object that begins at the margin."""
    if node.start != source.line_start(node.start):
        return ""
    first = node.start
    while first:
        above = source.line_start(first - 1)
        if source.text[above] != "#" or source.text.startswith("#!", above):
            break
        first = above
    return source.text[first : node.start].replace("\r", "")


def _reads_as(text: str, expected: Tree) -> bool:
    try:
        return [tree(root) for root in compose(text)] == [expected]
    except NotYaml:
        return False


def _edited(piece: str, fit: Fit) -> str | None:
    try:
        roots = compose(piece)
    except NotYaml:
        return None
    root = roots[0] if len(roots) == 1 else None
    spec = root.find("spec") if isinstance(root, Mapping) else None
    if not isinstance(root, Mapping) or not isinstance(spec, Mapping):
        return None
    if root.flow or spec.flow or not spec.pairs:
        return None
    source = Source(piece)
    edits = [*_head_edits(root), *_spec_edits(source, spec, fit), *_name_edits(root, fit)]
    for part, names in _SET_BY_SERVER.items():
        edits += _removals(source, root.find(part), names)
    for edit in sorted(edits, key=lambda one: (one.start, one.end), reverse=True):
        piece = piece[: edit.start] + edit.text + piece[edit.end :]
    return piece


def _head_edits(root: Mapping) -> Iterator[_Edit]:
    for name, value in (("kind", KIND), ("apiVersion", V1)):
        old = root.find(name)
        if old is None:
            yield _Edit(root.start, root.start, f"{name}: {value}\n")
        elif isinstance(old, Scalar) and old.value != value:
            yield _replaced(old, value)


def _spec_edits(source: Source, spec: Mapping, fit: Fit) -> Iterator[_Edit]:
    first = source.line_start(spec.pairs[0][0].start)
    pad = " " * (spec.pairs[0][0].start - first)
    signer, usages = spec.find("signerName"), spec.find("usages")
    added = ""
    if signer is None:
        added = f"{pad}signerName: {fit.signer}\n"
    elif isinstance(signer, Scalar) and signer.value != fit.signer:
        yield _replaced(signer, str(fit.signer))
    if usages is None:
        added += f"{pad}usages:\n" + "".join(f"{pad}- {usage}\n" for usage in fit.usages)
    else:
        yield from _usage_edits(source, usages, fit.usages)
    if added:
        yield _Edit(first, first, added)


def _removals(source: Source, part: Node | None, names: tuple[str, ...]) -> Iterator[_Edit]:
    """Yield edits that remove these keys of a block mapping, with all lines of their values."""
    if not isinstance(part, Mapping) or part.flow:
        return
    for key, value in part.pairs:
        if isinstance(key, Scalar) and key.value in names:
            end = source.text.find("\n", _last(value))
            yield _Edit(source.line_start(key.start), end + 1, "")


def _last(node: Node) -> int:
    """Return an offset in a value's last line: a block's own end is the start of the next key."""
    if isinstance(node, Sequence | Mapping) and not node.flow:
        inner = node.items if isinstance(node, Sequence) else [one for _, one in node.pairs]
        return _last(inner[-1]) if inner else node.start
    return max(node.start, node.end - 1)


def _usage_edits(source: Source, usages: Node, wanted: tuple[str, ...]) -> Iterator[_Edit]:
    items = usages.items if isinstance(usages, Sequence) else []
    present = [item.value for item in items if isinstance(item, Scalar)]
    if tuple(present) == wanted:
        return
    if not isinstance(usages, Sequence) or usages.flow or len(present) < len(items):
        gap = "" if isinstance(usages, Sequence) else " "
        yield _Edit(usages.start, usages.end, f"{gap}[{', '.join(wanted)}]")
        return
    left = list(wanted)
    for item in items:
        if isinstance(item, Scalar) and item.value in left:
            left.remove(item.value)
            continue
        yield _Edit(source.line_start(item.start), source.text.find("\n", item.end) + 1, "")
    first = source.line_start(usages.start)
    dash = " " * (usages.start - first)
    yield _Edit(first, first, "".join(f"{dash}- {usage}\n" for usage in left))


def _name_edits(root: Mapping, fit: Fit) -> Iterator[_Edit]:
    for key in _NAMES:
        name = root.find("metadata", key)
        if isinstance(name, Scalar) and name.value:
            if name.value != fit.name:
                yield _replaced(name, fit.name)
            return


def _replaced(old: Node, value: str) -> _Edit:
    return _Edit(old.start, old.end, value)

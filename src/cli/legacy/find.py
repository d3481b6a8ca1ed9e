"""CSRs of the v1beta1 API in one file: as manifests, embedded in other text, or as text."""

import re
import sys
from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cli.legacy.files import STDIN, Text, Unclear
from cli.legacy.manifest import Issue, Manifest, issues_of, manifest_of
from cli.legacy.objects import is_other_v1beta1_kind, objects, read_csr
from cli.legacy.problems import Problem
from cli.legacy.source import Source
from cli.legacy.text import (
    CLUE,
    KIND_LINE,
    Block,
    Hit,
    block,
    hits,
    is_literally_v1,
    unsigned,
)
from cli.yaml_data import Reader
from cli.yaml_nodes import Mapping, NotYaml, Scalar, compose

_DOCUMENT: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_MANIFESTS: Final = (".yaml", ".yml", ".json", ".tpl", ".tmpl")
_GROUP: Final = "certificates.k8s.io/"

_CHECK: Final = "check that it is v1 and has a signerName"
_REST: Final = "the rest was not searched"

#: Bounds for hostile files, which would otherwise take hours or gigabytes.
_MOST_HITS: Final = 1_000
_MOST_BLOCKS: Final = 100
# Blocks of real manifests share no lines. Others may, and a line may be megabytes long.
_MOST_OVERLAP: Final = 4
_ROOM: Final = 10_000


class FoundAs(Enum):
    """The way a CSR was found; the values are a stable contract."""

    MANIFEST = "manifest"
    #: A manifest within other text, e.g. a script's heredoc or a ConfigMap.
    EMBEDDED = "embedded"
    #: A match in text that can't be read as a manifest.
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Finding:
    """One CSR, or one match in text, for which `manifest` is None."""

    path: str
    line: int
    found_as: FoundAs
    issues: tuple[Issue, ...]
    manifest: Manifest | None = None


def search(file: Text) -> Iterator[Finding | Unclear]:
    """Yield all findings of one file, document by document."""
    if not CLUE.search(file.text):
        return
    starts = [0, *(match.start() for match in _DOCUMENT.finditer(file.text))]
    line, reader = 1, Reader()
    for start, end in zip(starts, [*starts[1:], len(file.text)], strict=True):
        document = Source(file.text[start:end], line)
        line += document.text.count("\n")
        if CLUE.search(document.text):
            yield from _Search(file, document, reader).run()


class _Spans:
    """Parts of a text, which don't overlap unless one is within another."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """Add the part from `start` up to `end`."""
        insort(self._spans, (start, end))

    def cover(self, start: int, end: int) -> bool:
        """Return whether the last part that begins here or before goes on to `end`."""
        at = bisect_right(self._spans, (start, sys.maxsize)) - 1
        return at >= 0 and end <= self._spans[at][1]


class _Search:
    """The search in one document. Parts that were read as objects (`_covered`) aren't text."""

    def __init__(self, file: Text, source: Source, reader: Reader) -> None:
        self._file = file
        self._source = source
        self._reader = reader
        self._covered = _Spans()
        self._unread = ""

    def run(self) -> Iterator[Finding | Unclear]:
        """Yield the findings in the order of lines."""
        found = [*self._manifests(), *self._embedded(), *self._text()]
        yield from sorted(
            found, key=lambda one: one.line if isinstance(one, Finding) else one.line or 0
        )

    # --- manifests ------------------------------------------------------------------------------

    def _manifests(self) -> Iterator[Finding | Unclear]:
        if not self._file.exact:
            self._unread = "neither UTF-8 nor UTF-16"
            return
        try:
            roots = compose(self._source.text)
        except NotYaml as error:
            self._unread = str(error)
            return
        for root in roots:
            for node, inherited in objects(root):
                if isinstance(node, Scalar):
                    self._covered.add(node.start, node.end)
                    continue
                unread = self._unread
                yield from self._object(self._source, node, inherited, FoundAs.MANIFEST)
                if self._unread != unread and not KIND_LINE.search(
                    self._source.text, node.start, node.end
                ):  # e.g. JSON on one line, which the text search wouldn't find
                    line = self._source.line(node.start)
                    problem = f"a CSR that can't be read ({self._unread}): {_CHECK}"
                    yield Unclear(self._file.path, problem, line)
                if is_other_v1beta1_kind(node):
                    self._covered.add(node.start, node.end)

    def _object(
        self,
        source: Source,
        node: Mapping,
        inherited: str,
        found_as: FoundAs,
        span: tuple[int, int] | None = None,
    ) -> Iterator[Finding]:
        try:
            read = read_csr(node, inherited, self._reader)
        except NotYaml as error:
            self._unread = str(error)
            return
        if read is None:
            return
        start, end = span or (node.start, node.end)
        self._covered.add(start, end)
        asked, request, value = read
        issues = issues_of(source, node, asked)
        if issues:
            manifest = manifest_of(source, node, asked, request, value)
            yield Finding(self._file.path, source.line(node.start), found_as, issues, manifest)

    # --- manifests in other text ----------------------------------------------------------------

    def _embedded(self) -> Iterator[Finding | Unclear]:
        tried, room = 0, max(_MOST_OVERLAP * len(self._source.text), _ROOM)
        for match in KIND_LINE.finditer(self._source.text):
            if self._covered.cover(match.start(), match.end()):
                continue
            inner = block(self._source, match)
            tried, room = tried + 1, room - len(inner.source.text)
            if tried > _MOST_BLOCKS or room < 0:
                line = self._source.line(match.start())
                many = f"more than {_MOST_BLOCKS}" if tried > _MOST_BLOCKS else "too much text of"
                problem = f"{many} unreadable CSRs: {_REST}; split the file"
                yield Unclear(self._file.path, problem, line)
                return
            yield from self._block(inner)
            if not self._covered.cover(match.start(), match.end()):
                yield from self._unclear(match.start(2))

    def _block(self, inner: Block) -> Iterator[Finding]:
        if not self._file.exact:
            return
        try:
            roots = compose(inner.source.text)
        except NotYaml as error:
            self._unread = self._unread or str(error)
            return
        for root in roots:
            if isinstance(root, Mapping):
                span = (inner.start, inner.end)
                yield from self._object(inner.source, root, "", FoundAs.EMBEDDED, span)

    def _unclear(self, at: int) -> Iterator[Finding | Unclear]:
        """Yield a CSR that can't be read: without a signer, or unclear."""
        text, line = self._source.text, self._source.line(at)
        hit = unsigned(text, at)
        if hit is not None:
            yield self._hit(hit)
        elif self._is_for_manifests() and not is_literally_v1(text, at):
            why = f" ({self._unread})" if self._unread else ""
            problem = f"a CSR that is not plain YAML{why}: {_CHECK}"
            yield Unclear(self._file.path, problem, line)

    def _is_for_manifests(self) -> bool:
        path = self._file.path
        return bool(self._unread) and (path == STDIN or path.lower().endswith(_MANIFESTS))

    # --- text -----------------------------------------------------------------------------------

    def _text(self) -> Iterator[Finding | Unclear]:
        seen = set[tuple[int, Problem]]()
        for hit in hits(self._source.text):
            key = self._source.line(hit.start), hit.problem
            if key in seen or self._covered.cover(hit.start, hit.start):
                continue
            if len(seen) >= _MOST_HITS:
                yield Unclear(
                    self._file.path,
                    f"more than {_MOST_HITS} matches: {_REST}; fix these, and run this again",
                    key[0],
                )
                return
            seen.add(key)
            yield self._hit(hit)

    def _hit(self, hit: Hit) -> Finding:
        line = self._source.line(hit.start)
        issues = (Issue(hit.problem, line, hit.detail),)
        return Finding(self._file.path, line, FoundAs.TEXT, issues)

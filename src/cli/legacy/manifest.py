"""One CSR's manifest: its problems, each at its place, and its v1 form."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cli.legacy.asked import Asked
from cli.legacy.fit import Fit, fit
from cli.legacy.objects import part
from cli.legacy.problems import Problem, problems
from cli.legacy.request import Read, Request, expiry
from cli.legacy.rewrite import V1Form, v1_form
from cli.legacy.source import Source
from cli.yaml_data import Tree, text_of
from cli.yaml_nodes import Mapping, Node

_PLACES: Final = {
    Problem.V1BETA1: ("apiVersion",),
    Problem.LEGACY_SIGNER: ("spec", "signerName"),
    Problem.NO_SIGNER: ("spec",),
    Problem.SIGNER_NOT_ISSUED: ("spec", "signerName"),
    Problem.NO_USAGES: ("spec",),
    Problem.BAD_USAGES: ("spec", "usages"),
    Problem.USAGES_NOT_ISSUED: ("spec", "usages"),
    Problem.NAME_NOT_ISSUED: ("metadata",),
}


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem, and its line."""

    problem: Problem
    line: int
    detail: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A CSR that was read; its v1 form is None if EKS would issue nothing for it.

    `stored`: it comes from a cluster; `expires`: when its certificate ends, if one was issued.
    """

    name: str
    request: Request
    fit: Fit
    v1: V1Form | None
    stored: bool
    expires: datetime | None


def issues_of(source: Source, node: Mapping, asked: Asked) -> tuple[Issue, ...]:
    """Return the problems of a CSR, each with the line that shows it."""
    return tuple(
        Issue(problem, source.line(_place(node, problem).start), detail)
        for problem, detail in problems(asked)
    )


def _place(node: Mapping, problem: Problem) -> Node:
    """Return the node that shows the problem: the key's value, or the object."""
    return node.find(*_PLACES[problem]) or node


def manifest_of(
    source: Source, node: Mapping, asked: Asked, request: Request, value: dict[str, Tree]
) -> Manifest:
    """Return a CSR as it was read at this node."""
    fits = fit(asked)
    metadata, status = part(value, "metadata"), part(value, "status")
    return Manifest(
        name=asked.name,
        request=request,
        fit=fits,
        v1=v1_form(source, node, fits)
        if fits.is_issued and request.read is not Read.UNREADABLE
        else None,
        stored="uid" in metadata or bool(status),
        expires=expiry(text_of(status.get("certificate"))),
    )

"""Field selectors; CSRs support two fields.

From: Kubernetes v1.36.2, pkg/apis/certificates/v1/conversion.go.
"""

import re
from collections.abc import Callable

from sandbox.fake_apiserver.status import Json, bad_request

_FIELDS: dict[str, Callable[[Json], object]] = {
    "metadata.name": lambda item: item["metadata"].get("name"),
    "spec.signerName": lambda item: _spec(item).get("signerName"),
}
_TERM = re.compile(r"(?P<field>[^=!]+)(?P<operator>==|!=|=)(?P<value>.*)", re.DOTALL)

Predicate = Callable[[Json], bool]


def selector(text: str) -> Predicate:
    """Return whether an object is selected, as a function. Raises `ApiError` 400."""
    terms = [_term(part) for part in text.split(",") if part]
    return lambda item: all(term(item) for term in terms)


def _spec(item: Json) -> Json:
    """Return the spec; empty if it isn't an object, as seeded objects may have any shape."""
    spec = item.get("spec")
    return spec if isinstance(spec, dict) else {}


def _term(part: str) -> Predicate:
    match = _TERM.fullmatch(part)
    if match is None:
        raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    read = _FIELDS.get(match["field"])
    if read is None:
        raise bad_request(f"field label not supported: {match['field']}")
    value, equal = match["value"], match["operator"] != "!="
    return lambda item: (read(item) == value) is equal

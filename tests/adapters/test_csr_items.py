"""A JSON item of a list becomes a `Csr` or an `UnreadableCsr`; no content raises."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.csr_items import MAX_CERTIFICATE_BYTES, read_item
from core.model import (
    KUBELET_SERVING,
    MAX_REQUEST_BYTES,
    Condition,
    Csr,
    OversizedRequest,
    UnreadableCsr,
)
from tests.adapters.scripted_api import an_item
from tests.builders import NODE, an_extra


def encoded(size: int) -> str:
    return base64.b64encode(b"x" * size).decode()


def read(item: object) -> Csr:
    found = read_item(item)
    assert isinstance(found, Csr), found
    return found


def test_every_field_that_the_checks_use_is_read_unchanged() -> None:
    condition = {
        "type": "Approved",
        "status": "True",
        "reason": "Fine",
        "message": "looked at",
        "lastUpdateTime": "2026-11-24T11:54:00Z",
        "lastTransitionTime": "2026-11-24T11:54:00Z",
    }
    item = an_item(
        spec_expirationSeconds=600, status_conditions=[condition], status_certificate=encoded(3)
    )
    expected = Csr(
        name="csr-7znmf",
        uid="uid-of-csr-7znmf",
        resource_version="1000",
        created=datetime(2026, 11, 24, 11, 53, tzinfo=UTC),
        signer=KUBELET_SERVING,
        username=f"system:node:{NODE}",
        groups=("system:nodes", "system:authenticated"),
        extra=an_extra(),
        usages=("digital signature", "server auth"),
        expiration_seconds=600,
        request=b"a request",
        conditions=(
            Condition(
                "Approved", "True", "Fine", "looked at", datetime(2026, 11, 24, 11, 54, tzinfo=UTC)
            ),
        ),
        certificate=b"xxx",
    )

    assert expected == read_item(item)


def test_fields_of_a_newer_server_are_ignored() -> None:
    # In metadata, spec and status, and at the top.
    item = an_item(new={"a": [1]}, spec_new=1, status_new=None)

    assert read_item({**item, "new": 1}) == read_item(an_item())


@pytest.mark.parametrize("name", ["uid", "resourceVersion"])
def test_a_missing_uid_or_resource_version_is_empty(name: str) -> None:
    """A user may have removed them from an object that was saved to a file."""
    item = an_item()
    del item["metadata"][name]
    csr = read(item)

    assert {"uid": csr.uid, "resourceVersion": csr.resource_version}[name] == ""


@pytest.mark.parametrize(
    "item",
    [
        an_item(spec_groups=None, spec_usages=None, spec_extra=None, status_conditions=None),
        {**an_item(spec_groups=[], spec_usages=[], spec_extra={}), "status": None},
        {**an_item(spec_groups=[], spec_usages=[], spec_extra={}), "status": {}},
        an_item(
            spec_groups=[], spec_usages=[], spec_extra={}, status_certificate=None, labels=None
        ),
    ],
)
def test_null_lists_and_objects_are_empty(item: dict[str, Any]) -> None:
    """Go writes an empty list or object as null if it is nil."""
    csr = read(item)

    assert ((), (), {}, ()) == (csr.groups, csr.usages, csr.extra, csr.conditions)
    assert csr.certificate == b""


def test_an_extra_key_without_values_is_kept() -> None:
    assert read(an_item(spec_extra={"sessionName": None})).extra == {"sessionName": ()}


def test_fields_that_go_omits_may_be_absent() -> None:
    item = an_item()
    for name in ("usages", "username", "groups", "extra"):
        del item["spec"][name]
    del item["status"]
    csr = read(item)

    assert ((), "", (), {}) == (csr.usages, csr.username, csr.groups, csr.extra)
    assert csr.expiration_seconds is None


def test_a_request_of_the_greatest_allowed_length_is_read() -> None:
    csr = read(an_item(spec_request=encoded(MAX_REQUEST_BYTES)))

    assert b"x" * MAX_REQUEST_BYTES == csr.request


@pytest.mark.parametrize("over", [1, 2, 3])
def test_an_oversized_request_is_kept_as_its_size_only(over: int) -> None:
    """One to three bytes over: base64 ends differently for each."""
    csr = read(an_item(spec_request=encoded(MAX_REQUEST_BYTES + over)))

    assert csr.request == OversizedRequest(MAX_REQUEST_BYTES + over)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24T12:00:00Z", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("2026-11-24T13:00:00+01:00", datetime(2026, 11, 24, 12, tzinfo=UTC)),
        ("2026-11-24T12:00:00.25Z", datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-11-24T12:00:00.123456789Z", datetime(2026, 11, 24, 12, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_rfc_3339_times_are_converted_to_utc(text: str, moment: datetime) -> None:
    assert moment == read(an_item(creationTimestamp=text)).created


@pytest.mark.parametrize(
    "value",
    [
        None,
        1_764_000_000,
        "1764000000",
        "2026-11-24",
        "2026-11-24T12:00:00",
        "2026-11-24 12:00:00Z",
        "2026-13-24T12:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "٢٠٢٦-11-24T12:00:00Z",
        "2026-11-24T12:00:00Z\n",
    ],
)
def test_a_time_that_is_not_rfc_3339_makes_the_item_unreadable(value: object) -> None:
    """RFC 3339 requires an offset, and ASCII digits."""
    assert read_item(an_item(creationTimestamp=value)) == UnreadableCsr(
        "csr-7znmf",
        KUBELET_SERVING,
        "metadata.creationTimestamp: expected an RFC 3339 time",
    )


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "request of bad base64": ({"spec_request": "a request"}, "spec.request: expected base64"),
    "request with a line end": ({"spec_request": "YWFh\n"}, "spec.request: expected base64"),
    "request without padding": ({"spec_request": "YWE"}, "spec.request: expected base64"),
    "request that is null": ({"spec_request": None}, "spec.request: expected base64"),
    "certificate of bad base64": (
        {"status_certificate": "*"},
        "status.certificate: expected base64",
    ),
    "certificate that is a number": (
        {"status_certificate": 1},
        "status.certificate: expected base64",
    ),
    "certificate too long": (
        {"status_certificate": encoded(MAX_CERTIFICATE_BYTES + 1)},
        "status.certificate: longer than 262144 bytes",
    ),
    "signer that is a number": (
        {"spec_signerName": 5},
        "spec.signerName: Input should be a valid string",
    ),
    "username that is a list": (
        {"spec_username": ["system:node:a"]},
        "spec.username: Input should be a valid string",
    ),
    "groups that are a string": (
        {"spec_groups": "system:nodes"},
        "spec.groups: Input should be a valid list",
    ),
    "group that is null": (
        {"spec_groups": [None]},
        "spec.groups.0: Input should be a valid string",
    ),
    "value of extra that is a string": (
        {"spec_extra": {"sessionName": "i-0aaaaaaaaaaaaaaaa"}},
        "spec.extra.sessionName: Input should be a valid list",
    ),
    "expiration in words": (
        {"spec_expirationSeconds": "600"},
        "spec.expirationSeconds: Input should be a valid integer",
    ),
    "expiration that is true": (
        {"spec_expirationSeconds": True},
        "spec.expirationSeconds: Input should be a valid integer",
    ),
    "condition without status": (
        {"status_conditions": [{"type": "Approved"}]},
        "no field status.conditions.0.status",
    ),
    "condition at an invalid time": (
        {"status_conditions": [{"type": "A", "status": "True", "lastUpdateTime": "noon"}]},
        "status.conditions.0.lastUpdateTime: expected an RFC 3339 time",
    ),
}


@pytest.mark.parametrize(("changes", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_field_of_another_shape_makes_the_item_unreadable(
    changes: dict[str, Any], problem: str
) -> None:
    """The problem names the field."""
    found = read_item(an_item(**changes))

    assert isinstance(found, UnreadableCsr)
    assert problem == found.problem
    assert found.name == "csr-7znmf"


@pytest.mark.parametrize("item", [None, 1, "text", [], ["metadata"]])
def test_an_item_that_is_not_an_object_is_unreadable_without_name_and_signer(item: object) -> None:
    assert read_item(item) == UnreadableCsr(None, None, "expected an object")


@pytest.mark.parametrize(
    ("item", "name", "signer"),
    [
        ({}, None, None),
        ({"metadata": {"name": "a"}}, "a", None),
        ({"metadata": {"name": 5}, "spec": {"signerName": "s"}}, None, "s"),
        ({"metadata": [], "spec": "s"}, None, None),
    ],
)
def test_an_unreadable_item_has_its_name_and_signer_if_they_are_text(
    item: object, name: str | None, signer: str | None
) -> None:
    found = read_item(item)

    assert isinstance(found, UnreadableCsr)
    assert (name, signer) == (found.name, found.signer)


def test_a_problem_is_short_and_printable_and_has_no_values() -> None:
    """It is logged. Values of `extra` may be access key IDs, and its keys may be any text."""
    key = "a\n\u202e" + "b" * 1_000
    found = read_item(an_item(spec_extra={key: ["ASIAEXAMPLEEXAMPLE00", 5]}))

    assert isinstance(found, UnreadableCsr)
    assert found.problem.startswith("spec.extra.a\\n\\u202ebbb")
    assert found.problem.endswith("b~: Input should be a valid string")
    assert len(found.problem) <= 200


UNUSUAL_NAMES = ["a\nb", "a?b#c", " ", "ü-名前-🙂", "n" * 10_000, "../../x"]


@pytest.mark.parametrize("name", UNUSUAL_NAMES, ids=range(len(UNUSUAL_NAMES)))
def test_a_name_may_contain_anything(name: str) -> None:
    assert name == read(an_item(name=name, uid="u")).name


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON_VALUES)
def test_any_json_is_read_without_an_error(value: object) -> None:
    assert isinstance(read_item(value), UnreadableCsr)


def _item_with(path: tuple[str, ...]) -> Callable[[Any], Any]:
    """Return a function that returns a valid item with another value at this path."""

    def item_with(value: Any) -> Any:
        item = json.loads(json.dumps(an_item()))
        parent = item
        for part in path[:-1]:
            parent = parent[part]
        parent[path[-1]] = value
        return item

    return item_with


#: The paths of metadata, spec and status, and of each field in them.
FIELDS = [
    (part,) if name is None else (part, name)
    for part, fields in an_item(spec_expirationSeconds=1, labels={}, annotations={}).items()
    for name in (None, *fields)
]


@given(st.sampled_from(FIELDS).flatmap(lambda path: JSON_VALUES.map(_item_with(path))))
def test_any_value_of_a_field_is_read_without_an_error(item: object) -> None:
    assert isinstance(read_item(item), Csr | UnreadableCsr)

"""Reading one CSR of a list in protobuf, and what is sent back of it."""

import base64
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.csr_messages import decision, shows
from adapters.csr_objects import MOST_FIELDS, Listed, read_csr, read_kept
from adapters.protobuf import encoded
from core.model import Condition, Csr, OversizedRequest, UnreadableCsr
from sandbox.fake_apiserver import protobuf
from tests.adapters.scripted_api import an_item, approval
from tests.builders import a_csr
from tests.hiding import KINDS, Json, managed

CSR = "CertificateSigningRequest"


def message_of(item: Any) -> bytes:
    return protobuf.message(CSR, item)


def read(item: Any) -> Listed:
    listed = read_csr(memoryview(message_of(item)))
    assert isinstance(listed, Listed)
    return listed


def unread(message: bytes) -> UnreadableCsr:
    found = read_csr(memoryview(message))
    assert isinstance(found, UnreadableCsr)
    return found


def test_each_field_is_read() -> None:
    """The result is the same as for JSON, see test_csr_items.py."""
    times = {"lastUpdateTime": "2026-11-24T11:58:00Z"}
    item = an_item(
        spec_expirationSeconds=86_400,
        status_conditions=[
            {"type": "Approved", "status": "True", "reason": "r", "message": "ü", **times},
            {"type": "Seen", "status": "False"},
        ],
        status_certificate=base64.b64encode(b"a certificate").decode(),
    )

    csr = read(item).csr

    assert csr == Csr(
        name="csr-7znmf",
        uid="uid-of-csr-7znmf",
        resource_version="1000",
        created=datetime(2026, 11, 24, 11, 53, tzinfo=UTC),
        signer="kubernetes.io/kubelet-serving",
        username=item["spec"]["username"],
        groups=("system:nodes", "system:authenticated"),
        extra={key: tuple(values) for key, values in item["spec"]["extra"].items()},
        usages=("digital signature", "server auth"),
        expiration_seconds=86_400,
        request=b"a request",
        conditions=(
            Condition("Approved", "True", "r", "ü", datetime(2026, 11, 24, 11, 58, tzinfo=UTC)),
            Condition("Seen", "False", "", "", None),
        ),
        certificate=b"a certificate",
    )


def test_texts_that_are_the_same_in_many_csrs_take_memory_once() -> None:
    """In a list of sixty thousand small CSRs they would take more than the messages."""
    one, other = read(an_item("a")).csr, read(an_item("b")).csr

    assert one.signer is other.signer
    assert one.username is other.username
    for some, same in ((one.groups, other.groups), (one.usages, other.usages)):
        assert all(a is b for a, b in zip(some, same, strict=True))
    for (key, (value,)), (as_key, (as_value,)) in zip(
        one.extra.items(), other.extra.items(), strict=True
    ):
        assert key is as_key
        assert value is as_value


def test_a_csr_that_is_listed_again_unchanged_is_not_read_again() -> None:
    """Decided CSRs are listed each minute for an hour."""
    assert read(an_item()) is read(an_item())


def test_a_csr_that_has_changed_is_read_again() -> None:
    """The bytes count: a server may say that the uid and the version are the same."""
    before = read(an_item(spec_usages=["server auth"]))
    after = read(an_item(spec_usages=["client auth"]))

    assert (before.csr.uid, before.csr.resource_version) == (
        after.csr.uid,
        after.csr.resource_version,
    )
    assert ("client auth",) == after.csr.usages


def test_a_large_csr_is_not_kept() -> None:
    """So kept CSRs take 35 MB at most, whatever requesters file."""
    large = an_item(annotations={"x": "y" * 5_000})

    assert read(large) is not read(large)
    assert 2_000 == read_kept.cache_info().maxsize


def test_an_unreadable_csr_is_not_kept() -> None:
    """Reading it again costs little, and its requester chooses its bytes."""
    read_kept.cache_clear()
    unread(message_of(an_item(uid="")))

    assert 0 == read_kept.cache_info().currsize


def test_a_time_that_is_not_set_is_an_empty_message() -> None:
    """Go sends it so; the beginning of 1970 has two fields."""
    condition = encoded(1, b"Seen") + encoded(6, b"True") + encoded(4, b"")
    begun = encoded(1, b"Begun") + encoded(6, b"True") + encoded(4, b"\x08\x00\x10\x00")
    item = message_of(an_item()) + encoded(3, encoded(1, condition) + encoded(1, begun))

    listed = read_csr(memoryview(item))

    assert isinstance(listed, Listed)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert [None, epoch] == [found.last_update for found in listed.csr.conditions]


@pytest.mark.parametrize("seconds", [None, 0, 600, 2**31 - 1, -(2**31)])
def test_a_missing_expiration_is_not_0(seconds: int | None) -> None:
    """A missing value isn't 0."""
    assert seconds == read(an_item(spec_expirationSeconds=seconds)).csr.expiration_seconds


def test_only_the_size_of_an_oversized_request_is_kept() -> None:
    """The server keeps its own spec."""
    listed = read(an_item(spec_request=base64.b64encode(b"x" * 70_000).decode()))

    assert listed.csr.request == OversizedRequest(70_000)
    assert len(listed.message) < 1_000


# --- what is sent back ------------------------------------------------------------------------


def test_unknown_fields_are_sent_back_unchanged() -> None:
    """A PUT deletes what it leaves out, also fields of newer servers and owners, which aren't read.

    `managedFields` is not sent: the server keeps its own.
    """
    newer, owner = encoded(99, b"newer"), encoded(13, b"owner")
    metadata = protobuf.message("ObjectMeta", an_item()["metadata"])
    others = {part: message_of({part: an_item()[part]}) for part in ("spec", "status")}
    entry = protobuf.message("ObjectMeta", managed("{}"))
    item = encoded(1, metadata + entry + owner + newer) + others["spec"] + others["status"]

    listed = read_csr(memoryview(item))

    assert isinstance(listed, Listed)
    assert listed.message == encoded(1, metadata + owner + newer) + b"".join(others.values())
    assert owner + newer in decision(listed.message, approval(listed.csr))


def test_only_conditions_of_the_same_type_are_replaced() -> None:
    """Conditions of other types and the certificate stay unchanged."""
    kinds = ("Approved", "Seen", "Approved")
    earlier = [{"type": kind, "status": "True", "reason": "earlier"} for kind in kinds]
    listed = read(an_item(status_conditions=earlier, status_certificate="QUJD"))

    body = protobuf.decode(decision(listed.message, approval(listed.csr)))

    conditions = [
        (condition["type"], condition["reason"]) for condition in body["status"]["conditions"]
    ]
    assert [("Seen", "earlier"), ("Approved", "ApprovedByCsrApprover")] == conditions
    assert "QUJD" == body["status"]["certificate"]


def answer(**changes: Any) -> bytes:
    decided = {"type": "Approved", "status": "True", "reason": "ApprovedByCsrApprover"}
    item = an_item("a", **{"status_conditions": [decided], **changes})
    return protobuf.encode({"kind": CSR, **item})


def test_an_answer_shows_the_decision_whatever_else_it_contains() -> None:
    """The requester's own content doesn't hide a written decision."""
    write = approval(a_csr(name="a"))

    assert shows(answer(), write)
    for metadata, _ in KINDS.values():
        assert shows(answer(**metadata), write)
    assert not shows(answer(uid="another"), write)
    assert not shows(answer(status_conditions=[]), write)


# --- what can't be read -----------------------------------------------------------------------


@pytest.mark.parametrize(("metadata", "problem"), KINDS.values(), ids=KINDS)
def test_a_csr_that_breaks_other_clients_is_named(metadata: Json, problem: str) -> None:
    """Other clients list no CSR until this one is deleted, so it is reported by name."""
    found = unread(message_of(an_item("hiding", **metadata)))

    assert "hiding" == found.name
    assert found.problem.split(":")[0] == problem.split(":", maxsplit=1)[0]


def test_ordinary_managed_fields_are_no_problem() -> None:
    """Server-side apply and approvers write them."""
    fields = '{"f:metadata":{"f:labels":{".":{},' + ",".join(['"f:a":{}'] * 200) + "}}}"

    assert "csr-7znmf" == read(an_item(**managed(fields))).csr.name


@pytest.mark.parametrize("field", ["name", "uid", "resourceVersion", "creationTimestamp"])
def test_a_required_field_is_missing(field: str) -> None:
    """Without it the CSR can't be evaluated or written."""
    item = an_item()
    del item["metadata"][field]

    assert f"no field metadata.{field}" == unread(message_of(item)).problem


def test_a_name_that_is_not_utf_8_is_shown_by_its_bytes() -> None:
    """With them the object can be deleted."""
    found = unread(message_of(an_item("a\udcff\udc80")))

    assert ("a\\xff\\x80", "metadata.name: not UTF-8") == (found.name, found.problem)


def test_a_message_of_too_many_fields_is_not_read_on() -> None:
    """The limit bounds the time that a CSR takes."""
    labels = {str(number): "" for number in range(MOST_FIELDS)}

    assert f"more than {MOST_FIELDS} fields" == unread(message_of(an_item(labels=labels))).problem


def test_the_memory_for_unreadable_csrs_is_bounded() -> None:
    """Only the beginning of the name and the problem are kept."""
    message = memoryview(message_of(an_item("n" * 100_000, spec_username="\udcff")))

    kept = read_csr(message)

    assert isinstance(kept, UnreadableCsr)
    assert sum(map(sys.getsizeof, (kept, kept.name, kept.signer, kept.problem))) < 600

"""From a CSR as the API lists it in protobuf to `core.model.Csr`.

Each is read alone, and of what requesters may fill in, labels, annotations, finalizers and owners
are passed over unread: they go back as they came. Other readers of the same objects may break where
this one doesn't, so what breaks them is looked for, and reported by the object's name.
From: k8s.io/api, certificates/v1/generated.proto; k8s.io/apimachinery,
pkg/apis/meta/v1/generated.proto (ObjectMeta, ManagedFieldsEntry, FieldsV1).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from adapters.csr_items import MAX_CERTIFICATE_BYTES
from adapters.kubernetes_protobuf import moment, text
from adapters.protobuf import Field, Malformed, encoded, fields, grouped, signed_32
from core.model import (
    MAX_REQUEST_BYTES,
    Condition,
    Csr,
    OversizedRequest,
    UnreadableCsr,
    safe,
)

#: The parts of a CSR, by the numbers of their fields.
METADATA, SPEC, STATUS = 1, 2, 3

#: The most fields that a message of a CSR is read to; a kubelet's have fifteen. It bounds the time
#: that one CSR takes, whatever its requester puts in.
MOST_FIELDS: Final = 1_000

# A fieldsV1 of one label has four braces. Clients of JSON break at some hundreds of levels; the API
# server's own writer of JSON breaks at 10,001, which only protobuf brings in.
_MOST_BRACES: Final = 256

# Of a name that is reported and not used, what Kubernetes's own rules allow.
_MAX_NAME: Final = 253
_MAX_PROBLEM: Final = 200

_Parts = dict[int, list[Field]]


@dataclass(frozen=True, slots=True)
class Listed:
    """A CSR, and its message as it goes back when it is decided: without `managedFields`."""

    csr: Csr
    message: bytes


class Metadata(NamedTuple):
    """Of `metadata`, what is judged; `kept` is the message as it goes back."""

    name: str
    uid: str
    resource_version: str
    created: datetime
    kept: bytes


def read_csr(item: memoryview) -> Listed | UnreadableCsr:
    """Read one CSR; never raises.

    One that can't be read is named as far as it has a name. So is one whose `managedFields` break
    readers of JSON: kubectl and others then list no CSR at all, until it is deleted.
    """
    try:
        return _read(item)
    except Malformed as error:
        return UnreadableCsr(_name(item), None, safe(str(error))[:_MAX_PROBLEM])


def read_metadata(message: memoryview) -> Metadata:
    """Read a CSR's `metadata`.

    Raises:
        Malformed: a field that is needed is missing or can't be read.
    """
    parts = grouped(message, MOST_FIELDS)
    for entry in parts.get(17, ()):
        _check_managed(entry.content)
    whole = b"".join(one.whole for group in parts.values() for one in group if one.number != 17)
    return Metadata(
        name=_needed(parts, 1, "metadata.name"),
        uid=_needed(parts, 5, "metadata.uid"),
        resource_version=_needed(parts, 6, "metadata.resourceVersion"),
        created=_moment(parts, 8, "metadata.creationTimestamp"),
        kept=whole,
    )


def read_condition(message: memoryview) -> Condition:
    """Read one of `status.conditions`.

    Raises:
        Malformed: it can't be read.
    """
    parts, where = grouped(message, MOST_FIELDS), "status.conditions"
    return Condition(
        type=_text(parts, 1, where),
        status=_text(parts, 6, where),
        reason=_text(parts, 2, where),
        message=_text(parts, 3, where),
        last_update=_moment(parts, 4, where) if 4 in parts else None,
    )


def _read(item: memoryview) -> Listed:
    parts = grouped(item, MOST_FIELDS)
    metadata = read_metadata(_message(parts, METADATA))
    spec = grouped(_message(parts, SPEC), MOST_FIELDS)
    status = grouped(_message(parts, STATUS), MOST_FIELDS)
    request = _request(_message(spec, 1))
    csr = Csr(
        name=metadata.name,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
        created=metadata.created,
        signer=_needed(spec, 7, "spec.signerName"),
        username=_text(spec, 2, "spec.username"),
        groups=_texts(spec, 4, "spec.groups"),
        extra=dict(_extra(one.content) for one in spec.get(6, ())),
        usages=_texts(spec, 5, "spec.usages"),
        expiration_seconds=signed_32(spec[8][-1].value) if 8 in spec else None,
        request=request,
        conditions=tuple(read_condition(one.content) for one in status.get(1, ())),
        certificate=_certificate(_message(status, 2)),
    )
    # The server keeps its own spec, so that of an oversized one nothing has to be remembered.
    kept = [encoded(METADATA, metadata.kept)]
    if not isinstance(request, OversizedRequest):
        kept.append(encoded(SPEC, bytes(_message(parts, SPEC))))
    kept.append(encoded(STATUS, bytes(_message(parts, STATUS))))
    return Listed(csr, b"".join(kept))


def _check_managed(entry: memoryview) -> None:
    """Refuse what readers of JSON can't read. From: apimachinery, ManagedFieldsEntry."""
    where = "metadata.managedFields"
    parts = grouped(entry, MOST_FIELDS)
    if 4 in parts:
        _moment(parts, 4, f"{where}.time")
    raw = bytes(_message(grouped(_message(parts, 7), MOST_FIELDS), 1))
    text(memoryview(raw), f"{where}.fieldsV1")
    braces = raw.count(b"{")
    if braces > _MOST_BRACES:
        raise Malformed(f"{where}.fieldsV1: {braces} braces, expected at most {_MOST_BRACES}")


def _extra(entry: memoryview) -> tuple[str, tuple[str, ...]]:
    parts, where = grouped(entry, MOST_FIELDS), "spec.extra"
    values = grouped(_message(parts, 2), MOST_FIELDS)
    return _text(parts, 1, where), _texts(values, 1, where)


def _request(content: memoryview) -> bytes | OversizedRequest:
    size = len(content)
    return OversizedRequest(size) if size > MAX_REQUEST_BYTES else bytes(content)


def _certificate(content: memoryview) -> bytes:
    if len(content) > MAX_CERTIFICATE_BYTES:
        raise Malformed(f"status.certificate: longer than {MAX_CERTIFICATE_BYTES} bytes")
    return bytes(content)


def _message(parts: _Parts, number: int) -> memoryview:
    """Return the content of a field; empty where there is none, as in Go."""
    return parts[number][-1].content if number in parts else memoryview(b"")


def _text(parts: _Parts, number: int, where: str) -> str:
    return text(_message(parts, number), where)


def _texts(parts: _Parts, number: int, where: str) -> tuple[str, ...]:
    return tuple(text(one.content, where) for one in parts.get(number, ()))


def _needed(parts: _Parts, number: int, where: str) -> str:
    found = _text(parts, number, where)
    if not found:
        raise Malformed(f"{where}: Field required")
    return found


def _moment(parts: _Parts, number: int, where: str) -> datetime:
    if number not in parts:
        raise Malformed(f"{where}: Field required")
    return moment(_message(parts, number), where)


def _name(item: memoryview) -> str | None:
    """Return the name as it can be had: its beginning, with what isn't UTF-8 replaced."""
    try:
        for part in fields(item, MOST_FIELDS):
            if part.number != METADATA:
                continue
            for one in fields(part.content, MOST_FIELDS):
                if one.number == 1:
                    return str(one.content[: 4 * _MAX_NAME], "utf-8", "replace")[:_MAX_NAME]
    except Malformed:
        return None
    return None

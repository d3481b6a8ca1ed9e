"""From a CSR as the API lists it in protobuf to `core.model.Csr`.

Each CSR is read alone. Labels, annotations, finalizers and owners are not read; they are sent back
unchanged. Clients that read JSON may fail on an object that this reader can read. It looks for what
makes them fail, so that the object is reported by its name.
From: k8s.io/api, certificates/v1/generated.proto; k8s.io/apimachinery,
pkg/apis/meta/v1/generated.proto (ObjectMeta, ManagedFieldsEntry, FieldsV1).
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Final, NamedTuple

from adapters.csr_items import MAX_CERTIFICATE_BYTES
from adapters.kubernetes_protobuf import moment, text
from adapters.protobuf import Malformed, Parts, encoded, fields, parts
from core.model import (
    MAX_REQUEST_BYTES,
    Condition,
    Csr,
    OversizedRequest,
    UnreadableCsr,
)
from core.printable import printable

#: The parts of a CSR, by the numbers of their fields.
METADATA, SPEC, STATUS = 1, 2, 3

#: The most fields that one message of a CSR may have; a kubelet's have fifteen. It bounds the time
#: that reading one CSR takes, whatever its requester puts in.
MOST_FIELDS: Final = 1_000

# A fieldsV1 with one label has four braces. JSON clients fail at some hundreds of levels. The API
# server's own JSON writer fails at 10,001 levels, which only a request in protobuf can have.
_MOST_BRACES: Final = 256

_MANAGED_FIELDS: Final = 17

# How many CSRs are kept after they were read, and up to which size: 35 MB at most, and 20 MB of
# kubelets' CSRs, which have 2 to 3 KiB and a certificate.
_KEPT: Final = 2_000
_LARGEST_KEPT: Final = 5 * 1024

# A name that is only reported is cut off at the length that Kubernetes allows for other objects.
_MAX_NAME: Final = 253
_MAX_PROBLEM: Final = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """A CSR, and the message that is sent back when it is decided, without `managedFields`."""

    csr: Csr
    message: bytes


class Metadata(NamedTuple):
    """The part of `metadata` that is evaluated. `kept`: the message as it is sent back."""

    name: str
    uid: str
    resource_version: str
    created: datetime
    kept: bytes


def read_csr(item: memoryview) -> Listed | UnreadableCsr:
    """Read one CSR; never raise.

    A CSR also counts as unreadable if its `managedFields` make JSON clients fail: kubectl may list
    no CSR at all until it is deleted, so it must be reported by its name.
    """
    content = bytes(item)
    try:
        return read_kept(content) if len(content) <= _LARGEST_KEPT else _read(content)
    except Malformed as error:
        return UnreadableCsr(_name(item), None, printable(str(error), _MAX_PROBLEM))


def read_metadata(message: bytes) -> Metadata:
    """Read a CSR's `metadata`.

    Raises:
        Malformed: a required field is missing or can't be read.
    """
    read = parts(message, MOST_FIELDS)
    for entry in read.all(_MANAGED_FIELDS):
        _check_managed(entry)
    return Metadata(
        name=_needed(read, 1, "metadata.name"),
        uid=_needed(read, 5, "metadata.uid"),
        resource_version=_needed(read, 6, "metadata.resourceVersion"),
        created=_moment(read, 8, "metadata.creationTimestamp"),
        kept=_without_managed(message) if read.has(_MANAGED_FIELDS) else message,
    )


def read_condition(message: bytes) -> Condition:
    """Read one of `status.conditions`.

    Raises:
        Malformed: it can't be read.
    """
    read, where = parts(message, MOST_FIELDS), "status.conditions"
    return Condition(
        type=text(read.last(1), where),
        status=text(read.last(6), where),
        reason=text(read.last(2), where),
        message=text(read.last(3), where),
        last_update=_moment(read, 4, where) if read.last(4) else None,
    )


@lru_cache(_KEPT)
def read_kept(item: bytes) -> Listed:
    """Read one CSR, or return what the same bytes were read into before.

    A decided CSR stays listed for an hour, unchanged, and reading it is half of what it costs in
    each review. The key is all of its bytes, whichever cluster sent them, and reading depends on
    nothing else. What can't be read isn't kept.

    Raises:
        Malformed: it can't be read.
    """
    return _read(item)


def _read(item: bytes) -> Listed:
    whole = parts(item, MOST_FIELDS)
    metadata = read_metadata(whole.last(METADATA))
    spec = parts(whole.last(SPEC), MOST_FIELDS)
    status = parts(whole.last(STATUS), MOST_FIELDS)
    seconds = spec.integer(8)
    csr = Csr(
        name=metadata.name,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
        created=metadata.created,
        signer=intern(_needed(spec, 7, "spec.signerName")),
        username=intern(text(spec.last(2), "spec.username")),
        groups=_texts(spec.all(4), "spec.groups"),
        extra=dict(map(_extra, spec.all(6))),
        usages=_texts(spec.all(5), "spec.usages"),
        expiration_seconds=seconds,
        request=_request(spec.last(1)),
        conditions=tuple(map(read_condition, status.all(1))),
        certificate=_certificate(status.last(2)),
    )
    # The server keeps its own spec, so an oversized one needn't be kept to be sent back.
    is_kept = not isinstance(csr.request, OversizedRequest)
    kept = (
        encoded(METADATA, metadata.kept),
        encoded(SPEC, whole.last(SPEC)) if is_kept else b"",
        encoded(STATUS, whole.last(STATUS)),
    )
    return Listed(csr, b"".join(kept))


def _without_managed(metadata: bytes) -> bytes:
    """Return the message without `managedFields`: the server keeps its own."""
    each = fields(memoryview(metadata), MOST_FIELDS)
    return b"".join(one.whole for one in each if one.number != _MANAGED_FIELDS)


def _check_managed(entry: bytes) -> None:
    """Raise Malformed for what JSON clients can't read. From: apimachinery, ManagedFieldsEntry."""
    where = "metadata.managedFields"
    read = parts(entry, MOST_FIELDS)
    if read.last(4):
        moment(read.last(4), f"{where}.time")
    raw = parts(read.last(7), MOST_FIELDS).last(1)
    text(raw, f"{where}.fieldsV1")
    braces = raw.count(b"{")
    if braces > _MOST_BRACES:
        raise Malformed(f"{where}.fieldsV1: {braces} braces, expected at most {_MOST_BRACES}")


def _extra(entry: bytes) -> tuple[str, tuple[str, ...]]:
    read, where = parts(entry, MOST_FIELDS), "spec.extra"
    key = intern(text(read.last(1), where))
    return key, _texts(parts(read.last(2), MOST_FIELDS).all(1), where)


def _request(content: bytes) -> bytes | OversizedRequest:
    size = len(content)
    return OversizedRequest(size) if size > MAX_REQUEST_BYTES else content


def _certificate(content: bytes) -> bytes:
    if len(content) > MAX_CERTIFICATE_BYTES:
        raise Malformed(f"status.certificate: longer than {MAX_CERTIFICATE_BYTES} bytes")
    return content


def _texts(contents: list[bytes], where: str) -> tuple[str, ...]:
    """Return texts. Most are the same in every CSR, so each is kept in memory once."""
    return tuple(intern(text(content, where)) for content in contents)


def _needed(read: Parts, number: int, where: str) -> str:
    found = text(read.last(number), where)
    if not found:
        raise Malformed(f"no field {where}")
    return found


def _moment(read: Parts, number: int, where: str) -> datetime:
    # Go sends an unset time as an empty message, and the beginning of 1970 as one with two fields.
    if not read.last(number):
        raise Malformed(f"no field {where}")
    return moment(read.last(number), where)


def _name(item: memoryview) -> str | None:
    r"""Return the beginning of the name, with each byte that isn't UTF-8 as `\xff`."""
    try:
        for part in fields(item, MOST_FIELDS):
            for one in fields(part.content, MOST_FIELDS) if part.number == METADATA else ():
                if one.number == 1:
                    return str(one.content[:_MAX_NAME], "utf-8", "backslashreplace")
    except Malformed:
        return None
    return None

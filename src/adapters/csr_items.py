"""From a CSR in JSON, as `kubectl get csr -o json` prints it, to `core.model.Csr`.

For saved objects and for one's own request. A review lists in protobuf (`adapters.csr_objects`).

Each item is validated alone and strictly. The requester chooses `metadata`, `spec.request`,
`spec.usages` and `spec.expirationSeconds`; a newer server may add fields, which are ignored.
From: k8s.io/api/certificates/v1, types.go.
"""

import base64
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    StrictInt,
    StrictStr,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from adapters.shapes import Text, explain, or_
from core.model import (
    MAX_REQUEST_BYTES,
    Condition,
    Csr,
    OversizedRequest,
    UnreadableCsr,
)

#: The largest certificate, or chain of them, that is read, in bytes.
MAX_CERTIFICATE_BYTES: Final = 4 * MAX_REQUEST_BYTES

# From: RFC 3339, section 5.6; the API server writes whole seconds and Z.
_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def read_item(item: object) -> Csr | UnreadableCsr:
    """Read one item; never raise.

    `uid` and `resource_version` may be empty: saved objects may lack them. Without them no decision
    can be written.
    """
    try:
        read = _Item.model_validate(item)
    except ValidationError as error:
        return UnreadableCsr(
            name=_text(item, "metadata", "name"),
            signer=_text(item, "spec", "signerName"),
            # No values: those of `extra` may be the ids of access keys.
            problem=explain(error, with_value=False),
        )
    return _csr(read.metadata, read.spec, read.status)


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("expected an RFC 3339 time")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("expected an RFC 3339 time") from None


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise ValueError("expected base64") from None


def _size(value: str) -> int:
    """Return the size of what base64 text decodes to, in bytes."""
    return len(value) * 3 // 4 - value[-2:].count("=")


def _request(value: object) -> bytes | OversizedRequest:
    if not isinstance(value, str):
        raise ValueError("expected base64")  # noqa: TRY004  pydantic reports ValueErrors
    if _size(value) > MAX_REQUEST_BYTES:
        return OversizedRequest(_size(value))
    return _decoded(value)


def _certificate(value: object) -> bytes:
    if value is None:
        return b""
    if not isinstance(value, str):
        raise ValueError("expected base64")  # noqa: TRY004  pydantic reports ValueErrors
    if _size(value) > MAX_CERTIFICATE_BYTES:
        raise ValueError(f"longer than {MAX_CERTIFICATE_BYTES} bytes")
    return _decoded(value)


_Moment = Annotated[datetime, BeforeValidator(_moment)]
_MaybeMoment = Annotated[
    datetime | None, BeforeValidator(lambda value: None if value is None else _moment(value))
]
_Texts = Annotated[list[StrictStr], or_([])]


class _Shape(BaseModel):
    """Fields by the API's names; others are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True, strict=True)


class _Metadata(_Shape):
    name: Annotated[StrictStr, Field(min_length=1)]
    uid: Text = ""
    resource_version: Text = ""
    creation_timestamp: _Moment


class _Spec(_Shape):
    request: Annotated[bytes | InstanceOf[OversizedRequest], BeforeValidator(_request)]
    signer_name: Annotated[StrictStr, Field(min_length=1)]
    username: Text = ""
    groups: _Texts = []
    extra: Annotated[dict[StrictStr, _Texts], or_({})] = {}
    usages: _Texts = []
    expiration_seconds: StrictInt | None = None


class _Condition(_Shape):
    type: StrictStr
    status: StrictStr
    reason: Text = ""
    message: Text = ""
    last_update_time: _MaybeMoment = None


class _Status(_Shape):
    conditions: Annotated[list[_Condition], or_([])] = []
    certificate: Annotated[bytes, BeforeValidator(_certificate)] = b""


class _Item(_Shape):
    metadata: _Metadata
    spec: _Spec
    status: Annotated[_Status, or_({})] = _Status()


def _csr(metadata: _Metadata, spec: _Spec, status: _Status) -> Csr:
    return Csr(
        name=metadata.name,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
        created=metadata.creation_timestamp,
        signer=spec.signer_name,
        username=spec.username,
        groups=tuple(spec.groups),
        extra={key: tuple(values) for key, values in spec.extra.items()},
        usages=tuple(spec.usages),
        expiration_seconds=spec.expiration_seconds,
        request=spec.request,
        conditions=tuple(
            Condition(one.type, one.status, one.reason, one.message, one.last_update_time)
            for one in status.conditions
        ),
        certificate=status.certificate,
    )


def _text(item: Any, part: str, field: str) -> str | None:
    """Return a field's text; None if it can't be read."""
    holder = item.get(part) if isinstance(item, dict) else None
    value = holder.get(field) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else None

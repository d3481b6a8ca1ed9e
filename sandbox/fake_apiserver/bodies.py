"""What clients send, decoded as by Go's JSON decoder: null is absent, types are strict."""

import base64
import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sandbox.fake_apiserver.status import KIND, Json, bad_request, not_supported

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def time_text(moment: datetime) -> str:
    """Return a time as Kubernetes writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _base64(value: object) -> object:
    """Decode as Go's StdEncoding, which skips line ends only."""
    if not isinstance(value, str):
        return value
    return base64.b64decode(value.replace("\r", "").replace("\n", ""), validate=True)


def _time(text: str) -> str:
    """Return an RFC 3339 time, normalised."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"{text!r} is not an RFC 3339 time")
    return time_text(datetime.fromisoformat(text))


Bytes = Annotated[bytes, BeforeValidator(_base64)]
Time = Annotated[str, AfterValidator(_time)]
Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]


class ObjectPart(BaseModel):
    """A piece of an object. Unknown fields are dropped, as the API drops them."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Metadata(ObjectPart):
    """The part of `metadata` that this API keeps; no finalizers, owners or managed fields."""

    name: str = ""
    generateName: str = ""  # noqa: N815 - the API's names
    uid: str = ""
    resourceVersion: str = ""  # noqa: N815
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Spec(ObjectPart):
    """The part of `spec` that a client may set."""

    request: Bytes = b""
    signerName: str = ""  # noqa: N815
    expirationSeconds: Int32 | None = None  # noqa: N815
    usages: list[str] = []


class Condition(ObjectPart):
    """One of `status.conditions`."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    lastUpdateTime: Time | None = None  # noqa: N815
    lastTransitionTime: Time | None = None  # noqa: N815


class Status(ObjectPart):
    """The part of `status` that the approval subresource accepts."""

    conditions: list[Condition] = []


class Body(ObjectPart):
    """A CertificateSigningRequest as sent."""

    apiVersion: str = "certificates.k8s.io/v1"  # noqa: N815
    kind: str = KIND
    metadata: Metadata = Metadata()
    spec: Spec = Spec()
    status: Status = Status()


class Preconditions(ObjectPart):
    """The preconditions of `DeleteOptions`."""

    uid: str | None = None
    resourceVersion: str | None = None  # noqa: N815


def read_json(content: bytes) -> Json:
    """Return the JSON object in a body, without nulls. Raises `ApiError` 400."""
    try:
        value = _cleaned(json.loads(content.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        raise bad_request(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise bad_request("the body is not a JSON object")
    return value


def read_body(content: bytes) -> Body:
    """Return the CertificateSigningRequest in a body. Raises `ApiError` 400."""
    try:
        body = Body.model_validate(read_json(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise bad_request(
            f'{KIND} in version "v1" cannot be handled as a {KIND}: {where}: {first["msg"]}'
        ) from None
    if (body.apiVersion, body.kind) != ("certificates.k8s.io/v1", KIND):
        raise bad_request(f"{body.apiVersion} {body.kind} is not what this path is for")
    return body


def read_preconditions(content: bytes) -> Preconditions:
    """Return the preconditions of a body's `DeleteOptions`. Raises `ApiError` 400 and 501."""
    options = read_json(content) if content else {}
    unknown = options.keys() - {"apiVersion", "kind", "preconditions"}
    if unknown:
        raise not_supported(f"the option {min(unknown)} of DELETE")
    try:
        return Preconditions.model_validate(options.get("preconditions") or {})
    except ValidationError:
        raise bad_request("the preconditions can't be read") from None


def _cleaned(value: Any) -> Any:
    """Return the value without nulls, and with U+FFFD for lone surrogates, as Go decodes."""
    if isinstance(value, dict):
        return {_cleaned(k): _cleaned(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value

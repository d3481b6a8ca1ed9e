"""The API's errors: `Status` objects in the words of kube-apiserver.

From: Kubernetes v1.36.2, k8s.io/apimachinery pkg/api/errors/errors.go and
pkg/util/validation/field/errors.go.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

GROUP = "certificates.k8s.io"
PLURAL = "certificatesigningrequests"
KIND = "CertificateSigningRequest"
RESOURCE = f"{PLURAL}.{GROUP}"


def quoted(text: str) -> str:
    """Return text as Go's %q shows it, approximated by JSON."""
    return json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one field."""

    field: str
    type: str
    body: str

    @classmethod
    def required(cls, path: str, detail: str = "") -> "Fault":
        """Return the fault of a missing field."""
        tail = f": {detail}" if detail else ""
        return cls(path, "FieldValueRequired", f"Required value{tail}")

    @classmethod
    def invalid(cls, path: str, value: str | int, detail: str) -> "Fault":
        """Return the fault of a field with an invalid value."""
        shown = quoted(value) if isinstance(value, str) else str(value)
        return cls(path, "FieldValueInvalid", f"Invalid value: {shown}: {detail}")

    @classmethod
    def unsupported(cls, path: str, value: str, supported: Iterable[str]) -> "Fault":
        """Return the fault of a field with a value outside a fixed set."""
        known = ", ".join(quoted(choice) for choice in sorted(supported))
        body = f"Unsupported value: {quoted(value)}: supported values: {known}"
        return cls(path, "FieldValueNotSupported", body)

    @classmethod
    def duplicate(cls, path: str, value: str) -> "Fault":
        """Return the fault of a value that occurs twice in a list of distinct values."""
        return cls(path, "FieldValueDuplicate", f"Duplicate value: {quoted(value)}")

    @classmethod
    def forbidden(cls, path: str, detail: str) -> "Fault":
        """Return the fault of a change that isn't allowed."""
        return cls(path, "FieldValueForbidden", f"Forbidden: {detail}")


@dataclass(frozen=True, slots=True)
class ApiError(Exception):
    """An answer other than success."""

    code: int
    reason: str
    message: str
    details: Json = field(default_factory=dict)

    def body(self) -> Json:
        """Return the `Status` object that the client gets."""
        status: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }
        return {key: value for key, value in status.items() if key != "details" or value}


def unauthorized() -> ApiError:
    """Return 401: no token, or a token without a user."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def bad_request(message: str) -> ApiError:
    """Return 400: the request can't be read."""
    return ApiError(400, "BadRequest", message)


def forbidden(name: str, cause: str) -> ApiError:
    """Return 403: RBAC or an admission plugin refuses."""
    named = f"{RESOURCE} {quoted(name)}" if name else RESOURCE
    return ApiError(403, "Forbidden", f"{named} is forbidden: {cause}", _details(name))


def not_found(name: str) -> ApiError:
    """Return 404: no such object."""
    return ApiError(404, "NotFound", f"{RESOURCE} {quoted(name)} not found", _details(name))


def already_exists(name: str) -> ApiError:
    """Return 409: the name is taken."""
    message = f"{RESOURCE} {quoted(name)} already exists"
    return ApiError(409, "AlreadyExists", message, _details(name))


def conflict(name: str, cause: str, resource: str = RESOURCE) -> ApiError:
    """Return 409: the object is another one, or has changed."""
    message = f"Operation cannot be fulfilled on {resource} {quoted(name)}: {cause}"
    return ApiError(409, "Conflict", message, _details(name))


def expired() -> ApiError:
    """Return 410: the list of a continue token no longer exists."""
    return ApiError(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result. You must"
        " start a new list without the continue parameter.",
    )


def too_large(limit: int) -> ApiError:
    """Return 413: the request's body is over the limit."""
    message = f"Request entity too large: limit is {limit}"
    return ApiError(413, "RequestEntityTooLarge", message)


def invalid(name: str, faults: Sequence[Fault]) -> ApiError:
    """Return 422: the object is readable, and not valid."""
    texts = list(dict.fromkeys(f"{fault.field}: {fault.body}" for fault in faults))
    summary = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    causes = [{"reason": f.type, "message": f.body, "field": f.field} for f in faults]
    details = {"name": name, "group": GROUP, "kind": KIND, "causes": causes}
    message = f"{KIND}.{GROUP} {quoted(name)} is invalid: {summary}"
    return ApiError(422, "Invalid", message, {k: v for k, v in details.items() if v})


def not_supported(what: str) -> ApiError:
    """Return 501: the real API supports this, the fake one does not."""
    return ApiError(501, "NotImplemented", f"the fake API server does not support {what}")


def _details(name: str) -> Json:
    named = {"name": name} if name else {}
    return {**named, "group": GROUP, "kind": PLURAL}

"""CSRs that hide all others from an approver that reads JSON, by what is wrong with them.

kube-apiserver v1.36 accepts and lists them from anyone who may create CSRs.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from sandbox.fake_apiserver import protobuf

Json = dict[str, Any]

#: The most levels of nesting that the API server accepts in JSON.
IN_JSON: Final = 9_990

#: The most levels that it accepts of `fieldsV1` in protobuf, where null becomes `{}`. At these
#: 10,001 levels its own JSON encoder ends the list with an error.
IN_PROTOBUF: Final = 10_000


def nested(levels: int, innermost: str = "{}") -> str:
    return '{"f:a":' * levels + innermost + "}" * levels


def managed(fields: str, time: str = "2026-01-01T00:00:00Z") -> Json:
    """Return metadata with these `fieldsV1`; a half surrogate is a byte that isn't UTF-8."""
    entry = {
        "manager": "m",
        "operation": "Update",
        "apiVersion": "certificates.k8s.io/v1",
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return {"managedFields": [entry]}


NOT_UTF_8: Final = managed('{"f:\udcff":{}}')
NESTED: Final = managed(nested(IN_JSON))
BREAKS_THE_WRITER: Final = managed(nested(IN_PROTOBUF, "null"))
NO_TIME: Final = managed('{"f:a":{}}', time="after the year 9999")

#: For each kind of fault, the metadata and the problem that is reported.
KINDS: Final[Mapping[str, tuple[Json, str]]] = {
    "fields that aren't UTF-8": (NOT_UTF_8, "metadata.managedFields.fieldsV1: not UTF-8"),
    "fields nested deeply": (NESTED, "metadata.managedFields.fieldsV1: 9991 braces"),
    "fields that break the API server's JSON": (
        BREAKS_THE_WRITER,
        "metadata.managedFields.fieldsV1: 10001 braces",
    ),
    "fields of no time": (NO_TIME, "metadata.managedFields.time: expected a time"),
}


def in_protobuf(body: Json) -> bytes:
    """Return a CSR as a client sends it in protobuf."""
    return protobuf.encode(body)


def in_json(body: Json) -> bytes:
    """Return a CSR as a client sends it in JSON, with the `fieldsV1` as they are."""
    [entry] = body["metadata"]["managedFields"]
    metadata = body["metadata"] | {"managedFields": [entry | {"fieldsV1": "FIELDS"}]}
    text = json.dumps(body | {"metadata": metadata}).replace('"FIELDS"', entry["fieldsV1"])
    return text.encode("utf-8", "surrogateescape")

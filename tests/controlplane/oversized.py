"""CSRs that fill lists, each with the validation of deploy/admission.yaml that refuses it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.kubelet import kubelet_request
from tests.contract.objects import a_csr
from tests.controlplane.nodes import CSRS
from tests.controlplane.protobuf import csr_in_protobuf
from tests.real.controlplane import Client

Json = dict[str, Any]

PEM, _ = kubelet_request("n1", dns=["n1"])

#: The stored object that attacks try to change.
STORED: Final = "within-bounds"

NAME: Final = "metadata.name must have at most 253 characters"
GENERATE_NAME: Final = "metadata.generateName must have at most 253 characters"
LABELS: Final = "metadata.labels must have at most 16 labels"
ANNOTATIONS: Final = "metadata.annotations must have at most 16 annotations"
FINALIZERS: Final = "metadata.finalizers must be empty"
OWNERS: Final = "metadata.ownerReferences must be empty"
MANAGERS: Final = "metadata.managedFields must have at most 1 entry"
MANAGED_FIELDS: Final = "metadata.managedFields must name only"
REQUEST: Final = "spec.request must have at most 16384 characters of base64"

#: The field manager of all attacks, so that their own managedFields stay one entry.
MANAGER: Final = "m"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
OWNER: Final = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u"}

#: The headers of a merge patch, which keeps the fields that it omits.
MERGE: Final = {"Content-Type": "application/merge-patch+json"}


@dataclass(frozen=True)
class Attack:
    """A write, and the start of the message that it must be refused with.

    `alone`: only that validation refuses it. Otherwise the API server's own record of the write in
    managedFields exceeds that field's bound, too. `on`: a subresource of the stored object.
    """

    what: str
    message: str
    body: Mapping[str, Any] | bytes
    content_type: str = "application/json"
    on: str | None = None
    alone: bool = True

    def send(self, client: Client, headers: Mapping[str, str]) -> tuple[int, str]:
        """Send it as a dry run; return the status and the message."""
        method, path = "POST", CSRS
        if self.on is not None:
            method, path = "PATCH", f"{CSRS}/{STORED}{self.on}"
        kind = {"Content-Type": self.content_type}
        query = f"dryRun=All&fieldManager={MANAGER}"
        status, answer = client.request(method, f"{path}?{query}", self.body, {**kind, **headers})
        return status, str(answer.get("message", ""))


def a_parsed_csr(fields: object, **changes: object) -> Json:
    """Return an entry of managedFields, which passes the API server's own validation."""
    return {
        "manager": MANAGER,
        "operation": "Update",
        "apiVersion": "certificates.k8s.io/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        **changes,
    }


def a_csr_with(**metadata: object) -> Json:
    """Return a kubelet's request with these metadata."""
    body = a_csr("x", PEM)
    body["metadata"] |= metadata
    return body


def managing(fields: object, **metadata: object) -> Json:
    """Return a request whose managedFields have these fields."""
    return a_csr_with(managedFields=[a_parsed_csr(fields)], **metadata)


def _managing_raw(fields: bytes, around: str = '"FIELDS"', **metadata: object) -> bytes:
    """Return such a request as JSON, with fields that Python's JSON can't express."""
    body = json.dumps(managing(json.loads(around), **metadata))
    return body.encode().replace(b'"FIELDS"', fields)


def _nested(levels: int) -> bytes:
    return b'{"f:a":' * levels + b"{}" + b"}" * levels


def _patch(what: str, message: str, body: Json, on: str = "", *, alone: bool = True) -> Attack:
    return Attack(what, message, body, MERGE["Content-Type"], on, alone)


def _many(what: str, count: int) -> Json:
    return {f"{what}-{n}": "" for n in range(count)}


def _managers(count: int) -> list[Json]:
    fields: Json = {"f:metadata": {"f:generateName": {}}}
    return [a_parsed_csr(fields, manager=f"m{n}", operation="Apply") for n in range(count)]


_LABEL_FIELDS: Final = '{"f:metadata": {"f:labels": {"f:a": "FIELDS"}}}'
_LONG_REQUEST: Final = base64.b64encode(PEM + b"\n" * (12_289 - len(PEM))).decode()

ATTACKS: Final = [
    Attack("a long name", NAME, a_csr_with(name="n" * 254)),
    Attack("a name with a line break", NAME, a_csr_with(name="a\nb")),
    Attack(
        "a name that isn't UTF-8",
        NAME,
        csr_in_protobuf(b"a\xff", PEM),
        "application/vnd.kubernetes.protobuf",
    ),
    Attack("a long generateName", GENERATE_NAME, a_csr_with(generateName="n" * 254)),
    Attack("17 labels", LABELS, a_csr_with(labels=_many("label", 17))),
    Attack("20,000 labels", LABELS, a_csr_with(labels=_many("label", 20_000)), alone=False),
    Attack("17 annotations", ANNOTATIONS, a_csr_with(annotations=_many("note", 17))),
    Attack(
        "20,000 annotations",
        ANNOTATIONS,
        a_csr_with(annotations=_many("note", 20_000)),
        alone=False,
    ),
    Attack("a long annotation", ANNOTATIONS, a_csr_with(annotations={"a": "x" * 513})),
    Attack("250 kB of `<`", ANNOTATIONS, a_csr_with(annotations={"a": "<" * 250_000})),
    Attack(
        "a long last-applied-configuration",
        ANNOTATIONS,
        a_csr_with(annotations={LAST_APPLIED: "x" * 24_577}),
    ),
    Attack("a finalizer", FINALIZERS, a_csr_with(finalizers=["a.b/c"]), alone=False),
    Attack(
        "18,000 finalizers",
        FINALIZERS,
        a_csr_with(finalizers=[f"a.b/{n}" for n in range(18_000)]),
        alone=False,
    ),
    Attack("an owner", OWNERS, a_csr_with(ownerReferences=[OWNER]), alone=False),
    Attack(
        "1.5 MB of owners",
        OWNERS,
        a_csr_with(
            ownerReferences=[{**OWNER, "name": "n" * 10_000, "uid": f"u{n}"} for n in range(150)]
        ),
        alone=False,
    ),
    Attack("2 managers", MANAGERS, a_csr_with(managedFields=_managers(2))),
    Attack("4,000 managers", MANAGERS, a_csr_with(managedFields=_managers(4_000))),
    Attack("1.3 MB of fields", MANAGED_FIELDS, managing({f"f:{'x' * 1_300_000}": {}})),
    Attack("1.3 MB of `<` in fields", MANAGED_FIELDS, managing({f"f:{'<' * 1_300_000}": {}})),
    Attack("30,000 fields", MANAGED_FIELDS, managing({f"f:{n}": {} for n in range(30_000)})),
    Attack(
        "30,000 fields as of labels",
        MANAGED_FIELDS,
        managing({"f:metadata": {"f:labels": {f"f:{n}": {} for n in range(30_000)}}}),
    ),
    Attack(
        "1.3 MB of `<` in fields of metadata",
        MANAGED_FIELDS,
        managing({"f:metadata": {f"f:{'<' * 1_300_000}": {".": {}}}}),
    ),
    Attack("fields that aren't UTF-8", MANAGED_FIELDS, _managing_raw(b'{"f:\xff":{}}')),
    Attack(
        "fields that aren't UTF-8, as of labels",
        MANAGED_FIELDS,
        _managing_raw(b'{}, "f:a\xff": {}', _LABEL_FIELDS, labels={"a": ""}),
    ),
    Attack("fields nested 9,980 levels deep", MANAGED_FIELDS, _managing_raw(_nested(9_980))),
    Attack(
        "fields nested below a label",
        MANAGED_FIELDS,
        _managing_raw(_nested(9_980), _LABEL_FIELDS, labels={"a": ""}),
    ),
    Attack(
        "fields nested below generateName",
        MANAGED_FIELDS,
        _managing_raw(_nested(9_980), '{"f:metadata": {"f:generateName": "FIELDS"}}'),
    ),
    Attack("a long request", REQUEST, a_csr("x", PEM, request=_LONG_REQUEST)),
    *[
        _patch(f"17 labels by {on or 'update'}", LABELS, {"metadata": {"labels": labels}}, on)
        for labels in [_many("label", 17)]
        for on in ("", "/approval", "/status")
    ],
    *[
        _patch(
            f"annotations by {on or 'update'}",
            ANNOTATIONS,
            {"metadata": {"annotations": {"a": "x" * 513}}},
            on,
        )
        for on in ("", "/approval", "/status")
    ],
    *[
        _patch(f"{what} by {on or 'update'}", message, {"metadata": metadata}, on, alone=bool(on))
        for what, message, metadata in (
            ("finalizers", FINALIZERS, {"finalizers": ["a.b/c"]}),
            ("owners", OWNERS, {"ownerReferences": [OWNER]}),
        )
        for on in ("", "/approval", "/status")
    ],
    _patch("17 managers by update", MANAGERS, {"metadata": {"managedFields": _managers(17)}}),
    _patch(
        "fields by update",
        MANAGED_FIELDS,
        {"metadata": {"managedFields": [a_parsed_csr({f"f:{'<' * 1_000}": {}})]}},
    ),
    _patch(
        "fields as of a write to /approval, by update",
        MANAGED_FIELDS,
        {
            "metadata": {
                "managedFields": [a_parsed_csr({"f:status": {"f:x": {}}}, subresource="approval")]
            }
        },
    ),
]

"""Items of a list: a kubelet's CSR, and CSRs filled so that JSON parsers fail on the list."""

import base64
from typing import Any, Final

from benchmarks.nodes import Node, a_node
from core.model import KUBELET_SERVING
from sandbox.fake_apiserver import protobuf

#: The most levels of nesting that an API server accepts in JSON.
_LEVELS: Final = 9_990


def items() -> dict[str, memoryview]:
    """Return the protobuf message of each kind of item, as in a page of a list."""
    node = a_node(1)
    nested = '{"f:a":' * _LEVELS + "{}" + "}" * _LEVELS
    return {
        "a kubelet's": _message(node, {}),
        "one with bytes that aren't UTF-8": _message(node, _managed('{"f:\udcff":{}}')),
        "one nested 9,990 levels deep": _message(node, _managed(nested)),
    }


def _message(node: Node, metadata: dict[str, Any]) -> memoryview:
    own = {
        "name": "csr-1",
        "uid": "uid-1",
        "resourceVersion": "1",
        "creationTimestamp": "2026-11-24T12:00:00Z",
    }
    spec = {
        "request": base64.b64encode(node.pem).decode(),
        "signerName": KUBELET_SERVING,
        "usages": ["digital signature", "server auth"],
        "username": node.username,
        "groups": ["system:bootstrappers", "system:nodes", "system:authenticated"],
        "extra": {key: list(values) for key, values in node.extra.items()},
    }
    csr = {"metadata": own | metadata, "spec": spec, "status": {}}
    return memoryview(protobuf.message("CertificateSigningRequest", csr))


def _managed(fields: str) -> dict[str, Any]:
    entry = {
        "manager": "m",
        "operation": "Update",
        "apiVersion": "certificates.k8s.io/v1",
        "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return {"managedFields": [entry]}

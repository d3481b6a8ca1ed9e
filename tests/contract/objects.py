"""CertificateSigningRequests as the contract tests send, read and compare them."""

import base64
from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.kubelet import kubelet_request
from tests.real.controlplane import Client, eventually

Json = dict[str, Any]

CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"

KUBELET_SERVING = "kubernetes.io/kubelet-serving"

UNSIGNED = "contract.example/unsigned"
"""A signer name that no signer serves, so that nothing changes an object after its approval."""

UNUSUAL_NAMES = {
    "newline": "a\nb",
    "question mark": "a?b=c",
    "hash": "a#b",
    "plus and ampersand": "a+b&c",
    "blanks": "  a b ",
    "only a blank": " ",
    "quotes": "a\"b'c\\d",
    "markup": "<a>&amp;",
    "capitals": "Odd Name:*",
    "unicode": "ü-名前-🙂-\u202e",
    "dots": "...",
    "tab and bell": "a\tb\a",
    "nul": "a\0b",
    "semicolon and brackets": "[a];b@c:d,e",
    "10,000 characters": "n" * 10_000,
}
"""Unusual names that a CSR may have, by what is unusual about them."""

_numbers = count(1)


def unique(prefix: str) -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{next(_numbers)}"


def a_csr(name: str, pem: bytes, *, signer: object = KUBELET_SERVING, **spec: object) -> Json:
    """Return a CertificateSigningRequest as a client sends it; `spec` adds or replaces fields."""
    fields = {
        "request": base64.b64encode(pem).decode(),
        "signerName": signer,
        "usages": ["digital signature", "server auth"],
    }
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {**fields, **spec},
    }


def path_of(name: str, subresource: str = "") -> str:
    """Return the path of one CSR, with its name percent-encoded."""
    return f"{CSRS}/{quote(name, safe='')}{subresource and '/'}{subresource}"


def query(**parameters: object) -> str:
    """Return the path of the CSRs with a query."""
    return f"{CSRS}?{urlencode(parameters)}"


def create(client: Client, body: Json) -> Json:
    """Create an object and return it."""
    status, answer = client.request("POST", CSRS, body)
    assert status == 201, answer
    return answer


def read(client: Client, name: str) -> Json:
    """Read an object and return it."""
    status, answer = client.request("GET", path_of(name))
    assert status == 200, answer
    return answer


def put(client: Client, body: Mapping[str, Any]) -> tuple[int, Json]:
    """PUT an object to its approval subresource; return status and answer."""
    return client.request("PUT", path_of(body["metadata"]["name"], "approval"), body)


def decided(item: Json, *conditions: Json) -> Json:
    """Return a copy of an object with these conditions instead of its own."""
    return {**item, "status": {**item.get("status", {}), "conditions": list(conditions)}}


def a_condition(kind: str = "Approved", status: str = "True", **more: str) -> Json:
    """Return a condition as an approver writes it."""
    return {"type": kind, "status": status, "reason": "Contract", "message": "tested", **more}


def issued(client: Client, name: str) -> Json:
    """Wait until the signer has handled the object (a certificate or `Failed`), and return it."""

    def dealt_with() -> Json | None:
        item = read(client, name)
        kinds = [condition["type"] for condition in item["status"].get("conditions", ())]
        return item if "Failed" in kinds or item["status"].get("certificate") else None

    return eventually(dealt_with, f"the signer to handle {name}")


def make(admin: Client, name: str, **metadata: object) -> Json:
    pem, _ = kubelet_request("n", dns=["n"])
    body = a_csr(name, pem, signer=UNSIGNED)
    body["metadata"] |= metadata
    return create(admin, body)


def written(client: Client, body: Json) -> Json:
    status, answer = put(client, body)
    assert status == 200, answer
    return answer


def without(item: Json, *fields: str) -> Json:
    """Return an object whose metadata lacks these fields."""
    kept = {key: value for key, value in item["metadata"].items() if key not in fields}
    return {**item, "metadata": kept}


def version(item: Json) -> str:
    text: str = item["metadata"]["resourceVersion"]
    return text

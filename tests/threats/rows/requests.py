"""Attacks by the bytes of the request, its key, and its other content."""

from typing import Final

from tests.threats.row import EXAMPLES, VECTORS, Change, Row, unchecked

_READER: Final = "src/core/pkcs10.py"
_CHECKS: Final = "src/core/checks/request.py"

ROWS: Final = (
    Row(
        "put a second PEM block or text beside the first: Go and Python differ in which they read",
        VECTORS,
        (Change(_READER, "_PEM.fullmatch(request)", "_PEM.search(request)"),),
        "pem/",
    ),
    Row(
        "put the names into two attributes, so that Go and OpenSSL read different ones",
        VECTORS,
        (Change(_READER, "if found != [_EXTENSION_REQUEST]:", "if False:"),),
        "attributes/",
    ),
    Row(
        "encode the key or the signature in a way that Go reads differently",
        VECTORS,
        (
            Change(_READER, "if not content.startswith(", "if False and ("),
            Change(_READER, 'if not der.endswith(b"\\0" + csr.signature):', "if False:"),
        ),
        "/",
    ),
    Row(
        "use a weak key, or one of a kind that kubelets don't use",
        VECTORS,
        (unchecked("request.py", "key"),),
        "key/",
    ),
    Row(
        "sign with another key, or by a weak hash",
        VECTORS,
        (
            Change(_CHECKS, "if not request.signature_valid:", "if False:"),
            Change(
                _CHECKS, "if request.signature_algorithm not in _SIGNATURE_ALGORITHMS:", "if False:"
            ),
        ),
        "signature/",
    ),
    Row(
        "name another node, a second name or another group in the subject",
        VECTORS,
        (unchecked("request.py", "subject"),),
        "subject/",
    ),
    Row(
        "ask for a client certificate",
        EXAMPLES,
        (unchecked("request.py", "usages"),),
        "deny/usages/",
    ),
    Row(
        "ask to be a CA, or for other extensions",
        VECTORS,
        (unchecked("request.py", "extensions"),),
        "extension/",
    ),
    Row(
        "ask for a longer life than the policy grants",
        EXAMPLES,
        (unchecked("request.py", "lifetime"),),
        "kubelet-serving/deny/lifetime/",
    ),
)

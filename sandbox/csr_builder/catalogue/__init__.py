"""The catalogue: hostile requests by topic, and unusual valid ones.

Most were tried on a Kubernetes 1.36.2 API server and its signer, with a node's own credentials. If
`hides` is set, a certificate for the evil names was issued to a requester whose request showed only
its own names to parsers like OpenSSL's.
"""

from sandbox.csr_builder.catalogue.attributes import ATTRIBUTES
from sandbox.csr_builder.catalogue.encoding import ENCODING
from sandbox.csr_builder.catalogue.extensions import EXTENSIONS
from sandbox.csr_builder.catalogue.framing import FRAMING
from sandbox.csr_builder.catalogue.keys import KEYS
from sandbox.csr_builder.catalogue.names import NAMES
from sandbox.csr_builder.catalogue.signatures import SIGNATURES
from sandbox.csr_builder.catalogue.subject import SUBJECT
from sandbox.csr_builder.catalogue.valid import VALID

ATTACKS = (
    *FRAMING,
    *ENCODING,
    *ATTRIBUTES,
    *SUBJECT,
    *NAMES,
    *EXTENSIONS,
    *KEYS,
    *SIGNATURES,
)

__all__ = ["ATTACKS", "VALID"]

"""What one run of `csr-approver request` is to do."""

from dataclasses import dataclass
from typing import Any

from cli.request.files import Files
from cli.request.key import Key
from cli.request.spec import CertificateSpec


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. `ca_pem`: the cluster's own CA; `seconds`: how long to wait."""

    spec: CertificateSpec
    key: Key
    manifest: dict[str, Any]
    files: Files
    ca_pem: str
    approve: bool
    seconds: float
    keep: bool

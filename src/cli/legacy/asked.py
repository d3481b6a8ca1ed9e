"""What a CSR's manifest asks for."""

from dataclasses import dataclass
from typing import Final

_SERVICE_ENDINGS: Final = (".svc", ".svc.cluster.local")
_NODE: Final = "system:node:"


def is_of_service(name: str) -> bool:
    """Return whether a DNS name or a CN is that of a Service."""
    return name.endswith(_SERVICE_ENDINGS)


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a readable request. `sans`: all subjectAltNames, as text."""

    common_name: str
    organizations: tuple[str, ...]
    dns: tuple[str, ...]
    sans: tuple[str, ...]

    @property
    def is_node(self) -> bool:
        """Whether the subject is a kubelet's."""
        return self.organizations == ("system:nodes",) and self.common_name.startswith(_NODE)

    @property
    def is_service(self) -> bool:
        """Whether a name is a Service's: workloads ask for these with a node's subject, too."""
        return any(is_of_service(name) for name in (*self.dns, self.common_name))


@dataclass(frozen=True, slots=True)
class Asked:
    """The contents of a manifest. `usages`: None if absent; `names`: None if unreadable."""

    api_version: str
    name: str = ""
    signer: str | None = None
    usages: tuple[str, ...] | None = None
    expiration_seconds: int | None = None
    names: Names | None = None

"""An entry of the catalogue."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.csr_builder.keys import Key, ecdsa
from sandbox.csr_builder.request import CsrBuilder, Names

#: Builds the request: with this key, for the node `good`, after the names `evil`.
Make = Callable[[Key, Names, Names], bytes]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A request that must not be approved, or an unusual valid one.

    `description` says in one sentence what it attempts. `refused_by` is the check that must be
    among the refusals, with `effect`; empty for a valid request. `hides`: parsers like OpenSSL's
    see the node's own names where Go, and so the signer, sees the evil ones.
    """

    id: str
    title: str
    description: str
    make: Make
    refused_by: str = ""
    effect: str = "deny"
    hides: bool = False
    source: str = ""

    def build(self, good: Names, evil: Names) -> bytes:
        """Return the request, the same bytes each time: `good.node` asks for the names `evil`.

        The key is derived from the entry and the node, except where the entry is about the key.
        """
        return self.make(ecdsa(f"{self.id} {good.node}"), good, evil)


def genuine(key: Key, good: Names) -> CsrBuilder:
    """Return the node's request for its own names."""
    return CsrBuilder.of_node(key, good.node, good)


def impostor(key: Key, good: Names, evil: Names) -> CsrBuilder:
    """Return the same node's request for the evil names."""
    return CsrBuilder.of_node(key, good.node, evil)

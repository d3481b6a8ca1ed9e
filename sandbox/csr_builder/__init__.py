"""Hostile requests: a builder of PKCS#10 requests, and a catalogue of attacks made with it.

`CsrBuilder` builds a request, valid or not. `ATTACKS` has every known attack, `VALID` unusual
valid requests. The same call returns the same bytes, so that vectors don't change.
"""

from sandbox.csr_builder.catalogue import ATTACKS, VALID
from sandbox.csr_builder.entry import CatalogueEntry
from sandbox.csr_builder.request import CsrBuilder, Names

__all__ = ["ATTACKS", "VALID", "CatalogueEntry", "CsrBuilder", "Names"]

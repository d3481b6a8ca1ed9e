"""Hostile requests: a builder of PKCS#10 requests, and a catalogue of attacks made with it.

`CsrBuilder` builds a request, valid or not. `ATTACKS` has every known attack, `HONEST` unusual
requests that are no attack. The same call returns the same bytes, so that vectors don't change.
"""

from sandbox.csr_builder.attack import Attack
from sandbox.csr_builder.catalogue import ATTACKS, HONEST
from sandbox.csr_builder.request import CsrBuilder, Names

__all__ = ["ATTACKS", "HONEST", "Attack", "CsrBuilder", "Names"]

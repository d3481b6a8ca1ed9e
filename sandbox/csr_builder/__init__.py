"""Forged requests: a builder of PKCS#10 by hand, and a catalogue of attacks made with it.

`CsrBuilder` makes a request and bends it; `ATTACKS` holds every attack known here, `HONEST` the odd
requests that are none. Everything comes out the same each time, so that vectors stay the same.
"""

from sandbox.csr_builder.attack import Attack
from sandbox.csr_builder.catalogue import ATTACKS, HONEST
from sandbox.csr_builder.request import CsrBuilder, Names

__all__ = ["ATTACKS", "HONEST", "Attack", "CsrBuilder", "Names"]

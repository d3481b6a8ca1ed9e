"""DNS names as data: legal form, comparison, suffixes. Nothing is ever resolved."""

import re
from ipaddress import ip_address

# From: RFC 1123 section 2.1 and RFC 1035 section 2.3.4 (63 octets a label, 253 in all).
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_MAX_NAME = 253
# Forms in which resolvers read an IPv4 address out of a name (inet_aton): all digits or hex, dots.
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?", re.DOTALL)


def is_dns_name(name: str) -> bool:
    """True for letters, digits and hyphens in legal lengths, with at most one trailing dot."""
    bare = name.removesuffix(".")
    return len(bare) <= _MAX_NAME and all(_LABEL.fullmatch(label) for label in bare.split("."))


def looks_like_an_address(name: str) -> bool:
    """True when a DNS name reads as an IP address; its last label is never all digits.

    From: RFC 1123 section 2.1 and the WHATWG URL standard, "ends in a number".
    """
    try:
        ip_address(name)
    except ValueError:
        return _NUMERIC_END.fullmatch(name) is not None
    return True


def folded(name: str) -> str:
    """The form in which names are compared: no letter case, no trailing dot (RFC 4343)."""
    return name.casefold().removesuffix(".")


def suffix(name: str) -> str:
    """All but the first label; empty for a name of one label."""
    return name.partition(".")[2]

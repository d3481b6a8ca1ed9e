"""DNS names as data: legal form, comparison, suffixes. Nothing is ever resolved."""

import re
from ipaddress import ip_address
from string import ascii_lowercase, ascii_uppercase

# From: RFC 1123 section 2.1 and RFC 1035 section 2.3.4 (63 octets a label, 253 in all).
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_MAX_NAME = 253
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
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
    if _NUMERIC_END.fullmatch(name):
        return True
    if ":" not in name:  # as no IPv6 address is, and every IPv4 address ends in a number
        return False
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def folded(name: str) -> str:
    """The form in which names are compared: no letter case, no trailing dot.

    ASCII letters only, as in DNS: to Unicode a Kelvin sign is a k. From: RFC 4343, section 3.
    """
    return name.translate(_LOWER).removesuffix(".")


def suffix(name: str) -> str:
    """All but the first label; empty for a name of one label."""
    return name.partition(".")[2]

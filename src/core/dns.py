"""DNS names as text: legal form, comparison, suffixes. No name is ever resolved."""

import re
from ipaddress import ip_address
from string import ascii_lowercase, ascii_uppercase

# From: RFC 1123 section 2.1 and RFC 1035 section 2.3.4 (63 octets per label, 253 in all).
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_MAX_NAME = 253
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
# Names that resolvers read as an IPv4 address (inet_aton): the last label is all digits, or hex.
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?", re.DOTALL)


def is_dns_name(name: str) -> bool:
    """Return True for letters, digits and hyphens in legal lengths; one trailing dot is allowed."""
    bare = name.removesuffix(".")
    return len(bare) <= _MAX_NAME and all(_LABEL.fullmatch(label) for label in bare.split("."))


def looks_like_an_address(name: str) -> bool:
    """Return True when a name reads as an IP address: a DNS name's last label isn't all digits.

    From: RFC 1123 section 2.1 and the WHATWG URL standard, "ends in a number".
    """
    if _NUMERIC_END.fullmatch(name):
        return True
    if ":" not in name:  # every IPv6 address has one, and every IPv4 address ends in a number
        return False
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def folded(name: str) -> str:
    """Return the form in which names are compared: lower case, without a trailing dot.

    ASCII letters only, as in DNS: Unicode would fold a Kelvin sign to a k. From: RFC 4343
    section 3.
    """
    # `lower` alone is right for ASCII, and takes a tenth of the time.
    lower = name.lower() if name.isascii() else name.translate(_LOWER)
    return lower.removesuffix(".")


def suffix(name: str) -> str:
    """Return all but the first label; empty for a name of one label."""
    return name.partition(".")[2]

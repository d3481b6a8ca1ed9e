"""An API server's endpoint: the only place where a cluster's token may be sent."""

import re
from ipaddress import IPv6Address
from typing import Final

# A name or an IPv4 address, or an IPv6 address in brackets; a port; nothing that URL parsers differ
# on, such as a user, a path or a backslash.
_ENDPOINT: Final = re.compile(
    r"https://(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[(?P<ipv6>[0-9A-Fa-f:]+)\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?/?"
)

_MAX_PORT: Final = 65_535


def checked_endpoint(text: str) -> str:
    """Return the endpoint without a slash at its end.

    Raises:
        ValueError: it has anything but https, a host and perhaps a port.
    """
    match = _ENDPOINT.fullmatch(text)
    if match is None or int(match["port"] or 0) > _MAX_PORT or not _is_ipv6(match["ipv6"]):
        raise ValueError("expected https://host or https://host:port")
    return text.rstrip("/")


def _is_ipv6(text: str | None) -> bool:
    """Return whether the text is an IPv6 address; True where the host is not in brackets."""
    try:
        return text is None or bool(IPv6Address(text).exploded)
    except ValueError:
        return False

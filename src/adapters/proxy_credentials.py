"""The user name and password in a proxy's URL, which urllib3 doesn't send by itself."""

from urllib.parse import unquote

import urllib3


def proxy_headers(url: str) -> dict[str, str] | None:
    """Return the header with the credentials of an HTTP proxy's URL; None if it has none.

    A password may have any character, in percent-encoding.

    Raises:
        urllib3.exceptions.LocationParseError: it is no URL.
    """
    proxy = urllib3.util.parse_url(url)
    if not proxy.auth or proxy.scheme not in {"http", "https"}:
        return None
    # urllib3 has escaped all but ASCII, and sends each character as one byte.
    return urllib3.make_headers(proxy_basic_auth=unquote(proxy.auth, "latin-1"))

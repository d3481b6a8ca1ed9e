"""Which text is an endpoint that a token may be sent to."""

import pytest

from adapters.endpoint import checked_endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://example.com",
        "example.com",
        "https://",
        "https:///path",
        "https://user@example.com",
        "https://user:password@example.com",
        "https://example.com/path",
        "https://example.com//",
        "https://example.com?a=b",
        "https://example.com#a",
        "https://example.com\\@evil.example",
        "https://example.com:443:443",
        "https://example.com:",
        "https://example.com:x",
        "https://example.com:0",
        "https://example.com:0443",
        "https://example.com:65536",
        "https://example.com:\u0661",
        "https://exa mple.com",
        "https://example.com\n",
        "https://ex\u00e4mple.com",
        "https://example\u017f.com",
        "https://\u212aube.example.com",
        "https://-example.com",
        "https://example-",
        " https://example.com",
        "HTTPS://example.com",
        "https://[::1",
        "https://::1",
        "https://[:::::]",
        "https://[1:2]:6443",
        "https://[::ffff:10.0.0.1]",
        "https://[fe80::1%25eth0]",
    ],
)
def test_anything_but_https_a_host_and_a_port_is_refused(endpoint: str) -> None:
    """URL parsers must not differ on where the token goes."""
    with pytest.raises(ValueError, match=r"^expected https://host or https://host:port$"):
        checked_endpoint(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
        "https://x",
        "https://127.0.0.1:6443",
        "https://[::1]:65535",
        "https://[FD00::1]",
    ],
)
def test_an_endpoint_of_eks_or_an_address_is_accepted(endpoint: str) -> None:
    """A slash at the end is removed, because paths are appended."""
    assert endpoint == checked_endpoint(endpoint)
    assert endpoint == checked_endpoint(f"{endpoint}/")

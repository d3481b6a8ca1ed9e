"""The form of an EKS bearer token: what aws-iam-authenticator checks before it asks STS.

From: kubernetes-sigs/aws-iam-authenticator v0.7.18, pkg/token/token.go (Verify).
"""

import base64
import binascii
import re
from urllib.parse import parse_qsl, urlsplit

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"

#: The longest token that is accepted, in bytes.
MAX_TOKEN_BYTES = 4096

PARAMETERS = frozenset(
    {
        "action",
        "version",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
    }
)

#: Partition -> the domains of its STS endpoints: plain, then dual-stack.
#: From: aws-iam-authenticator pkg/endpoints/partitions.go.
STS_DOMAINS = {
    "aws": ("amazonaws.com", "api.aws"),
    "aws-cn": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "aws-us-gov": ("amazonaws.com", "api.aws"),
}


class TokenRefused(Exception):
    """The token is not valid here: the API answers 401, without a reason."""


def partition_of(region: str) -> str:
    """Return a Region's AWS partition, by its name: China, GovCloud or the commercial one."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((p for prefix, p in prefixes.items() if region.startswith(prefix)), "aws")


def read(token: str, partition: str) -> tuple[str, dict[str, str]]:
    """Return host and query of the URL in a token. Raises `TokenRefused`."""
    if len(token) > MAX_TOKEN_BYTES or not token.startswith(PREFIX):
        raise TokenRefused(f"not a {PREFIX} token of at most {MAX_TOKEN_BYTES} bytes")
    encoded = token.removeprefix(PREFIX)
    try:
        padded = encoded.encode("ascii") + b"=" * (-len(encoded) % 4)
        url = urlsplit(base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8"))
    except (ValueError, binascii.Error) as error:
        raise TokenRefused(str(error)) from None
    if "=" in encoded or url.scheme != "https" or url.path != "/":
        raise TokenRefused("not an unpadded https URL with the path /")
    if not _is_sts(url.netloc, partition):
        raise TokenRefused(f"unexpected host {url.netloc!r}")
    query = parse_qsl(url.query, keep_blank_values=True)
    _check_query(query)
    return url.netloc, dict(query)


def _check_query(query: list[tuple[str, str]]) -> None:
    lower = {name.lower(): value for name, value in query}
    if len(lower) != len(query) or not lower.keys() <= PARAMETERS:
        raise TokenRefused("duplicate or unexpected query parameter")
    if lower.get("action") != "GetCallerIdentity":
        raise TokenRefused("unexpected action")
    if CLUSTER_HEADER not in lower.get("x-amz-signedheaders", "").lower().split(";"):
        raise TokenRefused(f"{CLUSTER_HEADER} is not signed")
    expires = lower.get("x-amz-expires", "")
    if not re.fullmatch(r"\d{1,3}", expires, re.ASCII) or int(expires) > 900:
        raise TokenRefused("X-Amz-Expires is not 0 to 900")
    if not {"X-Amz-Date", "X-Amz-SignedHeaders"} <= {name for name, _ in query}:
        raise TokenRefused("a parameter of the signature is missing")


def _is_sts(host: str, partition: str) -> bool:
    if host == "sts.amazonaws.com":
        return partition == "aws"
    match = re.fullmatch(r"sts(?:-fips)?\.[a-z0-9-]{1,63}\.(.+)", host, re.ASCII)
    return match is not None and match[1] in STS_DOMAINS[partition]

"""Errors of AWS and of clusters in words for people: what failed, and what to do about it."""

import os
import re
from collections.abc import Mapping
from typing import Final

from adapters.aws_clients import AWS_FAULTS, message_of
from cli.account.copied import GivenOptions
from core.errors import ClusterUnavailable

_PERMISSION: Final = "get that permission, or use another --profile"
_EXPIRED: Final = "your credentials have expired: renew them"
_REJECTED: Final = "AWS rejects your credentials: renew them"
_SIGN_IN: Final = "sign in again by `aws sso login`, with your --profile if you use one"
_UNREACHABLE: Final = "AWS can't be reached: check the network and the Region's name"

#: What to do if AWS refuses or doesn't answer, by the error's code.
_FIXES: Final = {
    "AccessDenied": _PERMISSION,
    "AccessDeniedException": _PERMISSION,
    "AuthorizationError": _PERMISSION,
    "UnauthorizedOperation": _PERMISSION,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "UnrecognizedClientException": _REJECTED,
    "InvalidClientTokenId": _REJECTED,
    "UnauthorizedException": _SIGN_IN,
    "UnauthorizedSSOTokenError": _SIGN_IN,
    "SSOTokenLoadError": _SIGN_IN,
    "TokenRetrievalError": _SIGN_IN,
    "ProxyConnectionError": "the proxy doesn't answer: check HTTPS_PROXY",
    "EndpointConnectionError": _UNREACHABLE,
    "ConnectTimeoutError": _UNREACHABLE,
    "ReadTimeoutError": _UNREACHABLE,
}

_UNREACHED: Final = ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError")

#: What failed, by the cause of an error of a cluster. Other details are whole sentences.
_WHAT: Final = {
    "connection": "the API server can't be reached: ",
    "tls": "no TLS connection to the API server: ",
    "token": "no token can be made for the cluster: ",
    "status": "the API server answered ",
    "unauthorized": "the API server answered ",
    "forbidden": "the API server answered ",
    "answer": "the API server's answer can't be read: ",
    "proxy": "the proxy can't be used: ",
    "endpoint": "the cluster's endpoint: ",
}

#: How urllib3 begins: its class, and the host as an object of Python. Logs need the class.
_CLASS_AND_PLACE: Final = re.compile(r"^\w+Error: (?:\w+\(host='[^']*', port=\d+\): )?")

#: What to do, by the same cause.
_CLUSTER_FIXES: Final = {
    "connection": "run this in the cluster's network, or allow your address in publicAccessCidrs",
    "tls": "look for a proxy that intercepts TLS",
    "time": "run this again",
    "state": "wait until it is ACTIVE",
    "unauthorized": "ask a cluster administrator for an access entry for your own role",
    "forbidden": "ask for that right",
    "proxy": "check HTTPS_PROXY",
}


#: Causes for which a list is not read to its end.
_OF_LISTS: Final = ("size", "share", "name")


def in_words(error: ClusterUnavailable, fixes: Mapping[str, str] | None = None) -> str:
    """Return what failed in a cluster, and what to do about it.

    `fixes`: what to do in this command, by the error's `cause`; the others are this module's.
    """
    return _joined(what_failed(error), (fixes or {}).get(error.cause) or _fix(error))


def what_failed(error: ClusterUnavailable) -> str:
    """Return what failed in a cluster, with AWS's own message if it came from AWS."""
    detail = _CLASS_AND_PLACE.sub("", error.detail) if error.cause == "connection" else error.detail
    what = f"{_WHAT.get(error.cause, '')}{detail}"
    if isinstance(error.__cause__, AWS_FAULTS):
        return f"{what}: {message_of(error.__cause__)}"
    return what


def log_text_in_words(text: str) -> str:
    """Return why a list was not read to its end, or a decision not written.

    `text`: as logs have it, a cause and a detail, or an answer's status and message.
    """
    cause, _, detail = text.partition(": ")
    if cause.isdecimal():
        return f"the API server answered {text}"
    known = detail and (cause in _WHAT or cause in _CLUSTER_FIXES or cause in _OF_LISTS)
    return in_words(ClusterUnavailable(cause, detail)) if known else text


def own_access(name: str, region: str, given: GivenOptions) -> dict[str, str]:
    """Return the fixes for commands that need the approver's rights with the caller's own role.

    A caller without rights in the cluster can't give them to itself. Each ends with `: ` and the
    command that `access_command` returns.
    """
    command = access_command(name, region, given)
    return {
        "unauthorized": f"ask a cluster administrator to give your role access: {command}",
        "forbidden": (
            f"ask a cluster administrator to give your role the approver's rights: {command}"
        ),
    }


def access_command(name: str, region: str, given: GivenOptions) -> str:
    """Return the command that gives the caller's own role the approver's rights in a cluster."""
    return (
        f"csr-approver access {name} --region {region}{given.account} --apply "
        "--role-arn YOUR_ROLE_ARN"
    )


def hint(detail: str) -> str:
    """Return what to do about an error of AWS; empty if that isn't known."""
    code = next((code for code in _FIXES if code in detail.replace(":", " ").split()), "")
    return _joined(_FIXES.get(code, ""), _proxied() if code in _UNREACHED else "")


def with_fix(problem: str) -> str:
    """Return the problem, and what to do about it if that is known."""
    return _joined(problem, hint(problem))


def _fix(error: ClusterUnavailable) -> str:
    if error.cause == "status" and error.detail.startswith(("429", "5")):
        return "run this again"
    proxied = _proxied() if error.cause == "connection" else ""
    return _joined(_CLUSTER_FIXES.get(error.cause) or hint(error.detail), proxied)


def _proxied() -> str:
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy")):
        return "HTTPS_PROXY is set, but only used with --proxy"
    return ""


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))

"""The option `-v`: each call to AWS and to clusters, on stderr.

The libraries' own log lines are used, of which only these are free of credentials and of bodies.
"""

import logging
from typing import Final

from core.printable import printable

_HTTP: Final = "urllib3.connectionpool"
_AWS: Final = "botocore.endpoint"


def show_calls() -> None:
    """Print a line for each call from now on: AWS's operation, then method, URL and status."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Printable())
    for name, choose in ((_HTTP, _is_answer), (_AWS, _is_operation)):
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        logger.addFilter(choose)
        logger.addHandler(handler)
        logger.propagate = False


class _Printable(logging.Formatter):
    """Formats a line; its URL has names that others chose."""

    def format(self, record: logging.LogRecord) -> str:
        return f"csr-approver: {printable(record.getMessage(), None)}"


def _is_answer(record: logging.LogRecord) -> bool:
    # From: urllib3.connectionpool, HTTPConnectionPool._make_request.
    return str(record.msg).startswith('%s://%s:%s "%s %s')


def _is_operation(record: logging.LogRecord) -> bool:
    """Return whether the line announces an operation, and remove its parameters."""
    # From: botocore.endpoint, Endpoint.make_request.
    if not str(record.msg).startswith("Making request for") or not isinstance(record.args, tuple):
        return False
    operation = record.args[0]
    service = getattr(getattr(operation, "service_model", None), "service_id", "AWS")
    record.msg, record.args = "%s %s", (service, getattr(operation, "name", "?"))
    return True

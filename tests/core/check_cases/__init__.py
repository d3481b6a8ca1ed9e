"""The rule book as a table: for each check what passes it, and what each refusal looks like.

One line changes one thing of an approvable case. The lines stand in the order of the checks, all
lines of a check together. `tests/core/test_checks.py` runs every line, and fails when a check lacks
a line for passing or for one of its effects.
"""

from tests.core.check_cases import (
    addresses,
    cluster,
    instance,
    names,
    node_name,
    request,
    requester,
    service_names,
    service_request,
    service_requester,
)
from tests.core.check_cases.line import Line

__all__ = ["LINES", "SERVICE_LINES", "Line"]

#: The lines of the nodes' signer, `kubernetes.io/kubelet-serving`.
LINES: tuple[Line, ...] = (
    *requester.LINES,
    *request.LINES,
    *instance.LINES,
    *node_name.LINES,
    *cluster.LINES,
    *names.LINES,
    *addresses.LINES,
)

#: The lines of the Services' signer, `beta.eks.amazonaws.com/app-serving`.
SERVICE_LINES: tuple[Line, ...] = (
    *service_requester.LINES,
    *service_request.LINES,
    *service_names.LINES,
)

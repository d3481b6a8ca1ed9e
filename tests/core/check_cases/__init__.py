"""Examples of what each check passes and refuses.

An example changes one thing of an approvable case. The examples are in the checks' order, and those
of one check are together. `tests/core/test_checks.py` runs all of them, and fails if a check lacks
an example for passing or for one of its effects.
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
from tests.core.check_cases.example import CheckExample

__all__ = ["EXAMPLES", "SERVICE_EXAMPLES", "CheckExample"]

#: The examples for the nodes' signer, `kubernetes.io/kubelet-serving`.
EXAMPLES: tuple[CheckExample, ...] = (
    *requester.EXAMPLES,
    *request.EXAMPLES,
    *instance.EXAMPLES,
    *node_name.EXAMPLES,
    *cluster.EXAMPLES,
    *names.EXAMPLES,
    *addresses.EXAMPLES,
)

#: The examples for the Services' signer, `beta.eks.amazonaws.com/app-serving`.
SERVICE_EXAMPLES: tuple[CheckExample, ...] = (
    *service_requester.EXAMPLES,
    *service_request.EXAMPLES,
    *service_names.EXAMPLES,
)

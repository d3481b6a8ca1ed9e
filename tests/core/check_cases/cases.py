"""Cases of node requests that differ from an approvable one in one thing, and names for them."""

from core.model import Case
from tests.builders import INSTANCE_ID, a_case, a_csr, a_request, names

OTHER_NODE = "ip-10-0-1-20.eu-west-1.compute.internal"
RESOURCE_NAME = f"{INSTANCE_ID}.eu-west-1.compute.internal"
#: A request without the keys that aws-iam-authenticator adds.
BY_NAME_CSR = a_csr(extra={})


def with_names(*values: str, **rest: object) -> Case:
    """Return a case that asks for these names and addresses."""
    return a_case(request=a_request(sans=names(*values)), **rest)  # type: ignore[arg-type]

"""Node requests: an instance that isn't established as this cluster's, and so is no evidence."""

from collections.abc import Mapping

from core.model import RoleUnknown
from tests.builders import INSTANCE_ID, a_csr, an_extra, an_instance
from tests.core.check_cases.cases import OTHER_NODE, with_names
from tests.core.check_cases.line import LEAVE, Line

_FOREIGN: Mapping[str, Mapping[str, object]] = {
    "of another VPC": {"instance": an_instance(vpc_id="vpc-other")},
    "of another cluster": {"instance": an_instance(tags={"eks:cluster-name": "dev"})},
    "launched after the request": {"instance": an_instance(launched=None)},
    "of another role": {"csr": a_csr(node=OTHER_NODE, extra=an_extra(role="admin"))},
    "whose role IAM doesn't show": {"role": RoleUnknown("AccessDenied", fault=True)},
}


def unconfirmed(check: str) -> tuple[Line, ...]:
    """Return the lines of a check that would deny the request if it compared the instance."""
    return tuple(
        Line(
            check,
            f"an instance {sentence}",
            with_names(OTHER_NODE, "10.0.1.20", **{"csr": a_csr(node=OTHER_NODE), **changes}),
            LEAVE,
            "instance not confirmed as the cluster's",
            f"{INSTANCE_ID} is not confirmed as this cluster's node",
        )
        for sentence, changes in _FOREIGN.items()
    )

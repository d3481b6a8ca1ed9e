"""Node requests: an instance that isn't established as this cluster's, and so is no evidence."""

from collections.abc import Mapping

from core.model import RoleUnknown
from tests.builders import a_csr, an_extra, an_instance
from tests.core.check_cases.cases import OTHER_NODE, with_names
from tests.core.check_cases.example import CheckExample

_FOREIGN: Mapping[str, Mapping[str, object]] = {
    "of another VPC": {"instance": an_instance(vpc_id="vpc-other")},
    "of another cluster": {"instance": an_instance(tags={"eks:cluster-name": "dev"})},
    "launched after the request": {"instance": an_instance(launched=None)},
    "of another role": {"csr": a_csr(node=OTHER_NODE, extra=an_extra(role="admin"))},
    "whose role IAM doesn't show": {"role": RoleUnknown("AccessDenied", fault=True)},
}


def unconfirmed(check: str) -> tuple[CheckExample, ...]:
    """Return the examples of a check that would deny the request if it compared the instance.

    It isn't run, so it refuses nothing: the check that leaves the request says why.
    """
    return tuple(
        CheckExample(
            check,
            f"not compared with an instance {sentence}",
            with_names(OTHER_NODE, "10.0.1.20", **{"csr": a_csr(node=OTHER_NODE), **changes}),
        )
        for sentence, changes in _FOREIGN.items()
    )

"""Why EC2 doesn't confirm the names of a request: a cause for each group of names."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from cli.diagnose.cause import Cause, Explanation
from cli.diagnose.name_status import NameStatus, RequestedName
from core.dns import folded
from core.domains import AWS_SERVICE_DOMAINS
from core.model import Case

_OF_NAMES: Final = {
    NameStatus.NEEDS_SETTING: Cause.NAMES_NEED_SETTING,
    NameStatus.NOT_ACCEPTED: Cause.NAMES_NOT_ACCEPTED,
    NameStatus.NOT_ON_INSTANCE: Cause.NAMES_NOT_ON_INSTANCE,
    NameStatus.RESERVED: Cause.NAMES_RESERVED,
}

# The domains of EC2's own names. From: EC2 User Guide, "EC2 instance hostnames and domains".
_OF_EC2: Final = ("compute.internal", "ec2.internal", *AWS_SERVICE_DOMAINS)


def explain_names(case: Case, names: Iterable[RequestedName]) -> tuple[Explanation, ...]:
    """Return one cause per group of names with the same cause and settings."""
    wrong = [(_of_name(case, one), one) for one in names if one.status in _OF_NAMES]
    order = list(Cause)
    wrong.sort(key=lambda pair: (order.index(pair[0]), pair[1].settings))
    grouped = groupby(wrong, lambda pair: (pair[0], pair[1].settings))
    return tuple(
        Explanation(
            cause,
            detail=_own_name(case) if cause is Cause.HOST_NAME else "",
            values=tuple(one.value for _, one in group),
            settings=settings,
        )
        for (cause, settings), group in grouped
    )


def _of_name(case: Case, name: RequestedName) -> Cause:
    is_dns = name.kind == "DNS" and name.status is NameStatus.NOT_ON_INSTANCE
    return Cause.HOST_NAME if is_dns and _is_host_name(case, name) else _OF_NAMES[name.status]


def _is_host_name(case: Case, name: RequestedName) -> bool:
    """Return whether the machine gave itself the name: EC2 never has it, now or later.

    Another label in one of EC2's own domains is most likely another instance's name.
    """
    own = {folded(one).partition(".")[0] for one in (_own_name(case), case.csr.node or "") if one}
    value = folded(name.value)
    return value.partition(".")[0] in own or not value.endswith(tuple(f".{d}" for d in _OF_EC2))


def _own_name(case: Case) -> str:
    """Return the name that EC2 gives the instance; empty if it shows none."""
    return "" if case.instance is None else case.instance.private_dns_name

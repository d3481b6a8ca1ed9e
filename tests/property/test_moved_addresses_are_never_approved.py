"""A request for an address that has left the instance is denied, however it is counted."""

from ipaddress import IPv4Address, IPv6Address

from hypothesis import assume, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.model import Decision, Peers
from tests.builders import (
    ADDRESS,
    INSTANCE_ID,
    NODE,
    PUBLIC_ADDRESS,
    PUBLIC_NAME,
    a_case,
    a_request,
    names,
)

_SPELLED = "ec2-{}.eu-west-1.compute.amazonaws.com"
_OWN = (NODE, ADDRESS, PUBLIC_ADDRESS, PUBLIC_NAME)

_public = st.integers(0, 2**32 - 1).map(IPv4Address)
_others = st.one_of(
    _public.map(str),
    st.integers(0, 2**128 - 1).map(IPv6Address).map(str),
    _public.map(lambda ip: _SPELLED.format(str(ip).replace(".", "-"))),
    st.sampled_from(("10.0.1.77", "other.example", "kubernetes.default.svc", INSTANCE_ID)),
)


@given(
    address=_public,
    own=st.sets(st.sampled_from(_OWN)),
    others=st.lists(_others, max_size=2),
    is_spelled=st.booleans(),
    holders=st.sets(st.sampled_from((INSTANCE_ID, "i-0bbbbbbbbbbbbbbbb"))),
    again=st.booleans(),
)
@tried(max_examples=400, deadline=None)
def test_it_is_never_approved_and_only_an_honest_nodes_is_counted_apart(
    address: IPv4Address,
    own: set[str],
    others: list[str],
    *,
    is_spelled: bool,
    holders: set[str],
    again: bool,
) -> None:
    """Nothing else may be asked for, EC2 must show it nowhere else, and it must be the first."""
    assume(str(address) not in _OWN)
    name = _SPELLED.format(str(address).replace(".", "-"))
    asked = (*sorted(own), str(address), *([name] if is_spelled else []), *others)
    case = a_case(
        request=a_request(sans=names(*asked)),
        holders={address: frozenset(holders)},
        peers=Peers(asked_for_public=again),
    )

    verdict = decide(case, KUBELET_SERVING_CHECKS)

    assert verdict.decision is not Decision.APPROVE
    if verdict.is_moved_address:
        assert verdict.decision is Decision.DENY
        assert not again
        assert holders <= {INSTANCE_ID}
        assert {*others} <= {str(address), name, *_OWN}

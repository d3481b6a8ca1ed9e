"""Peers: what the rest of the list says about one CSR."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.model import Condition, Csr, ParsedCsr, Peers
from core.peers import PeerIndex
from sandbox.csr_builder import CsrBuilder, Names, keys
from sandbox.csr_builder import request as csr_builder
from tests.builders import (
    INSTANCE_ID,
    NODE,
    NOW,
    a_certificate,
    a_csr,
    a_filed_csr,
    a_parsed_csr,
    an_extra,
    approved,
)

OTHER_NODE = "ip-10-0-1-20.eu-west-1.compute.internal"
MINUTE = timedelta(minutes=1)


def peers_of(csr: Csr, *others: Csr) -> Peers:
    """Return what the list of all these says about the first."""
    entries = [a_parsed_csr(filed) for filed in (csr, *others)]
    return index_of(*entries).of(entries[0])


def index_of(*entries: ParsedCsr) -> PeerIndex:
    index = PeerIndex(NOW, 15 * MINUTE)
    for entry in entries:
        index.note(entry.csr)
        index.add(entry)
    return index


def old(name: str = "csr-old", age: timedelta = 7 * MINUTE, **rest: Any) -> Csr:
    return a_csr(name=name, age=age, **rest)


# --- newer requests ------------------------------------------------------------------------------


def test_a_csr_alone_has_no_peers() -> None:
    """A CSR isn't its own peer."""
    assert Peers() == peers_of(a_filed_csr())


def test_the_newest_request_of_a_requester_supersedes_all_others() -> None:
    """`newer` names the newest of them."""
    newer, newest = old("csr-newer", 3 * MINUTE), old("csr-newest", MINUTE)

    assert peers_of(old(), newer, newest).newer == "csr-newest"
    assert peers_of(old(), newest, newer).newer == "csr-newest"
    assert peers_of(newer, old(), newest).newer == "csr-newest"
    assert peers_of(newest, old(), newer).newer is None


def test_of_two_created_at_one_time_the_later_name_is_newer() -> None:
    """The order of the CSRs in the list doesn't matter."""
    assert peers_of(old("csr-a"), old("csr-b")).newer == "csr-b"
    assert peers_of(old("csr-b"), old("csr-a")).newer is None


@pytest.mark.parametrize("kind", ["Approved", "Denied", "Failed"])
def test_of_two_created_at_one_time_the_pending_one_is_newer_than_the_decided_one(
    kind: str,
) -> None:
    """A node may file two in one second; the decision on one must not block the other."""
    decided = old("csr-b", conditions=(Condition(kind, "True", "x", "", NOW),))

    assert peers_of(old("csr-a"), decided).newer is None
    assert peers_of(decided, old("csr-a")).newer == "csr-a"


@pytest.mark.parametrize("kind", ["Approved", "Denied", "Failed"])
def test_a_decided_csr_counts_as_newer(kind: str) -> None:
    """The kubelet that filed it has dropped the key of its earlier request."""
    decided = old("csr-new", MINUTE, conditions=(Condition(kind, "True", "x", "", NOW),))

    assert peers_of(old(), decided).newer == "csr-new"


def test_a_csr_within_the_clock_skew_counts_as_newer() -> None:
    """Up to 30 s ahead is within the clock skew."""
    assert peers_of(old(), old("csr-ahead", timedelta(seconds=-30))).newer == "csr-ahead"


def test_a_csr_from_the_future_supersedes_no_other() -> None:
    """31 s ahead is too far: otherwise a wrong clock would block a node forever."""
    future = old("csr-future", timedelta(seconds=-31))

    assert peers_of(old(), future).newer is None
    assert peers_of(future, old()).newer is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(old("csr-new", MINUTE, node=OTHER_NODE), id="another-username"),
        pytest.param(
            old("csr-new", MINUTE, extra=an_extra("i-0bbbbbbbbbbbbbbbb")), id="another-session"
        ),
        pytest.param(old("csr-new", MINUTE, extra={}), id="no-session"),
        pytest.param(
            old("csr-new", MINUTE, extra={"sessionName": (INSTANCE_ID,) * 2}), id="two-sessions"
        ),
    ],
)
def test_another_requester_supersedes_no_request(other: Csr) -> None:
    """A requester is a username together with a session."""
    assert peers_of(old(), other).newer is None


# --- since when ----------------------------------------------------------------------------------


def test_a_requester_has_been_asking_since_its_first_request() -> None:
    """Requests filed in between don't matter."""
    first, second = old("csr-1", 9 * MINUTE), old("csr-2", 5 * MINUTE)

    assert peers_of(old(age=MINUTE), second, first).asking_since == first.created
    assert peers_of(second, old(age=MINUTE), first).asking_since == first.created
    assert peers_of(first, old(age=MINUTE), second).asking_since is None


def test_a_request_counts_as_asking_up_to_the_age_at_which_it_is_abandoned() -> None:
    """At exactly 15 minutes it isn't abandoned."""
    oldest = old(age=15 * MINUTE)

    assert peers_of(old("csr-new", MINUTE), oldest).asking_since == oldest.created


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param(old(conditions=(approved(),)), id="approved"),
        pytest.param(old(age=15 * MINUTE + timedelta(seconds=1)), id="abandoned"),
        pytest.param(old(node=OTHER_NODE), id="another-node"),
        pytest.param(old(extra=an_extra(role="other-role")), id="another-role"),
    ],
)
def test_a_decided_abandoned_or_foreign_request_does_not_count_as_asking(earlier: Csr) -> None:
    """Only pending, fresh requests of the same requester count."""
    assert peers_of(old("csr-new", MINUTE), earlier).asking_since is None


def test_a_decided_request_counts_from_its_own_filing() -> None:
    """A later one that is pending is no earlier request."""
    decided = old(conditions=(approved(),))

    assert peers_of(decided, old("csr-new", MINUTE)).asking_since is None


def test_only_an_earlier_request_counts_as_having_asked_for_a_public_address() -> None:
    """A request that can't be read may have named one."""
    issued = old(conditions=(approved("AutoApproved"),), certificate=b"x")

    assert not peers_of(issued, old("csr-new", MINUTE)).asked_for_public
    assert peers_of(old("csr-new", MINUTE), old()).asked_for_public


# --- shared keys ---------------------------------------------------------------------------------


def test_a_shared_key_names_the_other_requester() -> None:
    """Of several requesters it names the first in alphabetical order."""
    mine = a_filed_csr(words="one key")
    others = [
        a_filed_csr(name=f"csr-{node}", node=node, words="one key") for node in ("zeta", "alpha")
    ]

    assert peers_of(mine, *others).same_key == "system:node:alpha"


@pytest.mark.parametrize("kind", ["Approved", "Denied", "Failed"])
def test_a_decided_csr_counts_for_its_key(kind: str) -> None:
    """A key stays used once it was used."""
    other = a_filed_csr(
        name="csr-b",
        node=OTHER_NODE,
        words="one key",
        conditions=(Condition(kind, "True", "x", "", NOW),),
    )

    assert f"system:node:{OTHER_NODE}" == peers_of(a_filed_csr(words="one key"), other).same_key


def test_a_requester_may_reuse_its_own_key() -> None:
    """A client that lost its connection may file the same request again."""
    again = a_filed_csr(name="csr-again", words="one key", extra=an_extra("i-0bbbbbbb"))

    assert peers_of(a_filed_csr(words="one key"), again).same_key is None


def test_only_the_key_is_compared() -> None:
    """The other contents of the requests don't matter."""
    assert peers_of(a_filed_csr(), a_filed_csr(name="csr-b", node=OTHER_NODE)).same_key is None


def forged(pem: bytes) -> Csr:
    """Return another requester's CSR with this request."""
    return a_csr(name="csr-b", node=OTHER_NODE, request=pem)


KEY = keys.ecdsa("one key")
MINE = CsrBuilder.of_node(KEY, NODE, Names(NODE, (NODE,)))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(forged(MINE.pem()), id="a-copy-of-the-request"),
        pytest.param(forged(MINE.subject().pem()), id="no-subject"),
        pytest.param(
            forged(
                MINE.subject(*csr_builder.kubelet_rdns(OTHER_NODE))
                .signed_by(keys.ecdsa("another"))
                .pem()
            ),
            id="not-signed-by-the-key",
        ),
        pytest.param(
            forged(MINE.subject(*csr_builder.kubelet_rdns(OTHER_NODE)).pem() + b"\n"),
            id="not-well-formed",
        ),
        pytest.param(
            a_filed_csr(name="csr-b", node=OTHER_NODE, words="one key", groups=("system:nodes",)),
            id="not-of-the-nodes-groups",
        ),
        pytest.param(
            a_filed_csr(name="csr-b", node=OTHER_NODE, words="one key", username="alice"),
            id="not-a-node",
        ),
    ],
)
def test_a_copy_of_a_request_blocks_no_other(other: Csr) -> None:
    """A key counts only for a requester whose own request is signed with it."""
    assert peers_of(a_filed_csr(words="one key"), other).same_key is None


def test_keys_that_cant_be_verified_are_not_shared() -> None:
    """A key of an unknown algorithm doesn't prove whose it is."""
    silent = keys.silent_key("1.2.3.4", bytes(32))
    mine, other = (
        a_csr(
            name=node,
            node=node,
            request=CsrBuilder.of_node(silent, node, Names(node, (node,))).pem(),
        )
        for node in ("a", "b")
    )

    assert peers_of(mine, other).same_key is None


def test_an_unreadable_request_shares_no_key() -> None:
    """An unreadable request has no key to compare."""
    assert peers_of(a_csr(), a_filed_csr(name="csr-b", node=OTHER_NODE)).same_key is None


# --- wrong certificates --------------------------------------------------------------------------


def mismatched(name: str = "csr-earlier", **rest: Any) -> Csr:
    """Return a CSR whose certificate has a name that wasn't requested."""
    csr = a_filed_csr(name=name, conditions=(approved(),), **rest)
    wrong = a_certificate(csr, sans=(csr_builder.dns("kubernetes.default.svc"),))
    return a_filed_csr(name=name, conditions=(approved(),), certificate=wrong, **rest)


def test_a_mismatch_of_the_same_requester_is_named() -> None:
    """Of several it is the first in alphabetical order."""
    assert peers_of(a_filed_csr(), mismatched("csr-2"), mismatched("csr-1")).mismatch == "csr-1"


@pytest.mark.parametrize(
    "extra", [an_extra("i-0bbbbbbbbbbbbbbbb"), an_extra(role="gpu-node"), {}], ids=str
)
def test_a_mismatch_of_another_session_or_role_of_the_username_doesnt_count(
    extra: Mapping[str, tuple[str, ...]],
) -> None:
    """EKS derives a node's username from the session alone, so any of them may be another's."""
    assert peers_of(a_filed_csr(), mismatched(extra=extra)).mismatch is None


def test_the_csrs_own_mismatch_and_other_nodes_mismatches_dont_count() -> None:
    """A CSR isn't its own peer, and another node's certificate doesn't matter."""
    assert peers_of(mismatched()).mismatch is None
    assert peers_of(a_filed_csr(node=OTHER_NODE), mismatched()).mismatch is None


def test_the_index_can_be_filled_step_by_step() -> None:
    """`evaluate --decided` replays a list over time."""
    first, second = a_parsed_csr(old()), a_parsed_csr(old("csr-new", MINUTE))
    index = index_of(first)

    assert index.of(first).newer is None

    index.note(second.csr)

    assert index.of(first).newer == "csr-new"


def test_a_request_that_is_not_in_the_index_is_compared_with_it() -> None:
    """A request doesn't have to be added to the index first."""
    assert PeerIndex(NOW, 15 * MINUTE).of(a_parsed_csr(old())) == Peers()


# --- how many are newer --------------------------------------------------------------------------


def of_namespace(name: str, age: timedelta, namespace: str = "shop", **rest: Any) -> Csr:
    """Return a CSR of a ServiceAccount that files no other."""
    return old(name, age, username=f"system:serviceaccount:{namespace}:{name}", **rest)


def test_newer_pending_requests_of_the_namespace_are_counted() -> None:
    """Those of all its ServiceAccounts count, but not older, decided or other namespaces' ones."""
    mine = of_namespace("web", 5 * MINUTE)
    others = (
        of_namespace("newer-1", MINUTE),
        of_namespace("newer-2", 2 * MINUTE),
        of_namespace("older", 6 * MINUTE),
        of_namespace("decided", MINUTE, conditions=(approved(),)),
        of_namespace("elsewhere", MINUTE, namespace="lab"),
    )

    assert 2 == peers_of(mine, *others).newer_in_namespace


def test_a_node_has_no_namespace_whose_requests_could_be_newer() -> None:
    """Other nodes' requests, however many, don't count."""
    assert 0 == peers_of(old(), old("other", MINUTE, node=OTHER_NODE)).newer_in_namespace


class Counted(datetime):
    """A time that counts comparisons."""

    compared = 0

    def __lt__(self, value: Any, /) -> bool:
        Counted.compared += 1
        return super().__lt__(value)


def test_a_namespace_that_files_thousands_is_sorted_once() -> None:
    """Sorting for each of ten thousand requests took the time of all other requests."""
    many = 400
    moment = Counted(2026, 11, 24, 11, 59, tzinfo=UTC)
    asked = [
        replace(
            a_csr(name=f"web-{number}", username=f"system:serviceaccount:shop:app-{number}"),
            created=moment + timedelta(milliseconds=number),
        )
        for number in range(many)
    ]
    index = PeerIndex(NOW, 15 * MINUTE)
    for entry in asked:
        index.note(entry)
    Counted.compared = 0

    assert [many - 1 - at for at in range(many)] == [
        index.newer_in_namespace(entry) for entry in asked
    ]
    assert Counted.compared < many * 30

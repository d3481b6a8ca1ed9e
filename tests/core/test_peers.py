"""What the rest of the list says of one CSR."""

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

OTHER = "ip-10-0-1-20.eu-west-1.compute.internal"
MINUTE = timedelta(minutes=1)


def peers_of(csr: Csr, *others: Csr) -> Peers:
    """What the list of all these says of the first."""
    entries = [a_parsed_csr(one) for one in (csr, *others)]
    return index_of(*entries).of(entries[0])


def index_of(*entries: ParsedCsr) -> PeerIndex:
    index = PeerIndex(NOW, 15 * MINUTE)
    for entry in entries:
        index.note(entry.csr)
        index.add(entry)
    return index


def old(name: str = "csr-old", age: timedelta = 7 * MINUTE, **rest: Any) -> Csr:
    return a_csr(name=name, age=age, **rest)


# --- newer ones ----------------------------------------------------------------------------------


def test_a_csr_alone_has_no_peers() -> None:
    """It isn't its own peer."""
    assert Peers() == peers_of(a_filed_csr())


def test_the_newest_of_a_requester_supersedes_all_others() -> None:
    """Of several the newest is named."""
    newer, newest = old("csr-newer", 3 * MINUTE), old("csr-newest", MINUTE)

    assert peers_of(old(), newer, newest).newer == "csr-newest"
    assert peers_of(newer, old(), newest).newer == "csr-newest"
    assert peers_of(newest, old(), newer).newer is None


def test_of_equal_times_the_later_name_is_the_newer() -> None:
    """One of the two counts, whatever their order."""
    assert peers_of(old("csr-a"), old("csr-b")).newer == "csr-b"
    assert peers_of(old("csr-b"), old("csr-a")).newer is None


@pytest.mark.parametrize("kind", ["Approved", "Denied", "Failed"])
def test_of_equal_times_a_pending_one_is_newer_than_a_decided_one(kind: str) -> None:
    """A node may file two in one second; the decision on one must not strand the other."""
    decided = old("csr-b", conditions=(Condition(kind, "True", "x", "", NOW),))

    assert peers_of(old("csr-a"), decided).newer is None
    assert peers_of(decided, old("csr-a")).newer == "csr-a"


@pytest.mark.parametrize("kind", ["Approved", "Denied", "Failed"])
def test_a_decided_one_counts_as_newer(kind: str) -> None:
    """The kubelet that filed it has dropped the key of the one before."""
    decided = old("csr-new", MINUTE, conditions=(Condition(kind, "True", "x", "", NOW),))

    assert peers_of(old(), decided).newer == "csr-new"


def test_one_within_the_skew_of_clocks_counts_as_newer() -> None:
    """30 s ahead is no future."""
    assert peers_of(old(), old("csr-ahead", timedelta(seconds=-30))).newer == "csr-ahead"


def test_one_from_the_future_supersedes_nobody() -> None:
    """31 s ahead is; else a wrong clock would block a node for good."""
    assert peers_of(old(), old("csr-future", timedelta(seconds=-31))).newer is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(old("csr-new", MINUTE, node=OTHER), id="another-username"),
        pytest.param(
            old("csr-new", MINUTE, extra=an_extra("i-0bbbbbbbbbbbbbbbb")), id="another-session"
        ),
        pytest.param(old("csr-new", MINUTE, extra={}), id="no-session"),
        pytest.param(
            old("csr-new", MINUTE, extra={"sessionName": (INSTANCE_ID,) * 2}), id="two-sessions"
        ),
    ],
)
def test_another_requester_supersedes_nobody(other: Csr) -> None:
    """A requester is a username with a session."""
    assert peers_of(old(), other).newer is None


# --- since when ----------------------------------------------------------------------------------


def test_who_files_anew_has_been_asking_since_his_first_request() -> None:
    """Whatever he files in between."""
    first, second = old("csr-1", 9 * MINUTE), old("csr-2", 5 * MINUTE)

    assert peers_of(old(age=MINUTE), second, first).asking_since == first.created
    assert peers_of(second, old(age=MINUTE), first).asking_since == first.created
    assert peers_of(first, old(age=MINUTE), second).asking_since is None


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param(old(conditions=(approved(),)), id="approved"),
        pytest.param(old(age=15 * MINUTE + timedelta(seconds=1)), id="abandoned"),
        pytest.param(old(node=OTHER), id="another-nodes"),
        pytest.param(old(extra=an_extra(role="other-role")), id="another-roles"),
    ],
)
def test_nobody_is_asking_by_a_request_that_is_settled_or_anothers(earlier: Csr) -> None:
    """Only what is pending, fresh and his own counts."""
    assert peers_of(old("csr-new", MINUTE), earlier).asking_since is None


# --- shared keys ---------------------------------------------------------------------------------


def test_a_key_of_another_requester_is_told_with_his_name() -> None:
    """Of several the first by name, so that it is always the same."""
    mine = a_filed_csr(words="one key")
    others = [
        a_filed_csr(name=f"csr-{node}", node=node, words="one key") for node in ("zeta", "alpha")
    ]

    assert peers_of(mine, *others).same_key == "system:node:alpha"


@pytest.mark.parametrize("kind", ["Approved", "Denied", "Failed"])
def test_a_decided_csr_counts_for_its_key(kind: str) -> None:
    """A key that was used once is used."""
    other = a_filed_csr(
        name="csr-b",
        node=OTHER,
        words="one key",
        conditions=(Condition(kind, "True", "x", "", NOW),),
    )

    assert f"system:node:{OTHER}" == peers_of(a_filed_csr(words="one key"), other).same_key


def test_ones_own_key_may_be_used_again() -> None:
    """A kubelet that was cut off may file the same request anew."""
    again = a_filed_csr(name="csr-again", words="one key", extra=an_extra("i-0bbbbbbb"))

    assert peers_of(a_filed_csr(words="one key"), again).same_key is None


def test_keys_are_compared_as_keys() -> None:
    """Another key is another, and one key is one whatever else is asked for."""
    assert peers_of(a_filed_csr(), a_filed_csr(name="csr-b", node=OTHER)).same_key is None


def forged(pem: bytes) -> Csr:
    """Another requester's CSR with this request."""
    return a_csr(name="csr-b", node=OTHER, request=pem)


KEY = keys.ecdsa("one key")
MINE = CsrBuilder.of_node(KEY, NODE, Names(NODE, (NODE,)))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(forged(MINE.pem()), id="a-copy-of-the-request"),
        pytest.param(forged(MINE.subject().pem()), id="no-subject"),
        pytest.param(
            forged(
                MINE.subject(*csr_builder.kubelet_rdns(OTHER))
                .signed_by(keys.ecdsa("another"))
                .pem()
            ),
            id="not-signed-by-the-key",
        ),
        pytest.param(
            forged(MINE.subject(*csr_builder.kubelet_rdns(OTHER)).pem() + b"\n"),
            id="not-well-formed",
        ),
        pytest.param(
            a_filed_csr(name="csr-b", node=OTHER, words="one key", groups=("system:nodes",)),
            id="not-of-the-nodes-groups",
        ),
        pytest.param(
            a_filed_csr(name="csr-b", node=OTHER, words="one key", username="alice"),
            id="not-a-node",
        ),
    ],
)
def test_a_copy_of_a_request_blocks_no_other(other: Csr) -> None:
    """A key counts only for a requester whose own request is signed with it."""
    assert peers_of(a_filed_csr(words="one key"), other).same_key is None


def test_keys_that_cant_be_verified_are_nobodys() -> None:
    """All unknown algorithms look alike, and prove nothing."""
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


def test_an_unread_request_shares_no_key() -> None:
    """There is nothing to compare."""
    assert peers_of(a_csr(), a_filed_csr(name="csr-b", node=OTHER)).same_key is None


# --- wrong certificates --------------------------------------------------------------------------


def mismatched(name: str = "csr-earlier", **rest: Any) -> Csr:
    """A CSR whose certificate holds a name that nobody asked for."""
    csr = a_filed_csr(name=name, conditions=(approved(),), **rest)
    wrong = a_certificate(csr, sans=(csr_builder.dns("kubernetes.default.svc"),))
    return a_filed_csr(name=name, conditions=(approved(),), certificate=wrong, **rest)


def test_a_mismatch_of_the_same_requester_is_told() -> None:
    """Of several the first by name."""
    assert peers_of(a_filed_csr(), mismatched("csr-2"), mismatched("csr-1")).mismatch == "csr-1"


def test_a_mismatch_counts_for_the_username_whatever_the_session() -> None:
    """A node that was started anew is the same node to the signer."""
    other = mismatched(extra=an_extra("i-0bbbbbbbbbbbbbbbb"))

    assert peers_of(a_filed_csr(), other).mismatch == "csr-earlier"


def test_ones_own_mismatch_and_others_dont_count() -> None:
    """A CSR isn't its own peer, and other nodes are other nodes."""
    assert peers_of(mismatched()).mismatch is None
    assert peers_of(a_filed_csr(node=OTHER), mismatched()).mismatch is None


def test_the_index_can_be_filled_bit_by_bit() -> None:
    """As it is when a list is replayed in time."""
    first, second = a_parsed_csr(old()), a_parsed_csr(old("csr-new", MINUTE))
    index = index_of(first)

    assert index.of(first).newer is None

    index.note(second.csr)

    assert index.of(first).newer == "csr-new"


def test_an_entry_outside_the_index_is_compared_with_it() -> None:
    """It needn't be in it."""
    assert PeerIndex(NOW, 15 * MINUTE).of(a_parsed_csr(old())) == Peers()


# --- how many are ahead --------------------------------------------------------------------------


class Counted(datetime):
    """A time that counts how often times are compared."""

    compared = 0

    def __lt__(self, value: Any, /) -> bool:
        Counted.compared += 1
        return super().__lt__(value)


def test_a_namespace_that_files_thousands_is_sorted_once() -> None:
    """Sorted anew for each of them, ten thousand took the time of all others."""
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
    for one in asked:
        index.note(one)
    Counted.compared = 0

    assert [many - 1 - at for at in range(many)] == [index.newer_in_namespace(one) for one in asked]
    assert Counted.compared < many * 30

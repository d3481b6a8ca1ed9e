"""A review of some requests only, which may not reach them."""

from datetime import timedelta

from cli.review.limits import LimitedApi, Limits
from cli.review.run import Reviewed, SignerReviewed, review_signer
from core.model import KUBELET_SERVING, Action
from core.ports import Ports
from core.signers import SIGNERS
from tests.builders import a_cluster, a_filed_csr, settings
from tests.core.fakes import FakeApi, FakeClock, FakeFleet, FakeLedger

NAME = a_filed_csr().name


def reviewed(*, seconds: float, age: timedelta = timedelta(minutes=7)) -> SignerReviewed:
    """Return a review of one named request, by a run with so many seconds."""
    limits = Limits((NAME,))
    api = LimitedApi(FakeApi([a_filed_csr(age=age)]), limits)
    ports = Ports(api, FakeFleet(), FakeClock(left=seconds), FakeLedger())
    return review_signer(a_cluster(), SIGNERS[KUBELET_SERVING], settings(), ports, limits)


def is_whole(one: SignerReviewed) -> bool:
    """Return whether everything that was asked for is known, which is exit 0."""
    return Reviewed(a_cluster(), (one,), settings(), applied=False, only=(NAME,)).is_whole


def test_a_named_request_that_the_run_does_not_reach_is_unknown() -> None:
    """Without a verdict it isn't known to be well, and the reason isn't that nothing is due."""
    cut_short = reviewed(seconds=0)

    assert not is_whole(cut_short)
    assert 1 == cut_short.count(Action.DEFERRED)
    [(csr, why)] = cut_short.unjudged
    assert (NAME, "not known to be judged: the time was up; run this again") == (csr.name, why)


def test_a_named_request_that_waits_is_known() -> None:
    """Nothing is due for a young request, so a run with time has nothing to judge."""
    waits = reviewed(seconds=50, age=timedelta(seconds=5))

    assert is_whole(waits)
    assert 0 == waits.count(Action.DEFERRED)
    [(_, why)] = waits.unjudged
    assert why.startswith("no decision is due at an age of ")

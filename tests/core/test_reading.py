"""Reading requests: each once, and one bad CSR stops no other."""

from dataclasses import replace

import pytest

from core.budget import Budget
from core.memo import Memo, weight_of
from core.model import (
    APP_SERVING,
    NOT_READ,
    Bug,
    Case,
    Csr,
    Deferred,
    Identity,
    IdentityKind,
    OversizedRequest,
    ParsedCsr,
    Pkcs10,
    ServiceClaim,
    UnreadableRequest,
)
from core.peers import PeerIndex
from core.reading import read, read_all, read_list
from core.signers import SIGNERS
from tests.builders import (
    INSTANCE_ID,
    NODE,
    a_certificate,
    a_context,
    a_csr,
    a_filed_csr,
    a_parsed_csr,
    a_policy,
    approved,
)
from tests.core.fakes import Exploding, FakeClock
from tests.service_builders import a_filed_service_csr

BY_SESSION = Identity(IdentityKind.SESSION, INSTANCE_ID, NODE)


def cases(*csrs: Csr) -> list[Case]:
    return [a_context().case_of(csr) for csr in csrs]


def test_a_csr_is_read_with_what_follows_from_it_alone() -> None:
    """The result has its request, its identity, and whether its key is proven."""
    csr = a_filed_csr()

    parsed = a_parsed_csr(csr)

    assert isinstance(parsed.request, Pkcs10)
    assert (csr, BY_SESSION, True, False) == (
        parsed.csr,
        parsed.case.identity,
        parsed.key_is_proven,
        parsed.mismatched,
    )


def test_a_service_accounts_csr_is_read_with_what_it_claims() -> None:
    """A ServiceAccount's CSR claims Services, not an instance."""
    context = replace(a_context(), signer=SIGNERS[APP_SERVING])

    case = read(context.case_of(a_filed_service_csr()), context).case

    assert (None, ServiceClaim("shop", ("web",))) == (case.identity, case.claim)


@pytest.mark.parametrize(("allowed", "kind"), [(True, IdentityKind.NAME), (False, None)])
def test_the_policy_decides_whether_a_name_is_an_identity(
    allowed: bool,  # noqa: FBT001  a case
    kind: IdentityKind | None,
) -> None:
    """By default a name isn't an identity."""
    context = a_context(policy=a_policy(allow_name_identity=allowed))

    identity = read(context.case_of(a_csr(extra={})), context).case.identity

    assert kind == (identity and identity.kind)


def test_an_unreadable_request_keeps_the_parsers_problem() -> None:
    """A check decides what follows from it."""
    parsed = a_parsed_csr(a_csr(request=b"x"))

    assert (
        UnreadableRequest("not exactly one CERTIFICATE REQUEST block, first byte to last")
        == parsed.request
    )
    assert not parsed.key_is_proven


def test_an_oversized_request_is_unreadable() -> None:
    """Only its size is known."""
    parsed = a_parsed_csr(a_csr(request=OversizedRequest(70_000)))

    assert UnreadableRequest("got 70000 bytes, expected at most 65536") == parsed.request


def test_a_csr_with_a_wrong_certificate_is_marked() -> None:
    """The requester's later CSRs are left because of it."""
    csr = a_filed_csr(conditions=(approved(),))
    wrong = replace(csr, certificate=a_certificate(csr, sans=()))
    other = replace(csr, certificate=a_certificate(csr, node="other"))

    assert [False, True] == [a_parsed_csr(filed).mismatched for filed in (wrong, other)]


def test_a_bug_in_reading_one_csr_stops_no_other() -> None:
    """The CSR is reported as a bug, with its cluster."""
    bad, good = replace(a_csr(name="csr-bad"), extra=Exploding()), a_filed_csr()

    broken, parsed = read_all(cases(bad, good), a_context())

    assert isinstance(parsed, ParsedCsr)
    assert good == parsed.csr
    assert broken == Bug(cases(bad)[0], "this is a bug: RuntimeError: boom")


def test_without_time_left_the_rest_is_deferred_unread() -> None:
    """A deferred CSR is no bug."""
    times = iter([True, False])

    first, second = read_all(cases(a_csr(), a_csr(name="csr-b")), a_context(), lambda: next(times))

    assert isinstance(first, ParsedCsr)
    assert isinstance(second, Deferred)
    assert second.case.request is NOT_READ


# --- what is kept for the next run ---------------------------------------------------------------


def weights(*budgets: FakeClock) -> list[int]:
    """Read two requests, then only the first of them in a run for each clock; return the weights.

    Each is the weight of what is kept after the run.
    """
    memo = Memo()
    a, b = a_csr(request=b"a"), a_csr(name="csr-b", request=b"b")
    kept = []
    for listed, clock in (((a, b), FakeClock()), *(((a,), clock) for clock in budgets)):
        context = replace(a_context(), reader=memo.reader("prod"))
        peers = PeerIndex(context.now, context.max_age)
        budget = Budget(clock, context.signer.seconds)
        read_list(cases(*listed), (), peers, context, budget, lambda _: None)
        kept.append(context.reader.weight)
    return kept


def test_what_a_complete_run_has_not_listed_is_forgotten() -> None:
    """If kept, a cluster's old requests would take the memory of other clusters."""
    assert [2 * weight_of(b"a"), weight_of(b"a")] == weights(FakeClock())


def test_what_a_run_has_no_time_to_read_is_kept() -> None:
    """The next run reads it."""
    assert [2 * weight_of(b"a")] * 2 == weights(FakeClock(left=0))

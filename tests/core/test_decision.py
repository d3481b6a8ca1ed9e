"""How refusals become a verdict."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.checks import APP_SERVING_CHECKS, KUBELET_SERVING_CHECKS, Check, Need
from core.decision import decide, has_own_instance
from core.model import NOT_PROVIDED, Case, Decision, Effect, Refusal, UnreadableRequest, Verdict
from core.printable import MAX_DETAIL, printable
from core.signers import SIGNERS
from tests.builders import a_case, a_csr, a_policy, a_request, an_instance, names
from tests.service_builders import a_service_case

DENY, LEAVE = Effect.DENY, Effect.LEAVE


def a_check(
    id: str = "a",  # noqa: A002  the field's name
    gives: Effect | None = None,
    *,
    gate: bool = False,
    needs: Need | None = None,
    uses: Need | None = None,
    establishes: Need | None = None,
    applies: bool = True,
) -> Check:
    """Return a check that always gives this refusal, or none."""
    refusal = None if gives is None else Refusal(gives, f"{id} refuses", "a detail")
    return Check(
        id,
        lambda _: refusal,
        frozenset({DENY, LEAVE}),
        needs=frozenset() if needs is None else frozenset({needs}),
        uses=frozenset() if uses is None else frozenset({uses}),
        establishes=frozenset() if establishes is None else frozenset({establishes}),
        applies=lambda _: applies,
        gate=gate,
    )


def outcome_of(case: Case, *checks: Check) -> tuple[Decision, list[str], tuple[str, ...]]:
    verdict = decide(case, checks)
    return verdict.decision, [refusal.check for refusal in verdict.refusals], verdict.not_run


@pytest.mark.parametrize(
    ("effects", "decision"),
    [
        ((None, None), Decision.APPROVE),
        ((None, LEAVE), Decision.LEAVE),
        ((LEAVE, LEAVE), Decision.LEAVE),
        ((DENY, None), Decision.DENY),
        ((DENY, LEAVE), Decision.DENY),
        ((LEAVE, DENY), Decision.DENY),
    ],
)
def test_any_deny_outweighs_leave_and_no_refusal_means_approve(
    effects: tuple[Effect | None, ...], decision: Decision
) -> None:
    """The order of the checks doesn't matter."""
    checks = [a_check(str(number), effect) for number, effect in enumerate(effects)]

    assert decision is decide(a_case(), tuple(checks)).decision


def test_refusals_have_the_order_of_the_checks() -> None:
    """Every check that can run is run, and each refusal has its check's id."""
    checks = (a_check("b", LEAVE), a_check("ok"), a_check("c", DENY), a_check("a", LEAVE))

    assert (Decision.DENY, ["b", "c", "a"], ()) == outcome_of(a_case(), *checks)


def test_a_gate_that_refuses_ends_the_decision() -> None:
    """Later checks aren't run."""
    raises = replace(a_check("later"), run=_raise)

    assert (Decision.LEAVE, ["gate"], ()) == outcome_of(
        a_case(), a_check("gate", LEAVE, gate=True), raises
    )


def test_gates_run_before_the_checks_that_establish_something() -> None:
    """Nothing is judged of a request that isn't ours to judge."""
    owner = replace(a_check("owner", establishes=Need.OWN_INSTANCE), run=_raise)

    assert (Decision.LEAVE, ["gate"], ()) == outcome_of(
        a_case(), owner, a_check("gate", LEAVE, gate=True)
    )


def test_the_verdict_of_a_gate_has_its_refusal() -> None:
    """The log shows it."""
    refusal = Refusal(LEAVE, "gate refuses", "a detail", "gate")

    assert Verdict(Decision.LEAVE, (refusal,)) == decide(
        a_case(), (a_check("gate", LEAVE, gate=True),)
    )


def test_a_gate_never_denies() -> None:
    """A gate's refusal means that the CSR isn't ours to judge."""
    assert decide(a_case(), (a_check("gate", DENY, gate=True),)).decision is Decision.LEAVE


def test_after_a_gate_that_passes_the_other_checks_are_run() -> None:
    """If the gates pass, the refusals of the other checks decide."""
    assert (Decision.DENY, ["later"], ()) == outcome_of(
        a_case(), a_check("gate", gate=True), a_check("later", DENY)
    )


NO_ROLE = a_case(role=NOT_PROVIDED)


def test_a_check_whose_need_was_not_provided_is_not_run() -> None:
    """The check is listed instead, and what wasn't provided is never a yes."""
    assert (Decision.LEAVE, [], ("idle",)) == outcome_of(
        NO_ROLE, a_check("idle", DENY, needs=Need.ROLE), a_check("ok")
    )


def test_a_check_that_only_uses_what_was_not_provided_prevents_an_approval() -> None:
    """Such a check passes the evidence that it has, which isn't everything."""
    assert (Decision.LEAVE, [], ("half",)) == outcome_of(NO_ROLE, a_check("half", uses=Need.ROLE))


def test_a_check_that_only_uses_what_was_not_provided_is_listed_and_run() -> None:
    """The check still has other evidence to compare with."""
    assert (Decision.DENY, ["half"], ("half",)) == outcome_of(
        NO_ROLE, a_check("half", DENY, uses=Need.ROLE)
    )


@pytest.mark.parametrize("need", [Need.INSTANCE, Need.OWN_INSTANCE])
def test_a_check_that_needs_an_absent_instance_leaves(need: Need) -> None:
    """Missing evidence neither approves nor denies; the rule isn't run."""
    check = replace(a_check("needy", needs=need), run=_raise)

    verdict = decide(a_case(instances=()), (check,))

    assert [
        Refusal(
            LEAVE,
            "no running instance to compare with",
            "no single running instance for i-0aaaaaaaaaaaaaaaa",
            "needy",
        )
    ] == list(verdict.refusals)
    assert verdict.decision is Decision.LEAVE


def test_a_check_that_needs_a_readable_request_is_not_run_without_one() -> None:
    """Without one there is no approval, even if no check has refused the request."""
    check = replace(a_check("needy", needs=Need.REQUEST), run=_raise)

    verdict = decide(a_case(request=UnreadableRequest("x")), (check,))

    assert (Decision.LEAVE, (), ()) == (verdict.decision, verdict.refusals, verdict.not_run)


def test_a_check_that_needs_an_absent_instance_leaves_whatever_the_request() -> None:
    """The check needs no request, so it refuses even if the request is unreadable."""
    check = a_check("needy", needs=Need.INSTANCE)

    assert ["needy"] == outcome_of(a_case(instances=(), request=UnreadableRequest("x")), check)[1]


def test_what_a_refusing_check_establishes_is_absent_for_later_checks() -> None:
    """Later checks that need it aren't run: another cluster's instance is no evidence.

    The reader needs one refusal, the one that says why.
    """
    needy = replace(a_check("needy", needs=Need.OWN_INSTANCE), run=_raise)
    owner = a_check("owner", LEAVE, establishes=Need.OWN_INSTANCE)

    verdict = decide(a_case(), (owner, a_check("too", establishes=Need.OWN_INSTANCE), needy))

    assert ["owner"] == [refusal.check for refusal in verdict.refusals]
    assert verdict.decision is Decision.LEAVE


def test_what_a_check_establishes_is_not_provided_if_it_was_not_run() -> None:
    """Later checks that need it are listed, not run."""
    needy = replace(a_check("needy", needs=Need.OWN_INSTANCE), run=_raise)
    owner = a_check("owner", needs=Need.ROLE, establishes=Need.OWN_INSTANCE)

    assert ([], ("owner", "needy")) == outcome_of(NO_ROLE, owner, needy)[1:]
    assert ([], ("needy", "owner")) == outcome_of(NO_ROLE, needy, owner)[1:]


def test_a_check_that_the_policy_disables_establishes_nothing_and_prevents_nothing() -> None:
    """The operator has chosen to do without a check that the policy disables."""
    owner = a_check("owner", LEAVE, establishes=Need.OWN_INSTANCE, applies=False)

    assert ["needy"] == outcome_of(a_case(), owner, a_check("needy", DENY))[1]


def test_checks_that_establish_something_run_before_those_that_need_it() -> None:
    """The checks' order in the list is the order of their refusals, and of nothing else."""
    needy = replace(a_check("needy", needs=Need.OWN_INSTANCE), run=_raise)
    owner = a_check("owner", LEAVE, establishes=Need.OWN_INSTANCE)

    assert (Decision.LEAVE, ["owner"], ()) == outcome_of(a_case(), needy, owner)


def test_the_order_in_which_checks_run_is_not_that_of_their_refusals() -> None:
    """A person reads them in the order of the documents."""
    owner = a_check("owner", LEAVE, establishes=Need.OWN_INSTANCE)

    assert (Decision.DENY, ["first", "owner"], ()) == outcome_of(
        a_case(), a_check("first", DENY), owner
    )


def test_a_check_that_the_policy_disables_is_not_run() -> None:
    """A disabled check isn't listed either: nothing is missing."""
    assert (Decision.APPROVE, [], ()) == outcome_of(NO_ROLE, a_check("off", DENY, applies=False))


def test_a_decision_without_checks_is_an_error() -> None:
    """An empty list of checks would approve everything."""
    with pytest.raises(ValueError, match="no checks"):
        decide(a_case(), ())


def test_two_checks_of_one_id_are_refused() -> None:
    """One of them would hide behind the other."""
    with pytest.raises(ValueError, match="two with the same id"):
        decide(a_case(), (a_check("a"), a_check("a")))


@pytest.mark.parametrize(("may", "does"), [(LEAVE, DENY), (DENY, LEAVE)])
def test_a_check_with_an_undeclared_effect_is_an_error(may: Effect, does: Effect) -> None:
    """The declared effects are documentation that must be true."""
    check = replace(a_check("a", does), effects=frozenset({may}))

    with pytest.raises(ValueError, match=f"a may not {does.value}"):
        decide(a_case(), (check,))


def test_an_error_in_a_check_is_raised() -> None:
    """An error is no verdict; the caller handles it."""
    with pytest.raises(RuntimeError, match="boom"):
        decide(a_case(), (replace(a_check(), run=_raise),))


def _raise(_case: Case) -> Refusal | None:
    raise RuntimeError("boom")


def test_an_approvable_case_is_approved_by_all_checks() -> None:
    """The builders' case is good by default, and every check is run."""
    assert (Decision.APPROVE, [], ()) == outcome_of(a_case(), *KUBELET_SERVING_CHECKS)


_NEED_EC2 = (
    "instance-single",
    "instance-running",
    "instance-launched-before",
    "node-name",
    "cluster",
    "node-role",
    "dns-names",
    "ip-addresses",
)


@pytest.mark.parametrize(
    ("case", "not_run"),
    [
        (a_case(instances=NOT_PROVIDED), _NEED_EC2),
        (
            a_case(cluster=NOT_PROVIDED),
            ("node-name", "cluster", "reserved-names", "dns-names", "ip-addresses"),
        ),
        (
            a_case(
                cluster=NOT_PROVIDED,
                policy=a_policy(allow_other_vpcs=True, require_cluster_tag=False),
            ),
            ("node-name", "cluster", "reserved-names", "dns-names", "ip-addresses"),
        ),
        (a_case(role=NOT_PROVIDED), ("node-name", "node-role", "dns-names", "ip-addresses")),
        (a_case(role=NOT_PROVIDED, policy=a_policy(verify_node_role=False)), ()),
    ],
    ids=[
        "no-instances",
        "no-cluster",
        "no-cluster-with-all-allowed",
        "no-roles",
        "no-roles-needed",
    ],
)
def test_checks_that_lack_evidence_are_listed(case: Case, not_run: tuple[str, ...]) -> None:
    """Evidence is only missing offline."""
    assert not_run == decide(case, KUBELET_SERVING_CHECKS).not_run


@pytest.mark.parametrize(
    ("case", "not_run"),
    [
        pytest.param(
            a_service_case(services=NOT_PROVIDED),
            ("service-known", "service-addresses"),
            id="no-services",
        ),
        pytest.param(a_service_case(cluster=NOT_PROVIDED), ("reserved-names",), id="no-cluster"),
    ],
)
def test_checks_of_services_that_lack_evidence_are_listed(
    case: Case, not_run: tuple[str, ...]
) -> None:
    """Without all evidence there is no approval, and nothing else is refused."""
    assert (Decision.LEAVE, [], not_run) == outcome_of(case, *APP_SERVING_CHECKS)


@pytest.mark.parametrize(
    ("case", "checks"),
    [
        (a_case(request=UnreadableRequest("x")), KUBELET_SERVING_CHECKS),
        (a_service_case(request=UnreadableRequest("x")), APP_SERVING_CHECKS),
    ],
    ids=SIGNERS,
)
def test_an_unreadable_request_is_refused_once(case: Case, checks: tuple[Check, ...]) -> None:
    """The checks of what it asks for aren't run."""
    assert (Decision.DENY, ["request-well-formed"]) == outcome_of(case, *checks)[:2]


def test_gates_come_before_other_checks() -> None:
    """The gates alone decide which CSRs need evidence from AWS."""
    gates = [check.gate for check in KUBELET_SERVING_CHECKS]

    assert sorted(gates, reverse=True) == gates


def test_a_detail_is_escaped_once() -> None:
    """The verdict has the detail as the check returned it."""
    case = a_case(request=a_request(sans=names("a\nb")))
    check = next(check for check in KUBELET_SERVING_CHECKS if check.id == "san-kinds")
    given = check.run(case)

    assert given is not None
    assert [given.detail] == [
        refusal.detail for refusal in decide(case, (check,)).refusals if refusal.check == check.id
    ]


@pytest.mark.parametrize("name", ["\n", "\x1b[31m", "\u202e", "ä", "\ud800", "\0"])
@pytest.mark.parametrize(
    "case_of",
    [
        lambda name: a_case(csr=a_csr(username=name), identity=None),
        lambda name: a_case(request=a_request(sans=names(name))),
    ],
    ids=["username", "DNS-name"],
)
def test_a_detail_is_printable_whatever_a_requester_chooses(
    name: str, case_of: Callable[[str], Case]
) -> None:
    """Details appear in log lines, conditions and terminals."""
    verdict = decide(case_of(name), KUBELET_SERVING_CHECKS)

    assert all(r.detail.isascii() and r.detail.isprintable() for r in verdict.refusals)


def test_a_detail_is_bounded() -> None:
    """A truncated one ends with a tilde."""
    assert "x" * 300 == Refusal(LEAVE, "reason", "x" * MAX_DETAIL).detail
    assert "x" * 299 + "~" == Refusal(LEAVE, "reason", "x" * (MAX_DETAIL + 1)).detail


def test_a_refusal_has_a_reason() -> None:
    """Without a reason and a detail, an operator would not know what to do."""
    with pytest.raises(ValueError, match="needs a reason"):
        Refusal(LEAVE, "", "detail")


def test_a_value_that_is_no_text_is_printable_too() -> None:
    """The `repr` of such a value is shown."""
    assert printable(["ä"], None) == "['\\xe4']"


def test_without_a_request_and_an_instance_a_check_of_the_request_refuses_nothing() -> None:
    """Another check refuses the unreadable request, and what is absent is reported once."""
    case = a_case(request=UnreadableRequest("x"), instances=())

    assert (Decision.LEAVE, [], ()) == outcome_of(case, a_check("names", DENY, needs=Need.REQUEST))


# --- whether the instance is the cluster's -------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "own"),
    [
        pytest.param(a_case(), True, id="all-shown"),
        pytest.param(a_case(request=UnreadableRequest("x")), True, id="a-denied-request"),
        pytest.param(a_case(instance=an_instance(vpc_id="vpc-other")), False, id="another-vpc"),
        pytest.param(a_case(cluster=NOT_PROVIDED), False, id="cluster-not-provided"),
        pytest.param(a_case(instances=NOT_PROVIDED), False, id="instances-not-provided"),
        pytest.param(a_case(instances=()), False, id="no-instance"),
    ],
)
def test_an_instance_is_the_clusters_if_every_check_of_that_passes(
    case: Case,
    own: bool,  # noqa: FBT001  a case
) -> None:
    """A check that refuses and one that isn't run both leave it open."""
    assert own is has_own_instance(case, KUBELET_SERVING_CHECKS)

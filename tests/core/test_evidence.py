"""What EC2 and IAM are asked, and what is made of their answers."""

from datetime import timedelta

import pytest

from core.errors import EvidenceUnavailable, OutOfTime
from core.evidence import Evidence, gather, living
from core.model import Identity, IdentityKind, Instance, RoleUnknown
from tests.builders import INSTANCE_ID, NODE, NOW, PROFILE, ROLE, VPC, an_instance
from tests.core.fakes import FakeFleet

OTHER_ID = "i-0bbbbbbbbbbbbbbbb"
OTHER_NODE = "ip-10-0-1-20.eu-west-1.compute.internal"
SESSION = Identity(IdentityKind.SESSION, INSTANCE_ID, NODE)
OTHER_SESSION = Identity(IdentityKind.SESSION, OTHER_ID, OTHER_NODE)
NAME = Identity(IdentityKind.NAME, None, NODE)
OTHER_NAME = Identity(IdentityKind.NAME, None, OTHER_NODE)
OTHER = an_instance(id=OTHER_ID, private_dns_name=OTHER_NODE)


def ask(
    fleet: FakeFleet, *identities: Identity, vpc_id: str | None = VPC, roles_wanted: bool = True
) -> list[Evidence | EvidenceUnavailable]:
    answers = gather(identities, vpc_id, fleet, NOW, roles_wanted=roles_wanted)
    assert set(identities) == set(answers)
    return [answers[identity] for identity in identities]


def test_an_instance_is_found_by_its_session_with_its_role() -> None:
    """Both together are the evidence."""
    assert [Evidence((an_instance(),), ROLE)] == ask(FakeFleet(), SESSION)


def test_an_instance_is_found_by_its_name() -> None:
    """In the cluster's VPC."""
    fleet = FakeFleet()

    assert [Evidence((an_instance(),), ROLE)] == ask(fleet, NAME)
    assert fleet.asked[0] == ("by_private_dns_name", NODE, f"in {VPC}")


def test_all_instances_are_asked_for_at_once() -> None:
    """One question for all ids and one for all names, each in order and once."""
    fleet = FakeFleet((an_instance(), OTHER))

    ask(fleet, OTHER_SESSION, OTHER_NAME, SESSION, NAME, SESSION, roles_wanted=False)

    assert [
        ("by_id", INSTANCE_ID, OTHER_ID),
        ("by_private_dns_name", NODE, OTHER_NODE, f"in {VPC}"),
    ] == fleet.asked


def test_without_identities_nobody_is_asked() -> None:
    """No question is an answer too."""
    fleet = FakeFleet()

    assert [] == ask(fleet)
    assert [] == fleet.asked


@pytest.mark.parametrize("node", ["*", "ip-10-0-1-*", "n?de", "n\\de", "", "a b", "a" * 64])
def test_a_name_that_is_no_plain_host_name_is_never_asked_for(node: str) -> None:
    """In a filter of EC2 it could match every instance."""
    fleet = FakeFleet()

    assert [Evidence((), RoleUnknown("there is no single instance to ask for"))] == ask(
        fleet, Identity(IdentityKind.NAME, None, node)
    )
    assert [] == fleet.asked


@pytest.mark.parametrize("state", ["shutting-down", "terminated"])
def test_a_dead_instance_doesnt_answer_to_a_name(state: str) -> None:
    """Its name may be another's by now; its id never is."""
    dead = an_instance(id=OTHER_ID, state=state)
    fleet = FakeFleet((dead, an_instance()))

    assert [Evidence((an_instance(),), ROLE), Evidence((dead,), ROLE)] == ask(
        fleet, NAME, OTHER_SESSION
    )


@pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped"])
def test_one_that_may_live_again_answers_to_its_name(state: str) -> None:
    """Two of one name are told as two."""
    both = (an_instance(), an_instance(id=OTHER_ID, state=state))

    assert both == living(both, VPC)


@pytest.mark.parametrize(
    ("vpc_id", "found"),
    [(VPC, (an_instance(),)), (None, (an_instance(), an_instance(vpc_id="vpc-other")))],
)
def test_names_are_unique_within_a_vpc(vpc_id: str | None, found: tuple[Instance, ...]) -> None:
    """Where the cluster's isn't known, all of that name are told."""
    assert found == living((an_instance(), an_instance(vpc_id="vpc-other")), vpc_id)


def test_an_empty_vpc_matches_nothing() -> None:
    """Two things that are both unknown aren't the same."""
    assert () == living((an_instance(vpc_id=""),), "")


def test_a_role_is_asked_for_once_a_profile() -> None:
    """A node group has one."""
    fleet = FakeFleet((an_instance(), OTHER))

    ask(fleet, SESSION, OTHER_SESSION)

    assert [("role_of_profile", PROFILE)] == fleet.asked[1:]


def test_another_profile_comes_first_at_another_time() -> None:
    """Where IAM is slow a run asks for few, and the same ones would be left in every run."""
    instances = (an_instance(profile_arn="b"), an_instance(id=OTHER_ID, profile_arn="a"))
    firsts = set()

    for seconds in range(0, 60, 10):
        fleet = FakeFleet(instances)
        now = NOW + timedelta(seconds=seconds)
        gather([SESSION, OTHER_SESSION], VPC, fleet, now, roles_wanted=True)
        firsts.add(fleet.asked[1])
        assert 3 == len(fleet.asked)

    assert {("role_of_profile", "a"), ("role_of_profile", "b")} == firsts


def test_without_time_to_ask_iam_there_is_no_evidence_yet() -> None:
    """Unlike IAM's silence, which may be a trouble of days, it is over with the next run."""
    late = OutOfTime("not asked")

    assert [late] == ask(FakeFleet(roles={PROFILE: late}), SESSION)


def test_roles_that_nobody_wants_arent_asked_for() -> None:
    """IAM needn't be allowed at all then."""
    fleet = FakeFleet()

    assert [Evidence((an_instance(),), RoleUnknown("IAM was not asked"))] == ask(
        fleet, SESSION, roles_wanted=False
    )
    assert [("by_id", INSTANCE_ID)] == fleet.asked


def test_an_instance_without_a_profile_has_no_role() -> None:
    """IAM can't be asked for the role of nothing."""
    fleet = FakeFleet((an_instance(profile_arn=""),))

    [got] = ask(fleet, SESSION)

    assert isinstance(got, Evidence)
    assert RoleUnknown("the instance has no instance profile") == got.role
    assert [("by_id", INSTANCE_ID)] == fleet.asked


@pytest.mark.parametrize("instances", [(), (an_instance(), an_instance())], ids=["none", "two"])
def test_only_a_single_instance_has_a_role(instances: tuple[Instance, ...]) -> None:
    """Of none or several there is no role to compare."""
    fleet = FakeFleet(instances)

    assert [Evidence(instances, RoleUnknown("there is no single instance to ask for"))] == ask(
        fleet, SESSION
    )
    assert [("by_id", INSTANCE_ID)] == fleet.asked


def test_what_is_left_out_of_an_answer_is_unknown() -> None:
    """EC2 says nothing of instances that it doesn't know."""
    unknown = Evidence((), RoleUnknown("there is no single instance to ask for"))

    assert [unknown, unknown] == ask(FakeFleet(silent=True), SESSION, NAME)


def test_unavailable_stays_unavailable() -> None:
    """It is neither "no instance" nor anybody else's trouble."""
    fleet = FakeFleet((an_instance(), OTHER), unavailable=(INSTANCE_ID, NODE))

    by_id, by_name, other = ask(fleet, SESSION, NAME, OTHER_SESSION)

    assert isinstance(by_id, EvidenceUnavailable)
    assert isinstance(by_name, EvidenceUnavailable)
    assert Evidence((OTHER,), ROLE) == other

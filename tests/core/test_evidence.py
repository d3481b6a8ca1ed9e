"""Evidence from EC2 and IAM: what is requested, and what follows from the responses."""

from collections.abc import Callable
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
OTHER_INSTANCE = an_instance(id=OTHER_ID, private_dns_name=OTHER_NODE)


def ask(
    fleet: FakeFleet,
    *identities: Identity,
    vpc_id: str | None = VPC,
    roles_wanted: bool = True,
    is_of_cluster: Callable[[Instance], bool] = lambda _: True,
) -> list[Evidence | EvidenceUnavailable]:
    answers = gather(
        identities, vpc_id, fleet, NOW, roles_wanted=roles_wanted, is_of_cluster=is_of_cluster
    )
    assert set(identities) == set(answers)
    return [answers[identity] for identity in identities]


def test_an_instance_is_found_by_its_session_with_its_role() -> None:
    """The evidence is the instance with its role."""
    assert [Evidence((an_instance(),), ROLE)] == ask(FakeFleet(), SESSION)


def test_an_instance_is_found_by_its_name() -> None:
    """Only instances of the cluster's VPC count."""
    fleet = FakeFleet()

    assert [Evidence((an_instance(),), ROLE)] == ask(fleet, NAME)
    assert fleet.asked[0] == ("by_private_dns_name", NODE, f"in {VPC}")


RESOURCE_NAME = f"{INSTANCE_ID}.eu-west-1.compute.internal"


@pytest.mark.parametrize("node", [INSTANCE_ID, RESOURCE_NAME, f"{RESOURCE_NAME.upper()}."])
def test_an_instance_is_found_by_its_id_or_its_resource_name(node: str) -> None:
    """Nodes may be named so, and EC2 has no filter for resource names."""
    [found] = ask(FakeFleet(), Identity(IdentityKind.NAME, None, node))

    assert Evidence((an_instance(),), ROLE) == found


def test_a_resource_name_is_compared_without_regard_to_case() -> None:
    """A VPC's own domain may have capitals."""
    node = f"{INSTANCE_ID}.Corp.Example"
    instance = an_instance(private_dns_name="ip-10-0-1-10.Corp.Example")

    [found] = ask(FakeFleet((instance,)), Identity(IdentityKind.NAME, None, node))

    assert Evidence((instance,), ROLE) == found


@pytest.mark.parametrize("node", [f"{INSTANCE_ID}.evil.example", f"a.{INSTANCE_ID}", "i-0.b"])
def test_a_name_that_only_contains_an_instance_id_finds_nothing(node: str) -> None:
    """It is none of the instance's names, so the instance is no evidence against it either."""
    [found] = ask(FakeFleet(), Identity(IdentityKind.NAME, None, node))

    assert isinstance(found, Evidence)
    assert () == found.instances


def test_what_is_found_by_name_and_by_id_is_put_together() -> None:
    """Two instances remain ambiguous, and one that is found twice is one."""
    named = an_instance(id=OTHER_ID, private_dns_name=RESOURCE_NAME)
    identity = Identity(IdentityKind.NAME, None, RESOURCE_NAME)
    [two] = ask(FakeFleet((an_instance(), named)), identity)
    [one] = ask(FakeFleet((an_instance(private_dns_name=RESOURCE_NAME),)), identity)

    assert [2, 1] == [len(found.instances) for found in (two, one)]  # type: ignore[union-attr,arg-type]


def test_of_several_with_a_name_those_of_other_clusters_dont_count() -> None:
    """If all are, they stay, for the check `cluster` to say why."""
    other = an_instance(id=OTHER_ID, tags={"eks:cluster-name": "dev"})
    fleet = FakeFleet((an_instance(), other))

    [one] = ask(fleet, NAME, is_of_cluster=lambda instance: instance.id == INSTANCE_ID)
    [none] = ask(fleet, NAME, is_of_cluster=lambda _: False)

    assert Evidence((an_instance(),), ROLE) == one
    assert isinstance(none, Evidence)
    assert (an_instance(), other) == none.instances


def test_if_either_way_to_find_a_name_fails_nothing_is_known() -> None:
    """The instance that wasn't shown may have the same name."""
    identity = Identity(IdentityKind.NAME, None, RESOURCE_NAME)

    for unavailable in (INSTANCE_ID, RESOURCE_NAME):
        assert [EvidenceUnavailable] == [
            type(one) for one in ask(FakeFleet(unavailable=(unavailable,)), identity)
        ]


def test_all_instances_are_requested_at_once() -> None:
    """One call has all ids and one has all names, each sorted and without duplicates."""
    fleet = FakeFleet((an_instance(), OTHER_INSTANCE))

    more = [f"node-{number}" for number in range(8)]
    names = [Identity(IdentityKind.NAME, None, node) for node in more]
    ids = [f"i-0ccccccccccccccc{number}" for number in range(8)]
    sessions = [Identity(IdentityKind.SESSION, one, NODE) for one in ids]
    given = (OTHER_SESSION, *names, OTHER_NAME, *sessions, SESSION, NAME, SESSION)

    ask(fleet, *given, roles_wanted=False)

    assert [
        ("by_id", INSTANCE_ID, OTHER_ID, *ids),
        ("by_private_dns_name", NODE, OTHER_NODE, *more, f"in {VPC}"),
    ] == fleet.asked


def test_without_identities_nothing_is_requested() -> None:
    """The evidence is then empty."""
    fleet = FakeFleet()

    assert [] == ask(fleet)
    assert [] == fleet.asked


@pytest.mark.parametrize("node", ["*", "ip-10-0-1-*", "n?de", "n\\de", "", "a b", "a" * 64])
def test_a_name_that_is_no_plain_host_name_never_reaches_a_filter(node: str) -> None:
    """In an EC2 filter it could match every instance."""
    fleet = FakeFleet()

    assert [Evidence((), RoleUnknown("there is no single instance to ask for"))] == ask(
        fleet, Identity(IdentityKind.NAME, None, node)
    )
    assert [] == fleet.asked


@pytest.mark.parametrize("state", ["shutting-down", "terminated"])
def test_a_terminated_instance_is_not_found_by_name(state: str) -> None:
    """The name may belong to another instance by now; an id never does."""
    dead = an_instance(id=OTHER_ID, state=state)
    fleet = FakeFleet((dead, an_instance()))

    assert [Evidence((an_instance(),), ROLE), Evidence((dead,), ROLE)] == ask(
        fleet, NAME, OTHER_SESSION
    )


@pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped"])
def test_an_instance_that_may_run_again_is_found_by_name(state: str) -> None:
    """Two instances with one name are both in the evidence."""
    both = (an_instance(), an_instance(id=OTHER_ID, state=state))

    assert both == living(both, VPC)


@pytest.mark.parametrize(
    ("vpc_id", "found"),
    [
        (VPC, (an_instance(),)),
        (None, (an_instance(), an_instance(vpc_id="vpc-"), an_instance(vpc_id="vpc-other"))),
    ],
)
def test_names_are_unique_within_a_vpc(vpc_id: str | None, found: tuple[Instance, ...]) -> None:
    """If the cluster's VPC is unknown, all instances with the name are returned."""
    everywhere = (an_instance(), an_instance(vpc_id="vpc-"), an_instance(vpc_id="vpc-other"))

    assert found == living(everywhere, vpc_id)


def test_an_empty_vpc_matches_nothing() -> None:
    """Two unknown VPCs aren't the same VPC."""
    assert () == living((an_instance(vpc_id=""),), "")


def test_a_role_is_requested_once_per_profile() -> None:
    """All nodes of a node group share a profile."""
    fleet = FakeFleet((an_instance(), OTHER_INSTANCE))

    ask(fleet, SESSION, OTHER_SESSION)

    assert [("role_of_profile", PROFILE)] == fleet.asked[1:]


def test_the_first_profile_changes_with_time() -> None:
    """If IAM is slow a run asks for a few only; they must not be the same ones in every run."""
    instances = (an_instance(profile_arn="b"), an_instance(id=OTHER_ID, profile_arn="a"))
    firsts = set()

    for seconds in range(0, 60, 10):
        fleet = FakeFleet(instances)
        now = NOW + timedelta(seconds=seconds)
        gather(
            [SESSION, OTHER_SESSION],
            VPC,
            fleet,
            now,
            roles_wanted=True,
            is_of_cluster=lambda _: True,
        )
        firsts.add(fleet.asked[1])
        assert 3 == len(fleet.asked)

    assert {("role_of_profile", "a"), ("role_of_profile", "b")} == firsts


def test_without_time_for_iam_the_evidence_is_out_of_time() -> None:
    """The next run gets it, while an unavailable IAM may last for days."""
    late = OutOfTime("not asked")

    assert [late] == ask(FakeFleet(roles={PROFILE: late}), SESSION)


def test_roles_are_not_requested_if_they_are_not_verified() -> None:
    """The approver then needs no rights in IAM."""
    fleet = FakeFleet()

    assert [Evidence((an_instance(),), RoleUnknown("IAM was not asked"))] == ask(
        fleet, SESSION, roles_wanted=False
    )
    assert [("by_id", INSTANCE_ID)] == fleet.asked


def test_an_instance_without_a_profile_has_no_role() -> None:
    """There is no profile to ask IAM about."""
    fleet = FakeFleet((an_instance(profile_arn=""),))

    [got] = ask(fleet, SESSION)

    assert isinstance(got, Evidence)
    assert RoleUnknown("the instance has no instance profile") == got.role
    assert [("by_id", INSTANCE_ID)] == fleet.asked


@pytest.mark.parametrize("instances", [(), (an_instance(), an_instance())], ids=["none", "two"])
def test_only_a_single_instance_has_a_role(instances: tuple[Instance, ...]) -> None:
    """With no instance or several there is no role to compare."""
    fleet = FakeFleet(instances)

    assert [Evidence(instances, RoleUnknown("there is no single instance to ask for"))] == ask(
        fleet, SESSION
    )
    assert [("by_id", INSTANCE_ID)] == fleet.asked


def test_an_instance_that_a_response_leaves_out_is_unknown() -> None:
    """EC2 leaves out instances that it doesn't have."""
    unknown = Evidence((), RoleUnknown("there is no single instance to ask for"))

    assert [unknown, unknown] == ask(FakeFleet(silent=True), SESSION, NAME)


def test_unavailable_evidence_stays_unavailable() -> None:
    """Unavailable evidence isn't "no instance", and other identities keep their evidence."""
    fleet = FakeFleet((an_instance(), OTHER_INSTANCE), unavailable=(INSTANCE_ID, NODE))

    by_id, by_name, other = ask(fleet, SESSION, NAME, OTHER_SESSION)

    assert isinstance(by_id, EvidenceUnavailable)
    assert isinstance(by_name, EvidenceUnavailable)
    assert Evidence((OTHER_INSTANCE,), ROLE) == other

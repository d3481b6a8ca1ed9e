"""What stacks with other settings notify of, from their creation on, for a day or less."""

from collections.abc import Iterator
from functools import partial

import pytest

from adapters.ledger_metrics import NAMESPACE
from tests.simulation import clusters_in_trouble, nodes_in_trouble, ordinary, stack_in_trouble
from tests.simulation.deployment import STACK
from tests.simulation.fleet import Fleet
from tests.simulation.result import Result
from tests.simulation.running import Running
from tests.simulation.script import Scenario, of, of_stack, scenario
from tests.simulation.simulate import simulated
from tests.simulation.world.clusters import ApiFault
from tests.simulation.world.eks import Signing
from tests.simulation.world.timeline import MINUTE

FEW = 6


def unmet(result: Result) -> list[str]:
    """Return what isn't as specified, in words."""
    rows = [row for row in result.rows if not row.is_met]
    return [
        *(f"{row.expected}: after {row.after}, {row.changes} changes" for row in rows),
        *(f"{one.minute}: {one.alarm} {dict(one.contributor)}" for one in result.others),
    ]


def busy(fleet: Fleet) -> None:
    """Let nodes join, renew, and come and go, in all clusters."""
    for cluster in fleet.account.clusters.values():
        fleet.churn(cluster, every=20 * MINUTE)


# --- creation ------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlooked", [0.03, 1.0], ids=["few", "all"])
def test_a_new_stack_in_shadow_beside_healthy_nodes_notifies_of_nothing(overlooked: float) -> None:
    """It doesn't matter whether EKS overlooks a few of their requests, or all."""
    fleet = Fleet("shadow", clusters=3, mode="shadow")
    for cluster in fleet.account.clusters.values():
        cluster.eks.approves = 1.0 - overlooked
    busy(fleet)

    assert unmet(simulated(fleet, [], days=0.2)) == []


@pytest.mark.parametrize("mode", ["approve-only", "enforce"])
def test_a_new_stack_that_approves_notifies_of_nothing(mode: str) -> None:
    """All nodes are healthy, and EKS overlooks every request."""
    fleet = Fleet("new", clusters=FEW, mode=mode)
    for cluster in fleet.account.clusters.values():
        cluster.eks.approves = 0.0
    busy(fleet)

    assert unmet(simulated(fleet, [], days=0.5)) == []


def test_a_new_stack_in_an_account_without_clusters_notifies_of_nothing() -> None:
    """The dispatcher assigns nothing, which is no error."""
    assert unmet(simulated(Fleet("empty", clusters=0), [], days=0.2)) == []


def test_access_entries_that_are_created_an_hour_after_the_stack_fire_no_alarm() -> None:
    """They name the stack's role, so they can't exist before it, even where access is required."""
    fleet = Fleet("onboarding", clusters=FEW, require_access="all")
    for number, cluster in enumerate(fleet.account.clusters.values()):
        cluster.suffer(ApiFault.NO_ACCESS)
        fleet.timeline.at(number * 10 * MINUTE, partial(cluster.suffer, ApiFault.NONE))

    assert unmet(simulated(fleet, [], days=0.2)) == []


def forgotten(fleet: Fleet) -> Iterator[None]:
    """One cluster never gets its access entry."""
    fleet.cluster("c01").suffer(ApiFault.NO_ACCESS)
    yield


def test_an_access_entry_that_is_never_created_fires_an_alarm() -> None:
    """The alarm notifies an hour and a half after the stack's creation, if access is required."""
    fleet = Fleet("forgotten", clusters=FEW, require_access="all")
    forgets = Scenario("forgotten", 80 * MINUTE, 300 * MINUTE, forgotten, of("c01", "shut-out"))

    result = simulated(fleet, [forgets], days=0.25)

    assert unmet(result) == []


# --- alarms that need a stack of their own -------------------------------------------------------


def no_access_at_all(fleet: Fleet) -> Iterator[None]:
    """The reviewer's role was replaced, so no cluster lets it in."""
    fleet.deployment.deploy()
    for cluster in fleet.account.clusters.values():
        cluster.suffer(ApiFault.NO_ACCESS)
    yield


def test_a_stack_that_no_cluster_lets_in_notifies_once() -> None:
    """One alarm of the stack fires where no cluster's access is required."""
    fleet = Fleet("replaced role", clusters=FEW)
    replaced = scenario("no access", 0, 3, 3, no_access_at_all, *of_stack("stack-shut-out"))

    assert unmet(simulated(fleet, [replaced], days=0.25)) == []


def no_cluster_has_the_tag(fleet: Fleet) -> Iterator[None]:
    """Nothing changes: no cluster has had the selecting tag since the stack's creation."""
    fleet.account.touch()
    yield


def test_a_selection_that_matches_no_cluster_fires_an_alarm() -> None:
    """The parameter ClusterTag may be misspelled."""
    fleet = Fleet("selection", clusters=FEW, dispatch_settings={"cluster_tag": "approver=yes"})
    wrong = Scenario(
        "selection",
        90 * MINUTE - 16 * MINUTE,
        300 * MINUTE,
        no_cluster_has_the_tag,
        of_stack("nothing-selected"),
    )

    assert unmet(simulated(fleet, [wrong], days=0.25)) == []


# --- other settings ------------------------------------------------------------------------------


def test_with_the_least_max_csr_age_a_lost_tag_fires_an_alarm() -> None:
    """With 600 s the alarm could never fire, so the reviewer refuses to start with them."""
    fleet = Fleet("least age", clusters=FEW, max_csr_age_seconds=720)
    lost = scenario(
        "a lost tag", 0, 3, 4, nodes_in_trouble.lost_tag("c01"), *of("c01", "oldest-pending")
    )

    assert unmet(simulated(fleet, [lost], days=0.4)) == []


@pytest.mark.parametrize("schedule", [2, 3, 4, 5])
def test_with_a_longer_schedule_each_trouble_notifies_once_and_ordinary_life_of_nothing(
    schedule: int,
) -> None:
    """The stated times are longer, as the alarms' periods are."""
    fleet = Fleet(
        f"every {schedule}", clusters=FEW, schedule_minutes=schedule, max_csr_age_seconds=960
    )
    crashes = stack_in_trouble.reviewer(Running.CRASHES)
    stories = [
        scenario("address", 0, 3, 4, nodes_in_trouble.foreign_name("c01"), *of("c01", "denied"),
                *of_stack("stack-denied")),
        scenario("signer", 0, 3, 4, nodes_in_trouble.bad_signing("c02", Signing.FAILING),
                *of("c02", "signer-failed")),
        scenario("not issued", 0, 3, 4, clusters_in_trouble.signer_off("c03"),
                *of("c03", "approved-not-issued")),
        scenario("5xx", 0, 4, 1,
                clusters_in_trouble.api_in("c04", ApiFault.SERVER_ERROR, for_kubelets=True),
                *of("c04", "review-errors")),
        scenario("role", 0, 3, 4, nodes_in_trouble.unmapped_role("c05"),
                *of("c05", "oldest-pending")),
        scenario("upgrade", 0, 5, 1, clusters_in_trouble.upgrade("c06")),
        scenario("renewal", 0, 6, 1, ordinary.rotation_storm("c06")),
        scenario("no schedule", 0, 10, 1.5, stack_in_trouble.dispatcher(Running.OFF),
                *of_stack("reviews-missing")),
        scenario("crashes", 0, 15, 1.5, crashes, *of_stack("reviewer-errors", "dead-letters")),
    ]  # fmt: skip

    result = simulated(
        fleet, stories, days=0.9, ScheduleMinutes=str(schedule), MaxCsrAgeSeconds="960"
    )

    assert unmet(result) == []


# --- metrics that others put ---------------------------------------------------------------------


def crowd(fleet: Fleet) -> Iterator[None]:
    """Someone who may put metrics invents 600 clusters, while a node of a real one is denied."""

    def forge() -> None:
        minute = int(fleet.timeline.seconds / MINUTE)
        for number in range(600):
            dimensions = {"Stack": STACK, "Region": "eu-west-1", "Cluster": f"none-{number}"}
            key = (NAMESPACE, "Denied", frozenset(dimensions.items()))
            fleet.deployment.put(minute, key, 1e6)

    for number in range(0, 60, 5):
        fleet.timeline.after(number * MINUTE, forge)
    yield from nodes_in_trouble.foreign_name("c01")(fleet)


def test_invented_clusters_do_not_silence_the_stacks_own_alarm() -> None:
    """A query returns 500 series at most; the plain alarm beside it reads one metric."""
    fleet = Fleet("crowd", clusters=1)
    crowded = scenario("crowd", 0, 2, 1, crowd, *of_stack("stack-denied"))

    result = simulated(fleet, [crowded], days=0.2)

    assert [row.is_met for row in result.rows] == [True]
    assert {one.alarm for one in result.others} == {"denied"}

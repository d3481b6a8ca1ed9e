"""The fleet: the table of scenarios is consistent, and its CSRs are filed."""

from collections.abc import Iterator

import pytest

from core.signers import SIGNERS
from sandbox.fake_apiserver.status import Json
from sandbox.fleet import CHAPTERS, PLACES, SCENARIOS, Fleet, Scenario
from sandbox.fleet.attacks import ATTACKS
from sandbox.fleet.ordinary import NEIGHBOURS

#: The possible actions for each verdict; without one, the states of an earlier decision.
ACTIONS = {
    "approve": {"approved", "withheld"},
    "deny": {"denied", "waiting", "withheld"},
    "leave": {"left"},
    "": {"approved-not-issued", "signer-failed", "issued-mismatch", "waiting"},
}


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with Fleet(SCENARIOS) as opened:
        yield opened


def filed(fleet: Fleet, scenario: Scenario) -> Json:
    return fleet.clusters[scenario.cluster].get(scenario.name)


def test_titles_and_names_are_each_used_once() -> None:
    assert len({scenario.title for scenario in SCENARIOS}) == len(SCENARIOS)
    assert len({(scenario.cluster, scenario.name) for scenario in SCENARIOS}) == len(SCENARIOS)


def test_there_are_several_clusters_regions_and_many_attacks() -> None:
    assert len(PLACES) >= 4
    assert len({place.region for place in PLACES.values()}) >= 2
    assert len(SCENARIOS) >= 40
    assert len(ATTACKS) >= 15
    assert {scenario.expect.check for scenario in ATTACKS} >= {
        "request-well-formed",
        "key",
        "signature",
        "subject",
        "usages",
        "extensions",
        "san-kinds",
        "lifetime",
        "key-not-reused",
        "node-name",
        "reserved-names",
        "dns-names",
        "ip-addresses",
    }


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_expectations_are_possible(scenario: Scenario) -> None:
    """The check exists and may refuse so, and the action is possible for the verdict."""
    expect = scenario.expect
    checks = {check.id: check for check in SIGNERS[scenario.signer].checks}

    assert expect.action in ACTIONS[expect.verdict]
    assert bool(expect.check) == (expect.verdict in ("deny", "leave"))
    if expect.check:
        assert expect.verdict in {effect.value for effect in checks[expect.check].effects}
        assert expect.counted == checks[expect.check].gate


def test_no_attack_is_to_be_approved() -> None:
    assert {scenario.expect.verdict for scenario in ATTACKS} == {"deny"}


def test_every_scenario_is_filed(fleet: Fleet) -> None:
    listed = sum(len(cluster.objects()) for cluster in fleet.clusters.values())

    assert listed == len(SCENARIOS)
    for scenario in SCENARIOS:
        assert filed(fleet, scenario)["spec"]["signerName"] == scenario.signer


def test_a_nodes_session_name_is_its_instance(fleet: Fleet) -> None:
    """The identity is the authenticator's for the node's token, with all six keys."""
    scenario = CHAPTERS["Nodes as they should be"][0]

    spec = filed(fleet, scenario)["spec"]

    assert spec["username"] == "system:node:ip-10-20-1-11.ec2.internal"
    assert spec["extra"]["sessionName"] == [NEIGHBOURS["shop"].id]
    assert spec["extra"]["canonicalArn"][0].endswith(":role/eks-node")
    assert len(spec["extra"]) == 6
    assert {"system:nodes", "system:authenticated"} <= set(spec["groups"])


def test_the_copied_request_is_the_neighbours_to_the_byte(fleet: Fleet) -> None:
    [copy] = [scenario for scenario in ATTACKS if scenario.title.startswith("Copy")]
    original = next(scenario for scenario in SCENARIOS if scenario.node == NEIGHBOURS["shop"])

    requests = {filed(fleet, csr)["spec"]["request"] for csr in (copy, original)}

    assert len(requests) == 1


def test_the_replacement_has_the_address_of_a_terminated_instance(fleet: Fleet) -> None:
    asked = {"Name": "instance-state-name", "Values": ["terminated"]}
    found = fleet.aws.client("ec2").describe_instances(Filters=[asked])["Reservations"]

    assert len(found) == 1

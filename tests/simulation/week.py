"""The specification: what happens in a week, and which alarms notify. Nothing else may notify.

Scenarios that fire an alarm of the whole stack are hours apart, so that none hides another.
"""

from collections.abc import Sequence
from typing import Final

from core.selection import MODE_TAG
from tests.simulation import (
    clusters_in_trouble,
    nodes_in_trouble,
    ordinary,
    stack_in_trouble,
)
from tests.simulation.fleet import Fleet
from tests.simulation.running import Running
from tests.simulation.script import Scenario, of, of_stack, scenario
from tests.simulation.world import clusters
from tests.simulation.world.eks import Signing
from tests.simulation.world.timeline import MINUTE

_DENIED: Final = of_stack("stack-denied")
_MISMATCH: Final = of_stack("stack-issued-mismatch")

#: Trouble with nodes. The three numbers are the day, the hour, and how many hours it lasts.
OF_NODES: Final = [
    scenario(
        "a foreign name, mode enforce",
        0, 6, 3,
        nodes_in_trouble.foreign_name("c01"),
        *of("c01", "denied"), *_DENIED,
    ),
    scenario(
        "a foreign name, approve-only, a day",
        0, 12, 24,
        nodes_in_trouble.foreign_name("c02"),
        *of("c02", "denied"), *_DENIED,
    ),
    scenario(
        "a second cluster at the same time",
        0, 20, 3,
        nodes_in_trouble.foreign_name("c03"),
        *of("c03", "denied"),
    ),
    scenario(
        "a foreign name, mode shadow",
        1, 16, 3,
        nodes_in_trouble.foreign_name("c04"),
        *of("c04", "denied"), *_DENIED,
    ),
    scenario(
        "every certificate of a node fails",
        0, 7, 6,
        nodes_in_trouble.bad_signing("c05", Signing.FAILING),
        *of("c05", "signer-failed"),
    ),
    scenario(
        "a certificate with another name",
        0, 9, 2,
        nodes_in_trouble.bad_signing("c06", Signing.MISMATCH),
        *of("c06", "issued-mismatch"), *_MISMATCH,
    ),
    scenario(
        "a certificate with fewer names",
        0, 10, 2,
        nodes_in_trouble.bad_signing("c07", Signing.FEWER_NAMES),
        *of("c07", "issued-fewer-names"),
    ),
    scenario(
        "instances without the cluster's tag",
        1, 4, 5,
        nodes_in_trouble.lost_tag("c09"),
        *of("c09", "oldest-pending"),
    ),
    scenario(
        "an unmapped role, for a day",
        1, 0, 24,
        nodes_in_trouble.unmapped_role("c10"),
        *of("c10", "oldest-pending"),
    ),
]  # fmt: skip

OF_CLUSTERS: Final = [
    scenario(
        "a signer that issues nothing",
        0, 8, 4,
        clusters_in_trouble.signer_off("c08"),
        *of("c08", "approved-not-issued"),
    ),
    scenario(
        "the access entry is removed",
        2, 2, 3,
        clusters_in_trouble.api_in("c11", clusters.ApiFault.NO_ACCESS),
        *of("c11", "shut-out"),
    ),
    scenario(
        "an endpoint becomes private",
        2, 3, 3,
        clusters_in_trouble.becomes_private("c12"),
        *of("c12", "unreachable"),
    ),
    scenario(
        "5xx of an API server for an hour",
        2, 4, 1,
        clusters_in_trouble.api_in("c13", clusters.ApiFault.SERVER_ERROR, for_kubelets=True),
        *of("c13", "review-errors"),
    ),
    scenario(
        "a list that is never answered",
        2, 5, 1,
        clusters_in_trouble.api_in("c14", clusters.ApiFault.HANGS),
        *of("c14", "review-errors"),
    ),
    scenario(
        "a list that is cut short",
        2, 6, 1,
        clusters_in_trouble.api_in("c15", clusters.ApiFault.TRUNCATED),
        *of_stack("list-truncated"),
    ),
    scenario(
        "a webhook refuses all approvals",
        2, 7, 1,
        clusters_in_trouble.refused_writes("c18"),
        *of("c18", "review-errors"),
    ),
    scenario(
        "a cluster is tagged off",
        2, 12, 4,
        clusters_in_trouble.tagged("c16", "off"),
        *of("c16", "unexpectedly-off"), *of_stack("stack-unexpectedly-off"),
    ),
]  # fmt: skip

OF_THE_STACK: Final = [
    scenario(
        "EC2 refuses",
        3, 2, 1.5,
        stack_in_trouble.without_evidence("c18", ec2="UnauthorizedOperation"),
        *of_stack("evidence-unavailable"),
    ),
    scenario(
        "IAM refuses",
        3, 6, 1.5,
        stack_in_trouble.without_evidence("c19", iam="AccessDenied"),
        *of_stack("evidence-unavailable"),
    ),
    scenario(
        "the dispatcher has a bad setting",
        3, 13, 1,
        stack_in_trouble.dispatcher(Running.CRASHES),
        *of_stack("dispatcher-errors"),
    ),
    scenario(
        "EKS refuses to list clusters",
        3, 17, 1,
        stack_in_trouble.aws_refuses(eks="AccessDeniedException"),
        *of_stack("dispatcher-errors"),
    ),
    scenario(
        "the schedule is disabled",
        3, 21, 1.5,
        stack_in_trouble.dispatcher(Running.OFF),
        *of_stack("reviews-missing"),
    ),
    scenario(
        "the reviewer crashes",
        4, 1, 1,
        stack_in_trouble.reviewer(Running.CRASHES),
        *of_stack("reviewer-errors", "dead-letters"),
    ),
    scenario(
        "the reviewer is throttled",
        4, 4.5, 1,
        stack_in_trouble.reviewer(Running.THROTTLED),
        *of_stack("reviews-missing", "dead-letters"),
    ),
    scenario(
        "the queue's consumer is off",
        4, 8, 1,
        stack_in_trouble.reviewer(Running.OFF),
        *of_stack("reviews-missing"),
    ),
    scenario(
        "our metrics are lost",
        4, 12, 2,
        stack_in_trouble.our_metrics_lost,
        *of_stack("reviews-missing"),
    ),
    scenario(
        "a forged message",
        4, 17, 1,
        stack_in_trouble.forged_message,
        *of_stack("dead-letters"),
    ),
    scenario(
        "everything is silent",
        4, 21, 2,
        stack_in_trouble.everything_silent,
        *of_stack("reviews-missing"),
    ),
    scenario(
        "the dispatcher's metrics are lost",
        5, 8, 1,
        stack_in_trouble.dispatchers_metrics_lost,
        *of_stack("reviews-missing"),
    ),
    scenario(
        "negative values and a foreign name",
        5, 2, 3,
        stack_in_trouble.hostile_data(nodes_in_trouble.foreign_name("c17"), "c17"),
        *of("c17", "denied"), *_DENIED,
    ),
]  # fmt: skip

#: Scenarios that must cause no notification.
ORDINARY: Final = [
    scenario("all nodes renew at once", 0, 14, 1, ordinary.rotation_storm("c20")),
    scenario("200 nodes join", 1, 9, 8, ordinary.scale_out("c21", 200)),
    scenario("kubelets restart while they wait", 0, 16, 1, ordinary.restarts("c20")),
    scenario("all nodes are replaced", 1, 12, 2, ordinary.replacement("c22")),
    scenario("a cluster is created", 2, 8, 0.5, clusters_in_trouble.creation("new")),
    scenario("a cluster is deleted", 2, 10, 0.1, clusters_in_trouble.deletion("new")),
    *(
        scenario(
            "clusters are upgraded", 2, 14 + number / 7, 1,
            clusters_in_trouble.upgrade(f"c{33 + number}"),
        )
        for number in range(10)
    ),
    *(scenario("the stack is updated", day, 11, 0.1, stack_in_trouble.deploy) for day in range(7)),
    scenario(
        "EKS throttles for 3 minutes", 5, 12, 0.05,
        stack_in_trouble.aws_refuses(eks="ThrottlingException"),
    ),
    scenario("a public address moves, mode enforce", 5, 14, 1, ordinary.moved_address("c25")),
    scenario("a public address moves, approve-only", 5, 15, 1, ordinary.moved_address("c26")),
    scenario("nodes in a public subnet", 5, 16, 1, ordinary.public_subnet("c29", 5)),
    scenario("a node ends while it waits", 5, 18, 1, ordinary.terminated_while_pending("c32")),
]  # fmt: skip

#: The modes to which tags lower single clusters, from the start.
LOWERED: Final = {"c02": "approve-only", "c04": "shadow", "c26": "approve-only"}


def daily_life(fleet: Fleet) -> None:
    """Let clusters scale out and in every day, and Spot instances come and go all the time."""
    for name, mode in LOWERED.items():
        fleet.cluster(name).change(tags={MODE_TAG: mode})
        # What EKS overlooks would stay pending where nothing is approved.
        fleet.cluster(name).eks.approves = 1.0
    fleet.scale_daily([fleet.cluster(f"c{number}") for number in range(33, 43)], 6)
    fleet.churn(fleet.cluster("c27"), every=20 * MINUTE)
    fleet.churn(fleet.cluster("c28"), every=20 * MINUTE)


SCENARIOS: Final[Sequence[Scenario]] = (*OF_NODES, *OF_CLUSTERS, *OF_THE_STACK, *ORDINARY)

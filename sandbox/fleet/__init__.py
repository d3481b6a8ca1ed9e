"""The fleet: some clusters, their nodes, what each node requests, and the expected result.

`SCENARIOS` is the table; `Fleet` sets it up on the fake AWS and fake clusters.
"""

from sandbox.fleet.attacks import ATTACKS
from sandbox.fleet.broken import LOG, WORKING_LOG, BrokenNode
from sandbox.fleet.left import LEFT
from sandbox.fleet.ordinary import BROKEN, ORDINARY
from sandbox.fleet.places import PLACES, Node, Place
from sandbox.fleet.scenario import Outcome, Scenario
from sandbox.fleet.workloads import WORKLOADS
from sandbox.fleet.world import Fleet

#: Every scenario, by chapter.
CHAPTERS = {
    "Nodes as they should be": ORDINARY,
    "Not known, not due, or not ours to judge": LEFT,
    "Workloads and their Services (second signer)": WORKLOADS,
    "Attacks": ATTACKS,
}

SCENARIOS: tuple[Scenario, ...] = tuple(
    scenario for chapter in CHAPTERS.values() for scenario in chapter
)

__all__ = [
    "BROKEN",
    "CHAPTERS",
    "LOG",
    "PLACES",
    "SCENARIOS",
    "WORKING_LOG",
    "BrokenNode",
    "Fleet",
    "Node",
    "Outcome",
    "Place",
    "Scenario",
]

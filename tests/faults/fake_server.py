"""The fake API server, for `tests.faults.rig`."""

from datetime import timedelta

from sandbox.aws import Machine
from sandbox.tokens import utc_now
from tests.faults.rig import node_identity
from tests.handlers.account import Cluster


class FakeServer:
    """A fake cluster whose CSRs can have any age."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.server = cluster.server
        self.ca_pem = cluster.ca_pem

    def file(self, name: str, machine: Machine, request: bytes, age: timedelta) -> None:
        self._cluster.name_instance(machine.id, machine.name)
        user = self._cluster.user_of(node_identity(machine))
        self._cluster.seed(name, user, request, created=utc_now() - age)

    def decision(self, name: str) -> str:
        return self._cluster.decision(name)

    def remove(self, name: str) -> None:
        self._cluster.remove(name)

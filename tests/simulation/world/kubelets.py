"""Kubelets: when they file a request, how long they wait, and when they file again."""

from random import Random
from typing import Final

from core.model import KUBELET_SERVING, Csr
from tests.builders import an_extra
from tests.simulation.world.nodes import Node
from tests.simulation.world.requests import Requests
from tests.simulation.world.timeline import DAY, Timeline

# Measured with the kubelet's own certificate manager, see docs/kubelets.md.
_REFILES_AFTER: Final = (2.1, 4.2, 8.1, 17.0)
#: After that, at the next tick of a grid of 32 s.
_REFILES_LATER: Final = (2.0, 32.0)
_GIVES_UP: Final = (902.0, 908.0)
_TRIES_AGAIN: Final = (5.0, 30.0)
_USAGES: Final = ("digital signature", "server auth")
_NODES_GROUPS: Final = ("system:bootstrappers", "system:nodes", "system:authenticated")
#: EKS's certificates are reported to live 45 days; a kubelet renews at 70 to 90 % of that.
_RENEWS: Final = (0.7 * 45 * DAY, 0.9 * 45 * DAY)


class Kubelet:
    """One node's kubelet. It files requests until it has a certificate for its node's names."""

    def __init__(self, node: Node, requests: Requests, timeline: Timeline, random: Random) -> None:
        self.node = node
        self._requests = requests
        self._timeline = timeline
        self._random = random
        self._count = 0
        self._waits_for = ""
        self._refusals = 0
        self._stopped = False
        self._turn = 0

    def file(self) -> None:
        """File a request for the node's present names."""
        if not self._requests.is_up:
            self._later(self._random.uniform(*_TRIES_AGAIN))
            return
        self._count += 1
        name = f"csr-{self.node.instance.id[2:]}-{self._count}"
        self._waits_for = name
        self._requests.file(_csr(self.node, name, self._timeline), self._seen)
        self._later(self._random.uniform(*_GIVES_UP))

    def renew_after(self, seconds: float) -> None:
        """File a request after this time, and none before."""
        self._later(seconds)

    def restart(self) -> None:
        """Restart: without a certificate it files a request at once."""
        if self._waits_for:
            self.file()

    def stop(self) -> None:
        """Stop: it files no more requests."""
        self._stopped = True

    def _seen(self, csr: Csr, is_deleted: bool) -> None:  # noqa: FBT001  the watcher's
        """Act on a change of the request that it waits for; ignore those of older ones."""
        if csr.name != self._waits_for:
            return
        if is_deleted:
            self._later(_REFILES_AFTER[0])
        elif csr.certificate:
            self._served()
        elif csr.conditions and csr.conditions[-1].type in {"Denied", "Failed"}:
            self._later(self._wait_after_refusal())

    def _wait_after_refusal(self) -> float:
        self._refusals += 1
        if self._refusals <= len(_REFILES_AFTER):
            return _REFILES_AFTER[self._refusals - 1]
        return self._random.uniform(*_REFILES_LATER)

    def _served(self) -> None:
        self._waits_for = ""
        self._refusals = 0
        dns, ips = self.node.public
        if set(ips) - set(self.node.ips):
            # By now the cloud controller has added the public names: the second round.
            self.node.dns, self.node.ips = (self.node.dns[0], *dns), (self.node.ips[0], *ips)
            self._later(self._random.uniform(0.1, 1.0))
        else:
            self.renew_after(self._random.uniform(*_RENEWS))

    def _later(self, seconds: float) -> None:
        """File a request after this time; this replaces what was planned before."""
        self._turn += 1
        turn = self._turn

        def happen() -> None:
            if turn == self._turn and not self._stopped:
                self.file()

        self._timeline.after(seconds, happen)


def _csr(node: Node, name: str, timeline: Timeline) -> Csr:
    is_node = node.mapped
    return Csr(
        name=name,
        uid=f"uid-of-{name}",
        resource_version="",
        created=timeline.now().replace(microsecond=0),
        signer=KUBELET_SERVING,
        username=f"system:node:{node.name}" if is_node else f"role:{node.instance.id}",
        groups=_NODES_GROUPS if is_node else ("system:authenticated",),
        extra=an_extra(node.instance.id),
        usages=_USAGES,
        expiration_seconds=None,
        request=node.request,
        conditions=(),
        certificate=b"",
    )

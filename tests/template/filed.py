"""Requests that were filed and that need attention: certificates, and addresses that moved."""

import base64
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from sandbox.aws import Eni
from sandbox.csr_builder import request as csr_builder
from tests.builders import a_certificate, a_csr
from tests.handlers.account import DUE, Cluster


def unissued(cluster: Cluster, *conditions: str, node: int = 1) -> None:
    """File a request that another approver approved five minutes ago, and that has no certificate.

    `conditions`: others that it has, as `Failed`.
    """
    item = cluster.get(cluster.file(node))
    then = (cluster.now() - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    condition = {"status": "True", "reason": "ByHand", "message": "", "lastUpdateTime": then}
    item["status"]["conditions"] = [{**condition, "type": one} for one in ("Approved", *conditions)]
    cluster.seed_object(item)


def issue(cluster: Cluster, name: str, more: Iterable[str] = ()) -> None:
    """Issue a certificate for the request's key, with the node's name and these DNS names alone."""
    spec = cluster.get(name)["spec"]
    node = spec["username"].removeprefix("system:node:")
    csr = a_csr(request=base64.b64decode(spec["request"]))
    sans = [csr_builder.dns(one) for one in (node, *more)]
    cluster.issue(name, a_certificate(csr, node=node, sans=sans))


def moved(cluster: Cluster, *, node: int = 1, age: timedelta = DUE) -> str:
    """File a request for a public address that the instance no longer has; return its name."""
    machine = cluster.launch(node)
    cluster.account.remove_machine(machine)
    own = machine.enis[0].ip
    name = cluster.file(node, ips=(own, "203.0.113.9"), age=age)
    cluster.account.remove_machine(machine)
    cluster.account.aws.add_machine(replace(machine, enis=(Eni(own, public="198.51.100.7"),)))
    return name

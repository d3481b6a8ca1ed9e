"""A node whose role the cluster maps to another user, on a real API server."""

import io
import json
from typing import Final

import pytest
from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from sandbox.aws import FakeAws
from sandbox.fake_apiserver.access import Rule
from sandbox.kubelet import kubelet_request
from tests.contract.world import allowed, bind
from tests.controlplane.nodes import conditions, log_in, message, new_machine, reviewer
from tests.real.controlplane import ControlPlane, eventually

_RULE: Final = Rule(("create",), "certificatesigningrequests")


@pytest.mark.parametrize(
    ("role", "is_own"), [("ops-node", True), ("build-runner", False)], ids=["own", "another"]
)
def test_a_node_is_reported_only_if_its_role_is_its_instances(
    plane: ControlPlane, aws: FakeAws, role: str, *, is_own: bool
) -> None:
    """With the fix in its line; a session that is only named like the instance is counted."""
    group = f"{role}:users"
    profile = aws.add_profile(role if is_own else f"{role}-of-its-own")
    bind(plane.admin, group, [_RULE])
    user = log_in(
        plane, aws, new_machine(plane.cluster, profile_arn=profile), role, "ops:user", [group]
    )
    eventually(lambda: allowed(user.api, _RULE), "the right to create requests")
    pem, _ = kubelet_request(user.name, dns=[user.name], ips=[user.machine.enis[0].ip])
    name = user.send(pem)
    stream = io.StringIO()

    logger = Logger(service=f"misconfigured-{role}", stream=stream)
    reviewer(logger).handle(message(plane), WallClock(50))

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    [run] = [line for line in lines if line["message"] == "cluster reviewed"]
    own = [line for line in lines if line.get("csr") == name]
    assert {} == conditions(plane, name)
    assert (not is_own) == ("not a node" in run["gated"])
    assert [("WARNING", "ops:user", user.machine.id)] * is_own == [
        (line["level"], line["requester"], line["instance"]) for line in own
    ]
    arn = f"arn:aws:iam::{aws.identity.account}:role/{role}"
    assert all(f"map its role {arn} to" in line["refusals"][0]["detail"] for line in own)

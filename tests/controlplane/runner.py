"""Commands that a person runs against the control plane, with that person's rights in it."""

import pytest

from sandbox.aws import FakeAws
from sandbox.identity import AwsIdentity
from tests.controlplane.nodes import RBAC
from tests.real.controlplane import ControlPlane


def use_credentials(
    plane: ControlPlane, aws: FakeAws, patch: pytest.MonkeyPatch, *groups: str
) -> None:
    """Set AWS credentials for the commands; in the cluster they are user `me` in these groups."""
    who = AwsIdentity.session(f"person-{len(groups)}", "me", account=aws.identity.account)
    plane.add_identity(who)
    plane.map_role(f"arn:aws:iam::{who.account}:role/person-{len(groups)}", "me", groups)
    patch.setenv("AWS_ACCESS_KEY_ID", who.access_key)
    patch.setenv("AWS_SECRET_ACCESS_KEY", who.secret_key)
    patch.setenv("AWS_SESSION_TOKEN", str(who.token))


def forget(plane: ControlPlane, *names: str) -> None:
    """Delete ClusterRoles, and the bindings with the same names."""
    for name in names:
        for kind in ("clusterroles", "clusterrolebindings"):
            plane.admin.request("DELETE", f"{RBAC}/{kind}/{name}")

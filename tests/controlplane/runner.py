"""People at a desk beside the control plane, with rights of their own in it."""

import pytest

from sandbox.aws import FakeAws
from sandbox.identity import AwsIdentity
from tests.controlplane.nodes import RBAC
from tests.real.controlplane import ControlPlane


def sit_down(plane: ControlPlane, aws: FakeAws, patch: pytest.MonkeyPatch, *groups: str) -> None:
    """Somebody of these groups in the cluster, with his own credentials, sits at the desk."""
    who = AwsIdentity.session(f"desk-{len(groups)}", "me", account=aws.identity.account)
    plane.add_identity(who)
    plane.map_role(f"arn:aws:iam::{who.account}:role/desk-{len(groups)}", "me", groups)
    patch.setenv("AWS_ACCESS_KEY_ID", who.access_key)
    patch.setenv("AWS_SECRET_ACCESS_KEY", who.secret_key)
    patch.setenv("AWS_SESSION_TOKEN", str(who.token))


def forget(plane: ControlPlane, *names: str) -> None:
    """Take ClusterRoles, and bindings of their names, away."""
    for name in names:
        for kind in ("clusterroles", "clusterrolebindings"):
            plane.admin.request("DELETE", f"{RBAC}/{kind}/{name}")

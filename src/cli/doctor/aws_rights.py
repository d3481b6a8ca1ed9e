"""Whether the approver may ask EC2 and IAM, which it does only when a decision is due."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cli.account import rights
from cli.doctor.chain import Finding, broken, ok, still_open, unknown
from core.errors import EvidenceUnavailable
from core.model import Role

_CHECK: Final = "check the role's policy, its permissions boundary and the SCPs"
_ASSUME: Final = (
    "get iam:SimulatePrincipalPolicy, or use --assume-role, to check the approver's own role; if "
    "the role lacks this right, the stack's alarms fire"
)


class AwsRights:
    """The approver's rights, tried with its own credentials or simulated by IAM."""

    def __init__(self, iam: Any, role_arn: str, *, acting: bool) -> None:
        """`iam`: the caller's client. `acting`: whether the credentials are the approver's own.

        `role_arn`: the approver's role; empty if it isn't known.
        """
        self._iam = iam
        self._role_arn = role_arn
        self._acting = acting

    def describe_instances(self, regions: Sequence[str], *, allowed: bool) -> Finding:
        """Return whether the approver may describe instances in these Regions.

        `allowed`: whether the acting credentials may.
        """
        calls = [{"region": region} for region in regions]
        return self._finding("ec2:DescribeInstances", calls, allowed=allowed)

    def get_profiles(self, *, allowed: bool) -> Finding:
        """Return whether the approver may ask for instance profiles.

        `allowed`: whether the acting credentials may.
        """
        role = Role.of_arn(self._role_arn)
        owner = f"{role.partition}:iam::{role.account}" if role else "aws:iam::"
        profile = f"arn:{owner}:instance-profile/{rights.NO_PROFILE}"
        return self._finding("iam:GetInstanceProfile", [{"resource": profile}], allowed=allowed)

    def _finding(
        self, action: str, calls: Sequence[Mapping[str, str]], *, allowed: bool
    ) -> Finding:
        if self._acting:
            may, may_not = f"the approver may {action}", f"the approver may not {action}"
            return ok(may) if allowed else broken(may_not, _CHECK)
        try:
            denied = [call for call in calls if not self._simulated(action, call)]
        except EvidenceUnavailable:
            # The caller's own rights don't show the approver's.
            own = f"you may {action}" if allowed else f"you may not {action}"
            return still_open(own, _ASSUME) if allowed else unknown(own, _ASSUME)
        if denied:
            where = ", ".join(call["region"] for call in denied if "region" in call)
            return broken(f"the approver may not {action}" + (where and f" in {where}"), _CHECK)
        return ok(f"the approver may {action}, as IAM simulates its policies")

    def _simulated(self, action: str, call: Mapping[str, str]) -> bool:
        if not self._role_arn:
            raise EvidenceUnavailable("the approver's role isn't known")
        return rights.role_may(self._iam, self._role_arn, action, **call)

"""Instance profiles and their roles."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.aws_clients import AWS_FAULTS, error_code, fault
from core.model import Role, RoleUnknown

#: How long a profile's role is kept.
KEPT_FOR: Final = timedelta(minutes=15)

_MAX_KEPT: Final = 1_000

# From: IAM User Guide, "IAM identifiers"; API reference, InstanceProfile and Role (names).
_PROFILE_ARN: Final = re.compile(
    r"arn:[a-z0-9-]+:iam::[0-9]{12}:instance-profile/(?:[!-~]+/)?([\w+=,.@-]{1,128})", re.ASCII
)


class InstanceProfiles:
    """The roles of instance profiles, requested from IAM once in 15 minutes.

    Only roles are kept. Failures and missing roles are requested again: a new profile may have no
    role yet.
    """

    def __init__(self, iam: Any, now: Callable[[], datetime]) -> None:
        """`iam`: a client made with `client_config()`. `now`: the time, with time zone."""
        self._iam = iam
        self._now = now
        self._kept: dict[str, tuple[datetime, Role]] = {}

    def role(self, profile_arn: str) -> Role | RoleUnknown:
        """Return the role of a profile, kept or requested; a failure of AWS raises nothing."""
        kept = self.kept(profile_arn)
        return self._ask(profile_arn) if kept is None else kept

    def kept(self, profile_arn: str) -> Role | None:
        """Return the role, if it was requested less than 15 minutes ago."""
        asked_at, role = self._kept.get(profile_arn, (None, None))
        if asked_at is None or not timedelta() <= self._now() - asked_at < KEPT_FOR:
            return None
        return role

    def _ask(self, profile_arn: str) -> Role | RoleUnknown:
        match = _PROFILE_ARN.fullmatch(profile_arn)
        if match is None:
            return RoleUnknown("the instance profile's ARN can't be read")
        try:
            answer = self._iam.get_instance_profile(InstanceProfileName=match[1])
        except AWS_FAULTS as error:
            if error_code(error) == "NoSuchEntity":
                return RoleUnknown("IAM has no such instance profile")
            return RoleUnknown(fault("IAM GetInstanceProfile", error), fault=True)
        try:
            arn, role = _profile(answer["InstanceProfile"])
        except (KeyError, TypeError, ValueError):
            return RoleUnknown("IAM GetInstanceProfile: unreadable answer", fault=True)
        if arn != profile_arn:
            return RoleUnknown("IAM has an instance profile of that name with another ARN")
        if isinstance(role, Role):
            self._keep(profile_arn, role)
        return role

    def _keep(self, profile_arn: str, role: Role) -> None:
        self._kept.pop(profile_arn, None)
        while len(self._kept) >= _MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[profile_arn] = (self._now(), role)


def roles_of_profiles(output: object) -> Mapping[str, Role | RoleUnknown]:
    """Return roles by profile ARN, from the output of `aws iam list-instance-profiles`.

    Raises:
        ValueError: it isn't that output; names the field.
    """
    if not isinstance(output, Mapping) or not isinstance(output.get("InstanceProfiles"), list):
        raise ValueError("InstanceProfiles: expected a list")  # noqa: TRY004  one error for shapes
    roles: dict[str, Role | RoleUnknown] = {}
    for index, item in enumerate(output["InstanceProfiles"]):
        try:
            arn, role = _profile(item)
        except (KeyError, TypeError, ValueError) as error:
            text = f"InstanceProfiles.{index}: expected Arn and Roles[].Arn"
            raise ValueError(text) from error
        roles[arn] = role
    return roles


def _profile(item: Any) -> tuple[str, Role | RoleUnknown]:
    """Return the ARN and the role of an InstanceProfile; raise for any other shape."""
    arns = [role["Arn"] for role in item["Roles"]]
    if not isinstance(item["Arn"], str) or not item["Arn"]:
        raise ValueError("an ARN is text")
    if len(arns) != 1:
        return item["Arn"], RoleUnknown(f"the instance profile has {len(arns) or 'no'} roles")
    role = Role.of_arn(arns[0])
    if role is None:
        raise ValueError("not the ARN of a role")
    return item["Arn"], role

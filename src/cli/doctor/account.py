"""The account's links of `csr-approver doctor`: clock, credentials, stack, rights."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

import boto3

from adapters.aws_account import Aws
from adapters.aws_clients import AWS_FAULTS, reported
from cli.access.options import STACK
from cli.account import rights, stack
from cli.account.caller import Caller, who_am_i
from cli.account.copied import GivenOptions, whole_word
from cli.account.problems import hint, with_fix
from cli.account.stack import Stack
from cli.doctor import roles, vpc
from cli.doctor.alarms import Alarms, look_at_topics
from cli.doctor.aws_rights import AwsRights
from cli.doctor.chain import Finding, Link, broken, ok, still_open, unknown
from core.errors import BadSettings, EvidenceUnavailable
from core.model import Role
from core.settings import ReviewSettings

#: AWS refuses requests signed by a clock that is further off.
#: From: IAM User Guide, "Elements of an AWS API request signature".
MOST_SKEW_SECONDS: Final = 300

# AWS's time has whole seconds, and its answer takes a while.
_SAME_SECONDS: Final = 3

_DEPLOY: Final = "deploy the stack, or give its name and Region: --stack-name, --stack-region"
_GIVE_ROLE: Final = "give --role-arn, or credentials that may read the stack"


class AccountLinks:
    """The links that all clusters share. Each property is read once, when it is first needed."""

    def __init__(
        self,
        own: Aws,
        *,
        account: str | None,
        role_arn: str | None,
        stack_name: str,
        stack_region: str,
        assume: bool,
        given: GivenOptions,
    ) -> None:
        """`own`: the caller's account. The others are the command's options."""
        self.own = own
        self._account = account
        self._role_arn = role_arn
        self._stack_name = stack_name
        self._stack_region = stack_region
        self._assume = assume
        self.given = given
        #: The account with the credentials for the clusters, EC2 and IAM.
        self.acting = own
        self.as_approver = False

    def links(self) -> list[Link]:
        """Return the links in order."""
        return [
            Link("clock", self._clock),
            Link("credentials", self._credentials, after=("clock",)),
            Link("stack", self._stack, needs=("credentials",)),
            Link("schedule", self._schedule, needs=("stack",)),
            Link("alarms", self._alarms, needs=("stack",)),
            Link("alarm-topics", self._alarm_topics, needs=("alarms",)),
            Link("role", self._role, needs=("credentials",), after=("stack",)),
            Link("identity", self._identity, needs=("credentials",)),
            Link("ec2", self._ec2, needs=("credentials",)),
            Link("iam", self._iam, needs=("credentials",)),
            Link("iam-from-vpc", self._iam_from_vpc, needs=("stack",)),
        ]

    @cached_property
    def caller(self) -> Caller:
        """The owner of the caller's own credentials."""
        return who_am_i(self.own.client("sts"), lambda: datetime.now(UTC))

    @cached_property
    def stack(self) -> Stack | None:
        """The approver's stack; None if there is none."""
        client = self.own.client("cloudformation", self._stack_region)
        return stack.describe(client, self._stack_name, self._stack_region)

    def access(self, cluster: str, region: str) -> str:
        """Return the command that shows how to give this approver access to a cluster."""
        if self._role_arn is not None:
            of = ["--role-arn", self._role_arn]
        else:
            of = [] if self._stack_name == STACK else ["--stack-name", self._stack_name]
            of += [] if self._stack_region == region else ["--stack-region", self._stack_region]
        words = "".join(f" {whole_word(one)}" for one in of)
        return f"csr-approver access {cluster} --region {region}{self.given.account}{words}"

    @property
    def stack_place(self) -> str:
        """The name and Region of the stack that is looked for."""
        return f"{self._stack_name} in {self._stack_region}"

    @cached_property
    def role_arn(self) -> str:
        """The approver's role; empty if none was given and the stack can't be read."""
        if self._role_arn is not None:
            return self._role_arn
        return self.known_stack.role_arn if self.known_stack else ""

    @cached_property
    def known_stack(self) -> Stack | None:
        """The stack; None also if it can't be read, which the link `stack` reports."""
        try:
            return self.stack
        except EvidenceUnavailable:
            return None

    @property
    def settings(self) -> ReviewSettings:
        """The stack's settings; the defaults if the link `stack` reports an error."""
        try:
            return self.known_stack.settings() if self.known_stack else ReviewSettings()
        except BadSettings:
            return ReviewSettings()

    @property
    def judging(self) -> str:
        """The options for a command that judges as the stack does."""
        try:
            given = self.known_stack.judging() if self.known_stack else ()
        except BadSettings:  # the link `stack` reports it
            given = ()
        return replace(self.given, settings=given).judging

    # --- the links ------------------------------------------------------------------------------

    def _clock(self) -> Finding:
        skew = self.caller.skew_seconds
        if skew is None:
            return unknown("STS sent no Date header, so the clock can't be compared")
        if abs(skew) < _SAME_SECONDS:
            return ok("the local clock agrees with AWS's")
        difference = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} AWS's"
        if abs(skew) > MOST_SKEW_SECONDS:
            return broken(
                f"the local clock is {difference}",
                "set the clock by NTP: AWS rejects requests of a clock that is more than 300 s off",
            )
        return ok(f"the local clock is {difference}")

    def _credentials(self) -> Finding:
        caller = self.caller
        if caller.problem:
            return broken(
                caller.problem, hint(caller.problem) or "use other credentials: --profile"
            )
        role = Role.of_arn(self._role_arn or "")
        expected = self._account or (role.account if role else None)
        if expected not in {None, caller.account}:
            detail = f"the credentials are for account {caller.account}, expected {expected}"
            return broken(detail, f"use credentials of account {expected}: --profile")
        return ok(f"{caller.arn}, account {caller.account}")

    def _stack(self) -> Finding:
        where = self.stack_place
        found = self.stack
        if found is None and self._role_arn is not None:
            return still_open(f"there is no stack {where}; the role is from --role-arn")
        if found is None:
            return broken(f"there is no stack {where}", _DEPLOY)
        if not found.is_settled:
            return broken(f"{where} is {found.status}", "see the stack's events in CloudFormation")
        if not found.role_arn:
            return broken(
                f"{where} isn't the approver's: it has no output ReviewerRoleArn", _DEPLOY
            )
        try:
            mode = found.settings().mode.value
        except BadSettings as error:
            return broken(
                f"the functions of {where} can't start: {error}",
                "deploy the stack with valid parameters",
            )
        return ok(f"{where} is {found.status}, mode {mode}")

    def _schedule(self) -> Finding:
        if self.stack is None:
            return still_open(f"no stack {self.stack_place}, so its schedule is unknown")
        cloudformation = self.own.client("cloudformation", self._stack_region)
        scheduler = self.own.client("scheduler", self._stack_region)
        state = stack.schedule_state(cloudformation, scheduler, self._stack_name)
        if state != "ENABLED":
            detail = f"the schedule is {state}" if state else "the stack has no schedule"
            return broken(detail, "deploy the stack again, with its schedule enabled")
        return ok("the schedule is on")

    @cached_property
    def _stack_alarms(self) -> Alarms:
        cloudformation = self.own.client("cloudformation", self._stack_region)
        names = stack.resources(cloudformation, self._stack_name, stack.ALARM)
        options = f"--region {self._stack_region}{self.given.aws}"
        return Alarms(self.own.client("cloudwatch", self._stack_region), names, options)

    def _alarms(self) -> Finding:
        if self.stack is None:
            return still_open(f"no stack {self.stack_place}, so its alarms are unknown")
        return self._stack_alarms.look()

    def _alarm_topics(self) -> Finding:
        if self.stack is None:
            return still_open(f"no stack {self.stack_place}, so its topics are unknown")
        return look_at_topics(self.own, self._stack_alarms.topics)

    def _role(self) -> Finding:
        if not self.role_arn:
            return unknown("the stack that names the approver's role can't be read", _GIVE_ROLE)
        role = Role.of_arn(self.role_arn)
        if role is None:
            return broken(f"{self.role_arn} is not a role's ARN", _DEPLOY)
        if role.account != self.caller.account:
            return still_open(
                f"{self.role_arn} belongs to another account, where it can't be checked"
            )
        if roles.trust_policy(self.own.client("iam"), role.name) is None:
            return broken(f"there is no role {self.role_arn}", _DEPLOY)
        return ok(self.role_arn)

    def _identity(self) -> Finding:
        """Choose the credentials for the later links."""
        if _is_session_of(self.caller, self.role_arn):
            self.as_approver = True
            return ok("your credentials are the approver's own")
        if not self._assume:
            return still_open("checked as you; --assume-role checks as the approver")
        if not self.role_arn:
            return unknown("the approver's role isn't known, so it can't be assumed", _GIVE_ROLE)
        try:
            self.acting = _assumed(self.own, self.role_arn)
        except AWS_FAULTS as error:
            problem = with_fix(reported("STS AssumeRole", error))
            return unknown(
                problem,
                "as deployed, only Lambda may assume the role: run this without --assume-role",
            )
        self.as_approver = True
        return ok("checked as the approver's role, which you may assume")

    @property
    def _rights(self) -> AwsRights:
        return AwsRights(self.own.client("iam"), self.role_arn, acting=self.as_approver)

    def _ec2(self) -> Finding:
        allowed = rights.may_describe_instances(self.acting.client("ec2"))
        regions = self.settings.regions or (self._stack_region,)
        return self._rights.describe_instances(regions, allowed=allowed)

    def _iam(self) -> Finding:
        allowed = rights.may_get_profiles(self.acting.client("iam"))
        return self._rights.get_profiles(allowed=allowed)

    def _iam_from_vpc(self) -> Finding:
        """Return whether the reviewer reaches IAM, which has no endpoint in most VPCs."""
        found = self.stack
        if found is None or not found.subnets:
            return ok("the reviewer runs outside any VPC")
        if not self.settings.verify_node_role:
            return ok("IAM isn't asked (VERIFY_NODE_ROLE=false)")
        shut = vpc.without_iam(self.own.client("ec2", self._stack_region), found.subnets)
        if shut:
            return broken(
                f"IAM can't be reached from {', '.join(shut)}: no NAT gateway, no IAM endpoint",
                "route the subnets to a NAT gateway, or set VerifyNodeRole=false",
            )
        return ok(f"{', '.join(found.subnets)}: routed out of the VPC")


def _is_session_of(caller: Caller, role_arn: str) -> bool:
    """Return whether the caller is a session of the role.

    Its ARN is arn:<partition>:sts::<account>:assumed-role/<role>/<session>.
    """
    role = Role.of_arn(role_arn)
    _, _, rest = caller.arn.partition(":assumed-role/")
    return role is not None and (caller.account, rest.split("/")[0]) == (role.account, role.name)


def _assumed(own: Aws, role_arn: str) -> Aws:
    """Return the account with the role's credentials; raises errors of AWS."""
    answer = own.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="csr-approver-doctor")
    keys = answer["Credentials"]
    session = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=own.home
    )
    return Aws(own.home, session, use_environment_proxy=own.use_environment_proxy)

"""The links of `csr-approver doctor` that are the account's: clock, credentials, stack, rights."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Final

import boto3

from adapters.aws_account import Aws
from adapters.aws_clients import AWS_FAULTS, reported
from cli.access.approver_role import role_by_name
from cli.account import rights, stack
from cli.account.caller import Caller, who_am_i
from cli.account.clusters import hint, with_fix
from cli.account.stack import Stack
from cli.doctor import roles, vpc
from cli.doctor.chain import Finding, Link, broken, ok, still_open, unknown
from core.errors import BadSettings, EvidenceUnavailable
from core.model import Role
from core.settings import ReviewSettings

#: AWS refuses what is signed by a clock that is further off.
#: From: IAM User Guide, "Elements of an AWS API request signature".
MOST_SKEW_SECONDS: Final = 300

# AWS tells whole seconds, and its answer takes a while.
_SAME_SECONDS: Final = 3

_DEPLOY: Final = "deploy it, or say where it is: --stack-name, --stack-region"
_ASSUME: Final = "whether the approver's role may is told with --assume-role, or by its alarms"


class AccountLinks:
    """What is the same for all clusters. Each property is asked for once, at first need."""

    def __init__(
        self,
        own: Aws,
        *,
        account: str | None,
        role_arn: str | None,
        stack_name: str,
        stack_region: str,
        assume: bool,
    ) -> None:
        """`own`: a person's own credentials. The rest are the command's options."""
        self.own = own
        self._account = account
        self._role_arn = role_arn
        self._stack_name = stack_name
        self._stack_region = stack_region
        self._assume = assume
        #: Whose credentials meet the clusters, EC2 and IAM.
        self.acting = own
        self.as_approver = False

    def links(self) -> list[Link]:
        """In their order."""
        return [
            Link("clock", self._clock),
            Link("credentials", self._credentials, after=("clock",)),
            Link("stack", self._stack, needs=("credentials",)),
            Link("schedule", self._schedule, needs=("stack",)),
            Link("role", self._role, needs=("credentials",), after=("stack",)),
            Link("identity", self._identity, needs=("credentials",)),
            Link("ec2", self._ec2, needs=("credentials",)),
            Link("iam", self._iam, needs=("credentials",)),
            Link("iam-from-vpc", self._iam_from_vpc, needs=("stack",)),
        ]

    @cached_property
    def caller(self) -> Caller:
        """Who we are by our own credentials."""
        return who_am_i(self.own.client("sts"), lambda: datetime.now(UTC))

    @cached_property
    def stack(self) -> Stack | None:
        """The approver's stack; None where there is none."""
        client = self.own.client("cloudformation", self._stack_region)
        return stack.describe(client, self._stack_name, self._stack_region)

    @cached_property
    def role_arn(self) -> str:
        """The approver's role."""
        if self._role_arn is not None:
            return self._role_arn
        if self.known_stack is not None and self.known_stack.role_arn:
            return self.known_stack.role_arn
        return role_by_name(self.caller, self._stack_name, self._stack_region).arn

    @cached_property
    def known_stack(self) -> Stack | None:
        """The stack; None also where it can't be asked, which the link `stack` tells."""
        try:
            return self.stack
        except EvidenceUnavailable:
            return None

    @property
    def settings(self) -> ReviewSettings:
        """Those of the stack; the defaults where there are none, which the link `stack` tells."""
        try:
            return self.known_stack.settings() if self.known_stack else ReviewSettings()
        except BadSettings:
            return ReviewSettings()

    # --- the links ------------------------------------------------------------------------------

    def _clock(self) -> Finding:
        skew = self.caller.skew_seconds
        if skew is None:
            return unknown("AWS told no time")
        if abs(skew) < _SAME_SECONDS:
            return ok("the local clock agrees with AWS's")
        difference = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} AWS's"
        if abs(skew) > MOST_SKEW_SECONDS:
            return broken(
                f"the local clock is {difference}",
                "set it, by NTP: AWS refuses such tokens",
            )
        return ok(f"the local clock is {difference}")

    def _credentials(self) -> Finding:
        caller = self.caller
        if caller.problem:
            return broken(caller.problem, hint(caller.problem) or "give other credentials")
        role = Role.of_arn(self._role_arn or "")
        expected = self._account or (role.account if role else None)
        if expected not in {None, caller.account}:
            detail = f"they are of the account {caller.account}, expected {expected}"
            return broken(detail, "give those of that account: --profile")
        return ok(f"{caller.arn}, account {caller.account}")

    def _stack(self) -> Finding:
        where = f"{self._stack_name} in {self._stack_region}"
        found = self.stack
        if found is None and self._role_arn is not None:
            return still_open(f"no stack {where}; --role-arn tells the role")
        if found is None:
            return broken(f"there is no stack {where}", _DEPLOY)
        if not found.is_settled:
            return broken(f"{where} is {found.status}", "see its events in CloudFormation")
        if not found.role_arn:
            return broken(f"{where} isn't the approver's: it has no ReviewerRoleArn", _DEPLOY)
        try:
            mode = found.settings().mode.value
        except BadSettings as error:
            return broken(f"{where} can't start: {error}", "deploy it with other parameters")
        return ok(f"{where} is {found.status}, mode {mode}")

    def _schedule(self) -> Finding:
        if self.stack is None:
            return still_open("there is no stack to ask")
        cloudformation = self.own.client("cloudformation", self._stack_region)
        scheduler = self.own.client("scheduler", self._stack_region)
        state = stack.schedule_state(cloudformation, scheduler, self._stack_name)
        if state != "ENABLED":
            detail = f"the schedule is {state}" if state else "the stack has no schedule"
            return broken(detail, "deploy the stack anew, with its schedule on")
        return ok("the schedule is on")

    def _role(self) -> Finding:
        role = Role.of_arn(self.role_arn)
        if role is None:
            return broken(f"{self.role_arn} is no role", _DEPLOY)
        if role.account != self.caller.account:
            return still_open(f"{self.role_arn} is another account's")
        if roles.trust_policy(self.own.client("iam"), role.name) is None:
            return broken(f"there is no role {self.role_arn}", _DEPLOY)
        return ok(self.role_arn)

    def _identity(self) -> Finding:
        """Which credentials the links after this one are checked with."""
        if _is_session_of(self.caller, self.role_arn):
            self.as_approver = True
            return ok("your credentials are the approver's own")
        if not self._assume:
            return still_open("as you; with --assume-role, as the approver")
        try:
            self.acting = _assumed(self.own, self.role_arn)
        except AWS_FAULTS as error:
            problem = with_fix(reported("STS AssumeRole", error))
            return unknown(problem, "as deployed, its trust policy lets Lambda alone take it")
        self.as_approver = True
        return ok("as the approver's role, which you may take")

    def _ec2(self) -> Finding:
        allowed = rights.may_describe_instances(self.acting.client("ec2"))
        return self._right("ec2:DescribeInstances", allowed=allowed)

    def _iam(self) -> Finding:
        allowed = rights.may_get_profiles(self.acting.client("iam"))
        return self._right("iam:GetInstanceProfile", allowed=allowed)

    def _right(self, action: str, *, allowed: bool) -> Finding:
        """What a person may do, or may not, tells nothing of the approver's role."""
        if self.as_approver and allowed:
            return ok(f"the approver may {action}")
        if self.as_approver:
            fix = "its policy, a permissions boundary or an SCP forbids it"
            return broken(f"the approver may not {action}", fix)
        if allowed:
            return still_open(f"you may {action}", _ASSUME)
        return unknown(f"you may not {action}", _ASSUME)

    def _iam_from_vpc(self) -> Finding:
        """Whether the reviewer reaches IAM, which has no endpoint in most VPCs."""
        found = self.stack
        if found is None or not found.subnets:
            return ok("the reviewer runs outside any VPC")
        if not self.settings.verify_node_role:
            return ok("IAM isn't asked (VERIFY_NODE_ROLE=false)")
        shut = vpc.shut_in(self.own.client("ec2", self._stack_region), found.subnets)
        if shut:
            return broken(
                f"no way from {', '.join(shut)} to IAM: no NAT and no endpoint of IAM",
                "route them to a NAT gateway, or set VerifyNodeRole=false",
            )
        return ok(f"from {', '.join(found.subnets)} a route leads out")


def _is_session_of(caller: Caller, role_arn: str) -> bool:
    """arn:<partition>:sts::<account>:assumed-role/<role>/<session>."""
    role = Role.of_arn(role_arn)
    _, _, rest = caller.arn.partition(":assumed-role/")
    return role is not None and (caller.account, rest.split("/")[0]) == (role.account, role.name)


def _assumed(own: Aws, role_arn: str) -> Aws:
    """The same account as another role. Raises what AWS is at fault for."""
    answer = own.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="csr-approver-doctor")
    keys = answer["Credentials"]
    session = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=own.home
    )
    return Aws(own.home, session, use_environment_proxy=own.use_environment_proxy)

"""`csr-approver doctor`: the first broken link is named, with its fix."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError

from core.model import APP_SERVING, APPROVED_REASON, KUBELET_SERVING
from sandbox.aws import ACCOUNT, HOME
from sandbox.kubernetes import SEES_SERVICES, Rule, approver_rules
from tests.cli.aws_stub import ALARM_NAME, TOPIC, AwsStub, topic
from tests.cli.conftest import CommandRunner
from tests.handlers.account import GROUP as FAKE_GROUP
from tests.handlers.account import NODE_ROLE, Account, Cluster

GROUP = "csr-approver"

ACCOUNTS = (
    "clock",
    "credentials",
    "stack",
    "schedule",
    "alarms",
    "alarm-topics",
    "role",
    "identity",
    "ec2",
    "iam",
    "iam-from-vpc",
)
_REVIEW = f"csr-approver review prod --region {HOME}"

CLUSTERS = (
    "describe",
    "state",
    "selected",
    "access-entry",
    "reach",
    "network",
    "tls",
    "token",
    "rbac-list",
    "rbac-update",
    "rbac-approve",
    "node-roles",
    "issuing",
    "dry-run",
)

Link = Mapping[str, Any]


@dataclass
class World:
    """A working approver and one cluster; each test breaks one thing."""

    account: Account
    stub: AwsStub
    cluster: Cluster
    runner: CommandRunner

    def deploy(self, **values: str) -> None:
        self.stub.stack(self.account.aws.role_arn, region=HOME, **values)

    def look(self, *options: str, code: int) -> dict[str, Link]:
        """Return the links of the account and of the cluster."""
        document = self.runner.json("doctor", "prod", *options, code=code)
        every = [*document["account"], *(document["clusters"] or [{"links": []}])[0]["links"]]
        return {link["link"]: link for link in every}

    def breaks_at(self, link: str, *options: str, code: int = 1) -> Link:
        """Return this link; fail unless it is the first broken one, and has a fix."""
        links = self.look(*options, code=code)
        first = next(entry for entry in links.values() if entry["status"] == "broken")
        assert link == first["link"], links
        assert first["fix"]
        return first

    def trust(self, document: str) -> None:
        """Replace the trust policy of the nodes' role."""
        iam = self.account.aws.client("iam")
        iam.update_assume_role_policy(RoleName=NODE_ROLE, PolicyDocument=document)

    def rights(self, *missing: int) -> None:
        """Grant the approver's three rights, but for these."""
        rules = approver_rules(KUBELET_SERVING)
        self.cluster.revoke(FAKE_GROUP)
        self.cluster.grant(FAKE_GROUP, [rule for at, rule in enumerate(rules) if at not in missing])

    def use_a_persons_credentials(self) -> None:
        """Use credentials with all rights in AWS and no access to the cluster."""
        iam = self.account.aws.client("iam")
        role = iam.create_role(RoleName="person", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        sts = self.account.aws.client("sts")
        keys = sts.assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
        self.runner.environment = {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
        }


@pytest.fixture
def world(account: Account, stub: AwsStub, runner: CommandRunner) -> World:
    made = World(account, stub, account.cluster(), runner)
    made.deploy(Mode="approve-only")
    stub.entry("prod", account.aws.role_arn, GROUP, region=HOME)
    return made


# --- nothing broken -----------------------------------------------------------------------------


def test_a_whole_chain_shows_every_link_and_exits_0(world: World) -> None:
    world.cluster.file(1)

    links = world.look(code=0)

    assert (*ACCOUNTS, *CLUSTERS) == tuple(links)
    assert {"issuing": "open"} == {k: v["status"] for k, v in links.items() if v["status"] != "ok"}
    assert "1 listed; past the gates: 1 would-approve" == links["dry-run"]["detail"]
    assert [] == world.cluster.writes


def test_certificates_for_our_approvals_show_that_eks_issues(world: World) -> None:
    world.cluster.file(1)
    world.runner.run("review", "prod", "--apply")

    assert ("ok", "the approver's approvals: 1 issued, 0 not issued") == (
        (links := world.look(code=0))["issuing"]["status"],
        links["issuing"]["detail"],
    )


def test_all_clusters_of_the_region_are_checked_by_default(world: World) -> None:
    world.account.cluster("test")
    world.stub.entry("test", world.account.aws.role_arn, GROUP, region=HOME)

    reported = world.runner.json("doctor")

    assert ["prod", "test"] == [cluster["cluster"] for cluster in reported["clusters"]]


def test_a_region_without_clusters_is_not_broken(account: Account, stub: AwsStub) -> None:
    stub.stack(account.aws.role_arn, region=HOME)

    reported = CommandRunner().json("doctor")

    assert ([], None) == (reported["clusters"], reported["first_broken"])


def test_a_broken_cluster_stops_no_other(world: World) -> None:
    world.account.name_only(["a-broken-one"])

    reported = world.runner.json("doctor", code=1)

    assert {"a-broken-one": "access-entry", "prod": None} == {
        cluster["cluster"]: cluster["first_broken"] for cluster in reported["clusters"]
    }


# --- every broken link --------------------------------------------------------------------------


def test_a_wrong_clock_is_the_first_link(world: World) -> None:
    """The time of AWS's answer shows it; links that it would break aren't checked."""
    then = format_datetime(datetime.now(UTC) - timedelta(minutes=20), usegmt=True)
    world.stub.headers["GetCallerIdentity"] = {"date": then}

    first = world.breaks_at("clock")

    assert re.fullmatch("the local clock is 12[0-9][0-9] s ahead of AWS's", first["detail"])
    links = world.look(code=1)
    assert {"not checked"} == {entry["status"] for entry in [*links.values()][1:]}


@pytest.mark.parametrize(
    "options",
    [("--account", "999999999999"), ("--role-arn", "arn:aws:iam::999999999999:role/approver")],
    ids=["account", "role"],
)
def test_credentials_of_another_account_are_broken(world: World, options: tuple[str, str]) -> None:
    first = world.breaks_at("credentials", *options)

    assert f"the credentials are for account {ACCOUNT}, expected 999999999999" == first["detail"]


def test_credentials_that_aws_refuses_are_broken(world: World) -> None:
    world.stub.overrides["GetCallerIdentity"] = "ExpiredTokenException"

    assert "your credentials have expired: renew them" == world.breaks_at("credentials")["fix"]


def _no_stack(world: World) -> None:
    world.stub.stacks.clear()


def _rolled_back(world: World) -> None:
    world.deploy(status="ROLLBACK_COMPLETE")


def _another_stack(world: World) -> None:
    world.stub.stacks[HOME, "csr-approver"]["Outputs"] = []


def _bad_settings(world: World) -> None:
    world.deploy(MaxCsrAgeSeconds="300")


def _schedule_off(world: World) -> None:
    world.stub.schedule = "DISABLED"


def _no_alarms(world: World) -> None:
    world.stub.resources.remove("AWS::CloudWatch::Alarm")


def _alarms_off(world: World) -> None:
    world.stub.alarm["ActionsEnabled"] = False


def _no_topic(world: World) -> None:
    world.stub.topics.clear()


def _unconfirmed(world: World) -> None:
    world.stub.topics[TOPIC] = topic(confirmed=0, pending=1)


def _no_role(world: World) -> None:
    world.stub.stack(f"arn:aws:iam::{ACCOUNT}:role/gone", region=HOME)


def _no_ec2(world: World) -> None:
    world.stub.overrides["DescribeInstances"] = "UnauthorizedOperation"


def _no_iam(world: World) -> None:
    world.stub.overrides["GetInstanceProfile"] = "AccessDenied"


def _being_created(world: World) -> None:
    world.account.change("prod", status="CREATING")


def _not_served(world: World) -> None:
    world.deploy(ClusterNames="test-*")


def _elsewhere(world: World) -> None:
    world.deploy(Regions="eu-west-1,eu-central-1")


def _without_the_tag(world: World) -> None:
    world.deploy(ClusterTag="team=a")


def _no_entry(world: World) -> None:
    world.stub.entries.clear()


def _entry_of_a_node(world: World) -> None:
    world.stub.entry("prod", world.account.aws.role_arn, kind="EC2_LINUX", region=HOME)


def _entry_without_group(world: World) -> None:
    world.stub.entry("prod", world.account.aws.role_arn, "viewers", region=HOME)


def _private(world: World) -> None:
    vpc = {"vpcId": "vpc-1", "endpointPublicAccess": False, "endpointPrivateAccess": True}
    world.account.change("prod", resources_vpc_config=vpc)


def _off(world: World) -> None:
    world.account.change("prod", tags={"csr-approver:mode": "off"})


def _no_listener(world: World) -> None:
    world.account.change("prod", endpoint="https://127.0.0.1:1")


def _another_ca(world: World) -> None:
    world.account.trust("prod", world.account.ca_pem)


def _role_created_again(world: World) -> None:
    """Bind the cluster's entry to the deleted role of the same name."""
    world.cluster._judge._mappings.pop(world.account.aws.role_arn.casefold())


def _other_region(world: World) -> None:
    """Look in a Region that has no such cluster."""
    world.runner.environment["AWS_REGION"] = "eu-west-1"
    world.stub.stack(world.account.aws.role_arn, region="eu-west-1")


def _no_schedule(world: World) -> None:
    world.stub.resources = ["AWS::Lambda::Function"]


def _others_assume_node_role_of_an_entry(world: World) -> None:
    """Put the entry on the second page; no request is from such a node."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{NODE_ROLE}"
    for other in ("a", "b", "c"):
        world.stub.entry("prod", f"arn:aws:iam::{ACCOUNT}:user/{other}", region=HOME)
    world.stub.entry("prod", arn, kind="EC2_LINUX", region=HOME)
    world.trust(_ALLOWS_A_SERVICE)


_ALLOWS_A_SERVICE = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}"""


def _others_assume_node_role(world: World) -> None:
    world.cluster.file(1)
    world.trust(
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
        ' "Principal": {"Service": "ec2.amazonaws.com", "AWS": "arn:aws:iam::111122223333:root"}}]}'
    )


def _nothing_issued(world: World) -> None:
    world.cluster.stop("signer")
    world.cluster.file(1)
    world.runner.run("review", "prod", "--apply")
    stored = world.cluster.get("csr-0001")
    old = datetime.now(UTC) - timedelta(minutes=5)
    stored["status"]["conditions"][0]["lastUpdateTime"] = old.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert APPROVED_REASON == stored["status"]["conditions"][0]["reason"]
    world.cluster.seed_object(stored)


BROKEN: dict[str, tuple[Callable[[World], None], str, str]] = {
    "no stack": (_no_stack, "stack", "there is no stack csr-approver in us-east-1"),
    "a stack rolled back": (_rolled_back, "stack", "is ROLLBACK_COMPLETE"),
    "another stack": (_another_stack, "stack", "isn't the approver's"),
    "settings that stop the start": (
        _bad_settings,
        "stack",
        "MAX_CSR_AGE_SECONDS: got 300",
    ),
    "the schedule off": (_schedule_off, "schedule", "the schedule is DISABLED"),
    "no alarms": (_no_alarms, "alarms", "the stack has no alarms"),
    "alarms off": (_alarms_off, "alarms", f"actions are disabled: {ALARM_NAME}"),
    "no topic": (_no_topic, "alarm-topics", f"there is no topic {TOPIC}"),
    "a mail that isn't confirmed": (
        _unconfirmed,
        "alarm-topics",
        f"{TOPIC}: no confirmed subscription, 1 pending",
    ),
    "no role": (_no_role, "role", "there is no role arn:aws:iam::123456789012:role/gone"),
    "EC2 denied": (_no_ec2, "ec2", "the approver may not ec2:DescribeInstances"),
    "IAM denied": (_no_iam, "iam", "the approver may not iam:GetInstanceProfile"),
    "no schedule": (_no_schedule, "schedule", "the stack has no schedule"),
    "no such cluster": (_other_region, "describe", 'EKS has no cluster "prod" in eu-west-1'),
    "a cluster being created": (_being_created, "state", "the cluster is CREATING"),
    "not served by name": (_not_served, "selected", "prod matches none of ClusterNames (test-*)"),
    "not served by Region": (
        _elsewhere,
        "selected",
        "prod is in us-east-1, the stack serves eu-west-1, eu-central-1",
    ),
    "not served by tag": (_without_the_tag, "selected", "prod doesn't have the tag team=a"),
    "no access entry": (_no_entry, "access-entry", "there is no access entry for arn:aws:iam::"),
    "a node's access entry": (
        _entry_of_a_node,
        "access-entry",
        "the access entry's type is EC2_LINUX, expected STANDARD",
    ),
    "an entry without the group": (
        _entry_without_group,
        "access-entry",
        "the access entry isn't in the group csr-approver",
    ),
    "switched off": (_off, "selected", "its tag csr-approver:mode=off excludes it from review"),
    "a private endpoint": (_private, "reach", "the reviewer runs outside any VPC"),
    "no listener": (_no_listener, "network", "not reachable from here: "),
    "another CA": (_another_ca, "tls", "certificate verify failed"),
    "a role that was created again": (
        _role_created_again,
        "token",
        "the cluster rejects the approver's credentials (401)",
    ),
    "no right to list": (
        lambda world: world.rights(0),
        "rbac-list",
        "the approver may not list certificatesigningrequests",
    ),
    "no right to decide": (
        lambda world: world.rights(1),
        "rbac-update",
        "the approver may not update certificatesigningrequests/approval",
    ),
    "no right for the signer": (
        lambda world: world.rights(2),
        "rbac-approve",
        "the approver may not approve signers kubernetes.io/kubelet-serving",
    ),
    "a node role that others may assume": (
        _others_assume_node_role,
        "node-roles",
        "eks-node may be assumed by arn:aws:iam::111122223333:root",
    ),
    "an entry's role that others may assume": (
        _others_assume_node_role_of_an_entry,
        "node-roles",
        "eks-node may be assumed by lambda.amazonaws.com",
    ),
    "nothing issued": (
        _nothing_issued,
        "issuing",
        "the approver's approvals: 0 issued, 1 not issued",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_first_broken_link_is_named_with_its_fix(world: World, what: str) -> None:
    breaks, link, words = BROKEN[what]
    breaks(world)

    assert words in world.breaks_at(link)["detail"]


def test_every_link_is_broken_by_a_test() -> None:
    """The others have tests of their own, or can't be broken."""
    broken = {link for _, link, _ in BROKEN.values()}

    untested = {*ACCOUNTS, *CLUSTERS} - broken - {"clock", "credentials", "iam-from-vpc"}
    assert {"identity", "dry-run"} == untested


def test_links_that_need_a_broken_one_are_not_checked_and_the_others_are(world: World) -> None:
    world.rights(0)

    links = world.look(code=1)

    assert {"issuing": "needs rbac-list", "dry-run": "needs rbac-list"} == {
        k: v["detail"] for k, v in links.items() if v["status"] == "not checked"
    }


OF_A_STACK = ("schedule", "alarms", "alarm-topics", "role")


def test_without_a_stack_the_connection_to_the_cluster_is_checked(world: World) -> None:
    """The caller's credentials are used, as there is no role yet."""
    world.stub.stacks.clear()

    links = world.look(code=1)

    assert [*OF_A_STACK, "iam-from-vpc", "selected", "access-entry"] == [
        k for k, v in links.items() if v["status"] == "not checked"
    ]
    assert ("ok", "ok", "ok") == tuple(
        links[name]["status"] for name in ("network", "tls", "token")
    )


# --- IAM from a closed VPC ----------------------------------------------------------------------


class Closed:
    """A VPC with one subnet, and no route out of it."""

    def __init__(self) -> None:
        self.ec2 = boto3.client("ec2", HOME)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.subnet_of("10.0.1.0/24")

    def subnet_of(self, block: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=block)
        return str(made["Subnet"]["SubnetId"])

    def route(self, **target: str) -> None:
        """Add a default route to the VPC's main table."""
        main = [{"Name": "vpc-id", "Values": [self.vpc]}]
        [table] = self.ec2.describe_route_tables(Filters=main)["RouteTables"]
        self.ec2.create_route(
            RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", **target
        )

    def internet_gateway(self) -> str:
        made = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=self.vpc)
        return str(made)


@pytest.fixture
def closed(world: World) -> Closed:
    made = Closed()
    world.deploy(SubnetIds=made.subnet, SecurityGroupIds="sg-1")
    return made


def test_from_a_closed_vpc_iam_cannot_be_reached(world: World, closed: Closed) -> None:
    first = world.breaks_at("iam-from-vpc")

    assert f"IAM can't be reached from {closed.subnet}" in first["detail"]


def test_an_internet_gateway_gives_a_function_no_access(world: World, closed: Closed) -> None:
    """A function has no public address."""
    closed.route(GatewayId=closed.internet_gateway())

    world.breaks_at("iam-from-vpc")


def test_a_nat_gateway_gives_access(world: World, closed: Closed) -> None:
    address = closed.ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = closed.ec2.create_nat_gateway(SubnetId=closed.subnet, AllocationId=address)
    closed.route(NatGatewayId=nat["NatGateway"]["NatGatewayId"])

    assert "ok" == world.look(code=0)["iam-from-vpc"]["status"]


def test_an_iam_endpoint_gives_access(world: World, closed: Closed) -> None:
    closed.ec2.create_vpc_endpoint(
        VpcId=closed.vpc, ServiceName="com.amazonaws.iam", VpcEndpointType="Interface"
    )

    assert "ok" == world.look(code=0)["iam-from-vpc"]["status"]


def test_without_role_verification_iam_need_not_be_reached(world: World, closed: Closed) -> None:
    world.deploy(SubnetIds=closed.subnet, SecurityGroupIds="sg-1", VerifyNodeRole="false")

    assert "IAM isn't asked" in world.look(code=0)["iam-from-vpc"]["detail"]


def test_a_private_endpoint_suits_a_reviewer_with_subnets(world: World, closed: Closed) -> None:
    """A caller who can't reach the endpoint can't check it: it is unknown."""
    world.deploy(SubnetIds=closed.subnet, SecurityGroupIds="sg-1", VerifyNodeRole="false")
    _private(world)
    assert "reachable from here, by the private endpoint" == world.look(code=0)["network"]["detail"]

    _no_listener(world)
    link = world.look(code=3)["network"]
    assert ("unknown", "run this in the cluster's network") == (link["status"], link["fix"])


# --- the approver's reach, and this computer's ----------------------------------------------------

NOW = datetime.now(UTC)


def _line(message: str, *, minutes: int = 1, **fields: str) -> dict[str, Any]:
    """Return an event of the reviewer's log, of so many minutes ago."""
    line = {"message": message, "cluster": "prod", "region": HOME, **fields}
    at = int((NOW - timedelta(minutes=minutes)).timestamp() * 1_000)
    return {"timestamp": at, "message": json.dumps(line)}


def _logged(world: World, *events: dict[str, Any]) -> None:
    """Let the reviewer's log have these lines, in pages of two."""
    world.stub.outputs[HOME, "csr-approver"] = {"ReviewerLogGroup": "reviewer-logs"}
    world.stub.events = list(events)


def _restricted(world: World) -> None:
    world.account.restrict("prod", "203.0.113.0/24", "198.51.100.7/32")


def test_an_open_endpoint_needs_no_log(world: World) -> None:
    link = world.look(code=0)["reach"]

    assert ("ok", "the endpoint is open to all addresses") == (link["status"], link["detail"])


def test_a_restricted_endpoint_may_be_closed_to_lambda(world: World) -> None:
    """The networks are named; without a review it is unknown whether Lambda is in one of them."""
    _restricted(world)

    link = world.look(code=3)["reach"]

    assert "unknown" == link["status"]
    assert link["detail"].startswith("only 203.0.113.0/24, 198.51.100.7/32 may use the endpoint")
    assert "SubnetIds" in link["fix"]


REVIEWS: dict[str, tuple[dict[str, Any], str, str]] = {
    "reviewed": (
        _line("cluster reviewed", signer=KUBELET_SERVING),
        "ok",
        "the reviewer has listed its requests",
    ),
    "refused": (
        _line("cluster not onboarded", detail="403: no"),
        "ok",
        "the reviewer reaches it, and is refused: 403: no",
    ),
    "unreachable": (
        _line("cluster unreachable", cause="connection", detail="timed out", fix="do this"),
        "broken",
        "the reviewer can't reach it: timed out",
    ),
    "failed": (
        _line("cluster unavailable", cause="tls", detail="another CA"),
        "broken",
        "the reviewer's last review failed: tls: another CA",
    ),
    "not described": (_line("cluster unavailable", cause="describe"), "unknown", "only 203.0.113"),
    "skipped": (_line("cluster skipped", reason="status CREATING"), "unknown", "only 203.0.113"),
}


@pytest.mark.parametrize("what", REVIEWS)
def test_the_reviewers_last_line_shows_its_reach(world: World, what: str) -> None:
    """It counts more than what the endpoint's settings make likely."""
    event, status, words = REVIEWS[what]
    _restricted(world)
    _logged(
        world,
        _line("cluster reviewed", minutes=9, signer=KUBELET_SERVING),
        _line("cluster unreachable", minutes=8, detail="an old one"),
        event,
        _line("cluster unexpectedly off", minutes=0),
        _line("cluster unavailable", minutes=0, signer="a second one"),
        {"timestamp": 0, "message": "START RequestId"},
    )

    link = world.look(code={"ok": 0, "broken": 1, "unknown": 3}[status])["reach"]

    assert (status, True) == (link["status"], link["detail"].startswith(words))
    assert ("do this" == link["fix"]) == (what == "unreachable")
    [asked, *_] = world.stub.made("FilterLogEvents")
    assert ("reviewer-logs", True) == (asked["logGroupName"], '"prod"' in asked["filterPattern"])


def test_a_line_of_another_cluster_shows_nothing(world: World) -> None:
    """The filter is CloudWatch's, and is checked here again."""
    event = _line("cluster unreachable", cluster="prod-2", detail="x", fix="y")
    _logged(world, event)

    assert "the endpoint is open to all addresses" == world.look(code=0)["reach"]["detail"]


def test_a_line_with_two_messages_is_ignored(world: World) -> None:
    """CloudWatch may read the first one, and Python reads the last. Others may write such lines."""
    event = _line("cluster unreachable", detail="x", fix="y")
    event["message"] = event["message"].replace("{", '{"message": "cluster reviewed", ', 1)
    event["message"] = event["message"].replace('"cluster unreachable"', "{}")
    _logged(world, event)

    assert "the endpoint is open to all addresses" == world.look(code=0)["reach"]["detail"]


def test_a_log_that_cannot_be_read_is_unknown(world: World) -> None:
    _logged(world)
    world.stub.overrides["FilterLogEvents"] = "AccessDeniedException"

    link = world.look(code=3)["reach"]

    assert "unknown" == link["status"]
    assert link["detail"].startswith("CloudWatch Logs FilterLogEvents: AccessDeniedException")


def test_this_computers_way_is_not_the_reviewers(world: World) -> None:
    """The approver works, and only the checks from here can't be made."""
    _no_listener(world)
    _logged(world, _line("cluster reviewed", signer=KUBELET_SERVING))

    links = world.look(code=3)

    assert ("ok", "unknown") == (links["reach"]["status"], links["network"]["status"])
    assert links["network"]["detail"].endswith("; the reviewer reaches it")
    assert "not checked" == links["tls"]["status"]


def test_from_an_address_that_may_not_use_the_endpoint_its_network_is_unknown(
    world: World,
) -> None:
    """The networks that may use it are named."""
    _restricted(world)
    _no_listener(world)

    link = world.look(code=3)["network"]

    assert "unknown" == link["status"]
    assert link["detail"].endswith("; only 203.0.113.0/24, 198.51.100.7/32 may use it")


# --- unknown -----------------------------------------------------------------------------------


def test_an_unreachable_iam_is_unknown(world: World) -> None:
    world.stub.overrides["GetInstanceProfile"] = ConnectTimeoutError(endpoint_url="https://iam")

    link = world.look(code=3)["iam"]

    assert "unknown" == link["status"]
    assert "; AWS can't be reached: check the network" in link["detail"]


def test_without_the_right_to_read_the_stack_the_rest_is_checked(world: World) -> None:
    world.stub.overrides["DescribeStacks"] = "AccessDenied"

    links = world.look("--role-arn", world.account.aws.role_arn, code=3)

    assert ("unknown", "ok", "ok") == tuple(
        links[name]["status"] for name in ("stack", "access-entry", "dry-run")
    )


@pytest.mark.parametrize("options", [(), ("--assume-role",)])
def test_without_a_readable_stack_or_a_given_role_the_role_is_unknown(
    world: World, options: tuple[str, ...]
) -> None:
    """The name may be unique, so no name is tried."""
    world.stub.overrides["DescribeStacks"] = "AccessDenied"

    links = world.look(*options, code=3)

    assert ("unknown", "give --role-arn, or credentials that may read the stack") == (
        links["role"]["status"],
        links["role"]["fix"],
    )
    assert "unknown" == links["access-entry"]["status"]
    assert ("unknown" if options else "open") == links["identity"]["status"]


def test_a_given_role_needs_no_stack(world: World) -> None:
    """The approver may be deployed by other means."""
    world.stub.stacks.clear()

    links = world.look("--role-arn", world.account.aws.role_arn, code=0)

    links_of_the_stack = ("stack", "schedule", "alarms", "alarm-topics", "selected")
    assert {"open"} == {links[name]["status"] for name in links_of_the_stack}
    assert "ok" == links["access-entry"]["status"]


def test_a_node_role_of_another_account_is_unknown(world: World) -> None:
    other = "arn:aws:iam::999999999999:role/node"
    world.stub.entry("prod", other, kind="EC2_LINUX", region=HOME)

    link = world.look(code=3)["node-roles"]

    assert ("unknown", f"{other} belongs to another account") == (link["status"], link["detail"])


# EKS judges these nodes itself, and other services must assume their roles.
OTHER_NODES = {
    "Fargate": ("fargate-ip-10-0-1-9.ec2.internal", "FARGATE_LINUX"),
    "SSM": ("mi-0a1b2c3d4e5f67890", "HYBRID_LINUX"),
    "Roles Anywhere": ("rack7.dc.example", "HYBRID_LINUX"),
    "HyperPod": ("hyperpod-i-0000000000000005a", "HYPERPOD_LINUX"),
}


@pytest.mark.parametrize("kind", OTHER_NODES)
def test_the_roles_of_nodes_that_eks_judges_are_left_alone(world: World, kind: str) -> None:
    node, entry = OTHER_NODES[kind]
    world.trust(_ALLOWS_A_SERVICE)
    stored = world.cluster.get(world.cluster.file(1))
    stored["spec"]["username"] = f"system:node:{node}"
    stored["spec"]["extra"]["sessionName"] = [node]
    world.cluster.seed_object(stored)
    world.stub.entry("prod", f"arn:aws:iam::{ACCOUNT}:role/{NODE_ROLE}", kind=entry, region=HOME)

    assert ("open", None) == (
        (link := world.look(code=0)["node-roles"])["status"],
        link["fix"],
    )


def test_a_person_in_a_nodes_role_is_reported_however_the_session_is_named(world: World) -> None:
    stored = world.cluster.get(world.cluster.file(1))
    stored["spec"]["extra"]["sessionName"] = ["mallory"]
    world.cluster.seed_object(stored)
    world.trust(_ALLOWS_A_SERVICE)

    assert "broken" == world.look(code=1)["node-roles"]["status"]


@pytest.mark.parametrize(
    ("service", "kind"),
    [
        ("eks-fargate-pods", "Fargate"),
        ("ssm", "hybrid"),
        ("rolesanywhere", "hybrid"),
        ("sagemaker", "HyperPod"),
    ],
)
def test_a_role_that_other_nodes_share_is_never_advised_to_be_taken_from_them(
    world: World, service: str, kind: str
) -> None:
    world.cluster.file(1)
    world.trust(_ALLOWS_A_SERVICE.replace("lambda.", f"{service}."))

    assert (
        f"give the {kind} nodes a role of their own, and then let only ec2.amazonaws.com assume an "
        "EC2 node's role"
    ) == world.breaks_at("node-roles")["fix"]


# --- the second signer --------------------------------------------------------------------------


def test_without_app_serving_the_second_signers_rights_do_not_matter(world: World) -> None:
    assert {"rbac-app-serving", "rbac-services"}.isdisjoint(world.look(code=0))


def test_the_second_signers_rights_are_checked_if_it_is_on(world: World) -> None:
    world.deploy(Mode="approve-only", AppServing="true")
    world.cluster.serve_apps()

    links = world.look(code=0)

    assert ("ok", "the approver may approve signers beta.eks.amazonaws.com/app-serving") == (
        links["rbac-app-serving"]["status"],
        links["rbac-app-serving"]["detail"],
    )
    assert "ok" == links["rbac-services"]["status"]


def test_without_the_second_signers_right_its_manifest_is_named(world: World) -> None:
    world.deploy(Mode="approve-only", AppServing="true")
    world.cluster.grant(FAKE_GROUP, [SEES_SERVICES])

    fix = world.breaks_at("rbac-app-serving")["fix"]

    assert f"csr-approver access prod --region {HOME} --app-serving --apply" == fix


def test_services_may_be_readable_in_some_namespaces_only(world: World) -> None:
    """An operator may grant the right by RoleBindings, which a question for all doesn't show."""
    world.deploy(Mode="approve-only", AppServing="true")
    world.cluster.grant(FAKE_GROUP, [Rule(("approve",), "signers", (APP_SERVING,))])

    link = world.look(code=0)["rbac-services"]

    assert ("open", True) == (link["status"], "in every namespace" in link["detail"])


def test_a_cluster_that_reports_hundreds_of_roles_costs_few_calls(world: World) -> None:
    """A hostile API server can report any role, and IAM throttles the whole account."""
    stored = world.cluster.get(world.cluster.file(1))
    own = f"arn:aws:iam::{ACCOUNT}:role/"
    reported = [f"{own}node-{number}" for number in range(500)]
    stored["spec"]["extra"]["canonicalArn"] = [*reported, f"{own}{'a' * 10_000}"]
    world.cluster.seed_object(stored)

    link = world.look(code=3)["node-roles"]

    assert "unknown" == link["status"]
    assert link["detail"].endswith(
        "~ belongs to another account; 481 more in requests, not checked"
    )
    assert len(link["detail"]) < 1_000
    assert len(world.stub.made("GetRole")) < 30


def test_without_the_right_to_list_entries_the_node_roles_of_requests_are_checked(
    world: World,
) -> None:
    world.cluster.file(1)
    world.stub.overrides["ListAccessEntries"] = "AccessDeniedException"

    link = world.look(code=3)["node-roles"]
    assert ("unknown", True) == (link["status"], "EKS ListAccessEntries" in link["detail"])
    world.trust(_ALLOWS_A_SERVICE)
    assert "broken" == world.look(code=1)["node-roles"]["status"]


@pytest.mark.parametrize(
    ("operation", "link"),
    [
        ("ListStackResources", "schedule"),
        ("GetSchedule", "schedule"),
        ("DescribeAlarms", "alarms"),
        ("GetTopicAttributes", "alarm-topics"),
        ("GetRole", "role"),
        ("DescribeAccessEntry", "access-entry"),
    ],
)
def test_a_link_that_the_caller_may_not_read_is_unknown(
    world: World, operation: str, link: str
) -> None:
    world.stub.overrides[operation] = "AccessDenied"

    found = world.look(code=3)[link]

    assert "unknown" == found["status"]
    assert "; get that permission, or use another --profile" in found["detail"]


def test_a_dry_run_that_lacks_evidence_is_unknown(world: World) -> None:
    """The check of the right passes, and the later call for the instances fails."""
    world.cluster.file(1)
    world.stub.fail_after["DescribeInstances"] = (1, "UnauthorizedOperation")

    link = world.look(code=3)["dry-run"]

    assert ("unknown", "1 listed; past the gates: 1 undecided") == (link["status"], link["detail"])


def test_a_request_that_needs_attention_is_pointed_out(world: World) -> None:
    """The chain holds, and the dry run names the command to look with."""
    world.cluster.file(1, ips=("10.9.9.9",))

    link = world.look(code=0)["dry-run"]

    assert ("ok", _REVIEW) == (link["status"], link["fix"])


def test_the_dry_run_says_which_mode_withholds_a_decision(world: World) -> None:
    """In this mode the stack writes nothing, so the node stays without a certificate."""
    world.deploy(Mode="shadow")
    world.cluster.file(1)

    link = world.look(code=0)["dry-run"]

    assert "1 listed; past the gates: 1 withheld by mode shadow" == link["detail"]


def test_the_command_to_look_with_judges_by_the_stacks_settings(world: World) -> None:
    """By the defaults it could show other results than the dry run counted."""
    world.deploy(
        Mode="approve-only",
        AllowSecondaryEnis="true",
        ExtraDnsSuffixes="a.example,b.example",
        VerifyNodeRole="true",
        DenyAfterSeconds="400",
    )
    world.cluster.file(1, ips=("10.9.9.9",))

    link = world.look(code=0)["dry-run"]

    assert (
        f"{_REVIEW} --set ALLOW_SECONDARY_ENIS=true"
        " --set EXTRA_DNS_SUFFIXES=a.example,b.example --set DENY_AFTER_SECONDS=400"
    ) == link["fix"]


def test_settings_that_the_stack_cant_have_are_in_no_command(world: World) -> None:
    """The link `stack` reports them; the dry run judges by the defaults."""
    world.deploy(Mode="approve-only", DenyAfterSeconds="soon")
    world.cluster.file(1, ips=("10.9.9.9",))

    links = world.look(code=1)

    assert ("broken", _REVIEW) == (links["stack"]["status"], links["dry-run"]["fix"])


def test_an_unreadable_request_is_counted_in_the_dry_run(world: World) -> None:
    """An unreadable request may hide all others from kubectl, so the count must show it."""
    world.cluster.file(1)
    stored = world.cluster.get("csr-0001")
    stored["spec"]["username"] = "\udcff"
    world.cluster.seed_object(stored)

    link = world.look(code=0)["dry-run"]

    assert ("1 listed; past the gates: none; 1 unreadable", _REVIEW) == (
        link["detail"],
        link["fix"],
    )


def test_a_cluster_with_mode_config_map_that_rejects_the_approver_points_to_aws_auth(
    world: World,
) -> None:
    """A cluster in this mode takes no access entries, so the fix can't be a new one."""
    world.account.change("prod", access_config={"authenticationMode": "CONFIG_MAP"})
    _role_created_again(world)

    fix = world.breaks_at("token")["fix"]

    assert (
        f"add the role to the ConfigMap aws-auth, as csr-approver access prod --region {HOME} shows"
        == fix
    )


def test_a_rejected_approver_without_access_entry_needs_one(world: World) -> None:
    _no_entry(world)
    _role_created_again(world)

    assert f"csr-approver access prod --region {HOME} --apply" == world.look(code=1)["token"]["fix"]


def test_a_rejected_approver_whose_entry_cannot_be_read_may_have_an_old_one(world: World) -> None:
    world.stub.overrides["DescribeAccessEntry"] = "AccessDeniedException"
    _role_created_again(world)

    assert "delete its access entry" in world.look(code=1)["token"]["fix"]


def test_the_access_entry_of_a_cluster_with_mode_config_map_is_unknown(world: World) -> None:
    world.account.change("prod", access_config={"authenticationMode": "CONFIG_MAP"})

    link = world.look(code=3)["access-entry"]

    assert ("unknown", f"csr-approver access prod --region {HOME}") == (
        link["status"],
        link["fix"],
    )


def test_a_caller_without_access_to_the_cluster_is_unknown_and_not_broken(world: World) -> None:
    """The caller's rights don't show the approver's."""
    world.use_a_persons_credentials()

    links = world.look(code=3)

    assert ("open", "unknown") == tuple(links[name]["status"] for name in ("identity", "token"))
    assert (
        "use --assume-role, or ask a cluster administrator for an access entry for your own role"
    ) == links["token"]["fix"]


# --- the approver's rights in AWS, for a caller with other credentials ----------------------------


def test_iam_simulates_the_approvers_rights(world: World) -> None:
    """It asks EC2 and IAM only when a decision is due, so a missing right would be noticed late."""
    world.use_a_persons_credentials()
    world.deploy(Regions="eu-west-1,us-east-1")

    links = world.look(code=3)

    assert ("ok", "ok") == (links["ec2"]["status"], links["iam"]["status"])
    assert (
        "the approver may ec2:DescribeInstances, as IAM simulates its policies"
        == (links["ec2"]["detail"])
    )
    asked = world.stub.made("SimulatePrincipalPolicy")
    assert [world.account.aws.role_arn] * 3 == [one["PolicySourceArn"] for one in asked]
    assert ["eu-west-1", "us-east-1"] == [
        entry["ContextKeyValues"][0] for one in asked for entry in one["ContextEntries"]
    ]


@pytest.mark.parametrize(
    ("denied", "link", "detail"),
    [
        ("ec2:DescribeInstances", "ec2", "the approver may not ec2:DescribeInstances in us-east-1"),
        (
            "ec2:DescribeInstances eu-west-1",
            "ec2",
            "the approver may not ec2:DescribeInstances in eu-west-1",
        ),
        ("iam:GetInstanceProfile", "iam", "the approver may not iam:GetInstanceProfile"),
    ],
)
def test_a_right_that_iam_s_simulation_denies_is_broken(
    world: World, denied: str, link: str, detail: str
) -> None:
    """The policy may be right, and a boundary or an SCP of the organisation denies it."""
    world.use_a_persons_credentials()
    world.deploy(Regions="us-east-1,eu-west-1" if "eu-west-1" in denied else "")
    world.stub.denied = {denied}

    assert detail == world.breaks_at(link)["detail"]


@pytest.mark.parametrize(
    ("operation", "status", "detail"),
    [
        ("SimulatePrincipalPolicy", "open", "you may ec2:DescribeInstances"),
        ("DescribeInstances", "unknown", "you may not ec2:DescribeInstances"),
    ],
)
def test_without_simulation_the_callers_own_right_is_shown(
    world: World, operation: str, status: str, detail: str
) -> None:
    """It doesn't show the approver's, which stays open or unknown."""
    world.use_a_persons_credentials()
    world.stub.overrides["SimulatePrincipalPolicy"] = "AccessDenied"
    if operation == "DescribeInstances":
        world.stub.overrides[operation] = "UnauthorizedOperation"

    link = world.look(code=3)["ec2"]

    assert (status, detail) == (link["status"], link["detail"])
    assert link["fix"].startswith("get iam:SimulatePrincipalPolicy, or use --assume-role")


def test_the_approvers_role_is_assumed_if_it_may_be(world: World) -> None:
    world.use_a_persons_credentials()
    role = world.account.aws.identity
    world.stub.overrides["AssumeRole"] = {
        "Credentials": {
            "AccessKeyId": role.access_key,
            "SecretAccessKey": role.secret_key,
            "SessionToken": role.token,
            "Expiration": datetime.now(UTC) + timedelta(hours=1),
        }
    }

    links = world.look("--assume-role", code=0)

    assert "checked as the approver's role, which you may assume" == links["identity"]["detail"]
    assert "ok" == links["dry-run"]["status"]


def test_a_role_that_cannot_be_assumed_is_unknown(world: World) -> None:
    world.use_a_persons_credentials()
    world.stub.overrides["AssumeRole"] = "AccessDenied"

    link = world.look("--assume-role", code=3)["identity"]

    assert (
        "unknown",
        "as deployed, only Lambda may assume the role: run this without --assume-role",
    ) == (
        link["status"],
        link["fix"],
    )


# --- output -------------------------------------------------------------------------------------


def test_the_first_broken_link_its_fix_and_the_result_are_the_last_lines(world: World) -> None:
    _no_entry(world)

    last = world.runner.run("doctor", "prod", code=1).stdout.splitlines()[-4:]

    assert [
        "First broken, prod: access-entry: there is no access entry for",
        world.account.aws.role_arn,
        f"Fix: csr-approver access prod --region {HOME} --apply",
        "Broken: prod (access-entry).",
    ] == last


@pytest.mark.parametrize(
    ("breaks", "code", "result"),
    [
        (lambda _: None, 0, "Nothing is broken: the account and 1 cluster were checked."),
        (_no_schedule, 1, "Broken: the account (schedule)."),
        (
            lambda world: world.stub.overrides.update(GetSchedule="AccessDenied"),
            3,
            "Nothing is broken. Unknown: the account (schedule).",
        ),
    ],
    ids=["ok", "broken", "unknown"],
)
def test_the_last_line_is_the_result(
    world: World, breaks: Callable[[World], None], code: int, result: str
) -> None:
    breaks(world)

    assert result == world.runner.run("doctor", "prod", code=code).stdout.splitlines()[-1]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_fit_the_terminal_and_no_id_or_command_is_broken(world: World, width: int) -> None:
    """Only a line with one long id may be longer."""
    _no_entry(world)
    world.cluster.file(1, ips=("10.9.9.9",))
    world.runner.environment = {"COLUMNS": str(width)}

    shown = world.runner.run("doctor", "prod", code=1).stdout

    lines = shown.splitlines()
    assert [] == [line for line in lines if len(line) > width and len(line.split()) > 1]
    assert [] == [line for line in lines if line != line.rstrip()]
    assert shown.count(world.account.aws.role_arn) == 3
    joined = " ".join(line.strip().removesuffix(" \\") for line in lines)
    assert f"-> csr-approver access prod --region {HOME} --apply" in joined


def test_text_of_a_cluster_is_escaped(world: World) -> None:
    """Anyone who may tag the cluster chooses the tag's text."""
    world.account.change("prod", tags={"csr-approver:mode": "\x1b[31m[bold]x"})

    shown = world.runner.run("doctor", "prod").stdout

    assert "tagged \\x1b[31m[bold]x" in shown


@pytest.mark.parametrize(
    ("tag", "detail"),
    [
        ("approve-only", "the stack serves the cluster; tagged approve-only"),
        ("Off", "the stack serves the cluster; tagged Off, which isn't a mode: nothing is written"),
    ],
)
def test_a_mode_tag_is_shown_with_what_it_means(world: World, tag: str, detail: str) -> None:
    """A mistyped mode writes nothing, and doesn't switch the cluster off."""
    world.account.change("prod", tags={"csr-approver:mode": tag})

    assert world.look("prod", code=0)["selected"]["detail"] == detail


@pytest.mark.parametrize("name", ["../x", "a b"])
def test_an_invalid_cluster_name_is_wrong_usage(world: World, name: str) -> None:
    assert "not the name of an EKS cluster" in world.runner.run("doctor", name, code=2).stderr

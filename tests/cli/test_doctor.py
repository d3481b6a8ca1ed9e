"""`csr-approver doctor`: whichever link is broken, it is the one that is named, with its mend."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError

from core.model import APPROVED_REASON, KUBELET_SERVING
from sandbox.aws import ACCOUNT, HOME
from sandbox.kubernetes import approver_rules
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.handlers.account import GROUP as PRACTICE_GROUP
from tests.handlers.account import NODE_ROLE, Account, Cluster

GROUP = "csr-approver"

ACCOUNTS = (
    "clock",
    "credentials",
    "stack",
    "schedule",
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
    """A deployed approver and one cluster, all of it sound; each test breaks one thing."""

    account: Account
    stub: AwsStub
    cluster: Cluster
    runner: CommandRunner

    def deploy(self, **ways: str) -> None:
        self.stub.stack(self.account.aws.role_arn, region=HOME, **ways)

    def look(self, *options: str, code: int) -> dict[str, Link]:
        """The links of the account and of the cluster."""
        document = self.runner.json("doctor", "prod", *options, code=code)
        every = [*document["account"], *(document["clusters"] or [{"links": []}])[0]["links"]]
        return {one["link"]: one for one in every}

    def breaks_at(self, link: str, *options: str, code: int = 1) -> Link:
        """The first broken link is this one, and it has a mend; returns it."""
        links = self.look(*options, code=code)
        first = next(one for one in links.values() if one["status"] == "broken")
        assert link == first["link"], links
        assert first["fix"]
        return first

    def trust(self, document: str) -> None:
        """Another trust policy of the nodes' role."""
        iam = self.account.aws.client("iam")
        iam.update_assume_role_policy(RoleName=NODE_ROLE, PolicyDocument=document)

    def rights(self, *missing: int) -> None:
        """The approver's three rights without some."""
        rules = approver_rules(KUBELET_SERVING)
        self.cluster.revoke(PRACTICE_GROUP)
        self.cluster.grant(
            PRACTICE_GROUP, [rule for at, rule in enumerate(rules) if at not in missing]
        )

    def sit_down_as_a_person(self) -> None:
        """Nobody whom the cluster knows; AWS allows him everything."""
        iam = self.account.aws.client("iam")
        role = iam.create_role(RoleName="desk", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
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


def test_where_nothing_is_broken_every_link_is_told_and_it_ends_with_0(world: World) -> None:
    world.cluster.file(1)

    links = world.look(code=0)

    assert (*ACCOUNTS, *CLUSTERS) == tuple(links)
    assert {"issuing": "open"} == {k: v["status"] for k, v in links.items() if v["status"] != "ok"}
    assert "1 listed; past the gates: 1 approved" == links["dry-run"]["detail"]
    assert [] == world.cluster.writes


def test_certificates_that_followed_our_approvals_show_that_eks_issues(world: World) -> None:
    world.cluster.file(1)
    world.runner.run("review", "prod", "--apply")

    assert ("ok", "seen issued 1") == (
        (links := world.look(code=0))["issuing"]["status"],
        links["issuing"]["detail"],
    )


def test_all_clusters_of_the_region_are_looked_at_by_default(world: World) -> None:
    world.account.cluster("test")
    world.stub.entry("test", world.account.aws.role_arn, GROUP, region=HOME)

    reported = world.runner.json("doctor")

    assert ["prod", "test"] == [one["cluster"] for one in reported["clusters"]]


def test_that_there_is_no_cluster_is_nothing_broken(account: Account, stub: AwsStub) -> None:
    stub.stack(account.aws.role_arn, region=HOME)

    reported = CommandRunner().json("doctor")

    assert ([], None) == (reported["clusters"], reported["first_broken"])


def test_one_clusters_trouble_stops_no_other(world: World) -> None:
    world.account.name_only(["a-broken-one"])

    reported = world.runner.json("doctor", code=1)

    assert {"a-broken-one": "access-entry", "prod": None} == {
        one["cluster"]: one["first_broken"] for one in reported["clusters"]
    }


# --- every broken link --------------------------------------------------------------------------


def test_a_wrong_clock_is_the_first_link(world: World) -> None:
    """By the time that AWS's own answer has; nothing that it would break is looked at."""
    then = format_datetime(datetime.now(UTC) - timedelta(minutes=20), usegmt=True)
    world.stub.headers["GetCallerIdentity"] = {"date": then}

    first = world.breaks_at("clock")

    assert re.fullmatch("the local clock is 12[0-9][0-9] s ahead of AWS's", first["detail"])
    links = world.look(code=1)
    assert {"not checked"} == {one["status"] for one in [*links.values()][1:]}


@pytest.mark.parametrize(
    "options",
    [("--account", "999999999999"), ("--role-arn", "arn:aws:iam::999999999999:role/approver")],
    ids=["account", "role"],
)
def test_a_wrong_account_is_told(world: World, options: tuple[str, str]) -> None:
    first = world.breaks_at("credentials", *options)

    assert f"they are of the account {ACCOUNT}, expected 999999999999" == first["detail"]


def test_credentials_that_aws_refuses_are_told_with_the_mend(world: World) -> None:
    world.stub.instead["GetCallerIdentity"] = "ExpiredTokenException"

    assert "your credentials have expired: renew them" == world.breaks_at("credentials")["fix"]


def _no_stack(world: World) -> None:
    world.stub.stacks.clear()


def _rolled_back(world: World) -> None:
    world.deploy(status="ROLLBACK_COMPLETE")


def _another_stack(world: World) -> None:
    world.stub.stacks[HOME, "csr-approver"]["Outputs"] = []


def _bad_settings(world: World) -> None:
    world.deploy(ApproveAfterSeconds="840", MaxCsrAgeSeconds="60")


def _schedule_off(world: World) -> None:
    world.stub.schedule = "DISABLED"


def _no_role(world: World) -> None:
    world.stub.stack(f"arn:aws:iam::{ACCOUNT}:role/gone", region=HOME)


def _no_ec2(world: World) -> None:
    world.stub.instead["DescribeInstances"] = "UnauthorizedOperation"


def _no_iam(world: World) -> None:
    world.stub.instead["GetInstanceProfile"] = "AccessDenied"


def _being_made(world: World) -> None:
    world.account.change("prod", status="CREATING")


def _not_served(world: World) -> None:
    world.deploy(ClusterNames="test-*")


def _elsewhere(world: World) -> None:
    world.deploy(Regions="eu-west-1,eu-central-1")


def _no_entry(world: World) -> None:
    world.stub.entries.clear()


def _entry_of_a_node(world: World) -> None:
    world.stub.entry("prod", world.account.aws.role_arn, kind="EC2_LINUX", region=HOME)


def _entry_without_group(world: World) -> None:
    world.stub.entry("prod", world.account.aws.role_arn, "viewers", region=HOME)


def _private(world: World) -> None:
    vpc = {"vpcId": "vpc-1", "endpointPublicAccess": False, "endpointPrivateAccess": True}
    world.account.change("prod", resources_vpc_config=vpc)


def _nobody_listens(world: World) -> None:
    world.account.change("prod", endpoint="https://127.0.0.1:1")


def _another_ca(world: World) -> None:
    world.account.trust("prod", world.account.ca_pem)


def _role_made_anew(world: World) -> None:
    """The cluster's entry holds on to the role that was."""
    world.cluster._judge._mappings.pop(world.account.aws.role_arn.casefold())


def _gone(world: World) -> None:
    """Not a cluster's name that EKS knows."""
    world.runner.environment["AWS_REGION"] = "eu-west-1"
    world.stub.stack(world.account.aws.role_arn, region="eu-west-1")


def _no_schedule(world: World) -> None:
    world.stub.resources = ["AWS::Lambda::Function"]


def _others_take_node_role_of_an_entry(world: World) -> None:
    """The second page's, with no request of such a node."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{NODE_ROLE}"
    for other in ("a", "b", "c"):
        world.stub.entry("prod", f"arn:aws:iam::{ACCOUNT}:user/{other}", region=HOME)
    world.stub.entry("prod", arn, kind="EC2_LINUX", region=HOME)
    world.trust(_LETS_A_SERVICE)


_LETS_A_SERVICE = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}"""


def _others_take_node_role(world: World) -> None:
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
    "settings that stop the start": (_bad_settings, "stack", "APPROVE_AFTER_SECONDS must be less"),
    "the schedule off": (_schedule_off, "schedule", "the schedule is DISABLED"),
    "no role": (_no_role, "role", "there is no role arn:aws:iam::123456789012:role/gone"),
    "EC2 denied": (_no_ec2, "ec2", "the approver may not ec2:DescribeInstances"),
    "IAM denied": (_no_iam, "iam", "the approver may not iam:GetInstanceProfile"),
    "no schedule": (_no_schedule, "schedule", "the stack has no schedule"),
    "no such cluster": (_gone, "describe", "EKS knows no such cluster"),
    "a cluster being made": (_being_made, "state", "the cluster is CREATING"),
    "not served by name": (_not_served, "selected", "the stack doesn't serve it"),
    "not served by Region": (_elsewhere, "selected", "the stack doesn't serve it"),
    "no access entry": (_no_entry, "access-entry", "there is none for arn:aws:iam::"),
    "a node's access entry": (_entry_of_a_node, "access-entry", "of the type EC2_LINUX"),
    "an entry without the group": (
        _entry_without_group,
        "access-entry",
        "it isn't in the group csr-approver",
    ),
    "a private endpoint": (_private, "network", "the reviewer runs outside any VPC"),
    "nobody there": (_nobody_listens, "network", "not reachable from here: "),
    "another CA": (_another_ca, "tls", "certificate verify failed"),
    "a role made anew": (_role_made_anew, "token", "doesn't know the approver (401)"),
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
    "a node role that others may take": (
        _others_take_node_role,
        "node-roles",
        "eks-node may be taken by arn:aws:iam::111122223333:root",
    ),
    "an entry's role that others may take": (
        _others_take_node_role_of_an_entry,
        "node-roles",
        "eks-node may be taken by lambda.amazonaws.com",
    ),
    "nothing issued": (_nothing_issued, "issuing", "1 were approved by us, and none was issued"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_first_broken_link_is_named_with_its_mend(world: World, what: str) -> None:
    breaks, link, words = BROKEN[what]
    breaks(world)

    assert words in world.breaks_at(link)["detail"]


def test_every_link_is_broken_by_some_test() -> None:
    """But for those that show nothing by themselves."""
    broken = {link for _, link, _ in BROKEN.values()}

    untested = {*ACCOUNTS, *CLUSTERS} - broken - {"clock", "credentials", "iam-from-vpc"}
    assert {"identity", "dry-run"} == untested


def test_links_that_need_a_broken_one_are_not_checked_and_the_others_are(world: World) -> None:
    world.rights(0)

    links = world.look(code=1)

    assert {"issuing": "needs rbac-list", "dry-run": "needs rbac-list"} == {
        k: v["detail"] for k, v in links.items() if v["status"] == "not checked"
    }


def test_without_a_stack_the_way_to_the_cluster_is_looked_at(world: World) -> None:
    """As whoever does: there is no role yet that could."""
    world.stub.stacks.clear()

    links = world.look(code=1)

    assert ["schedule", "role", "iam-from-vpc", "selected", "access-entry"] == [
        k for k, v in links.items() if v["status"] == "not checked"
    ]
    assert ("ok", "ok", "ok") == tuple(links[one]["status"] for one in ("network", "tls", "token"))


# --- out of a closed VPC ------------------------------------------------------------------------


class Closed:
    """A VPC with one subnet, and nothing that leads out of it."""

    def __init__(self) -> None:
        self.ec2 = boto3.client("ec2", HOME)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.subnet_of("10.0.1.0/24")

    def subnet_of(self, block: str) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=block)
        return str(made["Subnet"]["SubnetId"])

    def route(self, **target: str) -> None:
        """The default route of the VPC's main table."""
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


def test_from_a_closed_vpc_iam_is_out_of_reach(world: World, closed: Closed) -> None:
    first = world.breaks_at("iam-from-vpc")

    assert f"no way from {closed.subnet} to IAM" in first["detail"]


def test_an_internet_gateway_is_no_way_out_for_a_function(world: World, closed: Closed) -> None:
    """It has no public address."""
    closed.route(GatewayId=closed.internet_gateway())

    world.breaks_at("iam-from-vpc")


def test_a_nat_gateway_is_a_way_out(world: World, closed: Closed) -> None:
    address = closed.ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = closed.ec2.create_nat_gateway(SubnetId=closed.subnet, AllocationId=address)
    closed.route(NatGatewayId=nat["NatGateway"]["NatGatewayId"])

    assert "ok" == world.look(code=0)["iam-from-vpc"]["status"]


def test_an_endpoint_of_iams_is_a_way_out(world: World, closed: Closed) -> None:
    closed.ec2.create_vpc_endpoint(
        VpcId=closed.vpc, ServiceName="com.amazonaws.iam", VpcEndpointType="Interface"
    )

    assert "ok" == world.look(code=0)["iam-from-vpc"]["status"]


def test_where_iam_is_not_asked_it_need_not_be_reached(world: World, closed: Closed) -> None:
    world.deploy(SubnetIds=closed.subnet, VerifyNodeRole="false")

    assert "IAM isn't asked" in world.look(code=0)["iam-from-vpc"]["detail"]


def test_a_private_endpoint_is_the_reviewers_where_it_has_subnets(
    world: World, closed: Closed
) -> None:
    """From a desk that can't reach it nothing can be told."""
    world.deploy(SubnetIds=closed.subnet, VerifyNodeRole="false")
    _private(world)
    assert "reachable from here, privately" == world.look(code=0)["network"]["detail"]

    _nobody_listens(world)
    link = world.look(code=3)["network"]
    assert ("unknown", "run this within its network") == (link["status"], link["fix"])


# --- what can't be told -------------------------------------------------------------------------


def test_iam_out_of_reach_can_not_be_told_from_here(world: World) -> None:
    world.stub.instead["GetInstanceProfile"] = ConnectTimeoutError(endpoint_url="https://iam")

    link = world.look(code=3)["iam"]

    assert "unknown" == link["status"]
    assert "(AWS can't be reached)" in link["detail"]


def test_a_person_without_the_right_to_see_the_stack_sees_the_rest(world: World) -> None:
    world.stub.instead["DescribeStacks"] = "AccessDenied"

    links = world.look("--role-arn", world.account.aws.role_arn, code=3)

    assert ("unknown", "ok", "ok") == tuple(
        links[one]["status"] for one in ("stack", "access-entry", "dry-run")
    )


def test_a_role_that_is_given_needs_no_stack(world: World) -> None:
    """The approver may be deployed by other means."""
    world.stub.stacks.clear()

    links = world.look("--role-arn", world.account.aws.role_arn, code=0)

    assert ("open", "open", "ok", "open") == tuple(
        links[one]["status"] for one in ("stack", "schedule", "access-entry", "selected")
    )


def test_a_node_role_of_another_account_cannot_be_told(world: World) -> None:
    other = "arn:aws:iam::999999999999:role/node"
    world.stub.entry("prod", other, kind="EC2_LINUX", region=HOME)

    link = world.look(code=3)["node-roles"]

    assert ("unknown", f"{other} isn't this account's") == (link["status"], link["detail"])


def test_a_cluster_that_tells_of_roles_without_end_costs_few_questions(world: World) -> None:
    """Its API server may say what it likes, and IAM's patience is the whole account's."""
    stored = world.cluster.get(world.cluster.file(1))
    own = f"arn:aws:iam::{ACCOUNT}:role/"
    reported = [f"{own}node-{number}" for number in range(500)]
    stored["spec"]["extra"]["canonicalArn"] = [*reported, f"{own}{'a' * 10_000}"]
    world.cluster.seed_object(stored)

    link = world.look(code=3)["node-roles"]

    assert "unknown" == link["status"]
    assert link["detail"].endswith("~ isn't this account's; requests tell 481 more, not looked at")
    assert len(link["detail"]) < 1_000
    assert len(world.stub.made("GetRole")) < 30


def test_without_the_right_to_see_entries_requests_tell_the_node_roles(world: World) -> None:
    world.cluster.file(1)
    world.stub.instead["ListAccessEntries"] = "AccessDeniedException"

    link = world.look(code=3)["node-roles"]
    assert ("unknown", True) == (link["status"], "EKS ListAccessEntries" in link["detail"])
    world.trust(_LETS_A_SERVICE)
    assert "broken" == world.look(code=1)["node-roles"]["status"]


@pytest.mark.parametrize(
    ("operation", "link"),
    [
        ("ListStackResources", "schedule"),
        ("GetSchedule", "schedule"),
        ("GetRole", "role"),
        ("DescribeAccessEntry", "access-entry"),
    ],
)
def test_what_a_person_may_not_read_is_unknown_and_said(
    world: World, operation: str, link: str
) -> None:
    world.stub.instead[operation] = "AccessDenied"

    found = world.look(code=3)[link]

    assert "unknown" == found["status"]
    assert "(your credentials lack that right)" in found["detail"]


def test_a_dry_run_that_lacks_evidence_cannot_be_told(world: World) -> None:
    """The dry calls pass, and the call for the instances doesn't."""
    world.cluster.file(1)
    world.stub.after["DescribeInstances"] = (1, "UnauthorizedOperation")

    link = world.look(code=3)["dry-run"]

    assert ("unknown", "1 listed; past the gates: 1 undecided") == (link["status"], link["detail"])


def test_a_request_to_look_at_is_pointed_out(world: World) -> None:
    """The chain holds; the request is another matter."""
    world.cluster.file(1, ips=("10.9.9.9",))

    link = world.look(code=0)["dry-run"]

    assert ("ok", _REVIEW) == (link["status"], link["fix"])


def test_an_unreadable_request_is_counted_in_the_dry_run(world: World) -> None:
    """It may hide all others from kubectl, so the chain doesn't look as if nothing were there."""
    world.cluster.file(1)
    odd = world.cluster.get("csr-0001")
    odd["spec"]["username"] = "\udcff"
    world.cluster.seed_object(odd)

    link = world.look(code=0)["dry-run"]

    assert ("1 listed; past the gates: none; 1 unreadable", _REVIEW) == (
        link["detail"],
        link["fix"],
    )


def test_a_cluster_of_config_maps_that_rejects_the_approver_points_to_aws_auth(
    world: World,
) -> None:
    """It takes no access entries, so creating one again is no help."""
    world.account.change("prod", access_config={"authenticationMode": "CONFIG_MAP"})
    _role_made_anew(world)

    fix = world.breaks_at("token")["fix"]

    assert (
        f"add the role to the ConfigMap aws-auth, as csr-approver access prod --region {HOME} shows"
        == fix
    )


def test_a_cluster_of_config_maps_is_told_how_to_look(world: World) -> None:
    world.account.change("prod", access_config={"authenticationMode": "CONFIG_MAP"})

    link = world.look(code=3)["access-entry"]

    assert ("unknown", f"csr-approver access prod --region {HOME}") == (
        link["status"],
        link["fix"],
    )


def test_a_person_whom_the_cluster_does_not_know_is_told_so(world: World) -> None:
    """What he may tells nothing of the approver: there is nothing broken about it."""
    world.sit_down_as_a_person()

    links = world.look(code=3)

    assert ("open", "unknown", "open") == tuple(
        links[one]["status"] for one in ("identity", "token", "ec2")
    )
    assert "--assume-role, or an access entry for your own role" == links["token"]["fix"]


def test_a_person_may_take_the_approvers_role(world: World) -> None:
    world.sit_down_as_a_person()
    role = world.account.aws.identity
    world.stub.instead["AssumeRole"] = {
        "Credentials": {
            "AccessKeyId": role.access_key,
            "SecretAccessKey": role.secret_key,
            "SessionToken": role.token,
            "Expiration": datetime.now(UTC) + timedelta(hours=1),
        }
    }

    links = world.look("--assume-role", code=0)

    assert "as the approver's role, which you may take" == links["identity"]["detail"]
    assert "ok" == links["dry-run"]["status"]


def test_a_role_that_cannot_be_taken_is_told(world: World) -> None:
    world.sit_down_as_a_person()
    world.stub.instead["AssumeRole"] = "AccessDenied"

    link = world.look("--assume-role", code=3)["identity"]

    assert ("unknown", "as deployed, its trust policy lets Lambda alone take it") == (
        link["status"],
        link["fix"],
    )


# --- shown --------------------------------------------------------------------------------------


def test_the_first_broken_link_and_its_mend_are_the_last_lines(world: World) -> None:
    _no_entry(world)

    last, fix = world.runner.run("doctor", "prod", code=1).stdout.splitlines()[-2:]

    assert last.startswith("First broken, prod: access-entry: there is none for arn:aws:iam::")
    assert f"To mend it: csr-approver access prod --region {HOME} --apply" == fix


def test_what_a_cluster_answers_is_shown_escaped(world: World) -> None:
    """A tag, as anybody who may tag the cluster writes it."""
    world.account.change("prod", tags={"csr-approver:mode": "\x1b[31m[bold]x"})

    shown = world.runner.run("doctor", "prod").stdout

    assert "tagged \\x1b[31m[bold]x" in shown


@pytest.mark.parametrize("name", ["../x", "a b"])
def test_a_name_that_no_cluster_has_is_wrong_usage(world: World, name: str) -> None:
    assert "not the name of an EKS cluster" in world.runner.run("doctor", name, code=2).stderr

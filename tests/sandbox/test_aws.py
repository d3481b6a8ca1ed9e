"""The fake AWS: moto, and what this project adds to it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from adapters.ec2_items import instances_of
from core.model import PrivateAddress
from sandbox.aws import ACCOUNT, HOME, Eni, FakeAws, Machine

LAUNCHED = datetime(2026, 1, 31, 12, tzinfo=UTC)


def machine(number: int = 1, **fields: Any) -> Machine:
    fields = {"enis": (Eni(f"10.0.0.{number}"),), "region": HOME, **fields}
    return Machine(f"i-{number:017x}", vpc_id="vpc-1", launched=LAUNCHED, **fields)


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with FakeAws() as practice:
        yield practice


def described(aws: FakeAws, **asked: Any) -> list[dict[str, Any]]:
    answer = aws.client("ec2").describe_instances(**asked)
    return [item for reservation in answer["Reservations"] for item in reservation["Instances"]]


def ids(aws: FakeAws, name: str, *values: str) -> list[str]:
    filters = [{"Name": name, "Values": list(values)}]
    return [item["InstanceId"] for item in described(aws, Filters=filters)]


class TestEks:
    """Clusters, as EKS describes them."""

    def test_a_cluster_is_described_with_its_fake_api_server(self, aws: FakeAws) -> None:
        """DescribeCluster has endpoint, CA, VPC, Service range, tags and access mode."""
        aws.add_cluster(
            "prod",
            "eu-west-1",
            server="https://127.0.0.1:6443",
            ca_pem="PEM",
            vpc_id="vpc-1",
            service_range="fd00::/108",
            tags={"team": "a"},
        )

        cluster = aws.client("eks", "eu-west-1").describe_cluster(name="prod")["cluster"]

        assert cluster["status"] == "ACTIVE"
        assert cluster["endpoint"] == "https://127.0.0.1:6443"
        assert cluster["certificateAuthority"] == {"data": "UEVN"}
        assert cluster["resourcesVpcConfig"]["vpcId"] == "vpc-1"
        assert cluster["kubernetesNetworkConfig"]["serviceIpv6Cidr"] == "fd00::/108"
        assert cluster["tags"] == {"team": "a"}
        assert cluster["accessConfig"] == {"authenticationMode": "API_AND_CONFIG_MAP"}

    def test_a_local_cluster_is_shown_by_its_outpost_and_its_id(self, aws: FakeAws) -> None:
        """Only DescribeCluster of a local cluster has the two fields."""
        aws.add_cluster("edge", HOME, server="h", ca_pem="", vpc_id="vpc-1", local_id="0a1b")
        aws.add_cluster("prod", HOME, server="h", ca_pem="", vpc_id="vpc-1")
        eks = aws.client("eks", HOME)

        edge = eks.describe_cluster(name="edge")["cluster"]
        prod = eks.describe_cluster(name="prod")["cluster"]

        assert edge["id"] == "0a1b"
        assert edge["outpostConfig"]["controlPlaneInstanceType"] == "m5d.large"
        assert not {"id", "outpostConfig"} & set(prod)

    def test_a_cluster_is_in_its_region_only(self, aws: FakeAws) -> None:
        aws.add_cluster("prod", "eu-west-1", server="https://h", ca_pem="", vpc_id="vpc-1")

        assert aws.client("eks", "eu-west-1").list_clusters()["clusters"] == ["prod"]
        assert aws.client("eks", "us-east-1").list_clusters()["clusters"] == []


class TestEc2:
    """Instances, as EC2 shows and filters them."""

    def test_the_adapters_read_every_field(self, aws: FakeAws) -> None:
        """Every field of DescribeInstances passes botocore and the adapter."""
        first = Eni(
            "10.0.0.1",
            public="203.0.113.1",
            secondary=("10.0.0.101",),
            ipv6=("2001:db8::1",),
            prefixes=("10.0.1.0/28", "2001:db8:1::/80"),
        )
        trunk = Eni("10.0.0.50", kind="trunk", device=2, card=1)
        profile = aws.add_profile("eks-node", path="/k8s/")
        aws.add_machine(machine(enis=(first, trunk), profile_arn=profile, tags={"a": "b"}))

        [found] = instances_of(aws.client("ec2").describe_instances())

        assert (found.state, found.launched, found.vpc_id) == ("running", LAUNCHED, "vpc-1")
        assert found.private_dns_name == "ip-10-0-0-1.ec2.internal"
        assert found.public_dns_name == "ec2-203-0-113-1.compute-1.amazonaws.com"
        assert found.profile_arn == f"arn:aws:iam::{ACCOUNT}:instance-profile/k8s/eks-node"
        assert found.tags == {"a": "b"}
        own, other = found.interfaces
        assert (own.kind, own.attached, own.device_index) == ("interface", True, 0)
        assert [(str(ip.address), ip.primary) for ip in own.ipv4] == [
            ("10.0.0.1", True),
            ("10.0.0.101", False),
        ]
        assert {str(ip) for ip in own.ipv4[0].public} == {"203.0.113.1"}
        assert list(map(str, own.ipv6)) == ["2001:db8::1"]
        assert list(map(str, own.prefixes)) == ["10.0.1.0/28", "2001:db8:1::/80"]
        assert (other.kind, other.device_index, other.card_index) == ("trunk", 2, 1)
        assert isinstance(other.ipv4[0], PrivateAddress)

    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({}, "ip-10-0-0-1.ec2.internal"),
            ({"region": "eu-west-1"}, "ip-10-0-0-1.eu-west-1.compute.internal"),
            ({"resource_name": True}, "i-00000000000000001.ec2.internal"),
            ({"state": "stopped"}, "ip-10-0-0-1.ec2.internal"),
            ({"state": "pending"}, ""),
            ({"state": "terminated"}, ""),
        ],
    )
    def test_an_instance_is_named_as_ec2_names_it(self, fields: dict[str, Any], name: str) -> None:
        assert machine(**fields).describe()["PrivateDnsName"] == name

    def test_a_terminated_instance_stays_visible_without_interfaces(self, aws: FakeAws) -> None:
        aws.add_machine(machine())
        aws.change_machine(HOME, f"i-{1:017x}", state="terminated")

        [item] = described(aws)

        assert item["State"] == {"Name": "terminated", "Code": 48}
        assert item["NetworkInterfaces"] == []

    def test_filters_may_have_several_values_and_unknown_ones(self, aws: FakeAws) -> None:
        aws.add_machine(machine(1))
        aws.add_machine(machine(2, state="stopped"))

        assert ids(aws, "instance-id", f"i-{2:017x}", "i-unknown") == [f"i-{2:017x}"]
        assert ids(aws, "private-dns-name", "ip-10-0-0-1.ec2.internal") == [f"i-{1:017x}"]
        assert ids(aws, "instance-state-name", "stopped") == [f"i-{2:017x}"]
        assert len(ids(aws, "vpc-id", "vpc-1")) == 2
        assert ids(aws, "vpc-id", "vpc-2") == []

    def test_filters_have_wildcards_and_a_backslash_escapes_them(self, aws: FakeAws) -> None:
        """EC2 has them, too, so an unchecked value must not reach a filter."""
        aws.add_machine(machine(1))

        assert ids(aws, "private-dns-name", "ip-*")
        assert ids(aws, "private-dns-name", "ip-10-0-0-?.ec2.internal")
        assert not ids(aws, "private-dns-name", r"ip-\*")

    def test_an_unsupported_filter_is_refused(self, aws: FakeAws) -> None:
        with pytest.raises(ValueError, match="ipv6-address isn't supported"):
            ids(aws, "ipv6-address", "::1")

    def test_an_unknown_id_fails_the_whole_call(self, aws: FakeAws) -> None:
        aws.add_machine(machine())

        with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
            described(aws, InstanceIds=[f"i-{1:017x}", f"i-{2:017x}"])

    def test_managed_instances_are_shown_on_request(self, aws: FakeAws) -> None:
        aws.add_machine(machine(managed=True))

        assert described(aws) == []
        assert described(aws, IncludeManagedResources=True)[0]["Operator"]["Managed"] is True

    def test_answers_come_in_pages(self, aws: FakeAws) -> None:
        for number in range(7):
            aws.add_machine(machine(number))
        pages = (
            aws.client("ec2")
            .get_paginator("describe_instances")
            .paginate(PaginationConfig={"PageSize": 5})
        )

        assert [len(page["Reservations"]) for page in pages] == [5, 2]


class TestAccount:
    """The caller, the queue, and the whole account."""

    def test_the_caller_is_the_approvers_session(self, aws: FakeAws) -> None:
        caller = aws.client("sts").get_caller_identity()

        assert caller["Arn"] == aws.identity.arn
        assert aws.role_arn.endswith(f":{ACCOUNT}:role/csr-approver-review")

    def test_messages_come_as_lambda_gets_them(self, aws: FakeAws) -> None:
        queue = aws.create_queue()
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody="{}")

        [record] = aws.receive(queue)

        assert (record["body"], record["eventSource"]) == ("{}", "aws:sqs")
        assert aws.receive(queue) == []

    def test_the_callers_own_aws_is_hidden_and_restored_afterwards(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "production")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere")
        before = dict(os.environ)

        with FakeAws():
            inside = dict(os.environ)

        assert dict(os.environ) == before
        assert "AWS_PROFILE" not in inside
        assert "AWS_ENDPOINT_URL" not in inside
        assert inside["AWS_SESSION_TOKEN"] != "secret"
        assert inside["AWS_CONFIG_FILE"] == os.devnull

    def test_each_opening_starts_empty(self) -> None:
        with FakeAws() as aws:
            aws.add_profile("eks-node")
            aws.add_machine(machine())
        with FakeAws() as aws:
            assert described(aws) == []
            assert aws.add_profile("eks-node")

    def test_one_may_be_open_at_a_time(self, aws: FakeAws) -> None:
        with pytest.raises(RuntimeError, match="another FakeAws"):
            FakeAws().__enter__()
        assert aws.create_queue()

    def test_other_processes_see_the_same_account(self, aws: FakeAws) -> None:
        """The additions are served over HTTP, too, and the server ends with the account."""
        aws.add_cluster("prod", HOME, server="https://127.0.0.1:1", ca_pem="", vpc_id="vpc-7")
        aws.add_machine(machine())
        program = (
            "import boto3, json;"
            "vpc = boto3.client('eks').describe_cluster(name='prod')['cluster'];"
            "found = boto3.client('ec2').describe_instances()['Reservations'];"
            "print(json.dumps([vpc['resourcesVpcConfig']['vpcId'], len(found)]))"
        )

        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program],
            env=dict(aws.environment()),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

        assert json.loads(done.stdout) == ["vpc-7", 1]

    def test_the_server_leaves_no_thread(self) -> None:
        before = set(threading.enumerate())
        with FakeAws() as aws:
            assert aws.serve() == aws.serve()

        assert set(threading.enumerate()) == before

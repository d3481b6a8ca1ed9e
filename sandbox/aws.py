"""The fake AWS: moto in this process, with what moto lacks for this project added here.

By moto itself: SQS, IAM roles and instance profiles, STS, EKS ListClusters. Added:

- EKS DescribeCluster: endpoint and CA are those of a fake API server (moto's are random letters),
  and the answer has VPC, Service range and access mode, as EKS's does.
- EC2 DescribeInstances answers from `Machine`s, in EC2's own shape: moto has no resource names,
  prefixes, interface types or managed instances. Seven filters, InstanceIds and pages work.
- The caller: the environment's credentials are a session of the approver's role. A fake cluster's
  authenticator accepts them after `add_identity(aws.identity)`.

The caller's own AWS configuration is hidden while this is open, and restored afterwards.

    with FakeAws() as aws:
        aws.add_cluster("prod", "us-east-1", server=..., ca_pem=..., vpc_id="vpc-1")
        profile = aws.add_profile("eks-node")
        aws.add_machine(Machine(..., profile_arn=profile))
"""

import base64
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Self

from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.responses.instances import InstanceResponse
from moto.eks.models import eks_backends

from sandbox import aws_clients, scoped
from sandbox.aws_server import served
from sandbox.aws_shapes import Eni, Machine, answer
from sandbox.fake_apiserver.status import Json
from sandbox.identity import AwsIdentity

__all__ = ["ACCOUNT", "HOME", "Eni", "FakeAws", "Machine"]

ACCOUNT: Final[str] = DEFAULT_ACCOUNT_ID

#: The Region in which the functions run.
HOME: Final = "us-east-1"

_ROLE: Final = "csr-approver-review"

# For an hour after its creation a cluster may lack access.
_LONG_AGO: Final = datetime(2026, 1, 1, tzinfo=UTC)

# What any program that uses AWS may read.
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "fake",
    "AWS_SECRET_ACCESS_KEY": "fake",
    "AWS_DEFAULT_REGION": HOME,
    "AWS_REGION": HOME,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    # Saves half a second: no one here runs these images.
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}


class FakeAws:
    """One AWS account. Only one may be open in a process, because moto's state is global."""

    _is_open = False

    def __init__(self) -> None:
        self._open = ExitStack()
        self._serving = ExitStack()
        self._machines: dict[str, dict[str, Machine]] = {}
        self._url = ""

    def __enter__(self) -> Self:
        """Hide the caller's AWS configuration and start with an empty account."""
        if FakeAws._is_open:
            raise RuntimeError("another FakeAws is open in this process; close it first")
        with ExitStack() as stack:
            stack.enter_context(scoped.attribute(FakeAws, "_is_open", True))
            own = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
            stack.enter_context(scoped.environment(own | _ENVIRONMENT))
            stack.enter_context(mock_aws(config={"core": {"mock_credentials": False}}))
            describe = self._describe_instances()
            stack.enter_context(scoped.attribute(InstanceResponse, "describe_instances", describe))
            aws_clients.sign_with(_ENVIRONMENT)
            self.identity = self._assume(self.add_role(_ROLE), _ROLE)
            os.environ |= self.credentials
            aws_clients.sign_with(self.credentials)
            stack.callback(self.stop_serving)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Undo the patches, and stop the server."""
        self._open.close()

    @property
    def credentials(self) -> Mapping[str, str]:
        """Return the environment variables of the approver's session."""
        return {
            "AWS_ACCESS_KEY_ID": self.identity.access_key,
            "AWS_SECRET_ACCESS_KEY": self.identity.secret_key,
            "AWS_SESSION_TOKEN": self.identity.token or "",
        }

    @property
    def role_arn(self) -> str:
        """Return the approver's role."""
        return f"arn:aws:iam::{ACCOUNT}:role/{_ROLE}"

    def client(self, service: str, region: str = HOME) -> Any:
        """Return a boto3 client of the fake account, shared by all accounts of the process.

        Don't register events on it, as `adapters.ec2` does: make another one for that.
        """
        return aws_clients.client(service, region)

    # --- what is in the account -----------------------------------------------------------------

    def add_cluster(
        self,
        name: str,
        region: str,
        *,
        server: str,
        ca_pem: str,
        vpc_id: str,
        service_range: str = "172.20.0.0/16",
        tags: Mapping[str, str] | None = None,
        local_id: str = "",
    ) -> None:
        """Add an active EKS cluster whose API is `server`.

        `local_id`: the id of a cluster that is local to an Outpost; empty for any other.
        """
        family = "Ipv6" if ":" in service_range else "Ipv4"
        network = {f"service{family}Cidr": service_range, "ipFamily": family.lower()}
        self.client("eks", region).create_cluster(
            name=name,
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/eks-cluster",
            resourcesVpcConfig={},
            tags=dict(tags or {}),
        )
        cluster: Any = eks_backends[ACCOUNT][region].clusters[name]
        cluster.created_at = _LONG_AGO
        cluster.endpoint = server
        cluster.certificate_authority = {"data": base64.b64encode(ca_pem.encode()).decode()}
        cluster.kubernetes_network_config = network
        cluster.resources_vpc_config = {
            "vpcId": vpc_id,
            "endpointPublicAccess": True,
            "endpointPrivateAccess": True,
        }
        cluster.access_config = {"authenticationMode": "API_AND_CONFIG_MAP"}
        if local_id:
            cluster.id = local_id
            cluster.outpost_config = {"outpostArns": [], "controlPlaneInstanceType": "m5d.large"}
            # EKS refuses any other mode for these. From: EKS's message in eksctl-io/eksctl#7552.
            cluster.access_config = {"authenticationMode": "CONFIG_MAP"}

    def add_role(self, name: str, *, path: str = "/") -> str:
        """Add an IAM role; return its ARN."""
        iam = self.client("iam")
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument="{}")
        return str(made["Role"]["Arn"])

    def add_profile(self, role: str, *, path: str = "/") -> str:
        """Add a role and an instance profile of the same name; return the profile's ARN."""
        self.add_role(role, path=path)
        iam = self.client("iam")
        made = iam.create_instance_profile(InstanceProfileName=role, Path=path)
        iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
        return str(made["InstanceProfile"]["Arn"])

    def add_machine(self, machine: Machine) -> None:
        """Add an EC2 instance; replace another one with that id."""
        self._machines.setdefault(machine.region, {})[machine.id] = machine

    def change_machine(self, region: str, instance_id: str, **changes: Any) -> None:
        """Change fields of a `Machine`, as `state="stopped"`."""
        self.add_machine(replace(self._machines[region][instance_id], **changes))

    def create_queue(self, name: str = "csr-approver", region: str = HOME) -> str:
        """Create an SQS queue; return its URL."""
        return str(self.client("sqs", region).create_queue(QueueName=name)["QueueUrl"])

    def receive(self, queue_url: str, region: str = HOME) -> list[Json]:
        """Take all messages off the queue; return them as the records of Lambda's event."""
        sqs = self.client("sqs", region)
        records: list[Json] = []
        while found := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in found:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
                records.append(_record(message, queue_url, region))
        return records

    # --- other processes ------------------------------------------------------------------------

    def serve(self) -> str:
        """Serve the account over HTTP on loopback until `stop_serving`, or the end; return the URL.

        It is for `AWS_ENDPOINT_URL`, and needs `moto[server]`. Signatures aren't checked.
        """
        if not self._url:
            self._url = self._serving.enter_context(served())
        return self._url

    def stop_serving(self) -> None:
        """Refuse connections of other processes from now on."""
        self._serving.close()

    def environment(self) -> Mapping[str, str]:
        """Return the environment variables that another process needs to use this account."""
        return {**_ENVIRONMENT, **self.credentials, "AWS_ENDPOINT_URL": self.serve()}

    # --- what moto lacks ------------------------------------------------------------------------

    def _describe_instances(self) -> Any:
        """Return the method that replaces moto's."""

        def describe_instances(response: Any) -> ActionResult:
            machines = self._machines.get(response.region, {})
            try:
                return ActionResult(answer(machines, response.params))
            except KeyError as unknown:
                raise InvalidInstanceIdError(unknown.args[0]) from None

        return describe_instances

    def _assume(self, role_arn: str, session: str) -> AwsIdentity:
        answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session)
        keys, user = answer["Credentials"], answer["AssumedRoleUser"]
        return AwsIdentity(
            access_key=keys["AccessKeyId"],
            secret_key=keys["SecretAccessKey"],
            token=keys["SessionToken"],
            account=ACCOUNT,
            arn=user["Arn"],
            user_id=user["AssumedRoleId"],
        )


def _record(message: Mapping[str, Any], queue_url: str, region: str) -> Json:
    """Return one record of Lambda's event. From: Lambda Developer Guide, "Using SQS"."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{region}:{ACCOUNT}:{queue_url.rsplit('/', 1)[-1]}",
        "awsRegion": region,
    }

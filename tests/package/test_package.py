"""The package that `sam build` makes runs as a Lambda function does, on every event of `events/`.

It is built for this machine and this Python instead of Lambda's; nothing else is different.
"""

import json
import marshal
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import CodeType
from typing import Any, Final

import pytest

from sandbox.aws import ACCOUNT, HOME, Eni, Machine, PracticeAws
from sandbox.identity import AwsIdentity
from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import KUBELET_SERVING, PracticeCluster, approver_rules
from sandbox.runtime_api import LambdaFunction, Outcome
from sandbox.tokens import utc_now
from tests.template.sam import ROOT, monitoring_of, run, transformed

DISPATCH: Final = "handlers.dispatch.handler"
REVIEW: Final = "handlers.review.handler"
FUNCTIONS: Final = {DISPATCH: "DispatcherFunction", REVIEW: "ReviewerFunction"}

CLUSTER: Final = "prod"
VPC: Final = "vpc-0a1b2c3d"
INSTANCE: Final = "i-0123456789abcdef0"

# From: AWS Lambda quotas, deployment package, unzipped.
LARGEST_PACKAGE: Final = 250 * 1024 * 1024


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with one package for each function."""
    if sys.platform != "linux":
        pytest.skip("the packages hold libraries for Linux")
    folder = tmp_path_factory.mktemp("build")
    run(
        "sam",
        "build",
        "--build-dir",
        folder,
        home=tmp_path_factory.mktemp("home"),
        AWS_DEFAULT_REGION=HOME,
        ARCHITECTURE="arm64" if platform.machine() == "aarch64" else "x86_64",
        PYTHON_VERSION="{}.{}".format(*sys.version_info),
        VENV=sys.prefix,
        **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
    )
    return folder


@pytest.fixture
def aws() -> Iterator[PracticeAws]:
    with PracticeAws() as aws:
        yield aws


@pytest.fixture
def cluster(aws: PracticeAws) -> Iterator[PracticeCluster]:
    """The cluster that the events name, onboarded."""
    with PracticeCluster(CLUSTER, region=HOME).start() as cluster:
        cluster.add_identity(aws.identity)
        cluster.map_role(aws.role_arn, "csr-approver", ["csr-approver"])
        cluster.grant("csr-approver", approver_rules(KUBELET_SERVING))
        aws.add_cluster(CLUSTER, HOME, server=cluster.server, ca_pem=cluster.ca_pem, vpc_id=VPC)
        yield cluster


def event(name: str) -> Any:
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def function(build: Path, handler: str, aws: PracticeAws, **parameters: str) -> LambdaFunction:
    """A function of the stack that these parameters make, in the practice account."""
    stack = transformed().stack(**parameters)
    environment = {**stack.environment(FUNCTIONS[handler]), **aws.environment()}
    if handler == DISPATCH:
        environment["QUEUE_URL"] = aws.create_queue()
    return LambdaFunction(build / FUNCTIONS[handler], handler, environment)


def metrics(output: str) -> list[tuple[frozenset[str], Mapping[str, Any]]]:
    """The lines that CloudWatch reads metrics from: the names of their dimensions, and the line."""
    lines = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    return [
        (frozenset(dimensions), line)
        for line in lines
        for one in line["_aws"]["CloudWatchMetrics"]
        for dimensions in one["Dimensions"]
    ]


def file_csr(cluster: PracticeCluster, aws: PracticeAws, *, address: str) -> str:
    """A node's instance, and the CSR by which it asks for a certificate for this address."""
    now = utc_now()
    aws.add_machine(
        Machine(
            id=INSTANCE,
            region=HOME,
            vpc_id=VPC,
            launched=now - timedelta(hours=1),
            enis=(Eni(ip="10.0.1.10"),),
            profile_arn=aws.add_profile("eks-node"),
            tags={f"kubernetes.io/cluster/{CLUSTER}": "owned"},
        )
    )
    node = "ip-10-0-1-10.ec2.internal"
    cluster.name_instance(INSTANCE, node)
    identity = AwsIdentity.session("eks-node", INSTANCE, account=ACCOUNT)
    cluster.map_role(
        f"arn:aws:iam::{ACCOUNT}:role/eks-node",
        "system:node:{{EC2PrivateDNSName}}",
        ["system:bootstrappers", "system:nodes"],
    )
    request, _ = kubelet_request(node, dns=[node], ips=[address])
    cluster.seed("csr-1", cluster.user_of(identity), request, created=now - timedelta(minutes=7))
    return "csr-1"


def conditions(cluster: PracticeCluster, name: str) -> list[str]:
    return [one["type"] for one in cluster.get(name)["status"].get("conditions", [])]


# --- what is in it --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS.values())
def test_the_package_holds_what_runs(name: str, build: Path) -> None:
    """Handlers, core, adapters and libraries; nothing of the command line, sandbox and tests."""
    inside = {path.name for path in (build / name).iterdir()}

    assert {"handlers", "core", "adapters", "boto3", "kubernetes"} <= inside
    assert set() == {"cli", "sandbox", "tests", "moto", "typer", "bin", "installed"} & inside
    assert not (build / name / "kubernetes" / "aio").exists()


def test_the_package_fits_into_lambda(build: Path) -> None:
    """Unzipped it is smaller than Lambda allows, by a good margin."""
    size = sum(
        path.stat().st_size for path in (build / "ReviewerFunction").rglob("*") if path.is_file()
    )

    assert 0.75 * LARGEST_PACKAGE > size


def test_the_package_brings_its_bytecode(build: Path) -> None:
    """Every module is compiled, and holds good whatever a zip does to the times of files."""
    package = build / "ReviewerFunction"
    sources = [path for path in package.rglob("*.py") if "lib2to3" not in path.parts]
    compiled = package / "handlers" / "__pycache__"
    [bytecode] = compiled.glob("review.*.pyc")
    content = bytecode.read_bytes()
    code = marshal.loads(content[16:])  # noqa: S302 - our own

    assert len(sources) == len(list(package.rglob("*.pyc")))
    assert 0b01 == int.from_bytes(content[4:8], "little")  # unchecked-hash, see PEP 552
    assert isinstance(code, CodeType)
    assert "/var/task/handlers/review.py" == code.co_filename


def test_the_lock_is_the_same_for_every_python() -> None:
    """Pip reads markers for the Python that it runs on, which needn't be Lambda's."""
    lock = (ROOT / "src/requirements.txt").read_text()

    assert "python_version" not in lock
    assert "python_full_version" not in lock


# --- how it runs ----------------------------------------------------------------------------------


def test_every_event_is_tried_here() -> None:
    """No event of the folder is without a test below."""
    tried = {"schedule", "review", "review-excluded", "review-unreadable"}

    assert tried == {path.stem for path in (ROOT / "events").glob("*.json")}


@pytest.mark.usefixtures("cluster")
def test_schedule(build: Path, aws: PracticeAws) -> None:
    """The schedule's event makes one message for the cluster, as the reviewer's event has it."""
    with function(build, DISPATCH, aws) as dispatcher:
        outcome = dispatcher.invoke(event("schedule"))
    [record] = aws.receive(aws.create_queue())

    assert Outcome() == outcome
    assert event("review")["Records"][0]["body"] == record["body"]


def test_review(build: Path, aws: PracticeAws, cluster: PracticeCluster) -> None:
    """A node's own request is approved."""
    csr = file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws) as reviewer:
        outcome = reviewer.invoke(event("review"))

    assert Outcome() == outcome
    assert ["Approved"] == conditions(cluster, csr)


def test_review_of_an_attack(build: Path, aws: PracticeAws, cluster: PracticeCluster) -> None:
    """A request for another address is denied where the mode is enforce."""
    csr = file_csr(cluster, aws, address="10.0.1.20")
    with function(build, REVIEW, aws, Mode="enforce") as reviewer:
        outcome = reviewer.invoke(event("review"))

    assert Outcome() == outcome
    assert ["Denied"] == conditions(cluster, csr)


def test_review_in_shadow(build: Path, aws: PracticeAws, cluster: PracticeCluster) -> None:
    """In shadow mode nothing is written."""
    csr = file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws, Mode="shadow") as reviewer:
        outcome = reviewer.invoke(event("review"))

    assert Outcome() == outcome
    assert [] == conditions(cluster, csr)


def test_review_excluded(build: Path, aws: PracticeAws, cluster: PracticeCluster) -> None:
    """A message about a cluster of a Region that isn't served is done with, and nothing else."""
    csr = file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws) as reviewer:
        outcome = reviewer.invoke(event("review-excluded"))
        output = reviewer.output()

    assert Outcome() == outcome
    assert [] == conditions(cluster, csr)
    assert "not selected by REGIONS and CLUSTER_NAMES" in output


def test_review_unreadable(build: Path, aws: PracticeAws, cluster: PracticeCluster) -> None:
    """A message with more in it than a cluster and its Region fails, and so gets to the DLQ."""
    csr = file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws) as reviewer:
        outcome = reviewer.invoke(event("review-unreadable"))

    assert "ValueError" == outcome.error_type
    assert "endpoint" in outcome.error_message
    assert [] == conditions(cluster, csr)


def test_a_failed_message_doesn_t_spoil_the_next(
    build: Path, aws: PracticeAws, cluster: PracticeCluster
) -> None:
    """The same warm function reviews on after a message that failed."""
    csr = file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws) as reviewer:
        failed = reviewer.invoke(event("review-unreadable"))
        outcome = reviewer.invoke(event("review"))

    assert "ValueError" == failed.error_type
    assert Outcome() == outcome
    assert ["Approved"] == conditions(cluster, csr)


def test_bad_settings_are_explained(build: Path, aws: PracticeAws) -> None:
    """Parameters that don't go together fail every invocation, with the name of the setting."""
    with function(
        build, REVIEW, aws, ApproveAfterSeconds="300", MaxCsrAgeSeconds="200"
    ) as reviewer:
        outcome = reviewer.invoke(event("review"))

    assert "BadSettings" == outcome.error_type
    assert "APPROVE_AFTER_SECONDS" in outcome.error_message


def test_a_package_without_its_libraries_doesn_t_start(tmp_path: Path, build: Path) -> None:
    """What the package lacks isn't found elsewhere: the tests above prove that it is whole."""
    for name in ("handlers", "core", "adapters"):
        (tmp_path / name).symlink_to(build / "ReviewerFunction" / name)
    with LambdaFunction(tmp_path, REVIEW, {}) as reviewer:
        outcome = reviewer.invoke(event("review"))

    assert outcome.at_init
    assert "Runtime.ImportModuleError" == outcome.error_type


# --- what it tells --------------------------------------------------------------------------------


def test_alarms_find_their_metrics(build: Path, aws: PracticeAws, cluster: PracticeCluster) -> None:
    """What the alarms watch is emitted, each run, under exactly the dimensions they watch."""
    file_csr(cluster, aws, address="10.0.1.10")
    with function(build, DISPATCH, aws) as dispatcher, function(build, REVIEW, aws) as reviewer:
        dispatcher.invoke(event("schedule"))
        reviewer.invoke(event("review"))
        output = f"{dispatcher.output()}\n{reviewer.output()}"
    emitted = {
        name
        for dimensions, line in metrics(output)
        if dimensions == {"Stack"} and line["Stack"] == "csr-approver"
        for name in line
    }
    alarms = monitoring_of(transformed().stack()).of_type("AWS::CloudWatch::Alarm").values()
    queries = [
        *alarms,
        *(one["MetricStat"]["Metric"] for alarm in alarms for one in alarm.get("Metrics", ())[1:]),
    ]
    watched = {one["MetricName"] for one in queries if one.get("Namespace") == "CsrApprover"}

    assert 10 == len(watched)
    assert set() == watched - emitted


def test_nothing_secret_is_written(build: Path, aws: PracticeAws, cluster: PracticeCluster) -> None:
    """Neither the token for the cluster nor the credentials behind it are in the log."""
    file_csr(cluster, aws, address="10.0.1.10")
    with function(build, REVIEW, aws, LogLevel="DEBUG") as reviewer:
        reviewer.invoke(event("review"))
        reviewer.invoke(event("review-unreadable"))
        output = reviewer.output()

    assert '"csr-1"' in output
    assert "k8s-aws-v1" not in output
    assert "X-Amz-" not in output
    assert [] == [name for name, value in aws.credentials.items() if value and value in output]

"""`csr-approver evaluate`: the stable contract of its inputs, output and exit codes."""

import base64
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from sandbox.kubelet import kubelet_request
from tests.hiding import NESTED, NOT_UTF_8, in_json

NODE = "ip-10-0-1-10.eu-west-1.compute.internal"
INSTANCE = "i-0aaaaaaaaaaaaaaaa"
CREATED = "2026-11-24T11:00:00Z"
NOW = "2026-11-24T11:05:00Z"
PROFILE = "arn:aws:iam::111122223333:instance-profile/nodes"
ROLE = "arn:aws:iam::111122223333:role/eks-node"

Item = dict[str, Any]


def a_csr(name: str = "csr-7znmf", dns: tuple[str, ...] = (NODE,), **spec: object) -> Item:
    """Return a CSR as `kubectl get csr -o json` prints it."""
    pem, _ = kubelet_request(NODE, dns=list(dns), ips=["10.0.1.10"])
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name, "uid": f"uid-{name}", "creationTimestamp": CREATED},
        "spec": {
            "request": base64.b64encode(pem).decode(),
            "signerName": "kubernetes.io/kubelet-serving",
            "usages": ["digital signature", "server auth"],
            "username": f"system:node:{NODE}",
            "groups": ["system:bootstrappers", "system:nodes", "system:authenticated"],
            "extra": {"sessionName": [INSTANCE], "canonicalArn": [ROLE]},
        }
        | spec,
        "status": {},
    }


def an_instance(**changes: object) -> Item:
    interface = {
        "NetworkInterfaceId": "eni-0aaaaaaaaaaaaaaaa",
        "Status": "in-use",
        "InterfaceType": "interface",
        "VpcId": "vpc-0aaaaaaaaaaaaaaaa",
        "Attachment": {"DeviceIndex": 0, "NetworkCardIndex": 0, "Status": "attached"},
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": "10.0.1.10"}],
    }
    return {
        "InstanceId": INSTANCE,
        "State": {"Name": "running"},
        "LaunchTime": "2026-11-20T08:00:00+00:00",
        "VpcId": "vpc-0aaaaaaaaaaaaaaaa",
        "PrivateDnsName": NODE,
        "PublicDnsName": "",
        "PrivateIpAddress": "10.0.1.10",
        "IamInstanceProfile": {"Arn": PROFILE},
        "Tags": [{"Key": "kubernetes.io/cluster/prod", "Value": "owned"}],
        "NetworkInterfaces": [interface],
    } | changes


CLUSTER = {
    "cluster": {
        "name": "prod",
        "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/prod",
        "resourcesVpcConfig": {"vpcId": "vpc-0aaaaaaaaaaaaaaaa"},
        "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.100.0.0/16"},
    }
}
PROFILES = {"InstanceProfiles": [{"Arn": PROFILE, "Roles": [{"Arn": ROLE}]}]}

INSTANCES = {"Reservations": [{"Instances": [an_instance()]}]}


class CommandRunner:
    """Files in a folder, and the command run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.evidence = {
            "--instances": self.file(
                "instances", {"Reservations": [{"Instances": [an_instance()]}]}
            ),
            "--cluster": self.file("cluster", CLUSTER),
            "--instance-profiles": self.file("profiles", PROFILES),
        }

    def file(self, name: str, document: object) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    def run(self, document: object, *options: str, without: tuple[str, ...] = ()) -> Result:
        given = [part for pair in self.evidence.items() if pair[0] not in without for part in pair]
        arguments = ["evaluate", "--csr", self.file("csrs", document), *given, *options]
        if "--now" not in options:
            arguments += ["--now", NOW]
        return CliRunner().invoke(app, arguments)

    def judge(
        self, *items: object, options: tuple[str, ...] = (), without: tuple[str, ...] = ()
    ) -> list[Item]:
        result = self.run(
            {"kind": "List", "items": items}, "--output", "json", *options, without=without
        )
        assert (result.exit_code, result.stderr) == (0, "")
        rows: list[Item] = json.loads(result.stdout)
        return rows


@pytest.fixture
def runner(tmp_path: Path) -> CommandRunner:
    return CommandRunner(tmp_path)


def test_a_healthy_nodes_request_is_approved_by_all_checks(runner: CommandRunner) -> None:
    """A CSR's object has exactly these keys, and an approval has no refusals."""
    assert [
        {
            "csr": "csr-7znmf",
            "signer": "kubernetes.io/kubelet-serving",
            "requester": f"system:node:{NODE}",
            "node": NODE,
            "instance": INSTANCE,
            "identity": "session",
            "verdict": "approve",
            "not_run": [],
            "refusals": [],
        }
    ] == runner.judge(a_csr())


def test_a_refusal_names_its_check_effect_reason_and_detail(runner: CommandRunner) -> None:
    """Another node's name is denied; the refusal says what was got and what was expected."""
    (row,) = runner.judge(a_csr(dns=(NODE, "other.example")))

    expected = f"'{INSTANCE}.eu-west-1.compute.internal', '{NODE}'"
    refusal = {
        "check": "dns-names",
        "effect": "deny",
        "reason": "DNS name is not the instance's",
        "detail": f"got 'other.example', expected one of {expected}",
    }
    assert ("deny", [refusal]) == (row["verdict"], row["refusals"])


def test_each_item_has_one_answer_in_order(runner: CommandRunner) -> None:
    """Another signer's items and malformed ones have answers of their own, and stop no other."""
    rows = runner.judge(
        a_csr("csr-a", signerName="example.com/other"),
        5,
        {"metadata": {"name": "malformed"}},
        a_csr("csr-b"),
    )

    assert [("csr-a", "ignore"), (None, "leave"), ("malformed", "leave"), ("csr-b", "approve")] == [
        (row["csr"], row["verdict"]) for row in rows
    ]
    assert ["object-readable"] == [refusal["check"] for refusal in rows[1]["refusals"]]


@pytest.mark.parametrize("metadata", [NOT_UTF_8, NESTED], ids=["not-utf-8", "nested"])
def test_an_item_that_is_not_json_has_its_own_answer(runner: CommandRunner, metadata: Item) -> None:
    """`kubectl get --raw` saves such items: each is named and left, and the others are judged."""
    broken = a_csr("not-json")
    broken["metadata"] |= metadata
    document = b'{"kind":"List","items":[%s,%s]}' % (
        in_json(broken),
        json.dumps(a_csr("csr-b")).encode(),
    )
    path = runner.folder / "raw.json"
    path.write_bytes(document)
    given = [part for pair in runner.evidence.items() for part in pair]
    arguments = ["evaluate", "--csr", str(path), *given, "--now", NOW, "--output", "json"]

    result = CliRunner().invoke(app, arguments)

    assert 0 == result.exit_code
    row, other = json.loads(result.stdout)
    assert ("not-json", "leave", ["object-readable"]) == (
        row["csr"],
        row["verdict"],
        [refusal["check"] for refusal in row["refusals"]],
    )
    assert ("csr-b", "approve") == (other["csr"], other["verdict"])


def a_condition(kind: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "reason": "Some"}


@pytest.mark.parametrize("kind", ["Approved", "Denied", "Failed"])
def test_decided_csrs_are_ignored(runner: CommandRunner, kind: str) -> None:
    """A CSR that is decided, or that the signer failed, needs no judgment."""
    decided = a_csr() | {"status": {"conditions": [{"type": kind, "status": "True"}]}}

    assert ["ignore"] == [row["verdict"] for row in runner.judge(decided)]


def test_with_decided_an_approved_csr_is_judged_as_of_its_approval(runner: CommandRunner) -> None:
    """A CSR approved last week is judged at that time, so it isn't abandoned."""
    condition = {"type": "Approved", "status": "True", "lastUpdateTime": "2026-11-24T11:02:00Z"}
    decided = a_csr() | {"status": {"conditions": [condition]}}

    rows = runner.judge(decided, options=("--decided", "--now", "2026-11-30T00:00:00Z"))

    assert ["approve"] == [row["verdict"] for row in rows]


def test_with_decided_a_failed_csr_is_still_ignored(runner: CommandRunner) -> None:
    """A CSR that the signer failed is ignored with `--decided` as well."""
    conditions = [{"type": kind, "status": "True"} for kind in ("Approved", "Failed")]

    rows = runner.judge(a_csr() | {"status": {"conditions": conditions}}, options=("--decided",))

    assert ["ignore"] == [row["verdict"] for row in rows]


@pytest.mark.parametrize(
    ("missing", "not_run"),
    [
        ("--cluster", ["node-name", "cluster", "reserved-names", "dns-names", "ip-addresses"]),
        ("--instance-profiles", ["node-name", "node-role", "dns-names", "ip-addresses"]),
    ],
)
def test_without_a_file_nothing_is_approved_and_the_file_is_named(
    runner: CommandRunner, missing: str, not_run: list[str]
) -> None:
    """What wasn't given is never a yes: a refusal of `evidence-given` says what to give."""
    (row,) = runner.judge(a_csr(), without=(missing,))

    assert ("leave", not_run) == (row["verdict"], row["not_run"])
    assert [
        {
            "check": "evidence-given",
            "effect": "leave",
            "reason": "evidence not given",
            "detail": f"give {missing}; without it some checks can't run",
        }
    ] == row["refusals"]


def test_all_missing_files_are_named(runner: CommandRunner) -> None:
    """A request that needs no evidence to be disproved is denied nevertheless."""
    csrs = (a_csr(), a_csr(usages=["client auth"]))
    good, bad = runner.judge(*csrs, without=("--instances", "--cluster", "--instance-profiles"))

    assert ("leave", "deny") == (good["verdict"], bad["verdict"])
    for row in (good, bad):
        assert [
            "give --cluster, --instance-profiles, --instances; without it some checks can't run"
        ] == [
            refusal["detail"] for refusal in row["refusals"] if refusal["check"] == "evidence-given"
        ]


def test_a_file_that_the_settings_make_needless_is_not_missed(runner: CommandRunner) -> None:
    """Settings count offline as they do live."""
    (row,) = runner.judge(
        a_csr(),
        without=("--instance-profiles",),
        options=("--set", "VERIFY_NODE_ROLE=false"),
    )

    assert ("approve", []) == (row["verdict"], row["not_run"])


LEFT = "which csr-approver leaves to others"
OF_EXAMPLE = (
    "a signer of example.com: its own controller must sign, neither EKS nor csr-approver does"
)


@pytest.mark.parametrize(
    ("change", "check", "reason", "detail"),
    [
        (
            {"signerName": "example.com/serving"},
            "signer-served",
            "another signer's",
            f"example.com/serving is {OF_EXAMPLE}",
        ),
        (
            {"signerName": "kubernetes.io/kube-apiserver-client"},
            "signer-served",
            "another signer's",
            f"kubernetes.io/kube-apiserver-client is one of Kubernetes's own signers, {LEFT}",
        ),
        (
            {"signerName": "beta.eks.amazonaws.com/other"},
            "signer-served",
            "another signer's",
            f"beta.eks.amazonaws.com/other is one of AWS's signers, {LEFT}",
        ),
        (
            {"signerName": "beta.eks.amazonaws.com/app-serving"},
            "signer-served",
            "signer not served",
            "beta.eks.amazonaws.com/app-serving is served only with APP_SERVING=true",
        ),
    ],
)
def test_a_csr_of_a_signer_that_is_not_served_is_ignored_with_the_reason(
    runner: CommandRunner, change: dict[str, str], check: str, reason: str, detail: str
) -> None:
    """The reason says whose signer it is, and what setting would serve it."""
    item = a_csr()
    item["spec"] |= change

    (row,) = runner.judge(item)

    expected = {"check": check, "effect": "leave", "reason": reason, "detail": detail}
    assert ("ignore", [expected]) == (row["verdict"], row["refusals"])


@pytest.mark.parametrize(
    ("status", "reason", "detail"),
    [
        ({"conditions": [a_condition("Approved")]}, "already decided", "Approved by Some"),
        ({"conditions": [a_condition("Denied")]}, "already decided", "Denied by Some"),
        (
            {"conditions": [a_condition("Approved"), a_condition("Failed")]},
            "failed",
            "Failed by Some",
        ),
        ({"certificate": "eA=="}, "already issued", "it has a certificate"),
    ],
)
def test_a_decided_csr_is_ignored_with_the_decision(
    runner: CommandRunner, status: dict[str, Any], reason: str, detail: str
) -> None:
    """The refusal is of the check `pending`."""
    (row,) = runner.judge(a_csr() | {"status": status})

    expected = {"check": "pending", "effect": "leave", "reason": reason, "detail": detail}
    assert ("ignore", [expected]) == (row["verdict"], row["refusals"])


def test_a_node_without_iam_is_identified_by_name_only_if_that_is_set(
    runner: CommandRunner,
) -> None:
    """ALLOW_NAME_IDENTITY=true finds the instance by the node's name."""
    item = a_csr(extra={})
    (strict,) = runner.judge(item)
    (lenient,) = runner.judge(item, options=("--set", "ALLOW_NAME_IDENTITY=true"))

    assert ("leave", None, None) == (strict["verdict"], strict["identity"], strict["instance"])
    assert ("approve", "name", INSTANCE) == (
        lenient["verdict"],
        lenient["identity"],
        lenient["instance"],
    )


def test_a_person_has_neither_node_nor_instance(runner: CommandRunner) -> None:
    """For a person's request `node`, `instance` and `identity` are null."""
    (row,) = runner.judge(a_csr(username="alice", extra={"sessionName": ["alice"]}))

    assert ("leave", None, None, None) == (
        row["verdict"],
        row["node"],
        row["instance"],
        row["identity"],
    )


def test_one_object_is_read_like_a_list_of_one(runner: CommandRunner) -> None:
    """`kubectl get csr NAME -o json` prints one object, not a list."""
    result = runner.run(a_csr(), "--output", "json")

    assert ["approve"] == [row["verdict"] for row in json.loads(result.stdout)]


def test_an_empty_list_prints_a_hint(tmp_path: Path) -> None:
    """If a CSR breaks the API server's JSON, kubectl fails and saves an empty list."""
    path = tmp_path / "csrs.json"
    path.write_text('{"kind": "List", "items": []}')

    result = CliRunner().invoke(app, ["evaluate", "--csr", str(path), "--output", "json"])

    assert (0, []) == (result.exit_code, json.loads(result.stdout))
    assert (
        f"csr-approver: hint: {path} has no CSR; check that kubectl saved it without an error\n"
        == result.stderr
    )


def test_an_empty_list_from_standard_input_is_named_so() -> None:
    result = CliRunner().invoke(app, ["evaluate", "--csr", "-"], input='{"items": []}')

    assert result.stderr.startswith("csr-approver: hint: standard input has no CSR; check that ")


def test_a_list_of_abandoned_csrs_prints_a_hint(runner: CommandRunner) -> None:
    """Saved CSRs are old by the time they are judged; `--now` is the fix."""
    old = a_csr()
    old["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    arguments = ["evaluate", "--csr", runner.file("csrs", [old, 5]), "--output", "json"]
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 0
    assert (
        "csr-approver: hint: every CSR is older than MAX_CSR_AGE_SECONDS; to judge them as of when "
        "they were saved, pass that time with --now\n"
    ) == result.stderr


def test_a_list_with_a_csr_that_is_not_abandoned_prints_no_hint(runner: CommandRunner) -> None:
    """Another time would say nothing more about an approved CSR."""
    old, fresh = a_csr(), a_csr("csr-fresh")
    old["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    fresh["metadata"]["creationTimestamp"] = datetime.now(UTC).isoformat(timespec="seconds")

    evidence = [part for pair in runner.evidence.items() for part in pair]
    arguments = ["evaluate", "--csr", runner.file("csrs", [old, fresh]), *evidence]
    result = CliRunner().invoke(app, arguments)

    assert (0, "") == (result.exit_code, result.stderr)


def test_the_table_escapes_unprintable_names(runner: CommandRunner) -> None:
    """A line end or an escape sequence in a name is shown as text."""
    result = runner.run([a_csr("csr\n\x1b[31m")])

    assert result.exit_code == 0
    assert "csr\\n\\x1b[31m" in result.stdout.replace("\n", "").replace("│", "").replace(" ", "")
    assert "\x1b[31m" not in result.stdout


def test_the_table_truncates_long_names(runner: CommandRunner) -> None:
    """A name may have megabytes: it would hide everything else and take minutes to draw."""
    long = "x" * 3_000_000

    result = runner.run([a_csr(long, username=f"system:node:{long}")])

    assert result.exit_code == 0
    assert len(result.stdout) < 10_000


def test_the_table_escapes_unprintable_instance_ids(runner: CommandRunner) -> None:
    """A file that was written by hand may contain anything."""
    instances = {"Reservations": [{"Instances": [an_instance(InstanceId="i-\n\x1b[31m")]}]}
    runner.evidence["--instances"] = runner.file("unprintable", instances)

    result = runner.run([a_csr(extra={})], "--set", "ALLOW_NAME_IDENTITY=true")

    assert result.exit_code == 0
    assert "i-\\n\\x1b[31m" in result.stdout.replace("\n", "").replace("│", "").replace(" ", "")
    assert "\x1b" not in result.stdout


Broken = Callable[[CommandRunner], list[str]]

UNREADABLE: dict[str, tuple[Broken, str]] = {
    "no such file": (
        lambda runner: ["--csr", str(runner.folder / "none.json")],
        "none.json: No such file or directory\n",
    ),
    "not JSON": (
        lambda runner: ["--csr", runner.file("bad", "{")],
        "bad.json: not JSON",
    ),
    "deeply nested": (lambda runner: ["--csr", runner.file("deep", "[" * 100_000)], "deep.json"),
    "no list": (
        lambda runner: ["--csr", runner.file("bad", "{}")],
        "bad.json: no `items`; expected the output of `kubectl get csr -o json`",
    ),
    "odd instances": (
        lambda runner: [
            "--csr",
            runner.file("good", []),
            "--instances",
            runner.file("bad", {"x": 1}),
        ],
        "bad.json: no field Reservations; expected the output of `aws ec2 describe-instances`",
    ),
    "malformed cluster": (
        lambda runner: ["--csr", runner.file("good", []), "--cluster", runner.file("bad", [])],
        (
            "bad.json: expected an object (got []); expected the output of "
            "`aws eks describe-cluster --name CLUSTER`"
        ),
    ),
    "malformed profiles": (
        lambda runner: [
            "--csr",
            runner.file("good", []),
            "--instance-profiles",
            runner.file("bad", {}),
        ],
        (
            "bad.json: InstanceProfiles: expected a list; expected the output of "
            "`aws iam list-instance-profiles`"
        ),
    ),
    "no list of services": (
        lambda runner: [
            "--csr",
            runner.file("good", []),
            "--services",
            runner.file("bad", {"a": 1}),
        ],
        "bad.json: no `items`; expected the output of `kubectl get svc -A -o json`",
    ),
    "malformed services": (
        lambda runner: ["--csr", runner.file("good", []), "--services", runner.file("bad", [{}])],
        "bad.json: not a Service: no field metadata; expected the output of `kubectl get svc",
    ),
}


@pytest.mark.parametrize("broken", UNREADABLE)
def test_an_input_that_cannot_be_read_exits_3_and_is_named(
    runner: CommandRunner, broken: str
) -> None:
    """The message names the file and what was expected; there is no traceback."""
    arguments, message = UNREADABLE[broken]
    given = arguments(runner)
    result = CliRunner().invoke(app, ["evaluate", *given])

    assert result.exit_code == 3
    assert message in result.stderr
    option, path = given[-2:]
    assert result.stderr.startswith(f"csr-approver: {option} {path}: ")
    assert 1 == result.stderr.count(path)


def test_an_input_nested_to_the_limit_cannot_be_read_either(runner: CommandRunner) -> None:
    """Python 3.11 parses some depths of JSON that it can't format in a message."""
    limit = sys.getrecursionlimit()
    csrs = runner.file("csrs", [])
    for depth in range(limit - 60, limit):
        nested = runner.file("nested", "[" * depth + "]" * depth)
        result = CliRunner().invoke(app, ["evaluate", "--csr", csrs, "--instances", nested])

        assert (result.exit_code, result.stdout) == (3, "")
        assert "nested.json" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--set", "FOO=1"),
            "--set FOO=1: expected NAME=VALUE with NAME one of ALLOW_",
        ),
        (("--set", "MODE"), "--set MODE: expected NAME=VALUE"),
        (
            ("--set", "ALLOW_OTHER_VPCS=yes"),
            "--set: ALLOW_OTHER_VPCS: got 'yes', expected true or false",
        ),
        (("--now", "yesterday"), "--now yesterday: expected RFC 3339"),
        (("--now", "2026-11-24T11:00:00"), "expected RFC 3339 with an offset"),
    ],
)
def test_wrong_usage_exits_2_and_names_the_option(
    runner: CommandRunner, options: tuple[str, ...], message: str
) -> None:
    """The message for a wrong setting or time says what is allowed."""
    result = runner.run([], *options)

    assert result.exit_code == 2
    assert message in result.stderr

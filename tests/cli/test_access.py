"""`csr-approver access`: the approver's rights, printed or applied, for one cluster or fifty."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.access.manifests import manifests
from sandbox.aws import ACCOUNT, HOME
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.handlers.account import Account
from tests.template.test_deploy import access_entry

ROOT = Path(__file__).parents[2]
ROLE = f"arn:aws:iam::{ACCOUNT}:role/csr-approver-reviewer-{HOME}"
GROUP = "csr-approver"
CREATE = (
    f"aws eks create-access-entry --region {HOME} --cluster-name prod"
    f" --principal-arn {ROLE} --kubernetes-groups {GROUP}"
)


@pytest.fixture(autouse=True)
def _deployed(stub: AwsStub) -> None:
    stub.stack(ROLE, region=HOME)


def steps(document: Any, cluster: str = "prod") -> dict[str, str]:
    """Return the states of a cluster's steps."""
    [one] = [entry for entry in document["clusters"] if entry["cluster"] == cluster]
    return {step["thing"]: step["state"] for step in one["steps"]}


# --- printed ------------------------------------------------------------------------------------


def test_the_output_is_yaml_for_kubectl_with_the_content_of_deploy(
    account: Account, runner: CommandRunner
) -> None:
    """The commands are in comments, so that the output can be piped into kubectl."""
    account.name_only(["prod"])

    shown = runner.run("access", "prod").stdout

    deployed = (ROOT / "deploy" / "rbac.yaml").read_text()
    assert list(yaml.safe_load_all(deployed)) == list(yaml.safe_load_all(shown))
    assert f"#   {CREATE}\n" in shown
    assert "# prod (us-east-1): access entry: needs action (there is none yet)" in shown


def test_the_second_signer_needs_four_more_manifests(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    """The manifests are those of deploy/rbac-app-serving.yaml: approve, and get Services."""
    assert stub
    account.name_only(["prod"])
    file = ROOT / "deploy" / "rbac-app-serving.yaml"

    shown = runner.json("access", "prod", "--app-serving")["manifests"]

    assert manifests(app_serving=False) == shown[:2]
    assert list(yaml.safe_load_all(file.read_text())) == shown[2:]


def test_printing_changes_nothing(account: Account, stub: AwsStub, runner: CommandRunner) -> None:
    account.name_only(["prod"])

    assert {"access entry": "needs action"} == steps(runner.json("access", "prod"))
    assert [] == stub.made("CreateAccessEntry")
    assert {} == stub.entries


# --- whose role ---------------------------------------------------------------------------------


def test_the_role_is_that_of_the_stack(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    """The role may have a name of its own, and the stack another Region than the clusters."""
    account.name_only(["prod"], "eu-west-1")
    named = f"arn:aws:iam::{ACCOUNT}:role/Approver"
    stub.stack(named, region=HOME, name="approver")
    where = ("--region", "eu-west-1", "--stack-name", "approver", "--stack-region", HOME)

    assert named == runner.json("access", "prod", *where)["role_arn"]


@pytest.mark.parametrize("error", ["", "AccessDenied"])
def test_without_a_readable_stack_no_role_is_guessed(
    account: Account, stub: AwsStub, runner: CommandRunner, error: str
) -> None:
    """A stack's role may have a unique name, so access is granted to no role by its name alone."""
    account.name_only(["prod"])
    stub.stacks.clear()
    if error:
        stub.overrides["DescribeStacks"] = error

    shown = runner.run("access", "prod", "--apply", code=3)

    assert "--role-arn" in shown.stderr
    assert {} == stub.entries


def test_a_stacks_output_is_used_only_if_it_is_a_role(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    """A person who may make stacks must not write the YAML that an administrator applies."""
    account.name_only(["prod"])
    stub.stack(f"{ROLE}\n---\nkind: ClusterRoleBinding", region=HOME)

    shown = runner.run("access", "prod", code=3)

    assert "" == shown.stdout
    assert "with a role in its outputs" in shown.stderr


def test_a_given_role_is_used(account: Account, stub: AwsStub, runner: CommandRunner) -> None:
    """A given role may belong to another account, which a standard entry allows."""
    account.name_only(["prod"])
    other = "arn:aws:iam::999999999999:role/path/approver"

    assert other == runner.json("access", "prod", "--role-arn", other)["role_arn"]
    assert [] == stub.made("DescribeStacks")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--role-arn", "arn:aws:iam::1:user/x"), "--role-arn: got 'arn:aws:iam::1:user/x'"),
        (
            ("--role-arn", f"arn:aws:sts::{ACCOUNT}:assumed-role/eks-admin/me"),
            (
                "expected arn:aws:iam::ACCOUNT:role/NAME, as shown by: aws iam get-role "
                "--role-name eks-admin --query Role.Arn\n"
            ),
        ),
        (
            ("--role-arn", f"arn:aws:sts::{ACCOUNT}:assumed-role/a;b/me"),
            "expected arn:aws:iam::ACCOUNT:role/NAME\n",
        ),
        (("--stack-name", "a b"), "--stack-name: got 'a b', expected a letter, then at most 127"),
    ],
)
def test_an_invalid_role_or_stack_name_is_wrong_usage(
    account: Account, runner: CommandRunner, options: tuple[str, ...], words: str
) -> None:
    assert account
    assert words in runner.run("access", "prod", *options, code=2).stderr


# --- access entries -----------------------------------------------------------------------------


@pytest.fixture
def without_rbac(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the calls to RBAC, which the tests of the control plane make."""
    monkeypatch.setattr("cli.access.onboarding._rbac", lambda *_: ())


@pytest.mark.usefixtures("without_rbac")
def test_an_entry_is_created_once_with_the_values_of_the_cloudformation_template(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    account.name_only(["prod"])

    assert {"access entry": "created"} == steps(runner.json("access", "prod", "--apply"))
    assert {"access entry": "ok"} == steps(runner.json("access", "prod", "--apply"))

    [made] = stub.made("CreateAccessEntry")
    deployed = access_entry()
    assert made == {
        "clusterName": "prod",
        "principalArn": ROLE,
        "type": deployed["Type"],
        "kubernetesGroups": deployed["KubernetesGroups"],
    }


@pytest.mark.usefixtures("without_rbac")
def test_an_entry_with_other_groups_keeps_them(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    account.name_only(["prod"])
    stub.entry("prod", ROLE, "viewers", region=HOME)

    reported = runner.json("access", "prod")
    assert {"access entry": "needs action"} == steps(reported)
    [step] = reported["clusters"][0]["steps"]
    assert step["fix"][0].endswith(f"--kubernetes-groups viewers {GROUP}")
    assert {"access entry": "changed"} == steps(runner.json("access", "prod", "--apply"))
    assert ["viewers", GROUP] == stub.entries[HOME, "prod"][ROLE]["kubernetesGroups"]


@pytest.mark.usefixtures("without_rbac")
def test_a_group_that_an_entry_has_is_no_command(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    """In fish a backslash would escape the quote after it."""
    account.name_only(["prod"])
    stub.entry("prod", ROLE, "\\'\";touch x;#", region=HOME)

    [step] = runner.json("access", "prod")["clusters"][0]["steps"]

    assert step["fix"][0].endswith(f"--kubernetes-groups $'\\x5c\\x27\\x22;touch x;#' {GROUP}")


@pytest.mark.usefixtures("without_rbac")
def test_an_entry_of_another_type_is_left_for_a_person_to_replace(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    """A node's entry takes no other groups, and an entry's type can't be changed."""
    account.name_only(["prod"])
    stub.entry("prod", ROLE, kind="EC2_LINUX", region=HOME)

    reported = runner.json("access", "prod", "--apply", code=1)

    [step] = reported["clusters"][0]["steps"]
    assert ("blocked", "the access entry's type is EC2_LINUX, expected STANDARD") == (
        step["state"],
        step["detail"],
    )
    assert CREATE == step["fix"][-1]
    assert [] == stub.made("UpdateAccessEntry")


@pytest.mark.usefixtures("without_rbac")
@pytest.mark.parametrize("apply", [(), ("--apply",)], ids=["printed", "applied"])
def test_a_cluster_with_mode_config_map_gets_both_fixes_and_a_warning(
    account: Account, stub: AwsStub, runner: CommandRunner, apply: tuple[str, ...]
) -> None:
    account.name_only(["prod"])
    account.change("prod", access_config={"authenticationMode": "CONFIG_MAP"})

    shown = runner.run("access", "prod", *apply, "--role-arn", ROLE, code=1).stdout

    assert f"- rolearn: {ROLE}" in shown
    assert 'username: "csr-approver:{{SessionName}}"' in shown
    assert "kubectl --context CONTEXT edit configmap aws-auth --namespace kube-system" in shown
    assert "WHICH CAN'T BE UNDONE" in shown
    assert "--name prod --access-config authenticationMode=API_AND_CONFIG_MAP" in shown
    assert [] == stub.made("CreateAccessEntry")


@pytest.mark.usefixtures("without_rbac")
def test_an_entry_that_someone_else_creates_at_the_same_moment_is_unknown(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    account.name_only(["prod"])
    stub.overrides["CreateAccessEntry"] = "ResourceInUseException"

    assert {"access entry": "unknown"} == steps(runner.json("access", "prod", "--apply", code=3))


# --- no cluster ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nosuch", "nosuch-*"])
def test_without_a_cluster_there_is_no_manifest_to_pipe_into_kubectl(
    account: Account, stub: AwsStub, runner: CommandRunner, name: str
) -> None:
    """`kubectl apply` would apply it to whatever context is current."""
    assert stub
    account.name_only(["prod", "lab"])

    result = runner.run("access", name, code=3)

    assert "" == result.stdout
    assert f"csr-approver: {name} ({HOME}): EKS has no cluster " in result.stderr
    assert "Clusters there: lab, prod." in result.stderr


def test_a_cluster_that_is_missing_is_reported_beside_the_manifests_of_others(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    assert stub
    account.name_only(["prod"])

    result = runner.run("access", "prod", "nosuch", code=3)

    assert manifests(app_serving=False) == list(yaml.safe_load_all(result.stdout))
    assert "nosuch" not in result.stdout
    assert f"csr-approver: nosuch ({HOME}): EKS has no cluster" in result.stderr


# --- many ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_rbac")
def test_fifty_clusters_get_access_and_an_error_in_one_stops_no_other(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    names = [f"prod-{number:02}" for number in range(50)]
    account.name_only(names)
    account.change("prod-07", status="CREATING")
    account.change("prod-11", endpoint="http://elsewhere")

    shown = runner.run("access", "prod-*", "--apply", code=3)

    assert 48 == len(stub.made("CreateAccessEntry"))
    assert "50 clusters: 48 done, 2 unknown." in shown.stdout
    heading, *lines = shown.stdout.splitlines()
    assert ["Cluster", "Region", "Rights", "Access", "entry"] == heading.split()
    assert names == [line.split()[0] for line in lines[: len(names)]]
    assert f"prod-00  {HOME}  -       created" == lines[0]
    assert "the cluster is CREATING; wait until it is ACTIVE" in shown.stdout
    assert "cluster.endpoint: expected https://host" in shown.stdout


@pytest.mark.usefixtures("without_rbac")
@pytest.mark.parametrize("length", [41, 100])
def test_a_long_name_is_in_its_column_where_the_screen_is_wide(
    account: Account, runner: CommandRunner, length: int
) -> None:
    """EKS allows 100 characters."""
    account.name_only(["prod", "p" * length])
    runner.environment = {"COLUMNS": "200"}

    shown = runner.run("access", "p*", "--apply").stdout.splitlines()

    assert [length + 2] * 2 == [line.index(HOME) for line in shown[1:3]]
    assert length + 2 == shown[0].index("Region")


@pytest.mark.usefixtures("without_rbac")
def test_a_refusal_of_eks_is_shown_with_its_message_and_the_fix(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    account.name_only(["prod"])
    stub.overrides["CreateAccessEntry"] = "AccessDeniedException"

    shown = runner.run("access", "prod", "--apply", code=3).stdout

    assert "EKS CreateAccessEntry: AccessDeniedException: " in shown
    assert "AWS's message; get that permission, or use another --profile" in " ".join(shown.split())


def test_applying_rbac_needs_access_to_the_cluster(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    """Without it, the caller can still create the access entry, and pass the manifests on."""
    account.cluster(onboarded=False)

    reported = runner.json("access", "prod", "--apply", code=3)

    assert {"ClusterRole csr-approver": "unknown", "access entry": "created"} == steps(reported)
    assert 1 == len(stub.made("CreateAccessEntry"))
    [step] = reported["clusters"][0]["steps"][:1]
    assert ["ask a cluster administrator for an access entry for your own role"] == step["fix"]

"""The pages on organizations, Terraform and CDK name parameters and files that a release has."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from core.version import VERSION
from tests.template.cloudformation import Template
from tests.template.sam import to_release
from tests.template.templates import ROOT

ORGANIZATION: Final = (ROOT / "docs/organization.md").read_text()
TOOLS: Final = (ROOT / "docs/terraform-and-cdk.md").read_text()


def block(page: str, language: str) -> str:
    """Return the first block of code in a language."""
    found = re.search(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert found is not None
    return found[1]


def json_block(word: str) -> str:
    """Return the organization page's only block of JSON that has this word."""
    blocks = re.findall(r"```json\n(.*?)```", ORGANIZATION, re.DOTALL)
    [text] = [one for one in blocks if word in one]
    return str(text)


def parameters_file() -> dict[str, str]:
    """Return the organization's parameters, as the page writes them, with a prefix of its own."""
    text = json_block("ParameterKey")
    listed: list[dict[str, str]] = json.loads(text.replace('"PREFIX"', '"corp-code"'))
    return {one["ParameterKey"]: one["ParameterValue"] for one in listed}


def test_the_organization_s_parameters_create_a_stack_with_its_topics_and_role() -> None:
    """Each one exists, and matches its pattern."""
    template, given = to_release(), parameters_file()
    stack = template.stack(region="eu-west-1", **given)
    denied = stack.properties("DeniedAlarm")

    assert [] == [name for name, value in given.items() if not matches(template, name, value)]
    assert [given["SecurityAlarmTopicArn"]] == denied["AlarmActions"]
    assert "csr-approver-eu-west-1" == stack.properties("ReviewerRole")["RoleName"]


def matches(template: Template, name: str, value: str) -> bool:
    declared = template.parameters[name]
    values = value.split(",") if declared["Type"] == "CommaDelimitedList" else [value]
    pattern, allowed = declared.get("AllowedPattern", ".*"), declared.get("AllowedValues", values)
    return all(re.fullmatch(pattern, one) and one in allowed for one in values)


def test_the_topics_policy_lets_only_alarms_of_the_stack_set_publish() -> None:
    """StackSets's own prefix begins their names."""
    text = json_block("Statement")
    [statement] = json.loads(text)["Statement"]
    name = statement["Condition"]["ArnLike"]["aws:SourceArn"].rpartition(":")[2]
    stack = to_release().stack(name="StackSet-csr-approver-0a1b")
    alarms = stack.of_type("AWS::CloudWatch::Alarm").values()

    assert ("Allow", "sns:Publish") == (statement["Effect"], statement["Action"])
    assert all(alarm["AlarmName"].startswith(name.removesuffix("*")) for alarm in alarms)


def overrides() -> set[str]:
    return set(re.findall(r"ParameterKey=(\w+)", ORGANIZATION))


def test_what_an_account_overrides_is_a_parameter() -> None:
    """Of the released template, or of the access entry's."""
    entry = Template.read(ROOT / "deploy/access-entry.yaml")

    assert overrides()
    assert overrides() <= {*to_release().parameters, *entry.parameters}


@pytest.mark.parametrize("page", ["organization", "terraform-and-cdk"])
def test_files_of_the_release_are_named_as_they_are(page: str) -> None:
    """The template has the version in its name; the others are those of `deploy`."""
    text = (ROOT / f"docs/{page}.md").read_text()
    named = set(re.findall(r"csr-approver-([\w.${}]+?)\.template\.json", text))
    files = set(re.findall(r"[/ `]((?:access|code|rbac)[\w-]*\.yaml)", text))

    assert named <= {"VERSION", VERSION, "${var.csr_approver_version}"}
    assert files <= {file.name for file in Path(ROOT, "deploy").glob("*.yaml")}


@pytest.mark.parametrize("language", ["hcl", "ts"])
def test_terraform_and_cdk_give_parameters_that_exist(language: str) -> None:
    """Both list them under `parameters`, and give the one without a default."""
    code: Any = re.search(r"parameters(?: =|:) \{(.*?)\n\s*\}", block(TOOLS, language), re.DOTALL)
    names = set(re.findall(r"^\s*(\w+)\s*[=:]", code[1], re.MULTILINE))
    needed = {name for name, one in to_release().parameters.items() if "Default" not in one}

    assert needed <= names <= set(to_release().parameters)


def test_the_steps_are_in_order_and_each_is_listed() -> None:
    """Nine numbered steps, then what is needed at any time."""
    headings = re.findall(r"^## (.+)$", ORGANIZATION, re.MULTILINE)
    listed = re.findall(r"^- \[(.+?)\]", ORGANIZATION, re.MULTILINE)

    assert listed == headings
    assert [*range(1, 10)] == [int(one.split(".")[0]) for one in headings if one[0].isdigit()]


def test_the_provenance_of_the_checksums_is_verified_before_they_are_used() -> None:
    """They cover each file, also the packages that run: the template's provenance wouldn't."""
    blocks = re.findall(r"```sh\n(.*?)```", ORGANIZATION, re.DOTALL)
    [block_of_sums] = [one for one in blocks if "sha256sum" in one]
    [*_, attestation, sums] = re.sub(r"\\\n\s*", "", block_of_sums).strip().splitlines()

    assert "gh attestation verify release/SHA256SUMS --repo OWNER/REPOSITORY" in attestation
    assert "--source-ref refs/tags/vVERSION" in attestation
    assert sums.strip().endswith("sha256sum --check SHA256SUMS")

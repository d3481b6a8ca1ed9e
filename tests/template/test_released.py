"""The released template creates what SAM's does, and StackSets takes it.

Stack sets with the default, service-managed execution role allow neither macros nor nested stacks.
From: CloudFormation API reference, CreateStackSet, `Capabilities`; CloudFormation User Guide,
"Create StackSets with service-managed permissions" and "Quotas".
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

import pytest

from core.model import REGION_NAME
from package.target import ARCHITECTURES
from release.template import BUCKET_PREFIX, FOLDER, released
from tests.template.cloudformation import RuleBroken, Stack, Template
from tests.template.java import Java
from tests.template.sam import to_release, transformed
from tests.template.test_in_moto import IN_FULL

#: From: Lambda Developer Guide, `AWS::Partition` and others: references that need no declaration.
PSEUDO: Final = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NoValue", "Partition", "Region", "StackId", "StackName")
)
SUBSTITUTED: Final = re.compile(r"\$\{([\w:.]+)\}")
PREFIX: Final = "corp-csr-approver"
LONGEST_REGION: Final = "us-isof-south-1"


def nodes(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield each key with its value, in all depths."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


def broken_rules(template: Any) -> Iterator[str]:
    """Yield what keeps a service-managed stack set from taking the template."""
    if "Transform" in template:
        yield "a transform"
    kinds = {one["Type"] for one in template["Resources"].values()}
    if any(key == "Fn::Transform" for key, _ in nodes(template)):
        yield "a macro"
    if "AWS::CloudFormation::Stack" in kinds:
        yield "a nested stack"
    if macros := {kind for kind in kinds if not re.fullmatch(r"AWS::\w+::\w+", kind)}:
        yield f"types of others: {macros}"
    if any(kind.startswith("AWS::Serverless::") for kind in kinds):
        yield "a type of SAM"
    yield from unresolved(template)
    yield from too_long(template)


def unresolved(template: Any) -> Iterator[str]:
    """Yield each reference to something that the template doesn't have."""
    resources, conditions = set(template["Resources"]), set(template["Conditions"])
    names = resources | set(template["Parameters"]) | PSEUDO
    for key, value in nodes({part: template[part] for part in template if part != "Metadata"}):
        missing: set[str] = set()
        match key:
            case "Ref":
                missing = {value} - names
            case "Fn::GetAtt":
                missing = {value[0] if isinstance(value, list) else value.split(".")[0]} - resources
            case "Fn::Sub":
                missing = {name.split(".")[0] for name in SUBSTITUTED.findall(value)} - names
            case "Fn::If":
                missing = {value[0]} - conditions
            case "Condition" if isinstance(value, str):
                missing = {value} - conditions
            case "DependsOn":
                missing = {value} - resources if isinstance(value, str) else {*value} - resources
            case "Fn::FindInMap":
                missing = {value[0]} - set(template["Mappings"])
        yield from (f"{key} of {name}" for name in sorted(missing))


def too_long(template: Any) -> Iterator[str]:
    """Yield each part that exceeds a quota of CloudFormation."""
    measured = {
        "the template": (len(json.dumps(template, indent=1)), 1_000_000),
        "its description": (len(template["Description"]), 1024),
        "its parameters": (len(template["Parameters"]), 200),
        "its mappings": (len(template["Mappings"]), 200),
        "its resources": (len(template["Resources"]), 500),
        "its outputs": (len(template["Outputs"]), 200),
    }
    for part in ("Parameters", "Outputs"):
        for name, one in template[part].items():
            measured[f"the description of {name}"] = (len(one["Description"]), 4000)
    for part in ("Parameters", "Resources", "Outputs", "Mappings", "Conditions"):
        measured |= {f"the name {name}": (len(name), 255) for name in template[part]}
    yield from (what for what, (size, most) in measured.items() if size > most)


def test_a_service_managed_stack_set_takes_the_template() -> None:
    """It has no macro, no nested stack, and no reference to something that isn't there."""
    assert [] == [*broken_rules(to_release().source)]


@pytest.mark.parametrize(
    ("part", "change", "found"),
    [
        ("Transform", "AWS::Serverless-2016-10-31", "a transform"),
        ("Description", "d" * 1025, "its description"),
        ("Mappings", {}, "Fn::FindInMap of Lasting"),
        ("Conditions", {}, "Fn::If of UseKey"),
        ("Parameters", {}, "Ref of KmsKeyArn"),
        ("Resources", {"Inner": {"Type": "AWS::CloudFormation::Stack"}}, "a nested stack"),
        ("Resources", {"A": {"Type": "AWS::Serverless::Function"}}, "a type of SAM"),
        ("Resources", {"A": {"Type": "AWS::A::B", "Condition": "No"}}, "Condition of No"),
        ("Resources", {"A": {"Type": "Custom::It"}}, "types of others: {'Custom::It'}"),
        ("Resources", {"A": {"Type": "AWS::A::B", "Fn::Transform": {}}}, "a macro"),
    ],
)
def test_a_template_that_it_would_not_take_is_noticed(part: str, change: Any, found: str) -> None:
    """Each rule finds a template that breaks it."""
    broken = {**to_release().source, part: change}

    assert found in [*broken_rules(broken)]


def test_the_template_is_too_large_to_be_given_without_s3() -> None:
    """docs/organization.md gives its address, because calls take at most 51,200 bytes of text."""
    assert 51_200 < len(json.dumps(to_release().source, separators=(",", ":")))


def without_code(stack: Stack) -> dict[str, Any]:
    """Return the resources without the code's place, and without what only tools read."""
    resources = deepcopy(stack.resources)
    for one in resources.values():
        one.pop("Metadata", None)
        if one["Type"] == "AWS::Lambda::Function":
            del one["Properties"]["Code"]
            one["Properties"].pop("Tags", None)
    return resources


@pytest.mark.parametrize("given", [{}, IN_FULL])
def test_it_creates_the_resources_and_rights_of_sam_s(given: dict[str, str]) -> None:
    """Only the place of the code differs, and SAM's mark on the functions."""
    by_sam, plain = transformed(), to_release()

    assert without_code(by_sam.stack(**given)) == without_code(plain.stack(**given))
    assert plain.source["Outputs"] == by_sam.source["Outputs"]
    assert plain.source["Rules"] == by_sam.source["Rules"]
    with pytest.raises(RuleBroken):
        plain.stack(ScheduleMinutes="5")


# --- where the code is ----------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_code_is_in_a_bucket_of_the_stack_s_region(architecture: str) -> None:
    """Lambda reads code only from buckets of the function's Region."""
    given = {BUCKET_PREFIX: PREFIX, "Architecture": architecture}
    stack = to_release().stack(region="eu-west-1", **given)

    assert {(f"{PREFIX}-eu-west-1", f"{FOLDER}/{architecture}.zip")} == {
        (function["Code"]["S3Bucket"], function["Code"]["S3Key"])
        for function in stack.of_type("AWS::Lambda::Function").values()
    }


def test_other_code_has_another_name_without_any_parameter() -> None:
    """An upgrade keeps all parameters, so a parameter would keep the old code too."""
    source = json.loads(json.dumps(transformed().source))
    names = dict.fromkeys(ARCHITECTURES, "other.zip")
    before = to_release().stack(CodeBucketPrefix=PREFIX)
    after = Template(released(source, names)).stack(CodeBucketPrefix=PREFIX)

    assert before.properties("ReviewerFunction") != after.properties("ReviewerFunction")


@pytest.mark.parametrize(
    ("prefix", "accepted"),
    [("abc", True), ("p" * 47, True), ("ab", False), ("p" * 48, False), ("A-b", False)],
)
def test_the_bucket_s_name_fits_s3_s_limit(prefix: str, *, accepted: bool, java: Java) -> None:
    """S3 allows 63 characters: lower case letters, digits and hyphens."""
    pattern = to_release().parameters[BUCKET_PREFIX]["AllowedPattern"]
    name = f"{prefix}-{LONGEST_REGION}"

    assert re.fullmatch(REGION_NAME, LONGEST_REGION)
    assert accepted is java.matches(pattern, prefix)
    assert accepted <= (len(name) <= 63)

"""CloudFormation accepts the templates' parameter defaults and YAML."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.template.java import Java
from tests.template.sam import run
from tests.template.templates import ROOT, TEMPLATES

# --- defaults -------------------------------------------------------------------------------------


def refused_defaults(parameters: Mapping[str, Any], java: Java) -> Iterator[str]:
    """Yield the parameters whose default CloudFormation would reject.

    From: CloudFormation User Guide, "Parameters" (constraints, types, at most 4,096 characters).
    """
    for name, declared in parameters.items():
        text = str(declared.get("Default"))
        is_list = declared["Type"] in {"CommaDelimitedList", "List<Number>"}
        values = text.split(",") if is_list else [text]
        if "Default" in declared and not all(_accepts(declared, value, java) for value in values):
            yield name


def _accepts(declared: Mapping[str, Any], value: str, java: Java) -> bool:
    number = float(value) if "Number" in declared["Type"] else 0.0
    return (
        value in map(str, declared.get("AllowedValues", [value]))
        and java.matches(declared.get("AllowedPattern", r"[^\r\n]*"), value)
        and declared.get("MinLength", 0) <= len(value) <= declared.get("MaxLength", 4096)
        and declared.get("MinValue", number) <= number <= declared.get("MaxValue", number)
        # CloudFormation looks IDs such as AWS::EC2::VPC::Id up in the account, so a template for
        # all accounts can't have a default.
        and "::" not in declared["Type"]
    )


@pytest.mark.parametrize("file", TEMPLATES)
def test_defaults_are_allowed(file: str, java: Java) -> None:
    """Each default satisfies its parameter's pattern (as Java reads it), values and bounds."""
    assert [] == list(refused_defaults(TEMPLATES[file].parameters, java))


@pytest.mark.parametrize(
    "declared",
    [
        {"Type": "String", "Default": "b", "AllowedPattern": "a"},
        {"Type": "String", "Default": "ab", "AllowedPattern": "a"},
        {"Type": "String", "Default": "b", "AllowedValues": ["a"]},
        {"Type": "String", "Default": "", "MinLength": 1},
        {"Type": "String", "Default": "ab", "MaxLength": 1},
        {"Type": "Number", "Default": 1, "MinValue": 2},
        {"Type": "Number", "Default": "3", "MaxValue": 2},
        {"Type": "Number", "Default": 1, "AllowedValues": [2, 3]},
        {"Type": "CommaDelimitedList", "Default": "a,b", "AllowedPattern": "a"},
        {"Type": "AWS::EC2::VPC::Id", "Default": "vpc-0a1b2c3d"},
        {"Type": "List<AWS::EC2::Subnet::Id>", "Default": ""},
    ],
)
def test_a_default_that_is_not_allowed_is_found(declared: dict[str, Any], java: Java) -> None:
    """`refused_defaults` finds a default that breaks any kind of constraint."""
    assert ["Bad"] == list(refused_defaults({"Bad": declared}, java))


# --- YAML -----------------------------------------------------------------------------------------


def aliases(text: str) -> list[str]:
    """Return YAML's aliases, which CloudFormation rejects.

    From: CloudFormation User Guide, "CloudFormation template format", YAML.
    """
    return [str(event.anchor) for event in yaml.parse(text) if isinstance(event, yaml.AliasEvent)]


def test_only_template_yaml_has_aliases() -> None:
    """SAM resolves the aliases of template.yaml; CloudFormation gets the other templates as is."""
    with_aliases = [file for file in TEMPLATES if aliases((ROOT / file).read_text())]

    assert ["template.yaml"] == with_aliases
    assert "Transform" in TEMPLATES["template.yaml"].source


def test_sam_writes_the_template_without_aliases(tmp_path: Path) -> None:
    """`sam deploy` and `sam package` upload what this function of SAM writes."""
    program = (
        "import sys; from samcli.yamlhelper import yaml_dump, yaml_parse;"
        "print(yaml_dump(yaml_parse(sys.stdin.read())))"
    )
    text = Path(ROOT, "template.yaml").read_text()

    assert [] == aliases(run("python", "-c", program, home=tmp_path, stdin=text))

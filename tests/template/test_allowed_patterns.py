"""The templates' regular expressions: Java accepts them, and matches as Python does.

CloudFormation reads AllowedPattern as Java does, and the whole value must match, of a list each
element. From: CloudFormation User Guide, "Using regular expressions in CloudFormation templates"
and "Parameters". The linters, and the tests of the settings, read it as Python does.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.template.common_regex import difference
from tests.template.java import Java, PatternRefusedError
from tests.template.pattern_examples import EXAMPLES
from tests.template.templates import TEMPLATES, allowed_patterns, find, other_expressions


def patterns() -> Iterator[tuple[str, str, str]]:
    """Yield file, parameter and pattern."""
    for file, template in TEMPLATES.items():
        for parameter, pattern in allowed_patterns(template.parameters).items():
            yield file, parameter, pattern


def decided() -> Iterator[tuple[str, str, str, bool]]:
    """Yield parameter, pattern, an example, and whether the pattern must accept it."""
    for _, parameter, pattern in patterns():
        if parameter in EXAMPLES:
            for text in EXAMPLES[parameter].accepted:
                yield parameter, pattern, text, True
            for text in EXAMPLES[parameter].refused:
                yield parameter, pattern, text, False


# --- which templates there are --------------------------------------------------------------------


def test_the_templates_are_found() -> None:
    """The search finds at least the templates that the README deploys."""
    assert {"template.yaml", "deploy/access-entry.yaml"} <= set(TEMPLATES)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("deploy/new.yaml", "AWSTemplateFormatVersion: '2010-09-09'\n"),
        ("deploy/new.yml", "# without a version\nResources: {}\n"),
        ("new.json", '{"AWSTemplateFormatVersion": "2010-09-09"}'),
        ("a/b/new.template", "AWSTemplateFormatVersion: '2010-09-09'\n"),
    ],
)
def test_a_new_template_is_found(file: str, text: str, tmp_path: Path) -> None:
    """A template is recognised by its content, in any folder and under any name."""
    new = tmp_path / file
    new.parent.mkdir(parents=True, exist_ok=True)
    new.write_text(text)
    (tmp_path / "rbac.yaml").write_text("kind: ClusterRole\nrules:\n- resources: [nodes]\n")
    for installed in (".aws-sam", "dist", "environment"):
        (tmp_path / installed).mkdir()
        (tmp_path / installed / "other.yaml").write_text(text)
    (tmp_path / "environment/pyvenv.cfg").touch()

    assert [new] == find(tmp_path)


# --- patterns -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "parameter", "pattern"), list(patterns()))
def test_java_accepts_the_pattern(file: str, parameter: str, pattern: str, java: Java) -> None:
    """CloudFormation can't create a stack with a pattern that Java refuses."""
    java.compile(pattern)

    assert "" == difference(pattern), f"{file}, {parameter}: Python may read it differently"


@pytest.mark.parametrize(("parameter", "pattern", "text", "accepted"), list(decided()))
def test_the_pattern_matches_in_java_as_in_python(
    parameter: str, pattern: str, text: str, java: Java, *, accepted: bool
) -> None:
    """Java and Python give the expected answer; the tests of the settings rely on Python's."""
    assert accepted is java.matches(pattern, text), parameter
    assert accepted is bool(re.fullmatch(pattern, text)), parameter


def test_every_pattern_has_examples_of_both_kinds() -> None:
    """Accepted and refused values; no examples are left of a removed parameter."""
    assert set(EXAMPLES) == {parameter for _, parameter, _ in patterns()}
    assert all(example.accepted and example.refused for example in EXAMPLES.values())


def test_the_pattern_with_which_no_stack_could_be_created_is_refused(java: Java) -> None:
    """ClusterNames once had this pattern, which Python and every linter here accept."""
    pattern = "^$|^[][0-9A-Za-z*?!_-]{1,100}$"

    assert re.fullmatch(pattern, "prod-*")
    assert difference(pattern)
    with pytest.raises(PatternRefusedError, match="Unclosed character class"):
        java.compile(pattern)


# --- other expressions ----------------------------------------------------------------------------


@pytest.mark.parametrize("file", TEMPLATES)
def test_no_other_expression_is_in_a_template(file: str) -> None:
    """Another expression may be in another language, and needs its own test."""
    assert [] == list(other_expressions(TEMPLATES[file].source))


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        ({"FilterPattern": "%ERROR%"}, "/Resources/Made/FilterPattern"),
        ({"EventPattern": {"source": ["aws.ec2"]}}, "/Resources/Made/EventPattern"),
        ({"RegularExpressionList": [], "Regex": "a"}, "/Resources/Made/Regex"),
        ({"AllowedPattern": "a"}, "/Resources/Made/AllowedPattern"),
        ({"Queries": ["filter a like /b/"]}, "/Resources/Made/Queries/0"),
        ({"QueryString": "filter a =~ /b/"}, "/Resources/Made/QueryString"),
        ({"QueryString": "parse @message /(?<a>b)/"}, "/Resources/Made/QueryString"),
    ],
)
def test_another_expression_is_found(resource: dict[str, Any], place: str) -> None:
    """An expression is found under every name of a pattern, and in queries."""
    source = {
        "Parameters": {"Known": {"AllowedPattern": "a"}},
        "Resources": {"Made": resource},
    }

    assert [place] == list(other_expressions(source))

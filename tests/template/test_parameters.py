"""The template's parameters and the functions' settings agree."""

from enum import Enum
from typing import Any

import annotated_types
import pytest

from adapters.ledger_metrics import NAMESPACE
from core.alarm_windows import OLDEST_PENDING_SECONDS, seconds_between_reviews
from core.model import REGION_NAME
from core.settings import DispatchSettings, Mode, RequireAccess, ReviewSettings
from release.template import BUCKET_PREFIX
from tests.template.cloudformation import Stack, Template

FUNCTIONS: dict[str, type[DispatchSettings | ReviewSettings]] = {
    "DispatcherFunction": DispatchSettings,
    "ReviewerFunction": ReviewSettings,
}

OF_THE_PLATFORM = {
    "STACK_NAME": "csr-approver",
    "POWERTOOLS_SERVICE_NAME": "csr-approver",
    "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
    "POWERTOOLS_LOG_LEVEL": "INFO",
}

NUMBERS = {
    name: field for name, field in ReviewSettings.model_fields.items() if field.annotation is int
}


def parameter_of(setting: str) -> str:
    return setting.title().replace("_", "")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_is_given_its_settings_and_nothing_else(function: str, stack: Stack) -> None:
    """A function's variables are its settings, in upper case, and those of the platform."""
    settings = {name.upper() for name in FUNCTIONS[function].model_fields}

    assert settings | set(OF_THE_PLATFORM) == set(stack.environment(function))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_both_functions_name_the_stack_and_the_namespace(function: str, stack: Stack) -> None:
    """Both functions name the stack and the namespace by which the alarms find their metrics."""
    environment = stack.environment(function)

    assert OF_THE_PLATFORM == {name: environment[name] for name in OF_THE_PLATFORM}


def test_the_reviewer_s_defaults_are_those_of_the_code(stack: Stack) -> None:
    """A stack without parameters reviews by the defaults of core/settings.py."""
    assert ReviewSettings() == ReviewSettings.from_env(stack.environment("ReviewerFunction"))


def test_the_dispatcher_s_defaults_are_those_of_the_code(stack: Stack) -> None:
    """A stack without parameters dispatches by the defaults of core/settings.py."""
    assert DispatchSettings(queue_url="<ReviewQueue>") == DispatchSettings.from_env(
        stack.environment("DispatcherFunction")
    )


@pytest.mark.parametrize("setting", NUMBERS)
def test_numbers_are_bounded_as_in_the_code(setting: str, template: Template) -> None:
    """A number's least and greatest value are those of its setting."""
    bounds: dict[str, Any] = {}
    for bound in NUMBERS[setting].metadata:
        if isinstance(bound, annotated_types.Ge):
            bounds["MinValue"] = bound.ge
        if isinstance(bound, annotated_types.Le):
            bounds["MaxValue"] = bound.le
    if setting == "max_csr_age_seconds":  # the code's own least value is for saved CSRs
        bounds["MinValue"] = OLDEST_PENDING_SECONDS + seconds_between_reviews(1)
    declared = template.parameters[parameter_of(setting)]
    values = declared.get("AllowedValues")
    if values:
        declared = {"MinValue": min(values), "MaxValue": max(values)}

    assert bounds == {key: declared[key] for key in ("MinValue", "MaxValue")}


@pytest.mark.parametrize(("parameter", "words"), [("Mode", Mode), ("RequireAccess", RequireAccess)])
def test_words_are_those_of_the_code(parameter: str, words: type[Enum], template: Template) -> None:
    """The parameter takes every word of its setting, and no other."""
    assert [word.value for word in words] == template.parameters[parameter]["AllowedValues"]


def test_boolean_settings_take_only_true_and_false(template: Template) -> None:
    """Each boolean parameter has the same default as in the code."""
    switches = [
        name for name, field in ReviewSettings.model_fields.items() if field.annotation is bool
    ]

    assert 9 == len(switches)
    for name in switches:
        declared = template.parameters[parameter_of(name)]
        assert ["true", "false"] == declared["AllowedValues"]
        assert str(getattr(ReviewSettings(), name)).lower() == declared["Default"]


def test_lists_reach_the_code_as_lists(template: Template) -> None:
    """The template joins them with commas, and the settings split them."""
    stack = template.stack(
        Regions="eu-west-1,us-east-1", ClusterNames="prod-*,test", ExtraDnsSuffixes="corp.example"
    )
    settings = ReviewSettings.from_env(stack.environment("ReviewerFunction"))

    assert ("eu-west-1", "us-east-1") == settings.regions
    assert ("prod-*", "test") == settings.cluster_names
    assert ("corp.example",) == settings.extra_dns_suffixes


def test_every_parameter_is_described(template: Template) -> None:
    """The description of a parameter that may be empty says what empty means."""
    undescribed = [
        name
        for name, declared in template.parameters.items()
        if not declared.get("Description", "").strip()
        or (declared.get("Default") == "" and "Empty - " not in declared["Description"])
    ]

    assert [] == undescribed


def test_every_parameter_has_a_default_but_the_code_s_bucket(template: Template) -> None:
    """A stack can be created without any other parameter.

    A default bucket would have a well-known name, and its owner would decide what runs.
    """
    needed = {name for name, one in template.parameters.items() if "Default" not in one}

    assert needed == {BUCKET_PREFIX} & set(template.parameters)


def test_every_parameter_is_bounded(template: Template) -> None:
    """CloudFormation checks each parameter before it creates anything, and says what it must be."""
    unbounded = [
        name
        for name, declared in template.parameters.items()
        if "AllowedValues" not in declared
        and not (
            ("AllowedPattern" in declared or {"MinValue", "MaxValue"} <= set(declared))
            and "ConstraintDescription" in declared
        )
    ]

    assert [] == unbounded


def test_every_parameter_is_in_a_group(template: Template) -> None:
    """The console shows each parameter once, under a heading, in the order of the file."""
    groups = template.source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    assert list(template.parameters) == [name for group in groups for name in group["Parameters"]]


def test_regions_have_the_same_pattern_as_in_the_functions(template: Template) -> None:
    """CloudFormation refuses a Region with which the functions wouldn't start."""
    pattern = template.parameters["Regions"]["AllowedPattern"]

    assert f"^$|^{REGION_NAME.pattern}$" == pattern

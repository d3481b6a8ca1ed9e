"""The part of CloudFormation that shows which resources a template creates, with which values.

References to resources become `<LogicalId>`, their attributes `<LogicalId.Attribute>`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import yaml

Json = Any

_NO_VALUE: Final = object()
_VARIABLE: Final = re.compile(r"\$\{([\w:.]+)\}")


#: Functions of their evaluated arguments alone.
_FUNCTIONS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "Fn::EachMemberEquals": lambda parts: all(member == parts[1] for member in parts[0]),
    "Fn::Equals": lambda parts: parts[0] == parts[1],
    "Fn::Join": lambda parts: parts[0].join(parts[1]),
    "Fn::Not": lambda parts: not parts[0],
    "Fn::Or": any,
    "Fn::Select": lambda parts: parts[1][int(parts[0])],
    "Fn::Split": lambda parts: parts[1].split(parts[0]),
}


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as long forms."""

    def long_form(self, name: str, node: yaml.Node) -> Json:
        """Return `!Sub text` as `{"Fn::Sub": "text"}`."""
        if isinstance(node, yaml.SequenceNode):
            value: Json = self.construct_sequence(node, deep=True)
        else:
            assert isinstance(node, yaml.ScalarNode)
            value = self.construct_scalar(node)
        return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _Loader.long_form)


class RuleBroken(ValueError):
    """The parameters break one of the template's rules, so CloudFormation creates nothing."""


class Template:
    """A template without macros."""

    @classmethod
    def read(cls, file: Path) -> "Template":
        """Read a template that needs no SAM transform."""
        source = yaml.load(file.read_text(), _Loader)  # noqa: S506 - a safe one
        return cls({"Conditions": {}, **source})

    def __init__(self, source: Mapping[str, Json]) -> None:
        self.source = source

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Json]]:
        """Return the declaration of each parameter."""
        declared: Mapping[str, Mapping[str, Json]] = self.source.get("Parameters", {})
        return declared

    def stack(
        self, *, name: str = "csr-approver", region: str = "us-east-1", **given: str
    ) -> "Stack":
        """Return the stack that these parameters create.

        Raises:
            RuleBroken: a rule forbids them; has its description.
        """
        return Stack(self, name, region, given)


def stack_id(name: str, region: str) -> str:
    """Return an ID as CloudFormation makes it, with another UUID for another stack."""
    unique = uuid5(NAMESPACE_URL, f"{region}/{name}")
    return f"arn:aws:cloudformation:{region}:123456789012:stack/{name}/{unique}"


class Stack:
    """One stack's resources, with every function of the template evaluated."""

    def __init__(
        self, template: Template, name: str, region: str, given: Mapping[str, str]
    ) -> None:
        source = template.source
        self._source = source
        self.name = name
        self.region = region
        partition = "aws-us-gov" if region.startswith("us-gov-") else "aws"
        self._values: dict[str, Json] = {
            "AWS::StackName": name,
            "AWS::StackId": stack_id(name, region),
            "AWS::Region": region,
            "AWS::Partition": partition,
            "AWS::AccountId": "123456789012",
            "AWS::NoValue": _NO_VALUE,
        }
        self._values |= _parameter_values(template, given)
        if broken := [*self._broken_rules()]:
            raise RuleBroken("; ".join(broken))
        self.resources = {
            key: self.evaluated(resource)
            for key, resource in source["Resources"].items()
            if self._holds(resource.get("Condition"))
        }

    def of_type(self, kind: str) -> dict[str, Json]:
        """Return the properties of each resource of this type."""
        return {
            key: resource["Properties"]
            for key, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def properties(self, key: str) -> Json:
        """Return the properties of one resource."""
        return self.resources[key]["Properties"]

    def environment(self, function: str) -> dict[str, str]:
        """Return a function's environment variables."""
        variables: dict[str, str] = self.properties(function)["Environment"]["Variables"]
        return variables

    def evaluated(self, value: Json) -> Json:
        """Return a part of the template with its functions evaluated."""
        if isinstance(value, list):
            parts = [self.evaluated(element) for element in value]
            return [part for part in parts if part is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref":
                return self._ref(argument)
            if function == "Condition" and isinstance(argument, str):
                return self._holds(argument)
            if function.startswith("Fn::"):
                return self._function(function, argument)
        made = {key: self.evaluated(one) for key, one in value.items()}
        return {key: one for key, one in made.items() if one is not _NO_VALUE}

    def _ref(self, name: str) -> Json:
        if name in self._values:
            return self._values[name]
        assert name in self._source["Resources"], name
        return f"<{name}>"

    def _function(self, function: str, argument: Json) -> Json:
        if function == "Fn::If":
            condition, then, otherwise = argument
            return self.evaluated(then if self._holds(condition) else otherwise)
        if function == "Fn::Sub":
            text = _VARIABLE.sub(lambda found: str(self._attribute(found[1])), argument)
            return text.replace("${!", "${")
        if function == "Fn::GetAtt":
            return self._attribute(argument if isinstance(argument, str) else ".".join(argument))
        parts = self.evaluated(argument)
        if function == "Fn::FindInMap":
            mapping, first, second = parts
            return self._source["Mappings"][mapping][str(first)][second]
        if function in _FUNCTIONS:
            return _FUNCTIONS[function](parts)
        # Guessing could accept templates that CloudFormation evaluates differently.
        raise ValueError(f"{function}: not used by the template so far; add it here")

    def _broken_rules(self) -> Iterator[str]:
        for rule in self._source.get("Rules", {}).values():
            if self.evaluated(rule.get("RuleCondition", True)):
                for one in rule["Assertions"]:
                    if not self.evaluated(one["Assert"]):
                        yield one["AssertDescription"]

    def _attribute(self, name: str) -> Json:
        resource, _, attribute = name.partition(".")
        if not attribute:
            return self._ref(name)
        assert resource in self._source["Resources"], resource
        return f"<{name}>"

    def _holds(self, condition: str | None) -> bool:
        return condition is None or bool(self.evaluated(self._source["Conditions"][condition]))


def _parameter_values(template: Template, given: Mapping[str, str]) -> dict[str, Json]:
    """Return the value of each parameter: the given one, or its default."""
    assert set(given) <= set(template.parameters)
    values: dict[str, Json] = {}
    for key, declared in template.parameters.items():
        value = given.get(key, str(declared.get("Default", "")))
        values[key] = value.split(",") if declared["Type"] == "CommaDelimitedList" else value
    return values

"""The documented IAM policies of the commands' users, and the calls to AWS compared with them."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import botocore.handlers
import pytest

_PAGE: Final = Path(__file__).parents[2] / "docs" / "user-permissions.md"
_SECTION: Final = re.compile(r"^## ([^\n]+)\n\n```json\n(.+?)^```", re.MULTILINE | re.DOTALL)

#: From: IAM API reference: these need no permission.
_FREE: Final = frozenset({"sts:GetCallerIdentity"})

#: Prefixes of IAM's actions, where they differ from the names that requests are signed with.
_PREFIXES: Final = {"monitoring": "cloudwatch"}

#: Other names of a command.
_ALIASES: Final = {"readiness": "diagnose"}

#: The actions of all calls so far.
_called: list[str] = []


@cache
def documented() -> dict[str, frozenset[str]]:
    """Return the actions that each command's user needs."""
    policies: dict[str, frozenset[str]] = {}
    for commands, text in _SECTION.findall(_PAGE.read_text()):
        [statement] = json.loads(text)["Statement"]
        policies |= dict.fromkeys(commands.split(", "), frozenset(statement["Action"]))
    return policies


def record(patch: pytest.MonkeyPatch) -> None:
    """Record the calls of every session that is created from now on."""
    handlers = [*botocore.handlers.BUILTIN_HANDLERS, ("before-call", _record)]
    patch.setattr(botocore.handlers, "BUILTIN_HANDLERS", handlers)


@contextmanager
def covering(command: str) -> Iterator[set[str]]:
    """Yield the actions that are called within; fail on one that the command's policy lacks."""
    start, called = len(_called), set[str]()
    yield called
    called |= set(_called[start:]) - _FREE
    lacking = called - documented().get(_ALIASES.get(command, command), frozenset())
    if lacking:
        pytest.fail(f"docs/user-permissions.md lacks, for {command}: {', '.join(sorted(lacking))}")


def _record(model: Any, **_: Any) -> None:
    service = model.service_model.signing_name
    _called.append(f"{_PREFIXES.get(service, service)}:{model.name}")

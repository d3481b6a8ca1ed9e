"""Find the project's CloudFormation templates, and the regular expressions in them."""

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.template.cloudformation import Stack, Template

ROOT: Final = Path(__file__).parents[2]

_SUFFIXES: Final = {".yaml", ".yml", ".json", ".template"}
_TEMPLATE: Final = re.compile(
    r'^(?:AWSTemplateFormatVersion|Resources):|"AWSTemplateFormatVersion"', re.MULTILINE
)
#: Keys under which a template has expressions that a service matches text with.
_NAMED: Final = re.compile(r"pattern|regex", re.IGNORECASE)
#: Regular expressions of CloudWatch Logs Insights: `like /…/`, `=~ /…/`, `parse @message /…/`.
_IN_A_QUERY: Final = re.compile(r"(?:\blike|=~|\bparse\s+\S+)\s*/")


def find(root: Path) -> list[Path]:
    """Return the templates under a folder, but not what was installed or built in it."""
    found = []
    for folder, inner, files in os.walk(root):
        inner[:] = [name for name in inner if not _is_made(Path(folder, name))]
        found += [Path(folder, file) for file in files if _is_template(Path(folder, file))]
    return sorted(found)


def _is_made(folder: Path) -> bool:
    hidden, built = folder.name.startswith("."), folder.name == "dist"
    return hidden or built or (folder / "pyvenv.cfg").exists()


def _is_template(file: Path) -> bool:
    return file.suffix in _SUFFIXES and bool(_TEMPLATE.search(file.read_text()))


def allowed_patterns(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the AllowedPattern of each parameter that has one."""
    return {
        name: declared["AllowedPattern"]
        for name, declared in parameters.items()
        if "AllowedPattern" in declared
    }


def other_expressions(source: Any, place: str = "") -> Iterator[str]:
    """Yield the place of each expression that isn't a parameter's AllowedPattern."""
    items: Any = ()
    if isinstance(source, Mapping):
        items = source.items()
    elif isinstance(source, list):
        items = enumerate(source)
    elif isinstance(source, str) and _IN_A_QUERY.search(source):
        yield place
    for key, value in items:
        here = f"{place}/{key}"
        if _NAMED.search(str(key)) and not re.fullmatch(r"/Parameters/\w+/AllowedPattern", here):
            yield here
        yield from other_expressions(value, here)


#: The project's templates, by path within the project.
TEMPLATES: Final = {file.relative_to(ROOT).as_posix(): Template.read(file) for file in find(ROOT)}


@cache
def source_stack() -> Stack:
    """Return the stack of template.yaml before SAM's transform, which changes no alarm."""
    return TEMPLATES["template.yaml"].stack()

"""The processor and the Python that a package is for."""

import sys
from dataclasses import dataclass
from typing import Final, Literal

Architecture = Literal["arm64", "x86_64"]
ARCHITECTURES: Final[tuple[Architecture, ...]] = ("arm64", "x86_64")


@dataclass(frozen=True, slots=True)
class Target:
    """The template's parameter Architecture, and its Runtime without `python`."""

    architecture: Architecture
    python_version: str

    @property
    def has_this_python(self) -> bool:
        """Return whether byte code made here is valid there: it depends on the minor version."""
        return "{}.{}".format(*sys.version_info) == self.python_version

"""Check that Lambda can load the libraries' machine code.

From: System V ABI, ELF header (`e_ident`, `e_machine`); PEP 3149 and 384, names of extensions;
AWS Lambda Developer Guide, "Lambda runtimes" (Amazon Linux 2023, whose glibc is 2.34).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from package.target import Architecture, Target

_ELF: Final = b"\x7fELF"
_SIXTY_FOUR_BITS_LITTLE_ENDIAN: Final = b"\x02\x01"
_MACHINES: Final[dict[Architecture, tuple[int, str]]] = {
    "arm64": (183, "aarch64"),
    "x86_64": (62, "x86_64"),
}
_NEWEST_GLIBC: Final = (2, 34)
_GLIBC_VERSION: Final = re.compile(rb"\0GLIBC_([0-9]+)\.([0-9]+)")


def misfits(package: Path, target: Target) -> Iterator[str]:
    """Yield a line for each file that the target can't load: its path and the reason."""
    for path in sorted(package.rglob("*")):
        if path.is_file():
            for reason in _reasons(path, target):
                yield f"{path.relative_to(package)}: {reason}"


def _reasons(path: Path, target: Target) -> Iterator[str]:
    content = path.read_bytes()
    if not content.startswith(_ELF):
        if ".so" in path.suffixes:
            yield "not machine code for Linux (ELF)"
        return
    number, machine = _MACHINES[target.architecture]
    if content[4:6] != _SIXTY_FOUR_BITS_LITTLE_ENDIAN:
        yield "not 64-bit little-endian"
    if (found := int.from_bytes(content[18:20], "little")) != number:
        yield f"for machine {found}, expected {number} ({machine})"
    python = target.python_version.replace(".", "")
    tags = f"cpython-{python}-{machine}-linux-gnu", "abi3"
    if not path.name.startswith("lib") and not path.name.endswith(tuple(f".{t}.so" for t in tags)):
        yield f"expected one of {', '.join(tags)} in the file name"
    versions = {(int(major), int(minor)) for major, minor in _GLIBC_VERSION.findall(content)}
    if newer := max(versions, default=_NEWEST_GLIBC) > _NEWEST_GLIBC and max(versions):
        yield "needs glibc {}.{}, expected at most {}.{}".format(*newer, *_NEWEST_GLIBC)

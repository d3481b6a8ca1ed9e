"""Machine code that Lambda can't load is refused before it is shipped."""

from pathlib import Path

import pytest

from package.binaries import misfits
from package.target import Target

LAMBDA = Target("arm64", "3.13")
NAME = "fast.cpython-313-aarch64-linux-gnu.so"


def elf(*, machine: int = 183, ident: bytes = b"\x02\x01", glibc: str = "2.34") -> bytes:
    """Return the beginning of a shared object, and the glibc version that it requires."""
    header = b"\x7fELF" + ident + bytes(12) + machine.to_bytes(2, "little")
    return header + b"\0GLIBC_2.17\0GLIBC_" + glibc.encode() + b"\0"


def reasons(folder: Path, content: bytes, name: str = NAME) -> list[str]:
    (folder / name).write_bytes(content)
    return [misfit.removeprefix(f"{name}: ") for misfit in misfits(folder, LAMBDA)]


@pytest.mark.parametrize("name", [NAME, "fast.abi3.so", "libfast-1a2b3c.so", "libfast.so.1"])
def test_fitting_machine_code_is_accepted(name: str, tmp_path: Path) -> None:
    """An extension for this Python, one for all Pythons, and an extension's own library fit."""
    assert [] == reasons(tmp_path, elf(), name)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (elf(machine=62), "for machine 62, expected 183 (aarch64)"),
        (elf(ident=b"\x01\x01"), "not 64-bit little-endian"),
        (elf(ident=b"\x02\x02"), "not 64-bit little-endian"),
        (elf(glibc="2.35"), "needs glibc 2.35, expected at most 2.34"),
        (elf(glibc="2.100"), "needs glibc 2.100, expected at most 2.34"),
        (b"\xcf\xfa\xed\xfe", "not machine code for Linux (ELF)"),
    ],
)
def test_machine_code_that_does_not_fit_is_refused(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    """Each kind of misfit has its own reason."""
    assert [reason] == reasons(tmp_path, content)


@pytest.mark.parametrize(
    "name",
    [
        "fast.so",
        "fast.cpython-312-aarch64-linux-gnu.so",
        "fast.cpython-313t-aarch64-linux-gnu.so",
        "fast.cpython-313-aarch64-linux-musl.so",
        "fast.cpython-313-x86_64-linux-gnu.so",
    ],
)
def test_an_extension_of_another_name_is_refused(name: str, tmp_path: Path) -> None:
    """An extension for another Python, C library or processor is refused by its name."""
    expected = "expected one of cpython-313-aarch64-linux-gnu, abi3 in the file name"

    assert [expected] == reasons(tmp_path, elf(), name)


def test_files_without_machine_code_are_accepted(tmp_path: Path) -> None:
    """Python modules and data files are not checked."""
    assert [] == reasons(tmp_path, b"import this\n", "fast.py")

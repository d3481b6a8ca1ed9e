"""A release is of its tag, and of the Python that Lambda runs."""

from pathlib import Path
from typing import Final

import pytest

from core.version import VERSION
from release.__main__ import main
from release.reproduce import main as reproduce

SUMS: Final = "0  csr-approver-0.0.1.template.json\n"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Return the folder of an earlier release."""
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "SHA256SUMS").write_text(SUMS)
    return folder


def test_a_tag_of_another_version_is_refused(
    earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is published under a tag reports the tag's version; the earlier files stay."""
    options = ["--libraries", "none", "--python-version", "3.13", "--tag", "v0.0.0"]

    assert 1 == main([*options, "template.json", str(earlier)])
    assert f"the tag is v0.0.0, expected v{VERSION}" in capsys.readouterr().err
    assert SUMS == (earlier / "SHA256SUMS").read_text()


def test_another_python_is_refused(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without byte code for Lambda's Python, each cold start compiles every module."""
    options = ["--libraries", "none", "--python-version", "3.9", "--tag", f"v{VERSION}"]

    assert 1 == main([*options, "template.json", str(earlier)])
    assert "a release needs Python 3.9" in capsys.readouterr().err
    assert {"SHA256SUMS": ""} == {one.name: one.read_text() for one in earlier.iterdir()}


@pytest.mark.parametrize("sums", [{}, {"SHA256SUMS": "0  debian-13.iso\n"}])
def test_a_folder_with_other_files_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sums: dict[str, str]
) -> None:
    """`make release RELEASE="$UNSET"` names the clone itself, which would be deleted.

    A folder of other downloads may have checksums, too.
    """
    for name, text in {"mine": "kept", **sums}.items():
        (tmp_path / name).write_text(text)
    options = ["--libraries", "none", "--python-version", "3.13"]

    assert 1 == main([*options, "template.json", str(tmp_path)])
    assert f"{tmp_path} has other files than a release's" in capsys.readouterr().err
    assert "kept" == (tmp_path / "mine").read_text()


def test_two_clones_are_built_into_no_folder_with_other_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is refused before the first of them is built."""
    (tmp_path / "mine").write_text("kept")

    assert 1 == reproduce(["venv", "sam-venv", str(tmp_path)])
    assert f"{tmp_path} has other files than a release's" in capsys.readouterr().err
    assert "kept" == (tmp_path / "mine").read_text()

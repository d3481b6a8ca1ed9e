"""A release is of its tag, and of the Python that Lambda runs."""

from pathlib import Path

import pytest

from core.version import VERSION
from release.__main__ import main


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Return the folder of an earlier release."""
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "SHA256SUMS").write_text("earlier")
    return folder


def test_a_tag_of_another_version_is_refused(
    earlier: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is published under a tag reports the tag's version; the earlier files stay."""
    options = ["--libraries", "none", "--python-version", "3.13", "--tag", "v0.0.0"]

    assert 1 == main([*options, "template.json", str(earlier)])
    assert f"the tag is v0.0.0, expected v{VERSION}" in capsys.readouterr().err
    assert "earlier" == (earlier / "SHA256SUMS").read_text()


def test_another_python_is_refused(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without byte code for Lambda's Python, each cold start compiles every module."""
    options = ["--libraries", "none", "--python-version", "3.9", "--tag", f"v{VERSION}"]

    assert 1 == main([*options, "template.json", str(earlier)])
    assert "a release needs Python 3.9" in capsys.readouterr().err
    assert [] == list(earlier.iterdir())

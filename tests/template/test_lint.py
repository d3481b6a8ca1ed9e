"""SAM and cfn-lint find nothing, on a machine without network, account or home."""

from pathlib import Path

import pytest

from tests.template.sam import run


def test_sam_finds_the_template_valid(tmp_path: Path) -> None:
    """`sam validate --lint` has nothing to say against the template."""
    assert "is a valid SAM Template" in run("sam", "validate", "--lint", home=tmp_path)


@pytest.mark.parametrize("file", ["template.yaml", "deploy/access-entry.yaml"])
def test_cfn_lint_finds_nothing(file: str, tmp_path: Path) -> None:
    """cfn-lint has neither errors nor warnings."""
    assert "" == run("cfn-lint", file, home=tmp_path)

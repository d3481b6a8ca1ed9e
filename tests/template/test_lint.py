"""SAM and cfn-lint find no problems, on a machine without network, account or home folder."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.template.sam import ROOT, run
from tests.template.templates import TEMPLATES


def test_sam_finds_the_template_valid(tmp_path: Path) -> None:
    """`sam validate --lint` reports no problem."""
    assert "is a valid SAM Template" in run("sam", "validate", "--lint", home=tmp_path)


@pytest.mark.parametrize("file", TEMPLATES)
def test_cfn_lint_finds_nothing(file: str, tmp_path: Path) -> None:
    """cfn-lint reports no errors or warnings, with its own rules and those for serverless."""
    assert "" == run("cfn-lint", file, home=tmp_path)


def test_the_rules_for_serverless_are_applied(tmp_path: Path) -> None:
    """One of these rules finds a function without a memory size."""
    text = Path(ROOT, "template.yaml").read_text()
    careless = tmp_path / "template.yaml"
    careless.write_text(text.replace("      MemorySize: 256\n", ""))
    config = ("--config-file", ROOT / ".cfnlintrc")

    with pytest.raises(AssertionError, match="ES1005 Lambda function DispatcherFunction"):
        run("cfn-lint", *config, careless, home=tmp_path)


def test_every_exception_has_its_reason() -> None:
    """A comment says why a rule is ignored."""
    rc = Path(ROOT, ".cfnlintrc").read_text().splitlines()
    ignored = [before for before, line in pairwise(rc) if "  - " in line]
    template = Path(ROOT, "template.yaml").read_text().splitlines()
    here = [line for line in template if "ignore_checks" in line]

    assert 2 == len(ignored)
    assert all(before.startswith("  # ") for before in ignored)
    assert 1 == len(here)
    assert all("  # " in line for line in here)

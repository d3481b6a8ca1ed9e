"""SAM and cfn-lint find no problems, on a machine without network, account or home folder."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from tests.template.sam import run, run_expecting, to_release
from tests.template.templates import ROOT, TEMPLATES

#: The copy of the template in which a function has no memory size.
CARELESS: Final = "careless.yaml"

#: The released template. SAM's event sources aren't checked by this rule; a queue has its own
#: dead letters, and Lambda takes no failure destination for it.
RELEASED: Final = "released.json"
NOT_FOR_QUEUES: Final = (
    "ES1001 Lambda event source mapping ReviewerFunctionReviews should have a "
    "DestinationConfig.OnFailure.Destination property."
)

#: cfn-lint's exit code for errors alone; a warning of any file would change it.
ERRORS: Final = 2


def test_sam_finds_the_template_valid(tmp_path: Path) -> None:
    """`sam validate --lint` reports no problem."""
    assert "is a valid SAM Template" in run("sam", "validate", "--lint", home=tmp_path)


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Return the file and text of all that cfn-lint finds, also in a careless copy.

    It runs once, because each start takes seconds.
    """
    careless = tmp_path_factory.mktemp("careless") / CARELESS
    text = Path(ROOT, "template.yaml").read_text()
    careless.write_text(text.replace("      MemorySize: 256\n", ""))
    plain = careless.with_name(RELEASED)
    plain.write_text(json.dumps(to_release().source))
    files: list[str | Path] = [*TEMPLATES, careless, plain]
    found = json.loads(
        run_expecting(ERRORS, "cfn-lint", "--format", "json", *files, home=careless.parent)
    )
    return [
        (Path(finding["Filename"]).name, f"{finding['Rule']['Id']} {finding['Message']}")
        for finding in found
    ]


def test_cfn_lint_finds_nothing(problems: list[tuple[str, str]]) -> None:
    """cfn-lint reports no errors or warnings, with its own rules and those for serverless."""
    known = [(RELEASED, NOT_FOR_QUEUES)]

    assert known == [(file, problem) for file, problem in problems if file != CARELESS]


def test_the_rules_for_serverless_are_applied(problems: list[tuple[str, str]]) -> None:
    """One of these rules finds a function without a memory size."""
    mistake = "ES1005 Lambda function DispatcherFunction does not have a MemorySize property"

    assert (CARELESS, mistake) in problems


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

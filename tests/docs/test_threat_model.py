"""`docs/threat-model.md` has a row for each row of `tests/threats`, and for each check."""

import re
from pathlib import Path
from typing import Final

from core.signers import SIGNERS
from tests.threats.rows import ROWS

ROOT: Final = Path(__file__).parents[2]
DOC: Final = (ROOT / "docs" / "threat-model.md").read_text()
ATTACKS: Final = DOC.split("## Attacks")[1].split("## Residual risks")[0]
#: Attack, what stops it, the named test, and the text that chooses its parametrizations.
DOCUMENTED_ROWS: Final = re.findall(
    r"^\| (.+) \| (.+) \| `(tests/[\w/]+\.py(?:::\w+)+)`(?:, `([^`]+)`)? \|$", ATTACKS, re.MULTILINE
)
#: This check leaves requests that EKS would never issue: it stops no attack.
NO_DEFENCE: Final = {"issuable-name"}


def test_each_line_is_a_row() -> None:
    """A line that can't be parsed would not be checked."""
    lines = [line for line in ATTACKS.splitlines() if line.startswith("| ")]
    heads = [line for line in lines if line == "| attack | stopped by | shown by |"]

    assert len(lines) == len(DOCUMENTED_ROWS) + len(heads)


def test_the_document_and_the_proof_have_the_same_rows() -> None:
    """Each row of the document has a proof that its test fails without the defence."""
    written = [(attack, test, cases) for attack, _, test, cases in DOCUMENTED_ROWS]
    proved = [(row.attack, row.shown_by, row.cases) for row in ROWS]

    assert proved == written


def test_each_row_removes_a_defence() -> None:
    """A row that removed no defence would prove nothing."""
    assert [] == [row.attack for row in ROWS if not row.without]


def test_each_check_stops_an_attack() -> None:
    """A check without a row would have neither proof nor reason."""
    named = {
        name
        for _, stopped_by, *_ in DOCUMENTED_ROWS
        for name in re.findall(r"`([a-z-]+)`", stopped_by)
    }
    ids = {
        check.id for checks in (signer.checks for signer in SIGNERS.values()) for check in checks
    }

    assert set() == ids - named - NO_DEFENCE

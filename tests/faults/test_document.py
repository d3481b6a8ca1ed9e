"""docs/faults.md shows the table of faults."""

from tests.faults.write import DOCUMENT, document


def test_the_document_shows_the_table() -> None:
    """`make faults` would change nothing; run it if this fails."""
    assert document() == DOCUMENT.read_text()

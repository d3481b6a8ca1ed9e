"""docs/faults.md shows the table of faults."""

from tests.faults.write import DOCUMENT, document


def test_the_document_shows_the_table() -> None:
    """The document in the repository is the one that `make faults` writes; if not, run that."""
    assert document() == DOCUMENT.read_text()

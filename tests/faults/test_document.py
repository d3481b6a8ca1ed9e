"""The document of faults is the table."""

from tests.faults.write import DOCUMENT, document


def test_the_document_is_what_the_table_says() -> None:
    """If it isn't, run `make faults`."""
    assert document() == DOCUMENT.read_text()

"""One CSR whose record fails must not cost the others their decisions, nor stay unheard."""

from core.model import Record, Run
from core.ports import Ledger


class DeferredErrorLedger:
    """A ledger whose trouble with a record shows when the run is over.

    Before that it would leave decisions unwritten, or written and not on record; and as the CSR
    stays, so would every next run.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._error: Exception | None = None

    def record(self, record: Record) -> None:
        """One CSR; never raises."""
        try:
            self._ledger.record(record)
        except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
            self._error = self._error or error

    def finish(self, run: Run) -> None:
        """The sums of the run; raises then what the first record that failed raised."""
        self._ledger.finish(run)
        if self._error is not None:
            raise self._error

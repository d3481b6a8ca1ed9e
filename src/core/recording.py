"""Record all CSRs even if one record fails, and raise its error at the end of the run."""

from core.model import Record, Run
from core.ports import Ledger


class DeferredErrorLedger:
    """A ledger that raises a record's error when the run is over.

    Raised earlier, it would leave decisions unwritten, or written and not recorded. As the CSR
    stays in the list, so would every following run.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._error: Exception | None = None

    def record(self, record: Record) -> None:
        """Record one CSR; never raises."""
        try:
            self._ledger.record(record)
        except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
            self._error = self._error or error

    def finish(self, run: Run) -> None:
        """Record the run's totals; then raise the error of the first record that failed, if any."""
        self._ledger.finish(run)
        if self._error is not None:
            raise self._error

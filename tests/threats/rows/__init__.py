"""Every row of `docs/threat-model.md`, by topic, in the document's order."""

from typing import Final

from tests.threats.row import Row
from tests.threats.rows import (
    connection,
    evidence,
    floods,
    names,
    record,
    requesters,
    requests,
    rights,
    workloads,
    writes,
)

ROWS: Final[tuple[Row, ...]] = (
    *names.ROWS,
    *requests.ROWS,
    *requesters.ROWS,
    *evidence.ROWS,
    *writes.ROWS,
    *floods.ROWS,
    *connection.ROWS,
    *record.ROWS,
    *rights.ROWS,
    *workloads.ROWS,
)

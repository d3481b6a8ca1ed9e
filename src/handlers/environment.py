"""What both functions share: their settings, logger and ledger, and how they report a bug."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from aws_lambda_powertools import Logger

from adapters.ledger import PowertoolsLedger
from core.errors import BadSettings
from core.model import REGION_NAME
from core.printable import printable

#: The reason that is reported if a tag switches off a cluster that an operator selected.
OFF_THOUGH_SELECTED: Final = (
    "tagged csr-approver:mode=off, though CLUSTER_NAMES or CLUSTER_TAG selects it"
)


class Context(Protocol):
    """The part of Lambda's context object that the functions use."""

    @property
    def aws_request_id(self) -> str:
        """The invocation's id."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the runtime ends the invocation."""


def is_lambda(environ: Mapping[str, str]) -> bool:
    """Return whether this is Lambda's init phase, and not another program that imports a handler.

    In the init phase each function builds its warm state at import. A bad setting makes the start
    fail before any event is taken: the log shows the setting, and an INIT_REPORT with `Status:
    error`.
    From: AWS Lambda Developer Guide, "Defined runtime environment variables", "Init phase".
    """
    return bool(environ.get("AWS_LAMBDA_INITIALIZATION_TYPE"))


def required(environ: Mapping[str, str], name: str) -> str:
    """Return a variable that the runtime or the template sets.

    Raises:
        BadSettings: it is missing or blank.
    """
    value = environ.get(name, "").strip()
    if not value:
        raise BadSettings(f"{name}: missing; the template or the runtime sets it")
    return value


def served_regions(regions: Sequence[str], home: str) -> tuple[str, ...]:
    """Return the setting's Regions, each once; `home` if the setting is empty.

    Raises:
        BadSettings: one isn't the name of a Region. To skip it would hide the mistake.
    """
    for region in regions:
        if not REGION_NAME.fullmatch(region):
            raise BadSettings(f"REGIONS: {region!r}: expected Regions, e.g. eu-west-1,us-east-1")
    return tuple(dict.fromkeys(regions)) or (home,)


def a_logger() -> Logger:
    """Return the function's logger."""
    # No location: each message is unique, so it identifies its line of code. Messages are text,
    # and Powertools needn't try to read each as JSON.
    return Logger(location=None, json_deserializer=str)


def a_ledger(environ: Mapping[str, str], logger: Logger) -> PowertoolsLedger:
    """Return the ledger of this stack."""
    return PowertoolsLedger(logger, required(environ, "STACK_NAME"))


def bug_text(error: Exception) -> str:
    """Return the text by which an unexpected error is reported."""
    return printable(f"this is a bug: {type(error).__name__}: {error}", 300)


def now() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)

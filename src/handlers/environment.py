"""What both functions take from their environment, once a cold start."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from aws_lambda_powertools import Logger

from adapters.ledger import PowertoolsLedger
from core.errors import BadSettings
from core.model import REGION_NAME


class Context(Protocol):
    """What is used of Lambda's context object."""

    @property
    def aws_request_id(self) -> str:
        """The invocation's id."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the runtime ends the invocation."""


def is_lambda(environ: Mapping[str, str]) -> bool:
    """Whether this is Lambda's init phase, and not somebody else who imports a handler.

    There each function builds its warm state as soon as it is imported. A bad setting then fails
    the start, before any event is taken: the log shows the setting, and an INIT_REPORT with
    `Status: error`.
    From: AWS Lambda Developer Guide, "Defined runtime environment variables", "Init phase".
    """
    return bool(environ.get("AWS_LAMBDA_INITIALIZATION_TYPE"))


def required(environ: Mapping[str, str], name: str) -> str:
    """One variable that the runtime or the template sets.

    Raises:
        BadSettings: it is missing or blank.
    """
    value = environ.get(name, "").strip()
    if not value:
        raise BadSettings(f"{name}: missing; the template or the runtime sets it")
    return value


def served_regions(regions: Sequence[str], home: str) -> tuple[str, ...]:
    """The Regions of the setting, each once; `home` where it is empty.

    Raises:
        BadSettings: one has not the form of a Region; all others would go unserved because of it.
    """
    for region in regions:
        if not REGION_NAME.fullmatch(region):
            raise BadSettings(f"REGIONS: {region!r}: expected Regions, e.g. eu-west-1,us-east-1")
    return tuple(dict.fromkeys(regions)) or (home,)


def a_ledger(environ: Mapping[str, str], logger: Logger) -> PowertoolsLedger:
    """The ledger of this stack."""
    return PowertoolsLedger(logger, required(environ, "STACK_NAME"))


def now() -> datetime:
    """The present."""
    return datetime.now(UTC)

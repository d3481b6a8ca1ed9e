"""What both functions take from their environment, once a cold start."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import NoCredentialsError

from adapters.aws_clients import client_config
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


class Aws:
    """The account's APIs: one client for each service and Region, made when first asked for."""

    def __init__(self, home: str) -> None:
        """`home`: the Region that the function runs in."""
        self.home = home
        self._session = boto3.Session(region_name=home)
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = "") -> Any:
        """A client of the service in this Region, the function's own by default."""
        key = service, region or self.home
        if key not in self._clients:
            self._clients[key] = self._session.client(
                service, region_name=key[1], config=client_config()
            )
        return self._clients[key]

    def credentials(self) -> Any:
        """The function's credentials, renewed as needed.

        Raises:
            NoCredentialsError: there are none; it is told like any other failure of AWS's.
        """
        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        return credentials


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

"""boto3 clients of the fake AWS: made once in a process, for all its accounts one after another.

Making a client takes longer than most of its calls, and tests open a thousand accounts.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.client import Config


@cache
def client(service: str, region: str) -> Any:
    """Return a client that reaches moto in this process, whatever AWS_ENDPOINT_URL is."""
    session = boto3.Session(botocore_session=_session())
    in_process = Config(ignore_configured_endpoint_urls=True)
    return session.client(service, region, config=in_process)


def sign_with(environment: Mapping[str, str]) -> None:
    """Let all clients sign with the credentials of these environment variables from now on."""
    shared = _session().get_credentials()
    shared.access_key = environment["AWS_ACCESS_KEY_ID"]
    shared.secret_key = environment["AWS_SECRET_ACCESS_KEY"]
    shared.token = environment.get("AWS_SESSION_TOKEN")


@cache
def _session() -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_credentials("fake", "fake")  # all clients read this one object when they sign
    return session

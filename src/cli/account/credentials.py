"""The caller's AWS account, with credentials as the AWS CLI finds them."""

import os
import shlex
from collections.abc import Sequence
from typing import Final

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NotConnected

from adapters.aws_account import Aws
from adapters.aws_clients import message_of, reported
from cli.account.cluster_names import read_name, regions_of_arns
from cli.account.problems import with_fix
from cli.exits import UNKNOWN, USAGE, stop
from core.model import REGION_NAME
from core.printable import printable, quoted

_CONFIGURATION: Final = "check --profile, the variables AWS_*, and ~/.aws/config"

# Errors of a service that issues credentials (STS, SSO), not of the configuration.
_NOT_ISSUED: Final = (ClientError, HTTPClientError, NotConnected)


def open_account(
    profile: str | None, regions: Sequence[str], *, proxy: bool, clusters: Sequence[str] = ()
) -> Aws:
    """Return the account of these credentials; `home` is the first Region, or the configured one.

    `clusters`: what the command names. Where no Region is set, `home` is that of the first ARN.

    Raises:
        typer.Exit: the profile, a Region or a cluster's name is invalid (2), or there are no
            credentials (3).
    """
    for name in clusters:
        read_name(name)
    for region in regions:
        _check_region("--region", region)
    try:
        session = boto3.Session(profile_name=profile)
        configured = os.environ.get("AWS_REGION") or session.region_name
        home = next(iter(regions), None) or configured or next(iter(regions_of_arns(clusters)), "")
        if not home:
            stop(USAGE, "no AWS Region is set: give --region, or set AWS_REGION")
        _check_region("AWS_REGION or the profile's region", home)
        aws = Aws(home, session, use_environment_proxy=proxy)
        aws.client("sts")
        aws.credentials().get_frozen_credentials()
    except NoCredentialsError:
        stop(UNKNOWN, "no AWS credentials found: run `aws configure`, or give --profile")
    except (SSOError, TokenRetrievalError) as error:
        stop(UNKNOWN, _signed_out(profile, error))
    except _NOT_ISSUED as error:
        stop(UNKNOWN, with_fix(reported("AWS credentials", error)))
    except (BotoCoreError, ValueError, OSError) as error:
        stop(USAGE, f"AWS configuration: {printable(str(error))}; {_CONFIGURATION}")
    return aws


def _signed_out(profile: str | None, error: Exception) -> str:
    name = profile or os.environ.get("AWS_PROFILE") or "default"
    return (
        f"the SSO session of the profile {printable(name)} has expired or doesn't exist: run "
        f"`aws sso login --profile {shlex.quote(printable(name))}` ({message_of(error)})"
    )


def _check_region(whose: str, region: str) -> None:
    if not REGION_NAME.fullmatch(region):
        stop(USAGE, f"{whose}: got {quoted(region, 120)}, expected a Region, e.g. eu-west-1")

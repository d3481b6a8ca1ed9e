"""The reviewer in a separate process, run from its source by Lambda's runtime client."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import boto3

from package.runtime_api import LambdaFunction
from sandbox.aws import HOME, FakeAws

_ROOT: Final = Path(__file__).parents[2]
_LIBRARIES: Final = Path(boto3.__file__).parents[1]

#: The event of one assignment.
EVENT: Final[Mapping[str, Any]] = {
    "Records": [{"messageId": "1", "body": json.dumps({"cluster": "prod", "region": HOME})}]
}


def reviewer(
    aws: FakeAws, handler: str = "handlers.review.handler", **settings: str
) -> LambdaFunction:
    """Return the function with these settings, and more time than any busy machine needs."""
    environment = {
        "STACK_NAME": "csr-approver",
        "MODE": "approve-only",
        "POWERTOOLS_SERVICE_NAME": "csr-approver",
        "PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT}:{_LIBRARIES}",
        **settings,
    }
    return LambdaFunction(
        _ROOT / "src", handler, {**aws.environment(), **environment}, timeout_seconds=300
    )

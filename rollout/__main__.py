"""`make deploy ROLLBACK=1`, or 0: update the stack with rollback triggers, or without any."""

import argparse
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rollout.refusal import Refused
from rollout.triggers import MONITORED_MINUTES, rollback_configuration
from rollout.update import Update, create_change_set, execute, kept_parameters
from rollout.upload import upload

_SAMCONFIG: Final = Path("samconfig.toml")


def main(arguments: Sequence[str], session: Any = None) -> int:
    """Update the stack and return the exit code: 0 updated, 1 refused, failed or rolled back."""
    options = parser().parse_args(arguments)
    try:
        settings = _settings(options.environment)
        stack = options.stack or settings["stack_name"]
        region = options.region or settings.get("region")
        return _update(session or boto3.Session(region_name=region), stack, options)
    except (Refused, BotoCoreError, ClientError) as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1


def _update(session: Any, stack: str, options: argparse.Namespace) -> int:
    cloudformation = session.client("cloudformation")
    kept = kept_parameters(cloudformation, stack)
    rollback = rollback_configuration(
        cloudformation, session.client("cloudwatch"), stack, on=options.rollback == "1"
    )
    url = upload(session.client("s3"), options.template)
    update = Update(stack, url, _pairs(options.parameters), kept, _pairs(options.tags))
    name = f"csr-approver-{int(time.time())}"
    changes = create_change_set(cloudformation, update, name, rollback)
    if not changes:
        print(f"{stack} has no change")
        return 0
    print("\n".join(changes), announced(stack, name, rollback), sep="\n")
    if options.confirm and input("Execute it? [y/N] ").strip().lower() not in {"y", "yes"}:
        cloudformation.delete_change_set(StackName=stack, ChangeSetName=name)
        return 1
    status = execute(cloudformation, update, name)
    print(f"{stack} is {status}")
    return 0 if status == "UPDATE_COMPLETE" else 1


def announced(stack: str, name: str, rollback: Mapping[str, Any]) -> str:
    """Return what will be done, and by which calls."""
    calls = f"CloudFormation's CreateChangeSet made {name} of {stack}; ExecuteChangeSet runs it."
    alarms = [one["Arn"].rpartition(":")[2] for one in rollback["RollbackTriggers"]]
    if not alarms:
        return f"{calls} It has no rollback triggers, and removes those of earlier updates."
    return (
        f"{calls} By its RollbackConfiguration it is rolled back if one of these alarms fires "
        f"within {MONITORED_MINUTES} minutes: {', '.join(alarms)}. The stack keeps these triggers "
        "for all later updates, also those of sam deploy, until make deploy ROLLBACK=0."
    )


def _settings(environment: str) -> dict[str, Any]:
    """Return what samconfig.toml says of the environment, as `sam deploy` reads it."""
    tables = tomllib.loads(_SAMCONFIG.read_text()).get(environment)
    if tables is None:
        raise Refused(f"samconfig.toml has no environment {environment}")
    parameters = (tables.get(name, {}).get("parameters", {}) for name in ("global", "deploy"))
    merged = {key: value for table in parameters for key, value in table.items()}
    return {"stack_name": "csr-approver", **merged}


def _pairs(words: Sequence[str]) -> dict[str, str]:
    """Return NAME=VALUE words as names and values."""
    if wrong := [word for word in words if "=" not in word]:
        raise Refused(f"expected NAME=VALUE, got {', '.join(wrong)}")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def parser() -> argparse.ArgumentParser:
    """Return what reads the arguments that the Makefile gives."""
    parser = argparse.ArgumentParser(prog="python -m rollout")
    parser.add_argument("--rollback", choices=["0", "1"], required=True)
    parser.add_argument("--environment", default="default", help="of samconfig.toml")
    parser.add_argument("--stack", default="", help="the stack, if not that of samconfig.toml")
    parser.add_argument("--region", default="")
    parser.add_argument("--confirm", action="store_true", help="ask before the change")
    parser.add_argument("--tags", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--parameters", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("template", type=Path, help="as sam package wrote it")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

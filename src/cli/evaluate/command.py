"""`csr-approver evaluate`: judge saved objects offline with the checks of a live review."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import typer

from adapters.csr_items import read_item
from adapters.ec2_items import instances_of
from adapters.eks import cluster_of
from adapters.iam import roles_of_profiles
from adapters.service_items import service_of
from cli.evaluate.saved_evidence import SavedEvidence
from cli.evaluate.saved_evidence import evaluate as judge_saved
from cli.evaluate.saved_list import Unparsed, objects_of
from cli.exits import UNKNOWN, USAGE, stop
from cli.given_settings import Settings, settings_of
from cli.screen import Output, OutputOption, print_json
from cli.verdict_rows import Row, print_table, row_of
from core.errors import CsrApproverError
from core.model import NOT_PROVIDED, Csr, Instance, NotProvided, Service, UnreadableCsr
from core.printable import printable
from core.signers import served

Shape = TypeVar("Shape")

#: The command that saves an option's file.
_SAVED_BY: Final = {
    "--csr": "kubectl get csr -o json",
    "--instances": "aws ec2 describe-instances",
    "--cluster": "aws eks describe-cluster --name CLUSTER",
    "--instance-profiles": "aws iam list-instance-profiles",
    "--services": "kubectl get svc -A -o json",
}


@dataclass(frozen=True, slots=True)
class _File:
    """The file of an option."""

    option: str
    path: Path

    def __str__(self) -> str:
        return f"{self.option} {printable(str(self.path), None)}"


_EXAMPLE = """
Example:

  kubectl get csr -o json > csrs.json
  aws ec2 describe-instances > instances.json
  aws eks describe-cluster --name prod > cluster.json
  aws iam list-instance-profiles > profiles.json
  kubectl get svc -A -o json > services.json
  csr-approver evaluate --csr csrs.json --instances instances.json --cluster cluster.json \\
      --instance-profiles profiles.json --services services.json --output json
"""


def evaluate(
    csr: Annotated[Path, typer.Option(help="What `kubectl get csr -o json` prints.")],
    instances: Annotated[
        Path | None, typer.Option(help="What `aws ec2 describe-instances` prints.")
    ] = None,
    cluster: Annotated[
        Path | None, typer.Option(help="What `aws eks describe-cluster` prints.")
    ] = None,
    instance_profiles: Annotated[
        Path | None, typer.Option(help="What `aws iam list-instance-profiles` prints.")
    ] = None,
    services: Annotated[
        Path | None, typer.Option(help="What `kubectl get svc -A -o json` prints.")
    ] = None,
    now: Annotated[
        str | None, typer.Option(help="The time to judge at, RFC 3339.", metavar="RFC3339")
    ] = None,
    decided: Annotated[
        bool, typer.Option("--decided", help="Judge decided CSRs too, as of their decisions.")
    ] = False,
    set_: Settings = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Judge saved CSRs by saved evidence; exit 0 whatever the verdicts, 3 for unreadable input."""
    # Services are given to have the second signer's requests judged, unless a setting says no.
    settings = settings_of(set_, **({} if services is None else {"APP_SERVING": "true"}))
    moment = _moment(now)
    items = [_csr(item) for item in _objects(_File("--csr", csr))]
    saved = _saved(instances, cluster, instance_profiles, services)
    signers = served(settings)
    answers = judge_saved(items, saved, settings, moment, decided=decided, signers=signers)
    rows = [row_of(answer) for answer in answers]
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table(rows)
    if not items:
        # kubectl prints an empty list too when it can't parse the API server's answer.
        _hint(f"{csr} has no CSR; did kubectl end without an error?")
    if now is None and _all_abandoned(rows):
        _hint(
            "every CSR is older than MAX_CSR_AGE_SECONDS; to judge them as of the time of the "
            "save, give that time with --now"
        )


evaluate.__doc__ = f"{evaluate.__doc__}\n{_EXAMPLE}"


def _hint(words: str) -> None:
    typer.echo(f"csr-approver: hint: {words}", err=True)


def _moment(now: str | None) -> datetime:
    if now is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(now)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        stop(
            USAGE,
            f"--now {printable(now)}: expected RFC 3339 with an offset, e.g. 2026-01-31T12:00:00Z",
        )
    return moment


def _json(file: _File) -> Any:
    try:
        return json.loads(_content(file))
    except (ValueError, RecursionError) as error:
        _stop(file, f"not JSON: {error}")


def _content(file: _File) -> bytes:
    try:
        return file.path.read_bytes()
    except OSError as error:
        stop(UNKNOWN, f"{file}: {error.strerror}")


def _objects(file: _File) -> Sequence[Any]:
    """Return the objects of a Kubernetes list, or the object that `kubectl get NAME` prints."""
    content = _content(file)
    try:
        objects = objects_of(content)
    except (ValueError, RecursionError) as error:
        _stop(file, f"not JSON: {error}")
    if objects is None:
        _stop(file, "no `items`")
    return objects


def _stop(file: _File, problem: str) -> NoReturn:
    stop(
        UNKNOWN,
        f"{file}: {problem}; expected the output of `{_SAVED_BY[file.option]}`",
    )


def _csr(item: Any) -> Csr | UnreadableCsr:
    if not isinstance(item, Unparsed):
        return read_item(item)
    known = read_item(item.known)
    return UnreadableCsr(known.name, known.signer, printable(item.problem))


def _saved(
    instances: Path | None, cluster: Path | None, profiles: Path | None, services: Path | None
) -> SavedEvidence:
    return SavedEvidence(
        instances=_read("--instances", instances, _instances),
        cluster=_read("--cluster", cluster, cluster_of),
        roles=_read("--instance-profiles", profiles, roles_of_profiles),
        services=NOT_PROVIDED if services is None else _services(_File("--services", services)),
    )


def _services(file: _File) -> tuple[Service, ...]:
    objects = _objects(file)
    try:
        return tuple(map(_service, objects))
    except ValueError as error:
        _stop(file, str(error))


def _service(item: Any) -> Service:
    if isinstance(item, Unparsed):
        raise ValueError(item.problem)  # noqa: TRY004  as service_of raises
    return service_of(item)


def _instances(document: Any) -> tuple[Instance, ...]:
    return tuple(instances_of(document))


def _read(option: str, path: Path | None, shape: Callable[[Any], Shape]) -> Shape | NotProvided:
    if path is None:
        return NOT_PROVIDED
    file = _File(option, path)
    document = _json(file)
    try:
        return shape(document)
    except (ValueError, RecursionError, CsrApproverError) as error:
        _stop(file, str(error))


def _all_abandoned(rows: list[Row]) -> bool:
    judged = [row for row in rows if row["csr"] and row["verdict"] != "ignore"]
    refused = [[refusal["reason"] for refusal in row["refusals"]] for row in judged]
    return any(refused) and all(reasons in ([], ["abandoned"]) for reasons in refused)

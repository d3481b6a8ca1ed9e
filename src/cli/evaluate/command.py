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
from cli.evaluate.saved_evidence import evaluate as evaluate_saved
from cli.evaluate.saved_list import Unparsed, objects_of
from cli.exits import UNKNOWN, USAGE, stop
from cli.given_settings import Settings, settings_of
from cli.screen import Output, OutputOption, print_json
from cli.verdict_rows import Row, print_table, row_of
from core.errors import CsrApproverError
from core.model import NOT_PROVIDED, Csr, Instance, NotProvided, Service, UnreadableCsr
from core.printable import printable
from core.settings import JudgingSettings
from core.signers import served

Parsed = TypeVar("Parsed")

#: The command whose output each option expects.
_SAVED_BY: Final = {
    "--csr": "kubectl get csr -o json",
    "--instances": "aws ec2 describe-instances",
    "--cluster": "aws eks describe-cluster --name CLUSTER",
    "--instance-profiles": "aws iam list-instance-profiles",
    "--services": "kubectl get svc -A -o json",
}


@dataclass(frozen=True, slots=True)
class _File:
    """A file and the option that names it, for error messages."""

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
        str | None, typer.Option(help="Judge as of this time; default: now.", metavar="RFC3339")
    ] = None,
    decided: Annotated[
        bool,
        typer.Option(
            "--decided", help="Also judge approved and denied CSRs, as of when they were decided."
        ),
    ] = False,
    set_: Settings = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Judge saved CSRs by saved evidence; exit 0 whatever the verdicts, 3 for unreadable input."""
    # With --services the second signer's CSRs are judged too, unless APP_SERVING=false is set.
    settings = settings_of(
        set_, JudgingSettings, **({} if services is None else {"APP_SERVING": "true"})
    )
    moment = _moment(now)
    items = [_csr(item) for item in _objects(_File("--csr", csr))]
    saved = _saved(instances, cluster, instance_profiles, services)
    signers = served(settings)
    answers = evaluate_saved(items, saved, settings, moment, decided=decided, signers=signers)
    rows = [row_of(answer) for answer in answers]
    if output is Output.JSON:
        print_json(rows)
    else:
        print_table(rows)
    if not items:
        # If kubectl can't parse the API server's answer, it also prints an empty list.
        _hint(f"{csr} has no CSR; check that kubectl saved it without an error")
    if now is None and _all_abandoned(rows):
        _hint(
            "every CSR is older than MAX_CSR_AGE_SECONDS; to judge them as of when they were "
            "saved, pass that time with --now"
        )


# Typer shows the docstring as the command's help.
evaluate.__doc__ = f"{evaluate.__doc__}\n{_EXAMPLE}"


def _hint(text: str) -> None:
    typer.echo(f"csr-approver: hint: {text}", err=True)


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
    """Return the objects of a saved list; one object without a list counts as a list of one."""
    content = _content(file)
    try:
        objects = objects_of(content)
    except (ValueError, RecursionError) as error:
        _stop(file, f"not JSON: {error}")
    if objects is None:
        _stop(file, "no `items`")
    return objects


def _stop(file: _File, problem: str) -> NoReturn:
    """End the command: the file isn't what its option expects."""
    stop(
        UNKNOWN,
        f"{file}: {problem}; expected the output of `{_SAVED_BY[file.option]}`",
    )


def _csr(item: Any) -> Csr | UnreadableCsr:
    """Return the CSR, or an `UnreadableCsr` that says why it can't be read."""
    if not isinstance(item, Unparsed):
        return read_item(item)
    known = read_item(item.known)  # its readable part, for the name and the signer
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
        raise ValueError(item.problem)  # noqa: TRY004  `service_of` raises ValueError too
    return service_of(item)


def _instances(document: Any) -> tuple[Instance, ...]:
    return tuple(instances_of(document))


def _read(option: str, path: Path | None, parse: Callable[[Any], Parsed]) -> Parsed | NotProvided:
    """Return what is in the file of an option; NOT_PROVIDED without the option."""
    if path is None:
        return NOT_PROVIDED
    file = _File(option, path)
    document = _json(file)
    try:
        return parse(document)
    except (ValueError, RecursionError, CsrApproverError) as error:
        _stop(file, str(error))


def _all_abandoned(rows: list[Row]) -> bool:
    """Return whether all CSRs that were judged were refused as abandoned, and for nothing else."""
    judged = [row for row in rows if row["csr"] and row["verdict"] != "ignore"]
    refused = [[refusal["reason"] for refusal in row["refusals"]] for row in judged]
    return bool(refused) and all(reasons == ["abandoned"] for reasons in refused)

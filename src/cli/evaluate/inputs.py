"""The files of `csr-approver evaluate`, or standard input: JSON or YAML, and whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, NoReturn, TypeVar

import typer

from adapters.csr_items import read_item
from adapters.ec2_items import instances_of
from adapters.eks import cluster_of
from adapters.iam import roles_of_profiles
from adapters.service_items import service_of
from cli.evaluate.saved_evidence import SavedEvidence
from cli.evaluate.saved_list import Unparsed, document_of, objects_of
from cli.exits import UNKNOWN, USAGE, stop
from core.errors import CsrApproverError
from core.model import NOT_PROVIDED, Csr, Instance, NotProvided, Service, UnreadableCsr
from core.printable import printable

Parsed = TypeVar("Parsed")

STDIN: Final = "-"

#: The command whose output each option expects.
_SAVED_BY: Final = {
    "--csr": "kubectl get csr -o json",
    "--instances": "aws ec2 describe-instances",
    "--cluster": "aws eks describe-cluster --name CLUSTER",
    "--instance-profiles": "aws iam list-instance-profiles",
    "--services": "kubectl get svc -A -o json",
}

#: Keys that AWS and Kubernetes set if there is more than they print.
#: From: AWS CLI User Guide, "Pagination"; IAM API reference, ListInstanceProfiles; Kubernetes API
#: concepts, "Retrieving large results sets in chunks".
_MORE: Final = (("NextToken",), ("IsTruncated",), ("metadata", "continue"))


@dataclass(frozen=True, slots=True)
class Input:
    """One option and the file that it names; `-` is standard input."""

    option: str
    path: str

    def __str__(self) -> str:
        name = "standard input" if self.path == STDIN else printable(self.path, None)
        return f"{self.option} {name}"

    def content(self) -> bytes:
        """Return the bytes.

        Raises:
            typer.Exit: they can't be read (3).
        """
        try:
            with self._opened() as opened:
                content = opened.read()
        except (OSError, ValueError) as error:
            stop(UNKNOWN, f"{self}: {getattr(error, 'strerror', None) or error}")
        if not content.strip():
            self.reject("empty")
        return content

    def _opened(self) -> BinaryIO:
        if self.path == STDIN:
            try:
                return typer.get_binary_stream("stdin")
            except RuntimeError as error:
                raise ValueError("it is closed") from error
        return open(self.path, "rb")  # noqa: PTH123  closed by the caller, as stdin is

    def reject(self, problem: str | Exception) -> NoReturn:
        """End the command: the file isn't what its option expects.

        Raises:
            typer.Exit: always (3).
        """
        if isinstance(problem, UnicodeError):
            problem = "not text in UTF-8"
        stop(UNKNOWN, f"{self}: {problem}; expected the output of `{_SAVED_BY[self.option]}`")


def read_csrs(path: str) -> list[Csr | UnreadableCsr]:
    """Return the saved CSRs.

    Raises:
        typer.Exit: the file can't be read, or isn't whole (3).
    """
    return [_csr(item) for item in _objects(Input("--csr", path))]


def read_evidence(
    instances: str | None, cluster: str | None, profiles: str | None, services: str | None
) -> SavedEvidence:
    """Return what was saved of EC2, EKS, IAM and the cluster.

    Raises:
        typer.Exit: a file can't be read, or isn't whole (3).
    """
    return SavedEvidence(
        instances=_read("--instances", instances, _instances),
        cluster=_read("--cluster", cluster, cluster_of),
        roles=_read("--instance-profiles", profiles, roles_of_profiles),
        services=NOT_PROVIDED if services is None else _services(Input("--services", services)),
    )


def check_stdin(*paths: str | None) -> None:
    """Check that at most one file is standard input.

    Raises:
        typer.Exit: more are (2).
    """
    if paths.count(STDIN) > 1:
        stop(USAGE, "`-` was given for several options: give a file for all but one")


def _objects(given: Input) -> Sequence[Any]:
    """Return the objects of a saved list; one object without a list counts as a list of one."""
    try:
        objects, rest = objects_of(given.content())
    except (ValueError, RecursionError) as error:
        given.reject(error)
    if objects is None:
        given.reject("no `items`")
    _check_whole(given, rest)
    return objects


def _check_whole(given: Input, document: Any) -> None:
    """Stop if there is more: a missing instance or request could be the one that forbids a yes."""
    for path in _MORE:
        found = document
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        if found:
            given.reject(
                f"truncated ({'.'.join(path)}): it lacks a part. Save it again without "
                "--max-items, --no-paginate or a limit"
            )


def _csr(item: Any) -> Csr | UnreadableCsr:
    """Return the CSR, or an `UnreadableCsr` that says why it can't be read."""
    if not isinstance(item, Unparsed):
        return read_item(item)
    known = read_item(item.known)  # its readable part, for the name and the signer
    return UnreadableCsr(known.name, known.signer, printable(item.problem))


def _services(given: Input) -> tuple[Service, ...]:
    objects = _objects(given)
    try:
        return tuple(map(_service, objects))
    except ValueError as error:
        given.reject(error)


def _service(item: Any) -> Service:
    if isinstance(item, Unparsed):
        raise ValueError(item.problem)  # noqa: TRY004  `service_of` raises ValueError too
    return service_of(item)


def _instances(document: Any) -> tuple[Instance, ...]:
    return tuple(instances_of(document))


def _read(option: str, path: str | None, parse: Callable[[Any], Parsed]) -> Parsed | NotProvided:
    """Return what is in the file of an option; NOT_PROVIDED without the option."""
    if path is None:
        return NOT_PROVIDED
    given = Input(option, path)
    try:
        document = document_of(given.content())
    except (ValueError, RecursionError) as error:
        given.reject(error)
    _check_whole(given, document)
    try:
        return parse(document)
    except (ValueError, RecursionError, CsrApproverError) as error:
        given.reject(error)

"""What `csr-approver request` does with a cluster: check first, then file and wait."""

import json
from collections.abc import Sequence
from contextlib import closing
from typing import Final

import yaml

from adapters.api_connection import ApiConnection
from adapters.aws_account import Aws
from adapters.clock import WallClock
from adapters.eks import DescribedCluster
from adapters.retry import Retries
from cli.account import rights
from cli.account.cluster_api import connection
from cli.account.copied import KUBECTL
from cli.account.rights import Right
from cli.exits import ANSWER_IS_NO, DONE, STOPPED, UNKNOWN, USAGE, stop
from cli.output import Output
from cli.request.outcome import Outcome, Result
from cli.request.own_csr import OwnCsr
from cli.request.plan import Plan
from cli.request.run import CALL_SECONDS, Issuance, Pace
from cli.request.spec import CertificateSpec
from cli.screen import busy
from core.model import APP_SERVING
from core.printable import printable

#: The clock of the runs.
PACE: Final = Pace()

_CSRS: Final = "certificatesigningrequests"


def issued(plan: Plan, own: OwnCsr) -> Result:
    """Run the plan, and show progress.

    Raises:
        typer.Exit: the key's file can't be written (2).
    """
    try:
        with busy(f"Waiting for {plan.spec.name} ...") as report:
            return Issuance(plan, own, PACE, report).run()
    except OSError as error:
        key = printable(str(plan.files.key))
        stop(USAGE, f"--key: {key} can't be written: {error.strerror}; give another path")


def open_connection(aws: Aws, described: DescribedCluster) -> ApiConnection:
    """Return a connection for one call, at this command's pace; the caller closes it."""
    clock = WallClock(CALL_SECONDS, PACE.ticks)
    return connection(aws, described, clock, Retries(clock, sleep=PACE.sleep))


def check_first(
    aws: Aws, described: DescribedCluster, spec: CertificateSpec, own: OwnCsr, *, approve: bool
) -> None:
    """Check that the rights are there and the name is free, before anything is done.

    Raises:
        typer.Exit: a right is missing (3), or the name is taken (1).
        ClusterUnavailable: the cluster couldn't be asked.
    """
    missing = _missing(aws, described, _rights(spec.name, approve=approve))
    where = described.cluster.name
    if missing:
        more = "; without --approve, it waits for another person's approval" if approve else ""
        stop(
            UNKNOWN,
            f"{where}: you may not {', nor '.join(map(str, missing))}: ask for that right{more}",
        )
    there = own.look()
    if there is not None:
        conditions = ", ".join(one.type for one in there.csr.conditions) or "pending"
        stop(
            ANSWER_IS_NO,
            f"{where}: a request {spec.name} exists ({printable(conditions)}), filed by "
            f"{printable(there.csr.username)}; choose another NAME, or run: "
            f"{KUBECTL} delete csr {spec.name}",
        )


def _rights(name: str, *, approve: bool) -> Sequence[Right]:
    approving = (
        Right("update", f"{_CSRS}/approval", name),
        Right("approve", "signers", APP_SERVING),
    )
    return (Right("create", _CSRS), Right("get", _CSRS, name), *(approving if approve else ()))


def _missing(aws: Aws, described: DescribedCluster, wanted: Sequence[Right]) -> list[Right]:
    with closing(open_connection(aws, described)) as api:
        return [right for right in wanted if not rights.may(api, right)]


def shown(body: dict[str, object], output: Output) -> str:
    """Return the manifest to print instead of filing it."""
    if output is Output.JSON:
        return json.dumps(body, indent=2)
    text = yaml.safe_dump(body, sort_keys=False, width=float("inf")).rstrip("\n")
    return f"# Nothing was filed, and the key of this request was not kept.\n{text}"


def code_of(result: Result) -> int:
    """Return the exit code of a result."""
    return {
        Outcome.ISSUED: DONE,
        Outcome.UNKNOWN: UNKNOWN,
        Outcome.STOPPED: STOPPED,
    }.get(result.outcome, ANSWER_IS_NO)

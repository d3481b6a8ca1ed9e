"""A cluster with six nodes' CSRs behind a connection that can break, and the two functions."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import partial
from threading import Lock
from types import SimpleNamespace
from typing import Any, Final, Protocol

import botocore.endpoint
import pytest

from adapters import csr_api
from adapters.ledger_metrics import ENDED, STACK
from adapters.retry import Retries
from core.ports import Clock
from handlers import review
from handlers.dispatch import DispatchIncomplete
from sandbox.aws import ACCOUNT, HOME, Eni, Machine
from sandbox.fake_apiserver.status import Json
from sandbox.identity import AwsIdentity
from sandbox.kubelet import kubelet_request
from sandbox.tokens import utc_now
from tests.faults.proxy import FaultyApi
from tests.faults.wire import HttpFault
from tests.handlers.account import NODE_ROLE, VPC, Account
from tests.handlers.lambdas import Invocation, Lambdas

CLUSTER: Final = "prod"

#: The nodes' CSRs in the order of lists, and their correct decisions.
CORRECT_DECISIONS: Final = {f"faults-{n}": "Denied" if n == 6 else "Approved" for n in range(1, 7)}
CSR_NAMES: Final = tuple(CORRECT_DECISIONS)

#: CSRs on a page of the list: the six CSRs need two pages.
PAGE: Final = 4

#: Instances on a page of EC2's answer: 5 is the least that EC2 accepts, and six nodes need two
#: pages.
EC2_PAGE: Final = 5

#: The age of a CSR for which both an approval (after 90 s) and a denial (after 6 min) are due.
DUE: Final = timedelta(minutes=7)

#: The age of a CSR for which an approval is due, but not yet a denial.
YOUNG: Final = timedelta(minutes=2)

_OTHER_NODES_ADDRESS: Final = "10.9.9.9"


class Killed(BaseException):
    """The runtime ends the function because of its time-out or memory.

    A BaseException, because no `except Exception` in the function may catch it: a killed process
    doesn't handle its end.
    """


@dataclass(frozen=True, slots=True)
class Lagging(Machine):
    """An instance that EC2 doesn't describe completely yet."""

    without: tuple[str, ...] = ()

    def describe(self) -> Json:
        shown = Machine.describe(self)
        return {key: value for key, value in shown.items() if key not in self.without}


class Server(Protocol):
    """An API server with the approver's access set up: the fake one or a real one."""

    @property
    def server(self) -> str: ...

    @property
    def ca_pem(self) -> str: ...

    def file(self, name: str, machine: Machine, request: bytes, age: timedelta) -> None:
        """File this node's CSR.

        A real server can't set a CSR's age; there the settings make every CSR due.
        """

    def decision(self, name: str) -> str:
        """Return `Approved`, `Denied`, or an empty text."""

    def remove(self, name: str) -> None:
        """Delete a CSR."""


class Rig:
    """A cluster, its AWS account and both functions.

    Methods break a part, or run what the approver does in one minute.
    """

    def __init__(
        self,
        account: Account,
        lambdas: Lambdas,
        server: Server,
        proxy: FaultyApi,
        patch: pytest.MonkeyPatch,
    ) -> None:
        self.account = account
        self.lambdas = lambdas
        self.server = server
        self.proxy = proxy
        self.messages = [_MESSAGE]
        self.errors: list[str] = []
        self.machines: dict[str, Machine] = {}
        self.invocation = Invocation()
        self._patch = patch
        self._clock_lock = Lock()  # the proxy's threads advance the clock, too
        self._undo: list[Callable[[], None]] = []

    # --- faults ---------------------------------------------------------------------------------

    def break_aws_call(self, operation: str, answer: HttpFault) -> None:
        """Break a call to AWS."""
        self.lambdas.calls.override_http(operation, answer)

    def shrink_ec2_pages(self) -> None:
        """Split EC2's answer into two pages."""

        def smaller(call: Any) -> None:
            call["body"]["MaxResults"] = EC2_PAGE

        self.lambdas.calls.override("DescribeInstances", smaller)

    def change_instance(self, name: str, **changes: Any) -> None:
        """Change what EC2 shows of the instance that filed this CSR."""
        self.account.aws.change_machine(HOME, self.machines[name].id, **changes)

    def hide_fields(self, name: str, *keys: str) -> None:
        """Let EC2 omit these fields of the instance."""
        shown = self.machines[name]
        known = {field.name: getattr(shown, field.name) for field in fields(Machine)}
        self.account.aws.add_machine(Lagging(**known, without=keys))

    def remove_role(self) -> None:
        """Remove the role from the nodes' instance profile."""
        iam = self.account.aws.client("iam")
        iam.remove_role_from_instance_profile(InstanceProfileName=NODE_ROLE, RoleName=NODE_ROLE)
        self._undo.append(
            lambda: iam.add_role_to_instance_profile(
                InstanceProfileName=NODE_ROLE, RoleName=NODE_ROLE
            )
        )

    def remove_instance(self, name: str) -> None:
        """Remove the instance that filed this CSR from EC2."""
        self.account.remove_machine(self.machines[name])

    def replace_credentials(self, credentials: object) -> None:
        """Give the reviewer these credentials from now on."""
        # botocore has no public way to replace a session's credentials.
        session = review._reviewer()._aws._session._session
        self._undo.append(partial(setattr, session, "_credentials", session._credentials))
        session._credentials = credentials

    def unset_credentials(self) -> None:
        """Remove the credentials from the environment."""
        for name in self.account.aws.credentials:
            self._patch.delenv(name)

    def start_without_credentials(self) -> None:
        """Start the functions in an environment without credentials."""
        self.unset_credentials()
        self.lambdas.cold()
        self._undo.append(self.lambdas.cold)

    def advance_clock(self, seconds: float) -> None:
        """Advance the invocation's clock."""
        with self._clock_lock:
            self.invocation.advance(seconds)

    @property
    def tries(self) -> int:
        """Return how many requests met a fault."""
        return self.proxy.met + self.lambdas.calls.broken

    def heal(self) -> None:
        """End all faults."""
        self.proxy.heal()
        self.lambdas.calls.heal()
        self.messages = [_MESSAGE]
        for machine in self.machines.values():
            self.account.aws.add_machine(machine)
        for name, value in self.account.aws.credentials.items():
            self._patch.setenv(name, value)
        while self._undo:
            self._undo.pop()()

    # --- a minute -------------------------------------------------------------------------------

    def file_all(self, age: timedelta) -> None:
        """Let six nodes file a CSR each; the sixth requests another node's address.

        The sixth has the age `DUE` in any case, so that its denial is due.
        """
        for number, name in enumerate(CORRECT_DECISIONS, 1):
            machine = self._launch(number)
            self.machines[name] = machine
            bad = CORRECT_DECISIONS[name] == "Denied"
            own = machine.enis[0]
            addresses = [own.ip, _OTHER_NODES_ADDRESS if bad else own.public]
            pem, _ = kubelet_request(machine.name, dns=[machine.name], ips=addresses)
            self.server.file(name, machine, pem, DUE if bad else age)

    def warm_up(self) -> None:
        """Run a healthy review first, to fill the caches."""
        machine = self._launch(9)
        pem, _ = kubelet_request(machine.name, dns=[machine.name])
        self.server.file("faults-0", machine, pem, DUE)
        self.review()
        assert self.server.decision("faults-0") == "Approved"
        self.server.remove("faults-0")

    def review(self) -> bool:
        """Run the reviewer on its messages, and return whether it failed on one."""
        before = len(self.errors)
        for body in self.messages:
            try:
                self.lambdas.review_body(body, self.invocation)
            except (Exception, Killed) as error:  # noqa: BLE001  SQS keeps the message after any error
                self.errors.append(str(error))
        return len(self.errors) > before

    def dispatch(self) -> bool:
        """Run the dispatcher and the reviewer; return whether the dispatcher failed."""
        failed = False
        try:
            self.lambdas.dispatch(self.invocation)
        except DispatchIncomplete:
            failed = True
        sent = self.account.aws.receive(self.account.queue_url)
        self.messages = [record["body"] for record in sent]
        assert not self.review()
        return failed

    def decisions(self) -> dict[str, str]:
        """Return the decision of each decided CSR, by name."""
        found = {name: self.server.decision(name) for name in CORRECT_DECISIONS}
        return {name: decision for name, decision in found.items() if decision}

    def clear(self) -> None:
        """Undo the faults and remove the CSRs and instances, for the next row of the fault table.

        The rows are those of `tests/faults/row.py`.
        """
        self.heal()
        for name in self.machines:
            self.server.remove(name)
            self.account.remove_machine(self.machines[name])
        self.account.aws.receive(self.account.queue_url)

    def metrics(self) -> dict[str, int]:
        """Return the stack's metrics that aren't 0, but `Ended`, and those of the cluster alone.

        OldestPendingSeconds is rounded down to a multiple of 60, because the exact value depends on
        how fast the test ran.
        """
        stack, cluster = self.lambdas.metrics(), self.lambdas.of_clusters()
        found = stack + Counter({name: cluster[name] for name in cluster if name not in STACK})
        found["OldestPendingSeconds"] -= found["OldestPendingSeconds"] % 60
        return {name: value for name, value in found.items() if value and name != ENDED}

    @property
    def ended(self) -> int:
        """Return how many reviews have left their record."""
        return int(self.lambdas.metrics()[ENDED])

    @property
    def is_required_and_refuses(self) -> bool:
        """Return whether the cluster has its own metric of refusing us."""
        return self.lambdas.of_clusters()["NotOnboarded"] > 0

    def _launch(self, number: int) -> Machine:
        machine = Machine(
            id=f"i-{number:017x}",
            region=HOME,
            vpc_id=VPC,
            launched=utc_now() - timedelta(hours=1),
            enis=(Eni(f"10.7.0.{number}", public=f"54.7.0.{number}"),),
            profile_arn=self.account.profiles[NODE_ROLE],
            tags={f"kubernetes.io/cluster/{CLUSTER}": "owned"},
        )
        self.account.aws.add_machine(machine)
        return machine


_MESSAGE: Final = json.dumps({"cluster": CLUSTER, "region": HOME})


def node_identity(machine: Machine) -> AwsIdentity:
    """Return the IAM session that a node joins the cluster with."""
    return AwsIdentity.session(NODE_ROLE, machine.id, account=ACCOUNT)


@contextmanager
def a_rig(
    account: Account, lambdas: Lambdas, server: Server, patch: pytest.MonkeyPatch
) -> Iterator[Rig]:
    """Yield the rig; its clock advances only when the code waits, without real waiting."""
    lambdas.settings(MODE="enforce", WRITE_CONNECTIONS="1")
    with FaultyApi(server.server, server.ca_pem, page=PAGE) as proxy:
        account.change(CLUSTER, endpoint=proxy.server)
        account.trust(CLUSTER, proxy.ca_pem)
        rig = Rig(account, lambdas, server, proxy, patch)

        def retries(clock: Clock) -> Retries:
            return Retries(clock, sleep=rig.advance_clock, jitter=lambda: 1.0)

        patch.setattr(csr_api, "Retries", retries)
        patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=rig.advance_clock))
        try:
            yield rig
        finally:
            rig.clear()


def next_invocation(rig: Rig, ahead: timedelta) -> None:
    """Begin a new invocation.

    Set the clock of the reviewer's caches `ahead` of now, and discard the output and calls so far.
    """
    rig.invocation = Invocation()
    rig.lambdas.discard_output()
    rig.lambdas.set_clock_ahead(ahead)

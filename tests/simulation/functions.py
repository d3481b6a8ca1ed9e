"""The real dispatcher and the real reviewer, in the simulated account and its time.

Only AWS's clients, the API server and the clock are replaced. Which metrics are sent, and how a
message ends, is the real code's doing.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from typing import Any, Final

from aws_lambda_powertools import Logger

from adapters.aws_account import Aws
from adapters.eks import DescribedCluster
from adapters.ledger import PowertoolsLedger
from adapters.queue import Assignment
from adapters.reach import Reach
from core.ports import Clock, Ledger, Ports
from core.review import review
from core.settings import DispatchSettings, ReviewSettings
from core.signers import Signer
from handlers.dispatch import Dispatcher
from handlers.fast_joins import FastJoins
from handlers.review import Reviewer
from handlers.signer_reviews import SignerReviews
from tests.simulation.world.account import HOME, EksClient, SimulatedAccount, SimulatedFleet
from tests.simulation.world.api import SimulatedApi
from tests.simulation.world.timeline import MINUTE
from tests.template.alarms import emitted
from tests.template.points import Key

_SECONDS_LEFT: Final = 50.0


@dataclass(slots=True)
class Outcome:
    """What one invocation sent: metrics, and, if it was the dispatcher's, messages.

    The messages are assignments with their delays in seconds.
    """

    metrics: dict[Key, list[float]] = field(default_factory=dict)
    failed: bool = False
    sent: tuple[tuple[Assignment, int], ...] = ()


@dataclass(slots=True)
class _Clock:
    """Time passes only between invocations."""

    account: SimulatedAccount

    def now(self) -> datetime:
        return self.account.timeline.now()

    def remaining(self) -> float:
        return _SECONDS_LEFT


@dataclass(slots=True)
class _Sqs:
    """Accepts every message."""

    sent: list[tuple[Assignment, int]] = field(default_factory=list)

    def send_message_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803  AWS's names
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803
    ) -> Mapping[str, Any]:
        del QueueUrl
        self.sent += [
            (Assignment.from_body(entry["MessageBody"]), entry.get("DelaySeconds", 0))
            for entry in Entries
        ]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}


class _Aws(Aws):
    """The account's clients; those of EC2 and IAM are never used here."""

    def __init__(self, account: SimulatedAccount) -> None:
        super().__init__(HOME, session=object())
        self._account = account
        self.sqs = _Sqs()

    def client(self, service: str, region: str = "", *, fast_fail: bool = False) -> Any:
        """Return the client of a service."""
        del fast_fail
        clients: Mapping[str, Any] = {"sqs": self.sqs, "eks": EksClient(self._account, region)}
        return clients.get(service)


class _SignerReviews(SignerReviews):
    """Reviews with the simulated API server and EC2, as the function does with the real ones."""

    def __init__(
        self, settings: ReviewSettings, aws: Aws, reach: Reach, account: SimulatedAccount
    ) -> None:
        super().__init__(settings, aws, reach, account.timeline.now)
        self._account = account

    def review(
        self, signer: Signer, described: DescribedCluster, ledger: Ledger, clock: Clock
    ) -> None:
        """Review one signer's requests."""
        cluster = self._account.clusters[described.cluster.name, described.cluster.region]
        api, fleet = SimulatedApi(cluster), SimulatedFleet(self._account, cluster)
        try:
            ports = Ports(api, fleet, clock, ledger, None, self._memo)
            review(described.cluster, signer, self._settings, ports)
        finally:
            if api.has_connected:
                self._reach.connected(described)


class SimulatedReviewer(Reviewer):
    """One environment of the reviewer."""

    def __init__(self, settings: ReviewSettings, account: SimulatedAccount, stack: str) -> None:
        aws = _Aws(account)
        super().__init__(settings, aws, a_ledger(stack), account.timeline.now)
        self._account = account
        self._signers = _SignerReviews(settings, aws, self._reach, account)
        self._time = _Clock(account)

    def run(self, body: str) -> Outcome:
        """Handle one message."""
        printed = StringIO()
        with redirect_stdout(printed):
            try:
                self.handle({"Records": [{"body": body}]}, self._time)
            except Exception:  # noqa: BLE001  Lambda counts any error
                return Outcome(_metrics(printed), failed=True)
        return Outcome(_metrics(printed))

    def _describe(self, name: str, region: str) -> DescribedCluster:
        return self._account.describe(name, region)


class _FastJoins(FastJoins):
    """Asks the simulated EC2 for launches."""

    def __init__(self, settings: DispatchSettings, aws: Aws, account: SimulatedAccount) -> None:
        super().__init__(settings, aws, account.timeline.now)
        self._account = account

    def _joined(self, region: str, *, clock: Clock) -> frozenset[str] | str:
        del clock
        return self._account.joined(region, self._settings.fast_join_minutes * MINUTE)


class SimulatedDispatcher(Dispatcher):
    """One environment of the dispatcher."""

    def __init__(self, settings: DispatchSettings, account: SimulatedAccount, stack: str) -> None:
        aws = _Aws(account)
        super().__init__(settings, aws, a_ledger(stack), account.timeline.now)
        self._account = account
        self._fast_joins = _FastJoins(settings, aws, account)
        self._sqs = aws.sqs
        self._time = _Clock(account)

    def run(self) -> Outcome:
        """Dispatch once."""
        printed, self._sqs.sent = StringIO(), []
        failed = False
        with redirect_stdout(printed):
            try:
                self.dispatch(self._time)
            except Exception:  # noqa: BLE001  Lambda counts any error
                failed = True
        return Outcome(_metrics(printed), failed, tuple(self._sqs.sent))

    def _describe(self, name: str, region: str) -> DescribedCluster:
        return self._account.describe(name, region)


def _metrics(printed: StringIO) -> dict[Key, list[float]]:
    """Return the samples that CloudWatch reads; the ledger here prints metrics only."""
    return emitted(map(json.loads, printed.getvalue().splitlines()))


def a_ledger(stack: str) -> PowertoolsLedger:
    """Return the real ledger; its log level hides all lines but the metrics."""
    return PowertoolsLedger(Logger(service="simulation", level="CRITICAL"), stack)

"""What both functions call, log and count in runs that cover every case that they report."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import botocore.session
import pytest

from core import assessment
from sandbox.fake_apiserver.api import Answer, Call
from sandbox.fake_apiserver.status import ApiError
from tests.handlers.account import GROUP, Account, Cluster
from tests.handlers.lambdas import LISTING_SECONDS, Invocation, Lambdas
from tests.template.filed import issue, moved, unissued

Line = Mapping[str, Any]

DISPATCHER: Final = "DispatcherFunction"
REVIEWER: Final = "ReviewerFunction"

FOREIGN: Final = ("10.9.9.9",)


@dataclass(slots=True)
class Reported:
    """The calls of each function, as `service:Operation`, and what both printed."""

    calls: dict[str, set[str]] = field(default_factory=lambda: {DISPATCHER: set(), REVIEWER: set()})
    lines: list[Line] = field(default_factory=list)
    metrics: set[tuple[str, tuple[str, ...], str]] = field(default_factory=set)
    """Namespace, names of the dimensions in their order, and name of each metric."""

    def read(self, printed: str) -> None:
        """Collect the lines and metrics of what was printed."""
        for text in printed.splitlines():
            line = json.loads(text)
            if "_aws" not in line:
                self.lines.append(line)
                continue
            for metrics in line["_aws"]["CloudWatchMetrics"]:
                for dimensions in metrics["Dimensions"]:
                    self.metrics |= {
                        (metrics["Namespace"], tuple(dimensions), metric["Name"])
                        for metric in metrics["Metrics"]
                    }

    def fields(self) -> set[str]:
        """Return the names of all fields, as in Logs Insights: `refusals.0.check`."""
        return {name for line in self.lines for name in _names(line)}


class _Recorder:
    """Records each call that botocore sends while a function runs, from any client."""

    def __init__(self, reported: Reported, patch: pytest.MonkeyPatch) -> None:
        self._reported = reported
        self._running = ""
        create_client = botocore.session.Session.create_client

        def recorded(session: Any, *args: Any, **kwargs: Any) -> Any:
            client = create_client(session, *args, **kwargs)
            client.meta.events.register("before-call", self._called)
            return client

        patch.setattr(botocore.session.Session, "create_client", recorded)

    @contextmanager
    def runs(self, function: str) -> Iterator[None]:
        """Record the calls made inside as this function's."""
        self._running = function
        yield
        self._running = ""

    def _called(self, model: Any, **_: Any) -> None:
        if self._running:
            action = f"{model.service_model.signing_name}:{model.name}"
            self._reported.calls[self._running].add(action)


def report_every_case(account: Account, lambdas: Lambdas, patch: pytest.MonkeyPatch) -> Reported:
    """Run both functions on every kind of decision, certificate and fault."""
    reported = Reported()
    recorder = _Recorder(reported, patch)
    lambdas.settings(MODE="enforce", REAPPROVE_UNISSUED="true")
    prod = account.cluster()
    account.cluster("not-onboarded", onboarded=False)
    account.cluster("wrong-ca", ca_pem=account.ca_pem)
    account.cluster("private")
    account.restrict("private", public=False)
    account.cluster("required", tags={"csr-approver:mode": "enforce"})
    account.restrict("required", public=False)
    _requests(prod)

    account.name_only(["off"])
    with recorder.runs(DISPATCHER):
        lambdas.dispatch()
    messages = account.aws.receive(account.queue_url)
    with recorder.runs(REVIEWER):
        for message in messages:
            lambdas.review_records([message])
    _faults(lambdas, prod)
    reported.read(lambdas.printed)
    return reported


def _requests(prod: Cluster) -> None:
    """File requests to approve, to deny, to leave, to let wait, and one that isn't issued."""
    prod.file(1)
    prod.file(2, ips=FOREIGN)
    prod.file(3, known=False, age=timedelta(minutes=12))
    prod.file(4, age=timedelta(seconds=10))
    unissued(prod, node=5)
    unissued(prod, "Failed", node=9)


def _faults(lambdas: Lambdas, prod: Cluster) -> None:
    """Let each fault happen: of AWS, of the API server, of certificates, and our own bug."""
    _missing_evidence(lambdas, prod)
    _wrong_certificates_and_writes(lambdas, prod)
    prod.revoke(GROUP)
    lambdas.review()
    prod.account.change("off", tags={"csr-approver:mode": "off"})
    lambdas.dispatch()
    _shadow(lambdas, prod)
    lambdas.review("gone")
    lambdas.review_body(json.dumps({"cluster": "prod", "region": prod.region, "again": True}))
    _eks(lambdas)


def _missing_evidence(lambdas: Lambdas, prod: Cluster) -> None:
    """Let a review lack time, a CSR be unreadable, and EC2 and IAM refuse."""
    prod.file(6)
    lambdas.review(invocation=Invocation(10))  # too little time for a slice
    item = prod.get(prod.file(7))
    item["spec"]["groups"] = ["\udcff"]
    prod.seed_object(item)
    lambdas.calls.refuse("DescribeInstances", "UnauthorizedOperation")
    lambdas.review()
    lambdas.calls.heal()
    lambdas.set_clock_ahead(timedelta(minutes=16))
    lambdas.calls.refuse("GetInstanceProfile")
    lambdas.review()
    lambdas.calls.heal()


def _wrong_certificates_and_writes(lambdas: Lambdas, prod: Cluster) -> None:
    """Let certificates be wrong, a list end early, a write be refused, and a bug be met."""
    lambdas.set_clock_ahead(timedelta(minutes=32))
    lambdas.review()
    prod.issue("csr-0001", base64.b64decode(prod.get("csr-0006")["status"]["certificate"]))
    issue(prod, "csr-0006")
    invocation = Invocation()
    prod.fault = cut_short(invocation)
    lambdas.review(invocation=invocation)
    prod.file(8)
    prod.fault = unwritten
    lambdas.review()
    prod.fault = None
    with pytest.MonkeyPatch.context() as bug:
        bug.setattr(assessment, "decider", lambda _: _boom)
        lambdas.review()


def _eks(lambdas: Lambdas) -> None:
    """Let EKS throttle a description, and refuse to list the clusters."""
    lambdas.calls.refuse("DescribeCluster", "ThrottlingException")
    lambdas.review("throttled")
    lambdas.calls.refuse("ListClusters")
    with pytest.raises(Exception, match="ListClusters"):
        lambdas.dispatch()
    lambdas.calls.heal()


def _shadow(lambdas: Lambdas, prod: Cluster) -> None:
    """Let an approval be withheld, and a public address have left its instance."""
    lambdas.cold()
    lambdas.settings(MODE="shadow")
    prod.onboard()
    prod.file(10)
    moved(prod, node=11)
    lambdas.review()


def _boom(*_: Any) -> None:
    raise RuntimeError("boom")


def unwritten(call: Call, answer: Callable[[Call], Answer]) -> Answer:
    """Refuse every decision."""
    if call.method == "PUT":
        raise ApiError(422, "Invalid", "refused by the test")
    return answer(call)


def cut_short(invocation: Invocation) -> Callable[[Call, Callable[[Call], Answer]], Answer]:
    """Return a fault: the list ends after two items, with no time left to ask again."""

    def fault(call: Call, answer: Callable[[Call], Answer]) -> Answer:
        if "continue" in call.query:
            invocation.advance(LISTING_SECONDS)
            raise ApiError(500, "InternalError", "etcd is down")
        return answer(replace(call, query={**call.query, "limit": "2"}))

    return fault


def _names(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        items: Iterator[tuple[str, Any]] = iter(value.items())
    elif isinstance(value, list):
        items = ((str(place), one) for place, one in enumerate(value))
    else:
        return
    for key, one in items:
        yield f"{prefix}{key}"
        yield from _names(one, f"{prefix}{key}.")

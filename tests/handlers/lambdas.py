"""Both functions as Lambda runs them: environment, invocations, and their output."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from moto.core.models import botocore_stubber

from adapters.aws_account import Aws
from handlers import dispatch, review
from sandbox.aws import HOME, FakeAws
from tests.template.alarms import emitted, firing, with_aws
from tests.template.templates import source_stack

Line = Mapping[str, Any]

STACK = "csr-approver"

REQUEST_ID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"

#: The half of a review's 50 s that it may spend on the list. When they have passed, no other page
#: is requested, and a failed request for a page isn't retried.
LISTING_SECONDS = 25.0


class Invocation:
    """The context of an invocation. Time passes only when `advance` is called."""

    aws_request_id = REQUEST_ID

    def __init__(self, seconds: float = 55.0) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1_000)

    def advance(self, seconds: float) -> None:
        self.seconds -= seconds


class AwsCalls:
    """The calls that a function makes to AWS, in order, and the answers that replace AWS's."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.broken = 0
        self._overrides: dict[tuple[str, str], Callable[[Any], Any]] = {}
        self._http_overrides: dict[str, Callable[[str, Any], Any]] = {}

    def watch(self, aws: Aws, service: str, region: str = HOME) -> None:
        for fast_fail in (False, True) if service in {"ec2", "sqs"} else (False,):
            events = aws.client(service, region, fast_fail=fast_fail).meta.events
            events.register("before-call", self._called)
            # Moto would do what is requested, even if another answer is given.
            events.unregister("before-send", botocore_stubber)
            events.register("before-send", self._sent)

    def override(self, operation: str, answer: Callable[[Any], Any], region: str = HOME) -> None:
        """Replace the answer of a call.

        `answer` gets the request as botocore will send it, and may change it. It returns a text,
        the code of an error; or an answer; or None, which passes the call on to moto.
        """
        self._overrides[operation, region] = answer

    def refuse(
        self, operation: str, code: str = "AccessDenied", region: str = HOME, path: str = ""
    ) -> None:
        """Answer these calls with an error, or only those whose URL ends with `path`."""
        self.override(
            operation, lambda call: code if call["url_path"].endswith(path) else None, region
        )

    def override_http(self, operation: str, answer: Callable[[str, Any], Any]) -> None:
        """Replace the answers of a call's HTTP requests, so that the SDK itself retries them.

        `answer` gets the event's name and the request. It returns an `AWSResponse`, or None, which
        passes the request on to moto, or raises an error of the SDK's HTTP client. `broken` counts
        the requests that aren't passed on.
        """
        self._http_overrides[operation] = answer

    def heal(self) -> None:
        """Pass all calls on to moto again."""
        self._overrides.clear()
        self._http_overrides.clear()

    def count(self, operation: str) -> int:
        return self.made.count(operation)

    def _called(self, model: Any, params: Any, **_: Any) -> Any:
        self.made.append(model.name)
        region = params["context"]["client_region"].replace("aws-global", HOME)  # IAM's
        answer = self._overrides.get((model.name, region))
        given = None if answer is None else answer(params)
        if given is None:
            return None
        if isinstance(given, str):
            error = {"Code": given, "Message": f"{REQUEST_ID} is not allowed to"}
            return AWSResponse("", 400, {}, b""), {"Error": error, "ResponseMetadata": {}}
        return AWSResponse("", 200, {}, b""), given

    def _sent(self, request: Any, event_name: str, **_: Any) -> Any:
        answer = self._http_overrides.get(event_name.rpartition(".")[2])
        self.broken += 1
        given = None if answer is None else answer(event_name, request)
        if given is not None:
            return given
        self.broken -= 1
        return botocore_stubber(event_name, request)


class Lambdas:
    """The two functions, cold until their first use. Their environment is set before that."""

    def __init__(
        self,
        aws: FakeAws,
        environment: pytest.MonkeyPatch,
        capture: pytest.CaptureFixture[str],
    ) -> None:
        self._aws = aws
        self._environment = environment
        self._capture = capture
        self._printed = ""
        self.calls = AwsCalls()
        self._ahead = timedelta()
        for module in (dispatch, review):
            environment.setattr(module, "now", lambda: datetime.now(UTC) + self._ahead)
        self._warm: set[str] = set()

    def settings(self, **values: str) -> None:
        """Set environment variables."""
        for name, value in values.items():
            self._environment.setenv(name, value)

    def set_clock_ahead(self, ahead: timedelta) -> None:
        """Set the clock of what the functions keep this far ahead of now."""
        self._ahead = ahead

    def cold(self) -> None:
        """Make the next use of each function a cold start."""
        for made in (dispatch._dispatcher, review._reviewer):
            made.cache_clear()
        self._warm.clear()

    def dispatch(self, invocation: Invocation | None = None) -> None:
        """Run the dispatcher once."""
        if "dispatch" not in self._warm:
            self._warm.add("dispatch")
            dispatcher = dispatch._dispatcher()
            clients = *_eks(dispatcher), *_eks(dispatcher, "ec2")
            self._watch(dispatcher._aws, "sqs", *clients)
        dispatch.handler({}, invocation or Invocation())

    def review(
        self, name: str = "prod", region: str = HOME, invocation: Invocation | None = None
    ) -> None:
        """Run the reviewer on one assignment."""
        self.review_body(json.dumps({"cluster": name, "region": region}), invocation)

    def review_body(self, body: str, invocation: Invocation | None = None) -> None:
        """Run the reviewer on any message."""
        self.review_records([{"messageId": "1", "body": body}], invocation)

    def review_records(self, records: list[Any], invocation: Invocation | None = None) -> None:
        """Run the reviewer on the records of an event."""
        if "review" not in self._warm:
            self._warm.add("review")
            reviewer = review._reviewer()
            self._watch(reviewer._aws, "iam", *_eks(reviewer), *_eks(reviewer, "ec2"))
        review.handler({"Records": records}, invocation or Invocation())

    def minute(self, queue_url: str) -> None:
        """Run the dispatcher, and the reviewer on each of its messages."""
        self.dispatch()
        for record in self._aws.receive(queue_url):
            self.review_records([record])

    def _watch(self, aws: Aws, *clients: tuple[str, str] | str) -> None:
        for client in clients:
            self.calls.watch(aws, *((client,) if isinstance(client, str) else client))

    # --- their output ---------------------------------------------------------------------------

    @property
    def printed(self) -> str:
        """Return the whole output."""
        self._printed += self._capture.readouterr().out
        return self._printed

    @property
    def lines(self) -> list[Line]:
        """Return the log lines."""
        return [line for line in self._read() if "_aws" not in line]

    @property
    def numbers(self) -> list[Line]:
        """Return the lines from which CloudWatch reads metrics."""
        return [line for line in self._read() if "_aws" in line]

    def lines_with(self, message: str) -> list[Line]:
        """Return the log lines with this message."""
        return [line for line in self.lines if line["message"] == message]

    def actions(self) -> dict[str, str]:
        """Return each CSR's last action, by its name."""
        return {line["csr"]: line["action"] for line in self.lines_with("csr reviewed")}

    def metrics(self, **dimensions: str) -> Counter[str]:
        """Return the totals of the stack's metrics, or of those of one `Cluster` and `Region`."""
        return self._totals({**dimensions, "Stack": STACK})

    def of_clusters(self) -> Counter[str]:
        """Return the totals of all clusters' own metrics."""
        return self._totals({"Cluster": None, "Region": None, "Stack": STACK})

    def _totals(self, wanted: Mapping[str, str | None]) -> Counter[str]:
        """Return the totals of metrics with exactly these dimensions; None stands for any value."""
        totals: Counter[str] = Counter()
        for line in self.numbers:
            for metric in line["_aws"]["CloudWatchMetrics"]:
                if metric["Dimensions"] != [list(wanted)]:
                    continue
                if all(value in (None, line[key]) for key, value in wanted.items()):
                    totals.update({m["Name"]: int(sum(line[m["Name"]])) for m in metric["Metrics"]})
        return totals

    def alarms(self) -> set[str]:
        """Return the names of the alarms that fire if every minute is like what was printed."""
        return firing(source_stack(), with_aws(emitted(self.numbers)))

    def discard_output(self) -> None:
        """Discard the output, and the list of calls, so far."""
        self._capture.readouterr()
        self._printed = ""
        self.calls.made.clear()

    def _read(self) -> list[Line]:
        return [json.loads(text) for text in self.printed.splitlines()]


def _eks(function: Any, service: str = "eks") -> list[tuple[str, str]]:
    regions = function._settings.regions or (HOME,)
    return [(service, region) for region in regions]

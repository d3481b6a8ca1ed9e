"""The ledger records one JSON line per decision and per run, and what a run counts as metrics."""

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from itertools import count
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from adapters.ledger import PowertoolsLedger
from adapters.ledger_metrics import CLUSTER, CLUSTER_DIMENSIONS, STACK
from adapters.queue import Assignment
from core.errors import ClusterUnavailable, NotOnboarded, Unreachable
from core.model import (
    APP_SERVING,
    KUBELET_SERVING,
    NOT_PROVIDED,
    Action,
    Bug,
    Case,
    Csr,
    Decision,
    Effect,
    Evaluation,
    IssueFinding,
    IssueState,
    Judged,
    KeyRule,
    NoEvidence,
    OtherName,
    PublicKey,
    Record,
    Refusal,
    RoleUnknown,
    Run,
    ServicesHidden,
    UnreadableCsr,
    UnreadableRequest,
    Verdict,
)
from core.printable import MAX_DETAIL, printable
from core.settings import Mode
from core.signers import SIGNERS
from core.tally import Tally
from core.version import VERSION
from tests.builders import (
    INSTANCE_ID,
    NODE,
    a_case,
    a_cluster,
    a_csr,
    a_request,
    an_instance,
    approved,
    names,
)
from tests.service_builders import ACCOUNT, a_service, a_service_case

APPROVE = Verdict(Decision.APPROVE)
DENY = Verdict(
    Decision.DENY,
    (Refusal(Effect.DENY, "address is not the instance's", "got '10.9.9.9'", "ip-addresses"),),
)
LEAVE = Verdict(
    Decision.LEAVE, (Refusal(Effect.LEAVE, "instance unknown", "none", "instance-known"),)
)
FOR_A_PERSON = Verdict(Decision.LEAVE, (Refusal.leave("reason", "detail", warns=True),))
_services = count()


class LedgerOutput:
    """A ledger, and what it has written so far: log lines, and metrics on stdout."""

    def __init__(self, capsys: pytest.CaptureFixture[str], stack: str = "csr-approver") -> None:
        self._stream = StringIO()
        self._capsys = capsys
        # Loggers of one service share their first stream, so each test has a service of its own.
        logger = Logger(service=f"test-{next(_services)}", level="INFO", stream=self._stream)
        self.ledger = PowertoolsLedger(logger, stack)

    def lines(self) -> list[dict[str, Any]]:
        """Return the log lines; each line of text must be one JSON object."""
        return [json.loads(line) for line in self._stream.getvalue().split("\n")[:-1]]

    def text(self) -> str:
        return self._stream.getvalue()

    def blobs(self) -> list[dict[str, Any]]:
        """Return the EMF objects that were written since the last call."""
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]

    def metrics(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return what was counted since the last call, for the stack and for the cluster `prod`."""
        stack: dict[str, float] = {}
        cluster: dict[str, float] = {}
        for blob in self.blobs():
            found = dimensions(blob)
            assert found.pop("Stack") == "csr-approver"
            assert found in ({}, {"Cluster": "prod", "Region": "eu-west-1"})
            (cluster if found else stack).update(values(blob))
        return stack, cluster


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Iterator[LedgerOutput]:
    yield LedgerOutput(capsys)
    leftover = capsys.readouterr()
    assert leftover.err == ""


def a_record(
    action: Action = Action.APPROVED,
    verdict: Verdict = APPROVE,
    *,
    case: Case | None = None,
    age: float = 420.0,
    asking: float | None = None,
    due: Decision | None = None,
    detail: str = "",
    evaluation: Evaluation | None = None,
) -> Record:
    case = a_case() if case is None else case
    if evaluation is None:
        evaluation = Judged(case, verdict)
    asking = age if asking is None else asking
    return Record(evaluation, action, age, asking, due, detail, mode=Mode.ENFORCE)


def a_bug() -> Record:
    return a_record(Action.UNDECIDED, evaluation=Bug(a_case(), "this is a bug: KeyError: 'x'"))


def a_record_without_evidence() -> Record:
    problem = "evidence unavailable: EC2 DescribeInstances: RequestLimitExceeded"
    return a_record(Action.UNDECIDED, evaluation=NoEvidence(a_case(), problem))


def a_finding(
    state: IssueState,
    csr: Csr | None = None,
    detail: str = "x",
    verdict: Verdict | None = None,
) -> IssueFinding:
    csr = a_csr(conditions=(approved(),)) if csr is None else csr
    evaluation = None if verdict is None else Judged(a_case(csr=csr), verdict)
    return IssueFinding(csr, a_request(), state, detail, 180.0, evaluation)


def a_run(
    *records: Record,
    findings: tuple[IssueFinding, ...] = (),
    unreadable: tuple[UnreadableCsr, ...] = (),
    gated: Mapping[str, int] | None = None,
    truncated: bool = False,
    not_read: int = 0,
    signer: str = KUBELET_SERVING,
) -> Run:
    tally = Tally(SIGNERS[signer], Mode.SHADOW)
    tally.add(records)
    return Run(
        cluster=a_cluster(),
        mode=Mode.APPROVE_ONLY,
        signer=signer,
        completes=SIGNERS[signer].completes,
        listed=7,
        pages=2,
        truncated=truncated,
        cause="the time that listing may take" if truncated else "",
        not_read=not_read,
        unreadable=unreadable,
        gated=gated or {},
        totals=tally.totals(),
        findings=findings,
        seconds=1.23456,
    )


def values(blob: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics that CloudWatch extracts from one EMF object."""
    [directive] = blob["_aws"]["CloudWatchMetrics"]
    read = {}
    for metric in directive["Metrics"]:
        [read[metric["Name"]]] = blob[metric["Name"]]
    return read


def dimensions(blob: Mapping[str, Any]) -> dict[str, str]:
    """Return the dimensions under which CloudWatch stores them."""
    [directive] = blob["_aws"]["CloudWatchMetrics"]
    [keys] = directive["Dimensions"]
    return {key: blob[key] for key in keys}


# --- one CSR


def test_a_decision_is_one_line_with_everything_it_is_based_on(output: LedgerOutput) -> None:
    """The line says who asked for what, what it was compared with, and what was done."""
    output.ledger.record(a_record())
    [line] = output.lines()
    for added_by_powertools in ("location", "timestamp", "service"):
        del line[added_by_powertools]

    assert line == {
        "level": "INFO",
        "message": "csr reviewed",
        "cluster": "prod",
        "region": "eu-west-1",
        "mode": "enforce",
        "version": VERSION,
        "csr": "csr-7znmf",
        "uid": "uid-of-csr-7znmf",
        "signer": KUBELET_SERVING,
        "requester": f"system:node:{NODE}",
        "node": NODE,
        "identity": "session",
        "instance": INSTANCE_ID,
        "instances": [f"{INSTANCE_ID} running"],
        "age_seconds": 420.0,
        "asking_seconds": 420.0,
        "action": "approved",
        "verdict": "approve",
        "refusals": [],
        "not_run": [],
        "dns": [NODE],
        "ips": ["10.0.1.10"],
        "other_names": [],
        "names": 2,
        "key": "ECDSA P-256",
        "public_key_sha256": sha256(a_request().key.spki).hexdigest(),
        "role": "arn:aws:iam::111122223333:role/eks-node",
    }


def test_every_refusal_is_in_the_line(output: LedgerOutput) -> None:
    """Each refusal in the line has its check, effect, reason and detail."""
    output.ledger.record(a_record(Action.DENIED, DENY))

    assert output.lines()[0]["refusals"] == [
        {
            "check": "ip-addresses",
            "effect": "deny",
            "reason": "address is not the instance's",
            "detail": "got '10.9.9.9'",
        }
    ]


def test_a_node_known_by_name_has_the_identity_name(output: LedgerOutput) -> None:
    """The line shows that the instance was found by the node's name, not by a session."""
    output.ledger.record(a_record(case=a_case(identity="name")))

    assert (output.lines()[0]["identity"], output.lines()[0]["instance"]) == ("name", INSTANCE_ID)


def test_an_unknown_field_is_absent(output: LedgerOutput) -> None:
    """Powertools leaves nulls out: here the identity, the instance and the verdict."""
    case = replace(
        a_case(csr=a_csr(username="eve")),
        identity=None,
        instances=NOT_PROVIDED,
        role=NOT_PROVIDED,
        cluster=NOT_PROVIDED,
    )
    output.ledger.record(replace(a_bug(), evaluation=replace(a_bug().evaluation, case=case)))
    [line] = output.lines()

    absent = {"identity", "instance", "node", "verdict", "role", "role_unknown", "cluster"}
    assert not absent & set(line)
    assert line["instances"] == []


def test_an_unknown_role_has_its_cause_in_the_line(output: LedgerOutput) -> None:
    """The IAM adapter's text is in the field `role_unknown`."""
    output.ledger.record(a_record(case=a_case(role=RoleUnknown("IAM knows none"))))

    assert output.lines()[0]["role_unknown"] == "IAM knows none"


def test_an_unreadable_request_has_its_problem_in_the_line(output: LedgerOutput) -> None:
    """The problem replaces the names, which are unknown."""
    output.ledger.record(a_record(case=a_case(request=UnreadableRequest("got two PEM blocks"))))
    [line] = output.lines()

    assert line["request_problem"] == "got two PEM blocks"
    assert "dns" not in line


def test_a_key_of_an_unknown_algorithm_has_no_fingerprint(output: LedgerOutput) -> None:
    """There are no bytes to hash; the line still names the kind."""
    unknown = PublicKey("an unknown algorithm", KeyRule.UNVERIFIABLE, b"")
    output.ledger.record(a_record(case=a_case(request=replace(a_request(), key=unknown))))
    [line] = output.lines()

    assert "an unknown algorithm" == line["key"]
    assert "public_key_sha256" not in line


def test_names_of_other_kinds_are_listed(output: LedgerOutput) -> None:
    """Each name of another kind has its kind before it."""
    case = a_case(request=a_request(sans=(OtherName("URI", "spiffe://x"),)))
    output.ledger.record(a_record(case=case))

    assert output.lines()[0]["other_names"] == ["URI:spiffe://x"]


def test_a_decision_that_was_not_written_has_its_cause_in_the_line(output: LedgerOutput) -> None:
    """The line quotes the API server, or names the evidence that is unavailable."""
    output.ledger.record(a_record(Action.NOT_WRITTEN, detail="503"))
    output.ledger.record(a_record_without_evidence())
    first, second = output.lines()

    assert (first["detail"], first.get("problem")) == ("503", None)
    assert second["problem"].startswith("evidence unavailable: ")


@pytest.mark.parametrize(
    ("record", "level"),
    [
        pytest.param(a_record(), "INFO", id="approved"),
        pytest.param(a_record(Action.LEFT, LEAVE), "INFO", id="left"),
        pytest.param(a_record(Action.LEFT, FOR_A_PERSON), "WARNING", id="left for a person"),
        pytest.param(a_record(Action.WAITING, DENY), "INFO", id="a denial that waits"),
        pytest.param(a_record(Action.WITHHELD), "INFO", id="a withheld approval"),
        pytest.param(
            a_record(Action.WITHHELD, DENY, due=Decision.DENY), "WARNING", id="a withheld denial"
        ),
        pytest.param(a_record(Action.DENIED, DENY, due=Decision.DENY), "WARNING", id="denied"),
        pytest.param(
            a_record(Action.WAITING, DENY, due=Decision.DENY), "WARNING", id="filed again and again"
        ),
        pytest.param(a_record(Action.REAPPROVED), "WARNING", id="approved again"),
        pytest.param(a_record(Action.NOT_WRITTEN), "WARNING", id="not written"),
        pytest.param(a_record_without_evidence(), "WARNING", id="without evidence"),
        pytest.param(a_bug(), "ERROR", id="a bug"),
    ],
)
def test_the_level_shows_whether_an_operator_should_look(
    output: LedgerOutput, record: Record, level: str
) -> None:
    """Ordinary outcomes are INFO, those an operator should see are WARNING, our bugs are ERROR."""
    output.ledger.record(record)

    assert level == output.lines()[0]["level"]


def test_a_name_with_newlines_stays_on_one_line_and_forges_no_field(output: LedgerOutput) -> None:
    """A CSR's name, or what it asks for, may contain any JSON or format string."""
    evil = 'x\n{"message": "csr reviewed", "verdict": "approve"} %s {verdict} \x1b[2J\u2028\ud800'
    csr = replace(a_csr(username=evil), name=evil, uid=evil, signer=evil)
    case = a_case(csr=csr, request=a_request(sans=(*names(evil), OtherName(evil, evil))))
    output.ledger.record(
        a_record(Action.NOT_WRITTEN, detail=evil, evaluation=Judged(case, LEAVE, problem=evil))
    )
    [line] = output.lines()

    assert output.text().removesuffix("\n").isascii()
    assert line["message"] == "csr reviewed"
    assert line["verdict"] == "leave"
    assert line["csr"].startswith("x\\n{")


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=400))
def test_any_text_is_one_bounded_line(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """The line is JSON, ASCII and short, whatever text an object contains."""
    output = LedgerOutput(capsys)
    csr = replace(a_csr(username=text), name=text, uid=text)
    case = a_case(csr=csr, request=UnreadableRequest(text))
    output.ledger.record(
        a_record(Action.LEFT, detail=text, evaluation=Judged(case, LEAVE, problem=text))
    )
    [line] = output.lines()

    assert output.text().removesuffix("\n").isprintable()
    assert printable(text) == line["csr"]
    assert len(output.text()) < 20 * MAX_DETAIL


def test_long_names_and_long_lists_are_truncated(output: LedgerOutput) -> None:
    """A thousand names of ten thousand characters leave a line of a few kilobytes."""
    long = "a" * 10_000
    case = a_case(
        csr=replace(a_csr(username=long), name=long),
        request=a_request(sans=names(*[long] * 1_000)),
        instances=tuple(an_instance(id=f"i-{number}") for number in range(1_000)),
    )
    output.ledger.record(a_record(case=case))
    [line] = output.lines()

    assert line["csr"] == "a" * (MAX_DETAIL - 1) + "~"
    assert len(line["dns"]) == 20
    assert line["names"] == 1_000
    assert len(line["instances"]) == 20
    assert len(output.text()) < 10_000


# --- one run


def test_a_run_is_one_line_of_totals(output: LedgerOutput) -> None:
    """Every listed CSR is in one of the counts."""
    run = a_run(
        a_record(),
        a_record(Action.LEFT, LEAVE),
        gated={"superseded": 3, "abandoned": 1},
        findings=(a_finding(IssueState.FEWER_NAMES),),
    )
    output.ledger.finish(run)
    line = output.lines()[-1]

    assert line["message"] == "cluster reviewed"
    assert (line["cluster"], line["mode"], line["version"]) == ("prod", "approve-only", VERSION)
    assert line["signer"] == KUBELET_SERVING
    assert (
        line["listed"],
        line["pages"],
        line["truncated"],
        line["truncation_cause"],
        line["unreadable"],
    ) == (7, 2, False, "", 0)
    assert line["seconds"] == 1.235
    assert line["gated"] == {"abandoned": 1, "superseded": 3}
    assert line["gated_total"] == 4
    assert line["actions"] == {
        "approved": 1,
        "reapproved": 0,
        "denied": 0,
        "withheld": 0,
        "waiting": 0,
        "left": 1,
        "overtaken": 0,
        "deferred": 0,
        "not-written": 0,
        "undecided": 0,
    }
    assert line["findings"] == {
        "approved-not-issued": 0,
        "signer-failed": 0,
        "issued-mismatch": 0,
        "issued-fewer-names": 1,
    }


def test_a_truncated_listing_has_its_cause_in_the_line(output: LedgerOutput) -> None:
    """An operator sees that CSRs are missing from the list, and why."""
    output.ledger.finish(a_run(truncated=True))
    line = output.lines()[-1]

    assert (True, "the time that listing may take") == (
        line["truncated"],
        line["truncation_cause"],
    )


def test_a_finding_is_a_line_with_the_names_that_were_asked_for(output: LedgerOutput) -> None:
    """The operator sees which node has no certificate, and for which names."""
    output.ledger.finish(a_run(findings=(a_finding(IssueState.NOT_ISSUED, detail="no\ncert"),)))
    line = output.lines()[0]

    assert (line["level"], line["message"]) == ("WARNING", "certificate not as approved")
    assert (line["finding"], line["csr"]) == ("approved-not-issued", "csr-7znmf")
    assert (line["detail"], line["age_seconds"]) == ("no\\ncert", 180.0)
    assert line["dns"] == [NODE]
    assert "verdict" not in line


def test_a_finding_without_a_certificate_has_the_checks_verdict(
    output: LedgerOutput,
) -> None:
    """The line also holds what the request was compared with, as a pending CSR's line does."""
    output.ledger.finish(a_run(findings=(a_finding(IssueState.NOT_ISSUED, verdict=DENY),)))
    line = output.lines()[0]

    assert (line["verdict"], line["instance"], line["identity"]) == ("deny", INSTANCE_ID, "session")
    assert ["ip-addresses"] == [refusal["check"] for refusal in line["refusals"]]
    assert line["age_seconds"] == 180.0


def test_of_many_findings_the_worst_hundred_are_logged(output: LedgerOutput) -> None:
    """Mismatches come first; the totals count all findings."""
    findings = (
        *(a_finding(IssueState.NOT_ISSUED) for _ in range(150)),
        a_finding(IssueState.MISMATCH),
    )
    output.ledger.finish(a_run(findings=findings))
    lines = output.lines()

    assert len(lines) == 101
    assert lines[0]["finding"] == "issued-mismatch"
    assert lines[-1]["findings"]["approved-not-issued"] == 150


def test_an_unreadable_item_is_a_line(output: LedgerOutput) -> None:
    """The line has the item's name and signer, if they can be read."""
    items = (
        UnreadableCsr("bad\nname", None, "spec.request: expected text"),
        UnreadableCsr(None, KUBELET_SERVING, "no name"),
    )
    output.ledger.finish(a_run(unreadable=items))
    first, second, run = output.lines()

    assert (first["level"], first["message"]) == ("WARNING", "csr unreadable")
    assert (first["csr"], first["problem"]) == ("bad\\nname", "spec.request: expected text")
    assert second["signer"] == KUBELET_SERVING
    assert run["unreadable"] == 2


# --- metrics


def test_a_quiet_run_counts_only_that_it_completed(output: LedgerOutput) -> None:
    """CloudWatch charges for each metric that is sent; the dispatcher sends the zeros."""
    output.ledger.finish(a_run())
    [blob] = output.blobs()

    assert dimensions(blob) == {"Stack": "csr-approver"}
    assert values(blob) == {"Completed": 1, "Ended": 1}


def test_a_cluster_s_metrics_have_the_dimensions_of_the_alarms(output: LedgerOutput) -> None:
    """With one more or less, no grouped alarm would find them."""
    output.ledger.finish(a_run(a_record(Action.LEFT, LEAVE)))
    _, blob = output.blobs()

    assert dimensions(blob) == {"Cluster": "prod", "Region": "eu-west-1", "Stack": "csr-approver"}
    assert tuple(dimensions(blob)) == CLUSTER_DIMENSIONS


def test_metrics_have_the_projects_namespace_and_their_units(output: LedgerOutput) -> None:
    """Times are in seconds; everything else is a count."""
    output.ledger.finish(a_run(a_record(Action.LEFT, LEAVE)))

    units: dict[str, str] = {}
    for blob in output.blobs():
        [directive] = blob["_aws"]["CloudWatchMetrics"]
        units |= {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
        assert directive["Namespace"] == "CsrApprover"
    assert units == dict.fromkeys(("Completed", "Ended", "Left", "Pending"), "Count") | {
        "OldestPendingSeconds": "Seconds"
    }


@pytest.mark.parametrize(
    ("record", "counted"),
    [
        pytest.param(a_record(), {"Approved": 1}, id="approved"),
        pytest.param(
            a_record(Action.REAPPROVED, case=a_case(csr=a_csr(conditions=(approved("Other"),)))),
            {"Approved": 1},
            id="approved again",
        ),
        pytest.param(a_record(Action.DENIED, DENY, due=Decision.DENY), {"Denied": 1}, id="denied"),
        pytest.param(
            a_record(Action.WAITING, DENY, age=60, asking=600, due=Decision.DENY),
            {"Denied": 1, "Waiting": 1, "Pending": 1},
            id="filed again all the time",
        ),
        pytest.param(
            a_record(Action.WITHHELD, DENY, due=Decision.DENY),
            {"Denied": 1, "Pending": 1},
            id="a withheld denial is still due",
        ),
        pytest.param(
            a_record(Action.OVERTAKEN, DENY, due=Decision.DENY),
            {"Denied": 1, "Pending": 1},
            id="a denial whose response was lost, or that another client prevented",
        ),
        pytest.param(
            a_record(Action.NOT_WRITTEN, DENY, due=Decision.DENY),
            {"Denied": 1, "ReviewErrors": 1, "Pending": 1},
            id="a denial that couldn't be written",
        ),
        pytest.param(
            a_record(Action.WAITING, DENY),
            {"Waiting": 1, "Pending": 1, "OldestPendingSeconds": 420},
            id="a denial that waits isn't due",
        ),
        pytest.param(
            a_record(Action.WITHHELD),
            {"WouldApprove": 1},
            id="a withheld approval",
        ),
        pytest.param(
            a_record(Action.LEFT, LEAVE),
            {"Left": 1, "Pending": 1, "OldestPendingSeconds": 420},
            id="left",
        ),
        pytest.param(
            a_record(Action.WAITING),
            {"Waiting": 1, "Pending": 1, "OldestPendingSeconds": 420},
            id="waiting",
        ),
        pytest.param(
            a_record(Action.DEFERRED),
            {"Pending": 1, "OldestPendingSeconds": 420},
            id="deferred",
        ),
        pytest.param(
            a_record(Action.OVERTAKEN),
            {"Pending": 1, "OldestPendingSeconds": 420},
            id="decided by another approver, or always in conflict",
        ),
        pytest.param(
            a_record(Action.NOT_WRITTEN),
            {"ReviewErrors": 1, "Pending": 1},
            id="not written",
        ),
        pytest.param(a_bug(), {"ReviewErrors": 1, "Pending": 1}, id="a bug"),
        pytest.param(
            a_record_without_evidence(),
            {"EvidenceUnavailable": 1, "Pending": 1},
            id="without evidence from EC2",
        ),
        pytest.param(
            a_record(Action.LEFT, LEAVE, case=a_case(role=RoleUnknown("Throttling", fault=True))),
            {"EvidenceUnavailable": 1, "Left": 1, "Pending": 1},
            id="without evidence from IAM",
        ),
        pytest.param(
            a_record(Action.LEFT, LEAVE, case=a_case(role=RoleUnknown("no role"))),
            {"Left": 1, "Pending": 1, "OldestPendingSeconds": 420},
            id="a role that doesn't exist is no fault",
        ),
        pytest.param(
            a_record(
                Action.UNDECIDED,
                evaluation=Bug(a_case(csr=a_csr(conditions=(approved(),))), "this is a bug"),
            ),
            {"ReviewErrors": 1},
            id="a bug met on a CSR that was decided long ago",
        ),
    ],
)
def test_the_outcome_of_a_csr_is_counted(
    output: LedgerOutput, record: Record, counted: dict[str, float]
) -> None:
    """A CSR is pending if it passed the gates and has no decision yet."""
    output.ledger.finish(a_run(record))
    stack, cluster = output.metrics()

    assert stack == {"Completed": 1, "Ended": 1} | {k: v for k, v in counted.items() if k in STACK}
    assert cluster == {k: v for k, v in counted.items() if k in CLUSTER}


def test_the_oldest_pending_csr_counts_and_gated_csrs_do_not(output: LedgerOutput) -> None:
    """A node's abandoned requests grow a day old without anything being wrong."""
    run = a_run(
        a_record(Action.LEFT, LEAVE, age=10),
        a_record(Action.WAITING, age=30.5),
        a_record(Action.APPROVED, age=800),
        gated={"abandoned": 9},
    )
    output.ledger.finish(run)
    stack, cluster = output.metrics()

    assert (stack["Pending"], cluster["OldestPendingSeconds"]) == (2, 30.5)


def test_a_request_from_the_near_future_has_no_negative_age(output: LedgerOutput) -> None:
    """Clocks differ by some seconds."""
    output.ledger.finish(a_run(a_record(Action.WAITING, age=-12)))

    assert output.metrics() == ({"Completed": 1, "Ended": 1, "Waiting": 1, "Pending": 1}, {})


@pytest.mark.parametrize(
    ("run", "counted"),
    [
        pytest.param(
            a_run(findings=(a_finding(IssueState.NOT_ISSUED),)),
            {"ApprovedNotIssued": 1},
            id="not issued",
        ),
        pytest.param(
            a_run(findings=(a_finding(IssueState.SIGNER_FAILED),)), {"SignerFailed": 1}, id="failed"
        ),
        pytest.param(
            a_run(findings=(a_finding(IssueState.MISMATCH),)), {"IssuedMismatch": 1}, id="mismatch"
        ),
        pytest.param(
            a_run(findings=(a_finding(IssueState.FEWER_NAMES),)),
            {"IssuedFewerNames": 1},
            id="fewer names",
        ),
        pytest.param(
            a_run(unreadable=(UnreadableCsr(None, None, "x"),)),
            {"ReviewErrors": 1},
            id="unreadable",
        ),
        pytest.param(a_run(truncated=True), {"ListTruncated": 1}, id="truncated"),
        pytest.param(a_run(not_read=5), {"ListTruncated": 1}, id="not_read"),
    ],
)
def test_each_finding_of_a_run_is_counted(
    output: LedgerOutput, run: Run, counted: dict[str, float]
) -> None:
    """Each finding has a metric of its own."""
    output.ledger.finish(run)
    stack, cluster = output.metrics()

    assert stack == {"Completed": 1, "Ended": 1} | {k: v for k, v in counted.items() if k in STACK}
    assert cluster == {k: v for k, v in counted.items() if k in CLUSTER}


def test_what_concerns_security_is_counted_twice(output: LedgerOutput) -> None:
    """The grouped alarm names the cluster, and invented clusters can't crowd out the stack's."""
    denied = a_record(Action.DENIED, DENY, due=Decision.DENY)
    output.ledger.finish(a_run(denied, findings=(a_finding(IssueState.MISMATCH),)))
    stack, cluster = output.metrics()

    assert cluster == {"Denied": 1, "IssuedMismatch": 1}
    assert cluster.items() <= stack.items()


def test_a_run_starts_without_the_values_of_the_run_before(output: LedgerOutput) -> None:
    """The Lambda environment stays warm for hours; each run emits its own values, once."""
    output.ledger.finish(a_run(*[a_record() for _ in range(250)]))
    output.blobs()
    output.ledger.finish(
        replace(
            a_run(findings=(a_finding(IssueState.NOT_ISSUED),)), cluster=a_cluster(name="other")
        )
    )
    stack, cluster = output.blobs()

    assert values(stack) == {"Completed": 1, "Ended": 1}
    assert (dimensions(cluster)["Cluster"], values(cluster)) == ("other", {"ApprovedNotIssued": 1})


def test_the_environment_of_powertools_adds_no_dimension(
    output: LedgerOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alarms match their dimensions exactly: with one more they have no data."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "reviewer")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Other")
    output.ledger.finish(a_run(a_record(Action.LEFT, LEAVE)))

    for blob in output.blobs():
        assert "service" not in dimensions(blob)
        assert blob["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "CsrApprover"


def test_nothing_that_a_requester_chose_is_a_dimension_or_a_metric(output: LedgerOutput) -> None:
    """Each name of a node or CSR would cost a custom metric."""
    csr = replace(a_csr(username="system:node:evil-user"), name="evil-name", uid="evil-uid")
    record = a_record(Action.DENIED, DENY, case=a_case(csr=csr))
    items = (UnreadableCsr("evil-item", "evil-signer", "evil-problem"),)
    output.ledger.finish(a_run(record, unreadable=items))

    assert "evil" not in json.dumps(output.blobs())


# --- other lines


def test_an_unavailable_cluster_is_a_line_and_an_error(output: LedgerOutput) -> None:
    """A review that doesn't complete is an error; the next minute's run is the retry."""
    error = ClusterUnavailable("tls", "certificate verify failed\n")
    output.ledger.cluster_unavailable("prod", "eu-west-1", error)
    [line] = output.lines()

    assert (line["level"], line["message"]) == ("WARNING", "cluster unavailable")
    assert (line["cluster"], line["region"]) == ("prod", "eu-west-1")
    assert (line["cause"], line["detail"]) == ("tls", "certificate verify failed\\n")
    assert output.metrics() == ({"Failed": 1, "Ended": 1}, {"ReviewErrors": 1})


def test_a_cluster_that_eks_doesnt_describe_has_no_metrics(output: LedgerOutput) -> None:
    """It may not exist. That EKS gave no answer counts for the stack, which has an alarm for it."""
    output.ledger.cluster_unavailable("prod", "eu-west-1", ClusterUnavailable("describe", "503"))

    assert output.metrics() == ({"Failed": 1, "Ended": 1, "EvidenceUnavailable": 1}, {})


@pytest.mark.parametrize("required", ["", "REQUIRE_ACCESS=all"])
def test_a_cluster_that_refuses_is_an_error_where_its_access_is_required(
    output: LedgerOutput, required: str
) -> None:
    """Otherwise it's an INFO line, and the cluster has no metric of its own."""
    output.ledger.not_onboarded("prod", "eu-west-1", NotOnboarded("status", "401"), required)
    [line] = output.lines()

    assert (line["level"], line["message"]) == (
        "WARNING" if required else "INFO",
        "cluster not onboarded",
    )
    assert (line["detail"], line.get("required", "")) == ("401", required)
    own: dict[str, float] = {"NotOnboarded": 1} if required else {}
    assert output.metrics() == ({"NotOnboarded": 1, "Ended": 1}, own)


@pytest.mark.parametrize("required", ["", "REQUIRE_ACCESS=all"])
def test_a_cluster_out_of_reach_is_an_error_where_its_access_is_required(
    output: LedgerOutput, required: str
) -> None:
    """The line has the fix."""
    error = Unreachable("private", "the endpoint is private", fix="use SubnetIds", is_fault=False)
    output.ledger.unreachable("prod", "eu-west-1", error, required)
    [line] = output.lines()

    assert (line["level"], line["fix"]) == ("WARNING" if required else "INFO", "use SubnetIds")
    own: dict[str, float] = {"Unreachable": 1} if required else {}
    assert output.metrics() == ({"Unreachable": 1, "Ended": 1}, own)


def test_a_skipped_cluster_is_counted_as_skipped(output: LedgerOutput) -> None:
    """A skipped cluster isn't a completed review, and gets no metrics: it may not exist."""
    output.ledger.skipped("gone", "eu-west-1", "not selected")
    [line] = output.lines()

    assert (line["level"], line["message"]) == ("INFO", "cluster skipped")
    assert (line["cluster"], line["reason"]) == ("gone", "not selected")
    assert output.metrics() == ({"Skipped": 1, "Ended": 1}, {})


def test_the_dispatcher_records_how_many_reviews_to_expect(output: LedgerOutput) -> None:
    """It sends the zeros of what plain alarms watch, so that reviews needn't."""
    output.ledger.dispatched(12, nothing_selected=False, off=(), unexpectedly_off={})

    ends = {"Ended": 0, "Completed": 0}
    found = {"Denied": 0, "IssuedMismatch": 0, "EvidenceUnavailable": 0, "ListTruncated": 0}
    assert output.metrics() == ({**ends, **found, "NothingSelected": 0, "UnexpectedlyOff": 0}, {})
    assert output.lines()[0]["expected"] == 12


def test_the_dispatcher_names_the_clusters_that_are_off(output: LedgerOutput) -> None:
    """Those that need attention have a line each, with the reason."""
    prod, dev = (Assignment(cluster=name, region="eu-west-1") for name in ("prod", "dev"))
    output.ledger.dispatched(
        0, nothing_selected=True, off=[prod, dev], unexpectedly_off={prod: "why"}
    )
    dispatched, warned = output.lines()
    cluster, account = output.blobs()

    assert (dispatched["level"], dispatched["off"]) == ("INFO", 2)
    assert dispatched["clusters_off"] == ["eu-west-1/prod", "eu-west-1/dev"]
    assert (warned["level"], warned["message"]) == ("WARNING", "cluster unexpectedly off")
    assert (warned["cluster"], warned["region"], warned["reason"]) == ("prod", "eu-west-1", "why")
    assert values(account).items() >= {"NothingSelected": 1, "Off": 2}.items()
    assert (dimensions(cluster)["Cluster"], values(cluster)) == ("prod", {"UnexpectedlyOff": 1})


def test_a_thousand_clusters_that_are_off_are_counted_and_a_hundred_named(
    output: LedgerOutput,
) -> None:
    """CloudWatch cuts lines that are too long."""
    many = [Assignment(cluster=f"c-{number}", region="eu-west-1") for number in range(1_000)]
    output.ledger.dispatched(
        0, nothing_selected=True, off=many, unexpectedly_off=dict.fromkeys(many, "why")
    )
    dispatched, *warned = output.lines()

    assert (dispatched["off"], len(dispatched["clusters_off"]), len(warned)) == (1_000, 100, 100)
    assert [values(blob) for blob in output.blobs()][:-1] == [{"UnexpectedlyOff": 1}] * 1_000


@pytest.mark.parametrize("unexpected", ["", "why"])
def test_a_cluster_that_is_off_is_skipped(output: LedgerOutput, unexpected: str) -> None:
    """If that needs attention, the reviewer reports it as the dispatcher does."""
    output.ledger.skipped("prod", "eu-west-1", "off", unexpected)
    skipped, *warned = output.lines()

    assert (skipped["message"], skipped["level"]) == ("cluster skipped", "INFO")
    assert skipped["reason"] == "off"
    reported: dict[str, float] = {"UnexpectedlyOff": 1} if unexpected else {}
    assert output.metrics() == ({"Skipped": 1, "Ended": 1, **reported}, reported)
    assert [line["message"] for line in warned] == ["cluster unexpectedly off"] * len(reported)


@pytest.mark.parametrize("problems", [[], ["eu-west-1: EKS ListClusters: Throttling", "x\ny"]])
def test_the_dispatcher_records_what_it_could_not_do(
    output: LedgerOutput, problems: list[str]
) -> None:
    """Each problem is a line, and the metric counts them."""
    output.ledger.dispatch_errors(problems)

    counted: dict[str, float] = {"DispatchErrors": len(problems)} if problems else {}
    assert output.metrics() == (counted, {})
    assert [line["problem"] for line in output.lines()] == [printable(text) for text in problems]


@pytest.mark.parametrize("stack", ["", " "])
def test_a_ledger_without_a_stack_is_refused(
    capsys: pytest.CaptureFixture[str], stack: str
) -> None:
    """CloudWatch would drop the dimension, and every alarm would be without data."""
    with pytest.raises(ValueError, match="stack"):
        LedgerOutput(capsys, stack)


def test_a_run_of_any_size_causes_no_warning(output: LedgerOutput) -> None:
    """Powertools warns of blank or overwritten dimensions and of empty sets."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        output.ledger.finish(a_run(*[a_record(age=timedelta(days=1).total_seconds())] * 300))


# --- the second signer


def of_services(case: Case, action: Action = Action.LEFT) -> Record:
    return Record(Judged(case, APPROVE), action, 420.0, 420.0, mode=Mode.ENFORCE)


def test_a_service_accounts_line_has_what_it_was_compared_with(output: LedgerOutput) -> None:
    """The line lists the Services that the request names, and what the cluster has of them."""
    output.ledger.record(of_services(a_service_case(services=(a_service(deleting=True),))))
    [line] = output.lines()

    assert (line["signer"], line["requester"]) == (APP_SERVING, ACCOUNT)
    assert (line["namespace"], line["services_named"]) == ("shop", ["web"])
    assert line["services"] == ["web ClusterIP 10.100.7.7, deleting"]
    assert not {"node", "instance"} & line.keys()


def test_hidden_services_have_their_cause_in_the_line(output: LedgerOutput) -> None:
    """The line quotes the API server."""
    output.ledger.record(of_services(a_service_case(services=ServicesHidden("403: no\nway"))))
    [line] = output.lines()

    assert line["services_not_readable"] == "403: no\\nway"
    assert "services" not in line


def test_a_second_signers_run_adds_to_the_metrics_but_completes_nothing(
    output: LedgerOutput,
) -> None:
    """A cluster is expected once per minute, so it is completed once."""
    run = a_run(of_services(a_service_case(), Action.APPROVED), signer=APP_SERVING)

    output.ledger.finish(run)

    assert output.metrics() == ({"Approved": 1}, {})


@pytest.mark.parametrize(
    ("action", "age"), [(Action.LEFT, 0), (Action.OVERTAKEN, 420), (Action.UNDECIDED, 420)]
)
def test_a_request_left_to_people_does_not_count_as_waiting(
    output: LedgerOutput, action: Action, age: int
) -> None:
    """If it counted, anyone who may create requests could fire an alarm that we can't end."""
    run = a_run(of_services(a_service_case(), action), signer=APP_SERVING)

    output.ledger.finish(run)

    _, cluster = output.metrics()
    assert cluster.get("OldestPendingSeconds", 0) == age


def test_a_problem_of_one_signer_names_the_signer(output: LedgerOutput) -> None:
    """The other signer's review completes."""
    output.ledger.cluster_unavailable(
        "prod", "eu-west-1", ClusterUnavailable("status", "500"), APP_SERVING
    )
    [line] = output.lines()

    assert (line["signer"], line["cause"]) == (APP_SERVING, "status")
    assert output.metrics() == ({}, {"ReviewErrors": 1})

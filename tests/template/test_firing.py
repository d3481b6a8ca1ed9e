"""Which alarms fire on which metric values, if they stay the same in every period."""

import pytest

from adapters.ledger_metrics import ACCOUNT, NAMESPACE
from tests.template.alarms import Samples, emitted, firing
from tests.template.cloudformation import Stack

#: Three clusters, all reviewed, with nothing to report.
QUIET = {**dict.fromkeys(ACCOUNT, 0), "Expected": 3, "Completed": 3}


def samples(values: dict[str, int], stack: str = "csr-approver") -> Samples:
    dimensions = frozenset({("Stack", stack)})
    return {(NAMESPACE, name, dimensions): [value] for name, value in values.items()}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, set(), id="all-is-well"),
        pytest.param({"Expected": 0, "Completed": 0}, set(), id="no-cluster-at-all"),
        pytest.param({"Completed": 2}, {"ReviewsMissingAlarm"}, id="a-review-that-never-ended"),
        pytest.param({"Completed": 1, "NotOnboarded": 2}, set(), id="some-not-onboarded"),
        pytest.param({"Completed": 1, "Unreachable": 2}, set(), id="some-unreachable"),
        pytest.param({"Completed": 1, "Skipped": 2}, set(), id="some-skipped"),
        pytest.param(
            {"Completed": 0, "NotOnboarded": 3}, {"ShutOutAlarm"}, id="no-cluster-lets-us-in"
        ),
        pytest.param(
            {"Completed": 0, "NotOnboarded": 1, "Unreachable": 2},
            {"ShutOutAlarm"},
            id="no-cluster-can-be-reached-or-lets-us-in",
        ),
        pytest.param({"Approved": 9, "Left": 9, "Waiting": 9, "Pending": 9}, set(), id="busy"),
        pytest.param({"SignerFailed": 1}, set(), id="a-signer-that-refuses"),
        pytest.param({"OldestPendingSeconds": 600}, set(), id="ten-minutes"),
        pytest.param({"OldestPendingSeconds": 601}, {"OldestPendingAlarm"}, id="longer"),
        pytest.param({"Denied": 1}, {"DeniedAlarm"}, id="denied"),
        pytest.param({"ApprovedNotIssued": 1}, {"ApprovedNotIssuedAlarm"}, id="not-issued"),
        pytest.param({"IssuedMismatch": 1}, {"IssuedMismatchAlarm"}, id="mismatch"),
        pytest.param({"EvidenceUnavailable": 1}, {"EvidenceUnavailableAlarm"}, id="no-evidence"),
        pytest.param({"ReviewErrors": 1}, {"ReviewErrorsAlarm"}, id="errors"),
        pytest.param({"ListTruncated": 1}, {"ListTruncatedAlarm"}, id="truncated"),
        pytest.param({"Off": 1}, set(), id="off"),
        pytest.param({"UnexpectedlyOff": 1}, {"UnexpectedlyOffAlarm"}, id="unexpectedly-off"),
        pytest.param(
            {"Expected": 0, "Completed": 0, "NothingSelected": 1},
            {"NothingSelectedAlarm"},
            id="nothing-selected",
        ),
    ],
)
def test_each_fault_fires_only_its_own_alarm(
    changes: dict[str, int], expected: set[str], monitoring: Stack
) -> None:
    """Only one alarm fires, so its name says what is wrong."""
    assert expected == firing(monitoring, samples(QUIET | changes))


def test_silence_fires_an_alarm(monitoring: Stack) -> None:
    """If nothing runs at all, no metric is sent."""
    assert {"ReviewsMissingAlarm"} == firing(monitoring, {})


def test_values_that_others_put_lower_no_maximum(monitoring: Stack) -> None:
    """A caller of PutMetricData may send negative values, which a sum would subtract."""
    true = samples(
        QUIET
        | {"OldestPendingSeconds": 700, "ApprovedNotIssued": 1}
        | {"UnexpectedlyOff": 1, "NothingSelected": 1}
    )
    forged = {key: [*values, -1_000_000] for key, values in true.items()}

    assert {
        "OldestPendingAlarm",
        "ApprovedNotIssuedAlarm",
        "UnexpectedlyOffAlarm",
        "NothingSelectedAlarm",
    } <= firing(monitoring, forged)


def test_reviewers_that_print_nothing_count_as_missing_reviews(monitoring: Stack) -> None:
    """In this state only the dispatcher sends metrics."""
    assert {"ReviewsMissingAlarm"} == firing(monitoring, samples({"Expected": 3}))


def test_another_stacks_metrics_fire_no_alarm_of_this_stack(monitoring: Stack) -> None:
    """For this stack they are missing data."""
    assert {"ReviewsMissingAlarm"} == firing(monitoring, samples({**QUIET, "Denied": 1}, "other"))


def test_a_line_is_one_sample_of_each_of_its_metrics() -> None:
    """CloudWatch files it under the line's dimensions."""
    line = {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Stack"]],
                    "Metrics": [{"Name": "Denied"}, {"Name": "Left"}],
                }
            ]
        },
        "Stack": "csr-approver",
        "Denied": [1.0],
        "Left": 2,
    }
    ours = frozenset({("Stack", "csr-approver")})

    assert {
        (NAMESPACE, "Denied", ours): [1.0, 1.0],
        (NAMESPACE, "Left", ours): [2, 2],
    } == emitted([line, line])

"""Node requests: the checks of the EC2 instance."""

from datetime import timedelta

from core.model import NOT_PROVIDED
from tests.builders import INSTANCE_ID, NODE, NOW, a_case, a_csr, an_instance, without
from tests.core.check_cases.cases import BY_NAME_CSR
from tests.core.check_cases.example import LEAVE, CheckExample

EXAMPLES: tuple[CheckExample, ...] = (
    # --- instance-known
    CheckExample("instance-known", "found by the session's instance id", a_case()),
    CheckExample(
        "instance-known",
        "found by the node's name, where allowed",
        a_case(csr=BY_NAME_CSR, identity="name"),
    ),
    CheckExample(
        "instance-known",
        "EC2 has no such instance",
        a_case(instances=()),
        LEAVE,
        "instance unknown",
        f"EC2 shows no instance for {INSTANCE_ID}",
    ),
    CheckExample(
        "instance-known",
        "no evidence provided",
        a_case(instances=NOT_PROVIDED),
        LEAVE,
        "instance unknown",
        "no EC2 evidence was given",
    ),
    CheckExample(
        "instance-known",
        "no IAM keys",
        a_case(csr=BY_NAME_CSR, identity=None),
        LEAVE,
        "no instance identity",
        "spec.extra has no IAM keys; ALLOW_NAME_IDENTITY=true would allow identity by name",
    ),
    CheckExample(
        "instance-known",
        "IAM keys without a session name",
        a_case(csr=without(a_csr(), "sessionName"), identity=None),
        LEAVE,
        "no instance identity",
        "spec.extra has IAM keys but no sessionName",
    ),
    CheckExample(
        "instance-known",
        "a session name in another letter case",
        a_case(csr=a_csr(extra={"sessionname": (INSTANCE_ID,)}), identity=None),
        LEAVE,
        "no instance identity",
        "spec.extra has a session name under another key than sessionName, so not from EKS",
    ),
    CheckExample(
        "instance-known",
        "another instance than the session's",
        a_case(instance=an_instance(id="i-0bbbbbbbbbbbbbbbb")),
        LEAVE,
        "instance unknown",
        f"got 'i-0bbbbbbbbbbbbbbbb', expected {INSTANCE_ID}",
    ),
    # --- instance-single
    CheckExample("instance-single", "one instance", a_case()),
    CheckExample(
        "instance-single", "no instance, which instance-known refuses", a_case(instances=())
    ),
    CheckExample(
        "instance-single",
        "two instances with the same name",
        a_case(
            csr=BY_NAME_CSR,
            identity="name",
            instances=(an_instance(), an_instance(id="i-0bbbbbbbbbbbbbbbb")),
        ),
        LEAVE,
        "several instances match",
        f"got {INSTANCE_ID}, i-0bbbbbbbbbbbbbbbb, expected one for node {NODE}",
    ),
    CheckExample(
        "instance-single",
        "two instances for no identity",
        a_case(
            csr=BY_NAME_CSR,
            identity=None,
            instances=(an_instance(), an_instance(id="i-0bbbbbbbbbbbbbbbb")),
        ),
        LEAVE,
        "several instances match",
        f"got {INSTANCE_ID}, i-0bbbbbbbbbbbbbbbb, expected one for no identity",
    ),
    # --- instance-running
    CheckExample("instance-running", "running", a_case()),
    *(
        CheckExample(
            "instance-running",
            state,
            a_case(instance=an_instance(state=state)),
            LEAVE,
            "instance not running",
            f"got {INSTANCE_ID} {state}, expected running",
        )
        for state in ("pending", "stopping", "stopped", "shutting-down", "terminated")
    ),
    # --- instance-launched-before
    CheckExample("instance-launched-before", "two days before", a_case()),
    CheckExample(
        "instance-launched-before",
        "within the clock skew",
        a_case(instance=an_instance(launched=NOW - timedelta(minutes=7) + timedelta(seconds=30))),
    ),
    CheckExample(
        "instance-launched-before",
        "after the request",
        a_case(instance=an_instance(launched=NOW - timedelta(minutes=6))),
        LEAVE,
        "instance launched after the request",
        f"got {INSTANCE_ID} launched 2026-11-24T11:54:00+00:00, "
        "expected before 2026-11-24T11:53:00+00:00",
    ),
    CheckExample(
        "instance-launched-before",
        "no launch time",
        a_case(instance=an_instance(launched=None)),
        LEAVE,
        "launch time unknown",
        f"EC2 gives no launch time for {INSTANCE_ID}",
    ),
)

"""Which checks refuse a case, and how: a test names the check that must stop its attack."""

from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.model import Case, Decision


def decided(case: Case) -> Decision:
    """Return the verdict's decision."""
    return decide(case, KUBELET_SERVING_CHECKS).decision


def refusals(case: Case) -> dict[str, str]:
    """Return the effect of each check that refuses, by its id; empty for an approval."""
    verdict = decide(case, KUBELET_SERVING_CHECKS)
    return {refusal.check: refusal.effect.value for refusal in verdict.refusals}

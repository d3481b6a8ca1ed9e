"""Gates: when a request was filed, and whether a newer one replaced it."""

from datetime import timedelta

from core.model import Case, Refusal

#: How far clocks may differ, in seconds.
CLOCK_SKEW_SECONDS = 30


def fresh(case: Case) -> Refusal | None:
    """Check that the kubelet still waits: after 15 minutes it gives up and drops the key.

    From: client-go util/certificate/certificate_manager.go, certificateWaitTimeout.
    """
    age = case.now - case.csr.created
    if age > timedelta(seconds=case.policy.max_csr_age_seconds):
        limit = case.policy.max_csr_age_seconds
        return Refusal.leave(
            "abandoned", f"got an age of {age.total_seconds():.0f} s, expected at most {limit} s"
        )
    if age < -timedelta(seconds=CLOCK_SKEW_SECONDS):
        return Refusal.leave("created in the future", f"got {-age.total_seconds():.0f} s from now")
    return None


def newest(case: Case) -> Refusal | None:
    """Check that the requester has no newer request: a kubelet drops the key of the older one.

    From: client-go util/certificate/certificate_manager.go, rotateCerts.
    """
    if case.peers.newer is None:
        return None
    return Refusal.leave("superseded", f"by {case.peers.newer}")

"""What the handlers read from an error."""

from core.errors import ClusterUnavailable, Unreachable


def test_an_unavailable_cluster_has_a_cause_for_the_log_and_a_detail() -> None:
    """Logs count causes; the detail differs from cluster to cluster."""
    error = ClusterUnavailable("tls", "the certificate has expired")

    assert ("tls", "the certificate has expired") == (error.cause, error.detail)
    assert "tls: the certificate has expired" == str(error)


def test_an_unreachable_cluster_also_has_a_fix_and_whether_it_is_a_fault() -> None:
    """Its cause and detail are those of any unavailable cluster."""
    error = Unreachable("no-route", "timed out", fix="add a route", is_fault=True)

    assert ("no-route", "timed out", "add a route", True) == (
        *(error.cause, error.detail),
        *(error.fix, error.is_fault),
    )
    assert "no-route: timed out" == str(error)

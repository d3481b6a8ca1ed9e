"""What the handlers read from an error."""

from core.errors import ClusterUnavailable


def test_an_unavailable_cluster_has_a_cause_for_the_log_and_a_detail() -> None:
    """Logs count causes; the detail differs from cluster to cluster."""
    error = ClusterUnavailable("tls", "the certificate has expired")

    assert ("tls", "the certificate has expired") == (error.cause, error.detail)
    assert "tls: the certificate has expired" == str(error)

"""An error says what failed and what to do; the causes of errors are words for logs only."""

import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError

from adapters.aws_clients import fault, reported
from cli.account.copied import GivenOptions
from cli.account.problems import hint, in_words, log_text_in_words, own_access, with_fix
from cli.exits import stop
from cli.screen import cell
from core.errors import ClusterUnavailable, NotOnboarded

DENIED = (
    "User: arn:aws:iam::111122223333:user/jane is not authorized to perform: eks:DescribeCluster"
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)


@pytest.mark.parametrize(
    ("cause", "detail", "words"),
    [
        (
            "connection",
            "refused",
            (
                "the API server can't be reached: refused; run this in the cluster's network, or "
                "allow your address in publicAccessCidrs"
            ),
        ),
        (
            "tls",
            "self-signed certificate",
            (
                "no TLS connection to the API server: self-signed certificate; look for a proxy "
                "that intercepts TLS"
            ),
        ),
        ("time", "the answer took too long", "the answer took too long; run this again"),
        ("status", "503: not now", "the API server answered 503: not now; run this again"),
        ("status", "429", "the API server answered 429; run this again"),
        ("status", "404: not found", "the API server answered 404: not found"),
        ("answer", "not a list", "the API server's answer can't be read: not a list"),
        ("size", "the answer is longer than 9 bytes", "the answer is longer than 9 bytes"),
        ("state", "the cluster is CREATING", "the cluster is CREATING; wait until it is ACTIVE"),
        (
            "token",
            "AWS credentials: ExpiredToken",
            (
                "no token can be made for the cluster: AWS credentials: ExpiredToken; your "
                "credentials have expired: renew them"
            ),
        ),
        ("proxy", "no such host", "the proxy can't be used: no such host; check HTTPS_PROXY"),
        ("endpoint", "got x, expected https", "the cluster's endpoint: got x, expected https"),
    ],
)
def test_an_error_of_a_cluster_is_shown_without_its_cause_and_with_a_fix(
    cause: str, detail: str, words: str
) -> None:
    assert words == in_words(ClusterUnavailable(cause, detail))


def test_aws_s_own_message_is_kept_for_people() -> None:
    """AWS's message names principal and action; logs have only its code."""
    refusal = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": DENIED}}, "DescribeCluster"
    )
    error = ClusterUnavailable("describe", fault("EKS DescribeCluster", refusal))
    error.__cause__ = refusal

    assert (
        f"EKS DescribeCluster: AccessDeniedException: {DENIED}; get that permission, or use "
        "another --profile"
    ) == in_words(error)


def test_the_fix_of_a_refusal_names_who_must_run_which_command() -> None:
    """The caller has no rights in the cluster to give; by default `access` is for another role."""
    command = (
        "csr-approver access prod --region eu-west-1 --profile lab --proxy --apply "
        "--role-arn YOUR_ROLE_ARN"
    )
    fixes = own_access("prod", "eu-west-1", GivenOptions("lab", proxy=True))

    assert (
        "the API server answered 401: Unauthorized; ask a cluster administrator to give your role "
        f"access: {command}"
    ) == in_words(NotOnboarded("unauthorized", "401: Unauthorized"), fixes)
    assert (
        "the API server answered 403: no; ask a cluster administrator to give your role the "
        f"approver's rights: {command}"
    ) == in_words(NotOnboarded("forbidden", "403: no"), fixes)


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        (
            "NewConnectionError: Connection(host='127.0.0.1', port=1): Connection refused",
            "Connection refused",
        ),
        ("TimeoutError: timed out", "timed out"),
        ("no route", "no route"),
    ],
)
def test_a_lost_connection_is_described_without_names_of_classes(detail: str, words: str) -> None:
    assert (
        f"the API server can't be reached: {words}; run this in the cluster's network, or allow "
        "your address in publicAccessCidrs"
    ) == in_words(ClusterUnavailable("connection", detail))


def test_a_refusal_has_a_fix_for_any_command() -> None:
    assert (
        "the API server answered 401: Unauthorized; ask a cluster administrator for an access "
        "entry for your own role"
    ) == in_words(NotOnboarded("unauthorized", "401: Unauthorized"))
    assert "the API server answered 403: no; ask for that right" == in_words(
        NotOnboarded("forbidden", "403: no")
    )


def test_a_proxy_that_is_set_and_not_used_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = "EKS DescribeCluster: ConnectTimeoutError"
    fix = "AWS can't be reached: check the network and the Region's name"

    assert fix == hint(problem)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    proxied = "HTTPS_PROXY is set, but only used with --proxy"
    assert f"{fix}; {proxied}" == hint(problem)
    assert in_words(ClusterUnavailable("connection", "refused")).endswith(f"; {proxied}")


@pytest.mark.parametrize(
    ("logged", "words"),
    [
        ("status: 400", "the API server answered 400"),
        (
            "share: more than 9 bytes of all requesters' CSRs",
            "more than 9 bytes of all requesters' CSRs",
        ),
        ("time: no time was left", "no time was left; run this again"),
        ("403: forbidden", "the API server answered 403: forbidden"),
        ("409", "the API server answered 409"),
        ("the answer doesn't show the decision", "the answer doesn't show the decision"),
        ("unheard: of", "unheard: of"),
    ],
)
def test_what_logs_have_in_one_text_is_shown_like_an_error(logged: str, words: str) -> None:
    """A run keeps why a list was cut or a decision not written, and begins it with a cause."""
    assert words == log_text_in_words(logged)


def test_a_problem_whose_fix_is_unknown_is_shown_alone() -> None:
    assert "EC2: Unheard" == with_fix("EC2: Unheard")


def test_an_error_of_aws_is_escaped_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Its message is escaped where it is read, and the terminal gets it through other escapes."""
    words = "no such file C:\\Users\\me: \u00fc\x1b[31m"
    refusal = ClientError({"Error": {"Code": "Odd", "Message": words}}, "DescribeCluster")
    shown = "EKS: Odd: no such file C:\\\\Users\\\\me: \\xfc\\x1b[31m"

    with pytest.raises(typer.Exit):
        stop(3, reported("EKS", refusal))

    assert f"csr-approver: {shown}\n" == capsys.readouterr().err
    assert shown == cell(reported("EKS", refusal)).plain


def test_a_message_of_several_lines_is_shown_in_one() -> None:
    """Those of botocore on unreadable answers have some."""
    refusal = ClientError({"Error": {"Code": "Odd", "Message": "one\n  two.\n"}}, "ListClusters")

    assert "EKS: Odd: one two" == reported("EKS", refusal)


def test_an_aws_error_without_an_answer_is_shown_once() -> None:
    unreached = EndpointConnectionError(endpoint_url="https://eks.local")
    error = ClusterUnavailable("list", fault("EKS ListClusters", unreached))
    error.__cause__ = unreached

    assert (
        'EKS ListClusters: EndpointConnectionError: Could not connect to the endpoint URL: "'
        "https://eks.local\"; AWS can't be reached: check the network and the Region's name"
    ) == in_words(error)

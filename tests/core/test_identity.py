"""Which instance a requester claims to be."""

import pytest

from core.identity import (
    claimed_by_session,
    has_iam_keys,
    has_session_name,
    identify,
    session_instance,
)
from core.model import Identity, IdentityKind
from tests.builders import INSTANCE_ID, NODE, a_csr, an_extra, without

BY_SESSION = Identity(IdentityKind.SESSION, INSTANCE_ID, NODE)
BY_NAME = Identity(IdentityKind.NAME, None, NODE)


@pytest.mark.parametrize("allow_name", [True, False])
def test_a_session_names_the_instance(allow_name: bool) -> None:  # noqa: FBT001  a case
    """With a session the node's name is never used."""
    assert identify(a_csr(), allow_name=allow_name) == BY_SESSION


def test_without_any_iam_key_the_name_is_the_identity_where_allowed() -> None:
    """Clusters whose nodes don't use IAM have no other identity."""
    assert identify(a_csr(extra={}), allow_name=True) == BY_NAME


def test_without_any_iam_key_there_is_no_identity_by_default() -> None:
    """Node names are reused, sessions aren't."""
    assert identify(a_csr(extra={}), allow_name=False) is None


@pytest.mark.parametrize("username", ["alice", "system:node:", "system:nodes:a", "System:node:a"])
@pytest.mark.parametrize("extra", [{}, an_extra()], ids=["no-IAM", "IAM"])
def test_a_requester_that_is_no_node_has_no_instance(
    username: str, extra: dict[str, tuple[str, ...]]
) -> None:
    """Its session name doesn't matter."""
    assert identify(a_csr(username=username, extra=extra), allow_name=True) is None


@pytest.mark.parametrize("username", ["alice", "system:node:", "System:node:a"])
def test_a_session_claims_an_instance_whatever_the_requester_is_called(username: str) -> None:
    """EC2 and IAM may show that it is a node whose role isn't mapped as one."""
    expected = Identity(IdentityKind.SESSION, INSTANCE_ID, "")

    assert expected == claimed_by_session(a_csr(username=username))
    assert claimed_by_session(a_csr(username=username, extra=an_extra("alice"))) is None


@pytest.mark.parametrize("key", sorted(an_extra()))
@pytest.mark.parametrize("case", [str, str.lower, str.upper])
def test_any_iam_key_in_any_letter_case_prevents_identification_by_name(
    key: str, case: type[str]
) -> None:
    """Impersonation sends keys in lower case, and only its session identifies an IAM identity."""
    csr = a_csr(extra={case(key): ()})

    assert has_iam_keys(csr)
    assert identify(csr, allow_name=True) is None


def test_other_keys_are_no_iam_keys() -> None:
    """Kubernetes adds keys of its own to some requesters."""
    csr = a_csr(extra={"authentication.kubernetes.io/credential-id": ("X509SHA256=00",)})

    assert not has_iam_keys(csr)
    assert identify(csr, allow_name=True) == BY_NAME


@pytest.mark.parametrize("instance_id", ["i-0aaaaaaa", "i-0123456789abcdef0"])
def test_an_instance_id_has_8_or_17_hex_digits(instance_id: str) -> None:
    """EC2 gave out the short ones before 2016."""
    assert instance_id == session_instance(a_csr(extra=an_extra(instance_id)))


@pytest.mark.parametrize(
    "session",
    [
        "",
        "alice",
        "i-",
        "i-0aaaaaa",
        "i-0aaaaaaaa",
        "i-0123456789abcdef",
        "i-0123456789abcdef01",
        "I-0aaaaaaa",
        "i-0AAAAAAA",
        "i-0aaaaaag",
        "i-0aaaaaaa\n",
        " i-0aaaaaaa",
        "i-\u0660aaaaaaa",
        "mi-0123456789abcdef0",
        "i-0aaaaaaa,i-0bbbbbbb",
        "i-*aaaaaaa",
    ],
)
def test_a_session_that_is_not_exactly_an_instance_id_names_no_instance(session: str) -> None:
    """People can choose any session name."""
    csr = a_csr(extra=an_extra(session))

    assert session_instance(csr) is None
    assert identify(csr, allow_name=True) is None


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({"sessionName": ()}, id="no-value"),
        pytest.param({"sessionName": (INSTANCE_ID, INSTANCE_ID)}, id="two-values"),
        pytest.param({"sessionname": (INSTANCE_ID,)}, id="another-letter-case"),
        pytest.param(
            {"sessionName": (INSTANCE_ID,), "SESSIONNAME": (INSTANCE_ID,)}, id="two-spellings"
        ),
    ],
)
def test_an_ambiguous_session_name_names_no_instance(extra: dict[str, tuple[str, ...]]) -> None:
    """With an ambiguous session name the node isn't identified by its name either."""
    csr = a_csr(extra=extra)

    assert has_session_name(csr)
    assert session_instance(csr) is None
    assert identify(csr, allow_name=True) is None


def test_without_its_key_there_is_no_session_name() -> None:
    """No other IAM key replaces it."""
    assert not has_session_name(without(a_csr(), "sessionName"))

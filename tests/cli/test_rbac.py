"""Applying RBAC objects: which fields are forced, and which another owner keeps."""

from contextlib import closing
from typing import Any, Final

import pytest

from adapters.api_connection import ApiConnection
from adapters.retry import Retries
from cli.access import rbac
from core.errors import ClusterUnavailable
from tests.adapters.scripted_api import (
    CA_PEM,
    ReceivedRequest,
    Reply,
    StillClock,
    failure,
    reply,
    scripted_api,
)

LABELS: Final = {"app.kubernetes.io/name": "csr-approver"}
ROLE: Final = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "csr-approver", "labels": LABELS},
    "rules": [],
}


def patches(labels: dict[str, str], answer: Reply) -> list[ReceivedRequest]:
    """Apply the role over one with these labels; return the patches that were sent."""
    found: dict[str, Any] = {"metadata": {"resourceVersion": "1", "labels": labels}}

    def served(seen: ReceivedRequest) -> Reply:
        return reply(200, found) if seen.method == "GET" else answer

    clock = StillClock()
    with scripted_api(served) as server:
        connection = ApiConnection(
            server.url,
            CA_PEM,
            lambda: "token",
            clock,
            Retries(clock, sleep=clock.sleep),
            connections=1,
            max_answer_bytes=100_000,
        )
        with closing(connection):
            rbac.apply(connection, ROLE)
        return [seen for seen in server.seen if seen.method == "PATCH"]


def test_an_object_of_another_owner_is_not_forced() -> None:
    """Without our label the API server decides, and answers 409 if the two differ."""
    [seen] = patches({}, reply(200, {"metadata": {"resourceVersion": "1"}}))

    assert {"fieldManager": "csr-approver"} == seen.query


def test_an_object_with_our_label_is_forced() -> None:
    """An object with our label is an older version of ours, or an edited one."""
    [seen] = patches(LABELS, reply(200, {"metadata": {"resourceVersion": "2"}}))

    assert {"fieldManager": "csr-approver", "force": "true"} == seen.query


def test_a_conflict_raises_an_error() -> None:
    """The object isn't as it should be, and the command must report that."""
    with pytest.raises(ClusterUnavailable, match="409: Apply failed"):
        patches({}, failure(409, "Apply failed with 1 conflict"))

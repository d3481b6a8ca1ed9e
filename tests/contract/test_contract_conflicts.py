"""PUT /approval: versions, uids, and objects that are gone."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.contract.objects import (
    Json,
    a_condition,
    decided,
    make,
    path_of,
    put,
    read,
    without,
    written,
)
from tests.contract.world import World
from tests.real.controlplane import Client

APPROVED = a_condition()

OWN = a_condition("Foo", "False")


def test_a_stale_version_conflicts(approver: Client, fresh: Json) -> None:
    """After any other write, a PUT with the earlier resourceVersion is 409."""
    written(approver, decided(fresh, OWN))

    status, answer = put(approver, decided(fresh, APPROVED))

    name = fresh["metadata"]["name"]
    assert (status, answer["reason"]) == (409, "Conflict")
    assert answer["message"] == (
        "Operation cannot be fulfilled on certificatesigningrequests.certificates.k8s.io"
        f' "{name}": the object has been modified;'
        " please apply your changes to the latest version and try again"
    )


def test_of_concurrent_writes_one_wins(world: World, approver: Client, fresh: Json) -> None:
    """Eight approvals of the object as read: one is written, seven conflict."""
    bodies = [decided(fresh, a_condition(reason=f"Approver{number}")) for number in range(8)]

    with ThreadPoolExecutor(len(bodies)) as pool:
        statuses = [status for status, _ in pool.map(partial(put, approver), bodies)]

    assert sorted(statuses) == [200] + [409] * 7
    winner = bodies[statuses.index(200)]["status"]["conditions"][0]["reason"]
    (condition,) = read(world.admin, fresh["metadata"]["name"])["status"]["conditions"]
    assert condition["reason"] == winner


def test_a_write_of_labels_makes_the_version_stale(approver: Client, fresh: Json) -> None:
    """A change of labels alone makes a new resourceVersion."""
    labelled = {**fresh, "metadata": {**fresh["metadata"], "labels": {"a": "b"}}}
    written(approver, labelled)

    assert put(approver, decided(fresh, APPROVED))[0] == 409


def test_without_version_nothing_conflicts(approver: Client, fresh: Json) -> None:
    """A PUT without resourceVersion overwrites the stored object."""
    written(approver, decided(fresh, OWN))

    answer = written(approver, decided(without(fresh, "resourceVersion"), APPROVED))

    assert [c["type"] for c in answer["status"]["conditions"]] == ["Approved"]


@pytest.mark.parametrize("left_out", [(), ("resourceVersion",)], ids=["version", "no version"])
def test_another_uid_conflicts(approver: Client, fresh: Json, left_out: tuple[str, ...]) -> None:
    """The uid is a precondition, with a version and without."""
    body = without(fresh, *left_out)
    body["metadata"]["uid"] = "7e2f2c9d-0000-0000-0000-000000000000"

    status, answer = put(approver, decided(body, APPROVED))

    assert (status, answer["reason"]) == (409, "Conflict")
    assert "Precondition failed: UID in precondition: 7e2f2c9d" in answer["message"]


def test_what_is_gone_is_not_found(world: World, approver: Client, fresh: Json) -> None:
    """A PUT on a deleted object is 404 and doesn't bring it back."""
    name = fresh["metadata"]["name"]
    world.admin.request("DELETE", path_of(name))

    status, answer = put(approver, decided(fresh, APPROVED))

    assert (status, answer["reason"]) == (404, "NotFound")
    assert answer["message"] == (
        f'certificatesigningrequests.certificates.k8s.io "{name}" not found'
    )
    assert world.admin.request("GET", path_of(name))[0] == 404


def test_a_successor_of_the_same_name_is_safe_behind_uid_and_version(
    world: World, approver: Client, fresh: Json
) -> None:
    """After deletion and a new CSR of that name, uid or version alone prevents its approval."""
    name = fresh["metadata"]["name"]
    world.admin.request("DELETE", path_of(name))
    successor = make(world.admin, name)

    by_both = put(approver, decided(fresh, APPROVED))[0]
    by_uid = put(approver, decided(without(fresh, "resourceVersion"), APPROVED))[0]
    by_version = put(approver, decided(without(fresh, "uid"), APPROVED))[0]

    assert (by_both, by_uid, by_version) == (409, 409, 409)
    assert read(world.admin, name) == successor


def test_a_successor_is_approved_by_a_body_without_both(
    world: World, approver: Client, fresh: Json
) -> None:
    """Without uid and version, a PUT approves the new object that was never checked."""
    name = fresh["metadata"]["name"]
    world.admin.request("DELETE", path_of(name))
    make(world.admin, name)

    answer = written(approver, decided(without(fresh, "resourceVersion", "uid"), APPROVED))

    assert answer["metadata"]["uid"] != fresh["metadata"]["uid"]

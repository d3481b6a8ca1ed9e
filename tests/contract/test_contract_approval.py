"""PUT /approval: which fields of the body the server stores, and which it keeps.

No signer serves the objects' signer name, so nothing else changes them.
"""

import pytest

from tests.contract.objects import (
    Json,
    a_condition,
    decided,
    make,
    put,
    query,
    read,
    unique,
    version,
    without,
    written,
)
from tests.contract.world import World
from tests.real.controlplane import Client

APPROVED = a_condition()


def test_an_approval_adds_the_condition_and_its_times(
    world: World, approver: Client, fresh: Json
) -> None:
    """A PUT of the object as read plus the condition is 200; the server sets both times."""
    answer = written(approver, decided(fresh, APPROVED))

    (condition,) = answer["status"]["conditions"]
    assert condition == {
        **APPROVED,
        "lastUpdateTime": condition["lastUpdateTime"],
        "lastTransitionTime": condition["lastUpdateTime"],
    }
    assert condition["lastUpdateTime"].endswith("Z")
    assert answer["spec"] == fresh["spec"]
    assert version(answer) != version(fresh)
    assert read(world.admin, fresh["metadata"]["name"]) == answer


def test_an_item_of_a_list_can_be_sent_back(world: World, approver: Client, fresh: Json) -> None:
    """An item has no kind and apiVersion, and can be sent back without them."""
    name = fresh["metadata"]["name"]
    _, listing = approver.request("GET", query(fieldSelector=f"metadata.name={name}"))
    (item,) = listing["items"]

    answer = written(approver, decided(item, APPROVED))

    assert answer["kind"] == "CertificateSigningRequest"
    assert read(world.admin, name)["status"]["conditions"][0]["type"] == "Approved"


def test_metadata_and_conditions_suffice(approver: Client, fresh: Json) -> None:
    """A body without spec leaves the spec as it is."""
    body = decided({"metadata": fresh["metadata"]}, APPROVED)

    assert written(approver, body)["spec"] == fresh["spec"]


def test_only_the_conditions_of_a_body_are_stored(approver: Client, fresh: Json) -> None:
    """The server silently drops another spec and a certificate in the body."""
    body = decided(fresh, APPROVED)
    body["spec"] = {**fresh["spec"], "usages": ["any"], "username": "another"}
    body["status"]["certificate"] = "Zm9yZ2Vk"

    answer = written(approver, body)

    assert answer["spec"] == fresh["spec"]
    assert "certificate" not in answer["status"]


def test_creation_time_and_name_prefix_stay(world: World, approver: Client) -> None:
    """The server ignores a creationTimestamp in the body."""
    item = make(world.admin, unique("time"))
    body = decided(item, APPROVED)
    body["metadata"] = {**body["metadata"], "creationTimestamp": "2001-01-01T00:00:00Z"}

    answer = written(approver, body)

    assert answer["metadata"]["creationTimestamp"] == item["metadata"]["creationTimestamp"]


def test_times_of_the_client_are_kept(approver: Client, fresh: Json) -> None:
    """A lastUpdateTime that the client sends is stored, in UTC."""
    given = a_condition(lastUpdateTime="2001-01-01T01:00:00+01:00")

    (condition,) = written(approver, decided(fresh, given))["status"]["conditions"]

    assert condition["lastUpdateTime"] == "2001-01-01T00:00:00Z"
    assert condition["lastTransitionTime"] > condition["lastUpdateTime"]


@pytest.mark.parametrize("time", ["yesterday", "2001-01-01", "2001-01-01T00:00:00", "20010101"])
def test_an_invalid_time_is_refused(approver: Client, fresh: Json, time: str) -> None:
    """A time that isn't RFC 3339 with an offset is 400."""
    assert put(approver, decided(fresh, a_condition(lastUpdateTime=time)))[0] == 400


def test_reason_and_message_may_be_left_out(approver: Client, fresh: Json) -> None:
    """A condition needs only a type and a status."""
    answer = written(approver, decided(fresh, {"type": "Approved", "status": "True"}))

    assert answer["status"]["conditions"][0]["type"] == "Approved"


def test_a_long_message_is_kept(approver: Client, fresh: Json) -> None:
    """A message of 100 kB, with line ends and letters of all kinds, is stored unchanged."""
    message = "got 'x'\nü🙂" * 10_000

    answer = written(approver, decided(fresh, a_condition(message=message)))

    assert answer["status"]["conditions"][0]["message"] == message


def test_the_same_again_writes_nothing(approver: Client, fresh: Json) -> None:
    """A PUT of what is stored is 200 and makes no new version."""
    first = written(approver, decided(fresh, APPROVED))

    assert written(approver, first) == first


def test_another_reason_overwrites_the_earlier_approver(approver: Client, fresh: Json) -> None:
    """Reason and message of a decision can be rewritten; the transition keeps its time."""
    old = a_condition(lastTransitionTime="2001-01-01T00:00:00Z")
    first = written(approver, decided(fresh, old))

    second = written(approver, decided(first, a_condition(reason="Later", message="again")))

    (condition,) = second["status"]["conditions"]
    assert (condition["reason"], condition["message"]) == ("Later", "again")
    assert condition["lastTransitionTime"] == "2001-01-01T00:00:00Z"
    assert version(second) != version(first)


def test_labels_of_the_body_replace_those_stored(world: World, approver: Client) -> None:
    """Labels and annotations sent back survive, those left out are deleted, new ones are added."""
    marks = {"keep": "1", "drop": "2"}
    item = make(world.admin, unique("labels"), labels=marks, annotations=marks)
    body = decided(item, APPROVED)
    changed = {"keep": "1", "new": "3"}
    body["metadata"] = {**body["metadata"], "labels": changed, "annotations": changed}

    answer = written(approver, body)

    assert answer["metadata"]["labels"] == changed
    assert answer["metadata"]["annotations"] == changed


def test_labels_that_are_not_sent_are_deleted(world: World, approver: Client) -> None:
    """A body without labels deletes all labels."""
    item = make(world.admin, unique("labels"), labels={"a": "b"}, annotations={"c": "d"})

    answer = written(approver, decided(without(item, "labels", "annotations"), APPROVED))

    assert not answer["metadata"].keys() & {"labels", "annotations"}

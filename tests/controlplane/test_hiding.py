"""No CSR that anyone can file on a real API server hides another from a review.

From clients that read JSON, such as kubectl, these CSRs hide all others.
"""

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, cast
from urllib.parse import quote

import pytest
from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from core.model import APP_SERVING, KUBELET_SERVING
from sandbox.aws import FakeAws
from sandbox.fake_apiserver import protobuf
from sandbox.kubelet import kubelet_request
from tests.contract.objects import a_csr
from tests.controlplane.nodes import APPROVERS, CSRS, Node, conditions, join, message, reviewer
from tests.controlplane.workloads import (
    GROUP,
    Namespace,
    apply,
    let_accounts_ask,
    take_back,
)
from tests.hiding import (
    BREAKS_THE_WRITER,
    KINDS,
    NESTED,
    NOT_UTF_8,
    Json,
    in_json,
    in_protobuf,
)
from tests.real.controlplane import Client, ControlPlane
from tests.service_builders import a_filed_service_csr

APPROVED: Final = {"Approved": "ApprovedByCsrApprover"}
PROTOBUF: Final = {"Content-Type": protobuf.MEDIA_TYPE, "Accept": protobuf.MEDIA_TYPE}
AT_ONCE: Final = 8

#: How many requests come before the valid one. `make flood` has more, which takes minutes and
#: gigabytes.
NUMBERS: Final = [1, 100, *map(int, os.environ.get("FLOOD_SIZES", "").split())]
MOST_LINES: Final = 100

_loggers: Iterator[int] = iter(range(10_000))

File = Callable[[str, Json], None]


@pytest.fixture(autouse=True)
def cleaned(plane: ControlPlane) -> Iterator[None]:
    """Delete what is filed here, because other tests list all CSRs in JSON."""
    yield
    status, answer = plane.admin.send("DELETE", CSRS, headers=PROTOBUF)
    assert status == 200, answer


def filing(client: Client, pem: bytes, signer: str, usages: Any = None) -> File:
    """Return a function that files a CSR of this name with this metadata, in protobuf."""

    def file(name: str, metadata: Json) -> None:
        body = a_csr("", pem, signer=signer, **({"usages": usages} if usages else {}))
        body["metadata"] = {"name": name, **metadata}
        status, answer = client.send("POST", CSRS, in_protobuf(body), PROTOBUF)
        assert status == 201, answer

    return file


def of_node(node: Node) -> File:
    pem, _ = kubelet_request(node.name, dns=[node.name], ips=[node.machine.enis[0].ip])
    return filing(node.api, pem, KUBELET_SERVING)


def flood(file: File, names: list[str], metadata: Json) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda name: file(name, metadata), names))


def review(plane: ControlPlane, **settings: str) -> list[Mapping[str, Any]]:
    """Review one message as from a cold start, and return the lines that it logs."""
    stream = io.StringIO()
    logger = Logger(service=f"hiding-{next(_loggers)}", stream=stream)
    reviewer(logger, **settings).handle(message(plane), WallClock(50))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def totals(lines: list[Mapping[str, Any]], signer: str = KUBELET_SERVING) -> Mapping[str, Any]:
    return next(line for line in lines if line.get("signer") == signer and "listed" in line)


def problems(lines: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    unreadable = [line for line in lines if line["message"] == "csr unreadable"]
    return [(line["csr"], line["problem"]) for line in unreadable]


# --- the API server -----------------------------------------------------------------------------


@pytest.mark.parametrize("metadata", [NOT_UTF_8, NESTED], ids=["not-utf-8", "nested"])
def test_a_node_can_file_in_json_what_json_parsers_cannot_read(
    plane: ControlPlane, aws: FakeAws, profile: str, metadata: Json
) -> None:
    """The API server doesn't check it, and lists it unchanged."""
    node = join(plane, aws, profile)
    pem, _ = kubelet_request(node.name, dns=[node.name])
    body = a_csr("", pem)
    body["metadata"] = {"name": "a-bad", **metadata}

    assert node.api.send("POST", CSRS, in_json(body))[0] == 201

    fields = metadata["managedFields"][0]["fieldsV1"].encode("utf-8", "surrogateescape")
    assert b'"fieldsV1":' + fields in plane.admin.send("GET", CSRS)[1]


def test_the_api_servers_own_json_list_ends_at_10_001_levels(
    plane: ControlPlane, aws: FakeAws, profile: str
) -> None:
    """The API server answers 200, and ends the list at that object with an error.

    So no JSON client can list later objects. In protobuf they are listed.
    """
    node = join(plane, aws, profile)
    of_node(node)("b-bad", BREAKS_THE_WRITER)
    later, _ = node.file()

    status, answer = plane.admin.send("GET", CSRS)
    whole = plane.admin.send("GET", CSRS, headers=PROTOBUF)

    assert (status, b"exceeded max depth" in answer, later.encode() in answer) == (200, True, False)
    assert (whole[0], later.encode() in whole[1]) == (200, True)


# --- a review -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(("metadata", "problem"), KINDS.values(), ids=KINDS)
def test_csrs_of_a_node_that_cannot_be_read_hide_no_other_node(
    plane: ControlPlane,
    aws: FakeAws,
    profile: str,
    metadata: Json,
    problem: str,
    number: int,
) -> None:
    """Unreadable CSRs, first by name, are counted and named; the other node is approved."""
    names = [f"a-{n:05}" for n in range(number)]
    flood(of_node(join(plane, aws, profile)), names, metadata)
    honest, _ = join(plane, aws, profile).file()

    lines = review(plane)

    assert APPROVED == conditions(plane, honest)
    run = totals(lines)
    assert (number, False) == (run["unreadable"], run["truncated"])
    assert run["pages"] <= 1 + number // 100
    reported = problems(lines)
    assert names[:MOST_LINES] == [name for name, _ in reported]
    assert all(words.startswith(problem) for _, words in reported)


@pytest.fixture
def serving(plane: ControlPlane, aws: FakeAws) -> Iterator[ControlPlane]:
    """Yield the cluster with the second signer served."""
    plane.map_role(aws.role_arn, "slice:approver", [APPROVERS, GROUP])
    apply(plane, "rbac.yaml", "rbac-app-serving.yaml")
    let_accounts_ask(plane)
    yield plane
    take_back(plane, "rbac.yaml", "rbac-app-serving.yaml")


def test_csrs_of_a_service_account_that_cannot_be_read_hide_no_other(serving: ControlPlane) -> None:
    """The same holds for the second signer."""
    plane = serving
    shop = Namespace(plane)
    account = shop.account()
    filed = a_filed_service_csr(dns=[shop.dns()], words="hiding")
    pem = cast("bytes", filed.request)
    file = filing(account.api, pem, APP_SERVING, list(filed.usages))
    for at, (metadata, _) in enumerate(KINDS.values()):
        flood(file, [f"a-{at}-{n:02}" for n in range(25)], metadata)
    honest = Namespace(plane).account().file()

    lines = review(plane, APP_SERVING="true")

    assert APPROVED == conditions(plane, honest)
    assert (25 * len(KINDS), False) == (
        totals(lines, APP_SERVING)["unreadable"],
        totals(lines, APP_SERVING)["truncated"],
    )


def test_names_that_restart_the_list_hide_no_other(
    plane: ControlPlane, aws: FakeAws, profile: str
) -> None:
    """A continue token has U+FFFD for bytes that aren't UTF-8, and so sorts before the name.

    With more than a page of such names, the list would start again for ever.
    """
    names = [f"a\udcff-{n:04}" for n in range(1_100)]
    flood(of_node(join(plane, aws, profile)), names, {})
    honest, _ = join(plane, aws, profile).file()

    lines = review(plane)

    assert APPROVED == conditions(plane, honest)
    listed = totals(lines)
    cause = "name: not UTF-8, so the list led back to an earlier name"
    assert cause == listed["truncation_cause"]
    assert (500, 3) == (listed["unreadable"], listed["pages"])
    assert problems(lines)[0] == ("a\\\\xff-0000", "metadata.name: not UTF-8")


# --- finding and removing them (docs/runbook.md) --------------------------------------------------


@pytest.mark.parametrize("name", ["a-bad", "a bad\n'\";$(x)]}"])
@pytest.mark.parametrize("kind", KINDS)
def test_unreadable_csrs_are_emptied_by_name_and_deleted(
    plane: ControlPlane, aws: FakeAws, profile: str, kind: str, name: str
) -> None:
    """An update that has only the name removes finalizers and managed fields.

    Patches don't work on all of them: the API server first converts the object to JSON.
    """
    metadata = {**KINDS[kind][0], "finalizers": ["example.com/stays"]}
    of_node(join(plane, aws, profile))(name, metadata)
    path = f"{CSRS}/{quote(name, safe='')}"
    emptied = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name, "managedFields": [{}]},
    }

    assert plane.admin.request("PUT", path, emptied)[0] == 200
    assert plane.admin.request("DELETE", path)[0] == 200
    assert plane.admin.send("GET", path, headers=PROTOBUF)[0] == 404


def test_a_csr_whose_name_is_not_utf_8_is_patched_and_deleted(
    plane: ControlPlane, aws: FakeAws, profile: str
) -> None:
    r"""No update in JSON can contain its name. The log has each such byte as `\\xff`."""
    of_node(join(plane, aws, profile))("a\udcff", {"finalizers": ["example.com/stays"]})
    path = f"{CSRS}/a%FF"
    patch = b'{"metadata":{"finalizers":null}}'
    strategic = {"Content-Type": "application/strategic-merge-patch+json"}

    assert plane.admin.send("PATCH", path, patch, strategic)[0] == 200
    assert plane.admin.send("DELETE", path)[0] == 200
    assert plane.admin.send("GET", path, headers=PROTOBUF)[0] == 404

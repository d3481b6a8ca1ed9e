"""What the fake cluster has beyond the real one: a clock, seeds, and explicit limits."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3

from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import APP_SERVING, FakeCluster, User
from sandbox.tokens import TokenRefused, mint
from tests.contract.objects import CSRS, a_condition, decided, path_of, put, query, read
from tests.contract.world import World
from tests.real.controlplane import AwsIdentity, Client

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
NODE = User("system:node:n", "uid", ("system:nodes",), {"sessionName": ("i-0123456789abcdef0",)})
PEM, _ = kubelet_request("n", dns=["n"])


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cluster(clock: Clock) -> Iterator[FakeCluster]:
    with FakeCluster("fake", clock=clock, app_serving=True).start() as cluster:
        yield cluster


@pytest.fixture
def admin(cluster: FakeCluster, clock: Clock, tmp_path: Path) -> Client:
    identity = AwsIdentity.session("Admin", "session")
    cluster.add_identity(identity)
    cluster.map_role("arn:aws:iam::111122223333:role/Admin", "admin", ["system:masters"])
    ca = tmp_path / "ca.pem"
    ca.write_text(cluster.ca_pem)
    token = mint(identity, cluster.cluster, cluster.region, clock())
    return Client(cluster.server, ca, token=token)


def test_a_token_ages_by_the_clusters_clock(admin: Client, clock: Clock) -> None:
    """15 minutes later by the given clock, a token is refused."""
    clock.now += timedelta(minutes=15)
    assert admin.request("GET", query(limit=1))[0] == 200

    clock.now += timedelta(seconds=1)

    assert admin.request("GET", query(limit=1))[0] == 401


def test_a_seed_is_as_old_as_it_says(cluster: FakeCluster, admin: Client) -> None:
    """A seeded CSR has the given time, labels, conditions and requester."""
    cluster.seed(
        "csr-a",
        NODE,
        PEM,
        created=NOW - timedelta(minutes=2),
        expiration_seconds=3600,
        labels={"a": "b"},
        conditions=[a_condition("Denied", lastUpdateTime="2031-05-06T07:08:00Z")],
    )

    item = read(admin, "csr-a")

    assert item["metadata"]["creationTimestamp"] == "2031-05-06T07:06:09Z"
    assert item["metadata"]["labels"] == {"a": "b"}
    assert item["spec"] == {
        "request": base64.b64encode(PEM).decode(),
        "signerName": "kubernetes.io/kubelet-serving",
        "expirationSeconds": 3600,
        "usages": ["digital signature", "server auth"],
        "username": "system:node:n",
        "uid": "uid",
        "groups": ["system:nodes", "system:authenticated"],
        "extra": {"sessionName": ["i-0123456789abcdef0"]},
    }
    (condition,) = item["status"]["conditions"]
    assert condition["lastUpdateTime"] == "2031-05-06T07:08:00Z"
    assert condition["lastTransitionTime"] == "2031-05-06T07:08:09Z"


def test_a_seed_may_be_of_any_shape(cluster: FakeCluster, admin: Client) -> None:
    """Objects that no API server would store are listed unchanged, beside all others."""
    unusual = {
        "metadata": {"name": "b"},
        "spec": {"extra": {"a": None}, "request": "*"},
        "status": 7,
    }
    cluster.seed("a", NODE, b"no request at all")
    cluster.seed_object(unusual)
    cluster.seed_object({"metadata": {"name": "c"}, "spec": "none"})

    status, listing = admin.request("GET", CSRS)
    selected = admin.request("GET", query(fieldSelector="spec.signerName=a.b/c"))

    assert (status, selected[0]) == (200, 200)
    assert [item["metadata"]["name"] for item in listing["items"]] == ["a", "b", "c"]
    assert listing["items"][1]["spec"] == unusual["spec"]


def test_the_signer_ignores_an_approved_seed_that_it_cannot_parse(
    cluster: FakeCluster, admin: Client
) -> None:
    """A request that the signer can't parse stays approved, with no certificate and no `Failed`."""
    seed = cluster.seed("a", NODE, b"no request at all")

    status, _ = put(admin, decided(seed, a_condition()))

    assert status == 200
    assert [c["type"] for c in cluster.get("a")["status"]["conditions"]] == ["Approved"]


def test_another_signer_may_issue_what_it_likes(cluster: FakeCluster) -> None:
    """`issue` stores any certificate in an object."""
    cluster.seed("a", NODE, PEM)

    cluster.issue("a", b"certificate")

    (item,) = cluster.objects()
    assert base64.b64decode(item["status"]["certificate"]) == b"certificate"


def test_the_workload_signer_leaves_generated_names(cluster: FakeCluster, admin: Client) -> None:
    """EKS's signer for workloads issues any subject, but never for CSRs named `csr-…`."""
    for name in ("csr-web", "web"):
        seed = cluster.seed(name, NODE, PEM, signer=APP_SERVING)
        assert put(admin, decided(seed, a_condition()))[0] == 200

    assert "certificate" not in cluster.get("csr-web")["status"]
    assert "certificate" in cluster.get("web")["status"]


def test_a_list_from_before_a_compaction_is_expired(cluster: FakeCluster, admin: Client) -> None:
    """A continue token from before a compaction is 410 Expired."""
    for name in "ab":
        cluster.seed(name, NODE, PEM)
    _, first = admin.request("GET", query(limit=1))

    cluster.forget_lists()
    token = first["metadata"]["continue"]
    status, answer = admin.request("GET", query(limit=1, **{"continue": token}))

    assert (status, answer["reason"]) == (410, "Expired")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", path_of("a", "approval")),
        ("PUT", path_of("a")),
        ("PUT", path_of("a", "status")),
        ("DELETE", CSRS),
        ("GET", query(watch="true")),
        ("GET", query(labelSelector="a=b")),
        ("GET", query(resourceVersion="0")),
        ("PUT", f"{path_of('a', 'approval')}?dryRun=All"),
    ],
)
def test_what_the_fake_does_not_implement_is_refused(
    cluster: FakeCluster, admin: Client, method: str, path: str
) -> None:
    """The answer is 501, so that no test relies on a guess."""
    seed = cluster.seed("a", NODE, PEM)

    assert admin.request(method, path, seed)[0] == 501


def test_a_restart_keeps_address_and_objects(cluster: FakeCluster, admin: Client) -> None:
    """A stopped API server refuses all connections; restarted, it has its address and objects."""
    server = cluster.server
    cluster.seed("a", NODE, PEM)
    before = read(admin, "a")

    cluster.stop("apiserver")
    with pytest.raises(urllib3.exceptions.HTTPError):
        admin.request("GET", CSRS)
    cluster.start_process("apiserver")

    assert (cluster.server, read(admin, "a")) == (server, before)


def test_a_user_can_be_looked_up_without_a_token(cluster: FakeCluster) -> None:
    """`user_of` returns the user that an identity's token authenticates, without any token."""
    identity = AwsIdentity.session("Node", "i-0123456789abcdef0")
    with pytest.raises(TokenRefused, match="is not mapped"):
        cluster.user_of(identity)

    cluster.map_role("arn:aws:iam::111122223333:role/Node", "system:node:{{SessionName}}")

    assert cluster.user_of(identity).username == "system:node:i-0123456789abcdef0"


def test_two_fake_clusters_share_nothing(cluster: FakeCluster, tmp_path: Path) -> None:
    """Each has its own CA, port and objects."""
    with FakeCluster("other").start() as other:
        world = World(other, tmp_path)
        cluster.seed("a", NODE, PEM)

        assert other.ca_pem != cluster.ca_pem
        assert world.admin.request("GET", CSRS)[1]["items"] == []

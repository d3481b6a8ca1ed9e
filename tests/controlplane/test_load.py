"""The load command sends the approver's PUTs, so the benchmarks' ceiling is of the same work."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from adapters.csr_api import KubernetesCsrApi
from benchmarks.ceiling import APPROVAL, Load, approvals, send
from core.model import APPROVED_REASON, KUBELET_SERVING, Csr, Write
from tests.adapters.scripted_api import (
    CA_PEM,
    OTHER_CA_PEM,
    ReceivedRequest,
    Reply,
    StillClock,
    a_page,
    an_item,
    echo,
    scripted_api,
)
from tests.real.controlplane import ControlPlane, built

NAMES = ["csr-7znmf", "csr-x"]

#: What the HTTP libraries add, each in its own way.
OF_LIBRARIES = {"accept-encoding", "connection", "host"}


def answer(seen: ReceivedRequest) -> Reply:
    return echo(seen) if seen.method == "PUT" else a_page(*map(an_item, NAMES))


def from_go(binary: Path, ca: Path, url: str) -> Load:
    return send(binary, url, ca, "token", approvals(url, CA_PEM, "token"))


def from_the_approver(url: str) -> None:
    with KubernetesCsrApi(url, CA_PEM, lambda: "token", StillClock()) as api:
        csrs = [one for one in api.list_csrs(KUBELET_SERVING).items if isinstance(one, Csr)]
        list(api.write_all([Write(csr, "Approved", APPROVED_REASON, APPROVAL) for csr in csrs]))


def puts(seen: Sequence[ReceivedRequest]) -> list[tuple[str, Mapping[str, str], bytes]]:
    """Return the target, the headers and the body of each PUT, in the order of the targets."""
    found = [
        (
            one.target,
            {
                name.lower(): value
                for name, value in one.headers.items()
                if name.lower() not in OF_LIBRARIES
            },
            one.body,
        )
        for one in seen
        if one.method == "PUT"
    ]
    return sorted(found, key=lambda one: one[0])


@pytest.fixture
def binary(eks_plane: ControlPlane) -> Path:
    """Return the control plane's binary, which has the load command."""
    assert eks_plane.has_signer  # it isn't kubebuilder's
    found = built()
    assert found is not None
    return found


def sent(call: Callable[[str], object]) -> list[tuple[str, Mapping[str, str], bytes]]:
    with scripted_api(answer) as server:
        call(server.url)
        return puts(server.seen)


def test_the_load_is_the_approvers_puts(binary: Path, tmp_path: Path) -> None:
    """The same paths, headers and bodies, each once."""
    ca = tmp_path / "ca.pem"
    ca.write_text(CA_PEM)

    expected = sent(from_the_approver)

    assert len(NAMES) == len(expected)
    assert expected == sent(lambda url: from_go(binary, ca, url))


def test_the_answers_statuses_are_counted(binary: Path, tmp_path: Path) -> None:
    """A refusal costs the server less than an approval, so it must not go unnoticed."""
    ca = tmp_path / "ca.pem"
    ca.write_text(CA_PEM)
    with scripted_api(
        lambda seen: Reply(409) if seen.target.endswith("csr-x/approval") else answer(seen)
    ) as server:
        load = from_go(binary, ca, server.url)

    assert {200: 1, 409: 1} == load.statuses
    assert load.seconds > 0


def test_a_server_of_another_ca_gets_nothing(binary: Path, tmp_path: Path) -> None:
    """The command ends with an error."""
    with scripted_api(answer) as server:
        calls = approvals(server.url, CA_PEM, "token")
        other = tmp_path / "ca.pem"
        other.write_text(OTHER_CA_PEM)
        with pytest.raises(RuntimeError, match="certificate signed by unknown authority"):
            send(binary, server.url, other, "token", calls)

    assert [] == puts(server.seen)

"""deploy/admission.yaml in a control plane: complete, or without one of its validations."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from tests.contract.objects import a_csr
from tests.controlplane.nodes import CSRS
from tests.controlplane.oversized import PEM, STORED, a_csr_with
from tests.real.controlplane import Client, ControlPlane, eventually

DRY_RUN: Final = "dryRun=All"

Manifests = tuple[dict[str, Any], dict[str, Any]]

MANIFESTS: Final[Manifests] = tuple(
    yaml.safe_load_all((Path(__file__).parents[2] / "deploy" / "admission.yaml").read_text())
)
MESSAGES: Final[list[str]] = [
    validation["message"] for validation in MANIFESTS[0]["spec"]["validations"]
]

_PATHS: Final = [
    f"/apis/admissionregistration.k8s.io/v1/{kind}"
    for kind in ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
]
# Two validations refuse this request, so every policy here refuses it.
_REFUSED: Final = a_csr("n" * 254, PEM)
_REFUSED["metadata"]["labels"] = {f"label-{n}": "" for n in range(17)}


def without(message: str) -> Manifests:
    """Return the policy without one validation; it applies to one user's requests only."""
    policy, binding = copy.deepcopy(MANIFESTS)
    user = _user_without(message)
    policy["metadata"]["name"] = binding["metadata"]["name"] = user
    binding["spec"]["policyName"] = user
    spec = policy["spec"]
    spec["validations"] = [rule for rule in spec["validations"] if rule["message"] != message]
    spec["matchConditions"].append(
        {"name": "of-one-user", "expression": f"request.userInfo.username == '{user}'"}
    )
    return policy, binding


def as_user_without(message: str) -> Mapping[str, str]:
    """Return headers by which an administrator impersonates that user, with all rights."""
    return {"Impersonate-User": _user_without(message), "Impersonate-Group": "system:masters"}


def _user_without(message: str) -> str:
    return f"without-{MESSAGES.index(message)}"


@contextmanager
def installed(
    plane: ControlPlane, policies: Mapping[str, Manifests] | None = None
) -> Iterator[None]:
    """Install the complete policy, or `policies` by the message that each lacks; then remove it."""
    chosen = {"": MANIFESTS} if policies is None else policies
    headers = [as_user_without(message) if message else {} for message in chosen]
    parts = [
        (path, manifest)
        for manifests in chosen.values()
        for path, manifest in zip(_PATHS, manifests, strict=True)
    ]
    try:
        for path, manifest in parts:
            status, answer = plane.admin.request("POST", path, manifest)
            assert status == 201, answer
        _wait_until(plane.admin, headers, 422)
        yield
    finally:
        for path, manifest in parts:
            plane.admin.request("DELETE", f"{path}/{manifest['metadata']['name']}")
        _wait_until(plane.admin, headers, 201)


@contextmanager
def an_object_to_change(plane: ControlPlane) -> Iterator[None]:
    """Create an object within all bounds; its managedFields have a write to /approval."""
    body = a_csr_with(name=STORED, labels={"team": "edge"})
    status, made = plane.admin.request("POST", CSRS, body)
    assert status == 201, made
    made["status"] = {"conditions": [{"type": "Noted", "status": "True"}]}
    status, noted = plane.admin.request("PUT", f"{CSRS}/{STORED}/approval", made)
    assert status == 200, noted
    entries = noted["metadata"]["managedFields"]
    assert [None, "approval"] == [entry.get("subresource") for entry in entries]
    yield
    assert plane.admin.request("DELETE", f"{CSRS}/{STORED}")[0] == 200


def _wait_until(admin: Client, users: Sequence[Mapping[str, str]], status: int) -> None:
    for headers in users:

        def is_so(headers: Mapping[str, str] = headers) -> bool | None:
            got = admin.request("POST", f"{CSRS}?{DRY_RUN}", _REFUSED, headers)[0]
            return True if got == status else None

        eventually(is_so, f"a request beyond the bounds to be answered with {status}")

"""A real kube-apiserver accepts the v1 forms of `csr-approver legacy`, and not the originals."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from typer.testing import CliRunner

from cli.app import app
from core.model import APP_SERVING
from tests.cli.legacy_manifests import SERVICE_REQUEST, a_manifest
from tests.real.controlplane import ControlPlane

API: Final = "/apis/{version}/certificatesigningrequests?dryRun=All&fieldValidation=Strict"
FIXTURES: Final = Path(__file__).parents[1] / "cli" / "legacy"

ALL_USAGES: Final = "[digital signature, key encipherment, server auth, client auth]"

Json = dict[str, Any]


def file(plane: ControlPlane, manifest: Json) -> int:
    """File a request as a dry run, and return the status."""
    path = API.format(version=manifest["apiVersion"])
    return plane.admin.request("POST", path, manifest)[0]


def found(path: Path) -> list[Json]:
    result = CliRunner().invoke(app, ["legacy", str(path), "--output", "json"])
    csrs = [finding["csr"] for finding in json.loads(result.stdout)["findings"]]
    return [csr for csr in csrs if csr is not None and csr["manifest"] is not None]


@pytest.fixture
def file_of(tmp_path: Path) -> Path:
    return tmp_path / "a.yaml"


@pytest.mark.parametrize(
    ("manifest", "signer"),
    [
        (a_manifest(), APP_SERVING),
        (a_manifest("csr-web"), APP_SERVING),
        (a_manifest(signerName="kubernetes.io/legacy-unknown"), APP_SERVING),
        (a_manifest(usages=""), APP_SERVING),
        (a_manifest(usages="[]"), APP_SERVING),
        (a_manifest(usages=ALL_USAGES), APP_SERVING),
        (a_manifest(usages="[server auth, server auth, odd]"), APP_SERVING),
        (a_manifest(usages="\n  - server auth # a\n  - client auth # b\n  - any # c"), APP_SERVING),
        (a_manifest(groups="\n  - system:authenticated", username="jane"), APP_SERVING),
        (a_manifest(signerName="kubernetes.io/kubelet-serving"), APP_SERVING),
        (a_manifest(signerName="example.com/own", usages="[any, any]"), "example.com/own"),
    ],
)
def test_the_v1_form_is_accepted_and_the_original_is_not(
    control_plane: ControlPlane, file_of: Path, manifest: str, signer: str
) -> None:
    """An original of v1beta1 can't be sent anywhere: that API is gone."""
    file_of.write_text(manifest)
    [csr] = found(file_of)
    original = yaml.safe_load(manifest)

    assert 404 == file(control_plane, original)
    assert signer == csr["signer"]
    assert 201 == file(control_plane, yaml.safe_load(csr["manifest"]))


@pytest.mark.parametrize(
    "spec",
    [{}, {"signerName": "kubernetes.io/legacy-unknown"}, {"signerName": "a.io/b", "usages": ""},
     {"signerName": "a.io/b", "usages": "[any, any]"}, {"signerName": "a.io/b", "usages": "[x]"}],
)  # fmt: skip
def test_findings_about_v1_are_what_its_api_refuses(
    control_plane: ControlPlane, file_of: Path, spec: dict[str, str]
) -> None:
    """Missing and legacy signers, and missing, duplicate and unknown usages, are found."""
    manifest = a_manifest(apiVersion="certificates.k8s.io/v1", **spec)
    file_of.write_text(manifest)

    assert 422 == file(control_plane, yaml.safe_load(manifest))
    assert 1 == len(found(file_of))


def test_the_fixtures_v1_forms_are_accepted(control_plane: ControlPlane) -> None:
    """The fixtures include a script's template, and a cluster's list as kubectl prints it."""
    forms = [csr["manifest"] for csr in found(FIXTURES) if csr["manifest"]]
    filled = [
        re.sub(r"\$\{\w+\}", "web", re.sub(r"\$\([^)]*\)|\$\{REQUEST\}", SERVICE_REQUEST, form))
        for form in forms
    ]

    assert 5 == len(forms)
    assert [201] * len(forms) == [file(control_plane, yaml.safe_load(form)) for form in filled]

"""`csr-approver evaluate` on ServiceAccounts' requests, with and without the saved Services."""

import base64
from pathlib import Path
from typing import Any, cast

import pytest

from core.model import APP_SERVING
from sandbox.csr_builder import CsrBuilder, der, keys
from sandbox.csr_builder import request as csr_builder
from tests.cli.test_evaluate import CREATED, CommandRunner, Item
from tests.service_builders import (
    ACCOUNT,
    CLUSTER_IP,
    DNS,
    GROUPS,
    NAMESPACE,
    USAGES,
    a_filed_service_csr,
)

SERVICES: Item = {
    "kind": "List",
    "items": [
        {
            "metadata": {"name": "web", "namespace": NAMESPACE},
            "spec": {"type": "ClusterIP", "clusterIP": CLUSTER_IP, "clusterIPs": [CLUSTER_IP]},
        },
        {
            "metadata": {"name": "db", "namespace": "other"},
            "spec": {"type": "ExternalName", "externalName": "db.example"},
        },
    ],
}


@pytest.fixture
def runner(tmp_path: Path) -> CommandRunner:
    return CommandRunner(tmp_path)


def a_csr(pem: bytes = b"", **asked: Any) -> Item:
    """Return a ServiceAccount's CSR as `kubectl get csr -o json` prints it."""
    request = pem or cast("bytes", a_filed_service_csr(**asked).request)
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "web-tls", "uid": "uid-1", "creationTimestamp": CREATED},
        "spec": {
            "request": base64.b64encode(request).decode(),
            "signerName": APP_SERVING,
            "usages": list(USAGES),
            "username": ACCOUNT,
            "groups": list(GROUPS),
        },
        "status": {},
    }


def with_services(runner: CommandRunner, *settings: str) -> tuple[str, ...]:
    return ("--services", runner.file("services", SERVICES), *settings)


def test_a_request_that_the_services_confirm_is_approved(runner: CommandRunner) -> None:
    """The object has the same keys as a node's; those of an instance are null."""
    assert [
        {
            "csr": "web-tls",
            "signer": APP_SERVING,
            "requester": ACCOUNT,
            "node": None,
            "instance": None,
            "identity": None,
            "verdict": "approve",
            "not_run": [],
            "refusals": [],
        }
    ] == runner.judge(a_csr(), options=with_services(runner))


SERVED = ("--set", "APP_SERVING=true")


def test_without_services_their_checks_are_not_run(runner: CommandRunner) -> None:
    """Nothing is approved; without the cluster the API server's address is unknown too."""
    [row] = runner.judge(a_csr(), options=SERVED)
    [less] = runner.judge(a_csr(), options=SERVED, without=("--cluster",))

    assert ("leave", ["service-known", "service-addresses"]) == (row["verdict"], row["not_run"])
    assert ["service-known", "reserved-names", "service-addresses"] == less["not_run"]
    assert ["give --services; without it some checks can't run"] == [
        refusal["detail"] for refusal in row["refusals"]
    ]


def test_settings_count_as_they_do_live(runner: CommandRunner) -> None:
    """The signer is served if Services are given, unless APP_SERVING says no."""
    off = with_services(runner, "--set", "APP_SERVING=false")
    [given], [silent], [refused] = (
        runner.judge(a_csr(), options=options) for options in (with_services(runner), (), off)
    )

    assert ("approve", "ignore", "ignore") == tuple(
        row["verdict"] for row in (given, silent, refused)
    )


@pytest.mark.parametrize(
    ("dns", "settings", "verdict", "check"),
    [
        (("db.shop.svc",), (), "leave", "service-known"),
        ((DNS, "db.other.svc"), (), "leave", "service-names"),
        ((DNS, "web.shop"), (), "leave", "service-names"),
        ((DNS, "web.shop"), ("--set", "ALLOW_SHORT_SERVICE_NAMES=true"), "approve", None),
        ((DNS, "kubernetes.default"), (), "deny", "reserved-names"),
    ],
)
def test_a_request_that_the_services_dont_confirm_is_not_approved(
    runner: CommandRunner,
    dns: tuple[str, ...],
    settings: tuple[str, ...],
    verdict: str,
    check: str | None,
) -> None:
    """The checks are those of a live review."""
    [row] = runner.judge(a_csr(dns=dns, ips=(), cn=None), options=with_services(runner, *settings))

    assert verdict == row["verdict"]
    assert check == next((refusal["check"] for refusal in row["refusals"]), None)


def test_the_example_of_awss_page_says_what_to_add(runner: CommandRunner) -> None:
    """OpenSSL makes a request with a subject and no names without any attribute."""
    subject = csr_builder.rdn(csr_builder.COMMON_NAME, der.utf8("myserver.default.svc"))
    pem = CsrBuilder(keys.rsa_key("rsa-2048")).subject(subject).pem()

    [row] = runner.judge(a_csr(pem), options=with_services(runner))

    assert "leave" == row["verdict"]
    assert "-addext subjectAltName=DNS:myserver.default.svc" in row["refusals"][0]["detail"]


def test_the_table_shows_the_requests_of_services(runner: CommandRunner) -> None:
    """Requests for Services have no instance, so that column is empty."""
    result = runner.run([a_csr()], *with_services(runner))

    assert result.exit_code == 0
    assert "web-tls" in result.stdout
    assert "approve" in result.stdout

"""`csr-approver legacy`: its findings, in which files, and the v1 form that it shows."""

import base64
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner, Result

from cli import yaml_data
from cli.app import app
from cli.legacy import files as legacy_files
from cli.legacy.rewrite import KIND
from cli.legacy.signers import CLIENT
from cli.yaml_data import Tree, tree
from cli.yaml_nodes import Node, Scalar, compose
from core.model import APP_SERVING, KUBELET_SERVING
from tests.cli.legacy_manifests import MANIFEST, NODE_REQUEST, SERVICE_REQUEST, a_manifest
from tests.cli.schemas import check

FIXTURES: Final = Path(__file__).parent / "legacy"

Json = dict[str, Any]

CHECK: Final = "check that it is v1 and has a signerName"


class LegacyRunner:
    """Files in a folder, and the command run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def run(self, *arguments: str, stdin: str | bytes = b"") -> Result:
        # So wide that no path is folded, however long the temporary folder's is.
        columns = {"COLUMNS": "500"}
        return CliRunner().invoke(app, ["legacy", *arguments], input=stdin, env=columns)

    def found(self, content: str | bytes, name: str = "a.yaml") -> Json:
        """Return the findings of one file; fail on another exit code or an unexpected error."""
        result = self.run(self.put(name, content), "--output", "json")
        printed: Json = json.loads(result.stdout)
        check("legacy", printed)
        assert result.exit_code == (1 if printed["findings"] else 3 if printed["unclear"] else 0)
        assert bool(printed["unclear"]) == bool(result.stderr)
        return printed

    def only_finding(self, content: str | bytes, name: str = "a.yaml") -> Json:
        """Return the only finding."""
        printed = self.found(content, name)
        assert [] == printed["unclear"]
        (finding,) = printed["findings"]
        assert isinstance(finding, dict)
        return finding


@pytest.fixture
def runner(tmp_path: Path) -> LegacyRunner:
    return LegacyRunner(tmp_path)


def places(printed: Json) -> list[tuple[int, str, list[str]]]:
    """Return line, way and problems of each finding."""
    return [
        (finding["line"], finding["found"], [wrong["problem"] for wrong in finding["problems"]])
        for finding in printed["findings"]
    ]


# --- the shape --------------------------------------------------------------------------------


def test_a_finding_has_exactly_these_keys(runner: LegacyRunner) -> None:
    """Programs rely on them."""
    printed = runner.found(MANIFEST)
    (finding,) = printed["findings"]

    assert [
        "schema_version", "version", "searched", "binary", "findings", "vendored", "unclear",
        "signers", "notes",
    ] == list(printed)  # fmt: skip
    assert ["file", "line", "found", "problems", "csr"] == list(finding)
    assert ["problem", "line", "detail"] == list(finding["problems"][0])
    assert [
        "name", "stored", "certificate_expires", "request", "signer", "reason", "usages", "notes",
        "manifest", "comments_kept",
    ] == list(finding["csr"])  # fmt: skip
    assert {
        "read": "strict",
        "reason": None,
        "common_name": "web.ops.svc",
        "organizations": [],
        "sans": ["web.ops.svc", "10.0.0.7"],
    } == finding["csr"]["request"]


def test_the_note_on_valid_certificates_is_shown(runner: LegacyRunner) -> None:
    """The notes on the signers that it names are shown too."""
    printed = runner.found(MANIFEST)

    assert [APP_SERVING] == list(printed["signers"])
    assert "stay valid until they expire" in printed["notes"][0]


def test_without_findings_it_exits_0_without_notes(runner: LegacyRunner) -> None:
    """A current manifest gets no notes."""
    fine = a_manifest(apiVersion="certificates.k8s.io/v1", signerName=APP_SERVING)
    printed = runner.found(fine)

    assert ([], [], {}, []) == tuple(
        printed[key] for key in ("findings", "unclear", "signers", "notes")
    )
    assert (
        "nothing found; 1 file searched, 0 binary, 0 not searched or not understood"
        in runner.run(runner.put("a.yaml", fine)).stdout
    )


# --- manifests --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (a_manifest(signerName=APP_SERVING), [("v1beta1", 2)]),
        (
            a_manifest(signerName="kubernetes.io/legacy-unknown"),
            [("v1beta1", 2), ("legacy-signer", 8)],
        ),
        (
            a_manifest(
                apiVersion="certificates.k8s.io/v1", signerName="kubernetes.io/legacy-unknown"
            ),
            [("legacy-signer", 8)],
        ),
        (a_manifest(), [("v1beta1", 2), ("no-signer", 7)]),
        (a_manifest(apiVersion="certificates.k8s.io/v1"), [("no-signer", 7)]),
        (
            a_manifest(apiVersion="certificates.k8s.io/v1", signerName="a.io/b", usages=""),
            [("no-usages", 7)],
        ),
        (
            a_manifest(apiVersion="certificates.k8s.io/v1", signerName="a.io/b", usages="[x]"),
            [("bad-usages", 9)],
        ),
        (
            a_manifest("csr-x", apiVersion="certificates.k8s.io/v1", signerName=APP_SERVING),
            [("name-not-issued", 5)],
        ),
        (
            a_manifest(
                apiVersion="certificates.k8s.io/v1",
                signerName=APP_SERVING,
                usages="[server auth, client auth]",
            ),
            [("usages-not-issued", 9)],
        ),
    ],
)
def test_every_problem_is_found_on_its_line(
    runner: LegacyRunner, manifest: str, expected: list[tuple[str, int]]
) -> None:
    """The line is the one to fix."""
    finding = runner.only_finding(manifest)

    assert expected == [(wrong["problem"], wrong["line"]) for wrong in finding["problems"]]
    assert (2, "manifest") == (finding["line"], finding["found"])


@pytest.mark.parametrize(("fixture", "line"), [("webhook-cert.sh", 7)], ids=["a script's heredoc"])
def test_a_workload_on_a_kubelets_signer_is_found_in_v1_too(
    runner: LegacyRunner, fixture: str, line: int
) -> None:
    """Its v1 form has the signer that issues for workloads."""
    [finding] = runner.found((FIXTURES / fixture).read_text(), fixture)["findings"]

    assert (line, "embedded") == (finding["line"], finding["found"])
    assert ["signer-not-issued"] == [wrong["problem"] for wrong in finding["problems"]]
    assert APP_SERVING == yaml.safe_load(finding["csr"]["manifest"])["spec"]["signerName"]


def test_without_anything_of_v1beta1_its_note_is_not_shown(runner: LegacyRunner) -> None:
    manifest = a_manifest(
        apiVersion="certificates.k8s.io/v1", signerName="kubernetes.io/kubelet-serving"
    )

    assert [] == runner.found(manifest)["notes"]


def test_the_v1_form_keeps_comments_and_order(runner: LegacyRunner) -> None:
    """Only what must change is changed."""
    text = (FIXTURES / "manifests.yaml").read_text()
    first = text.split("---\n")[0]
    expected = (
        first.replace("v1beta1", "v1")
        .replace("csr-webhook", "webhook")
        .replace("kubernetes.io/legacy-unknown", APP_SERVING)
    )
    csr = runner.found(text)["findings"][0]["csr"]

    assert (expected, True) == (csr["manifest"], csr["comments_kept"])


def test_fields_that_the_server_sets_are_removed(runner: LegacyRunner) -> None:
    """The groups of old examples are removed, too; comments stay."""
    finding = runner.only_finding(a_manifest(groups="\n  - system:authenticated\n  # what for"))

    assert "groups" not in yaml.safe_load(finding["csr"]["manifest"])["spec"]
    assert "  # what for\n" in finding["csr"]["manifest"]


def test_in_a_list_each_has_its_own_comments(runner: LegacyRunner) -> None:
    """A comment further left belongs to the next item."""
    first, second = (
        "- " + a_manifest(name).split("\n", 1)[1].replace("\n", "\n  ").rstrip() + "  # its\n"
        for name in ("one", "two")
    )
    text = f"kind: List\nitems:\n{first}# of the next\n{second}"
    forms = [finding["csr"]["manifest"] for finding in runner.found(text)["findings"]]

    assert [1, 1] == [form.count("# its") for form in forms]
    assert not any("# of the next" in form for form in forms)


def test_a_generated_name_is_changed_too(runner: LegacyRunner) -> None:
    """EKS issues nothing for names that `generateName: csr-` creates."""
    text = a_manifest("csr-", usages="\n  - server auth # a\n  - any # b").replace(
        "  name:", "  generateName:"
    )
    csr = runner.only_finding(text)["csr"]

    assert {"generateName": "request"} == yaml.safe_load(csr["manifest"])["metadata"]
    assert "  - server auth # a\n" in csr["manifest"]
    assert "any" not in csr["manifest"]


@pytest.mark.parametrize(
    ("request_", "usages", "words"),
    [
        (SERVICE_REQUEST, "[code signing]", "# signer: none (no signer of EKS issues code signing"),
        ("AAAA", "[server auth]", "# request: not exactly one CERTIFICATE REQUEST block"),
        ("$x", "[server auth]", "# request: filled in by a script or template"),
        (NODE_REQUEST, "[server auth]", "# request: CN=system:node:n1, O=system:nodes; n1"),
    ],
)
def test_the_names_of_a_request_and_the_reason_for_a_signer_are_shown(
    runner: LegacyRunner, request_: str, usages: str, words: str
) -> None:
    """If no signer fits, the reason is shown in place of its name."""
    path = runner.put("a.yaml", a_manifest(request=request_, usages=usages))

    assert words in runner.run(path).stdout


def test_a_manifest_that_cannot_be_edited_is_rewritten_with_a_note(runner: LegacyRunner) -> None:
    """Flow style has no lines to edit, and the comments are lost."""
    head, _ = a_manifest().split("spec:\n")
    spec = f"spec: # a comment\n  {{request: {SERVICE_REQUEST}, usages: [server auth]}}\n"
    csr = runner.only_finding(head + spec)["csr"]

    assert csr["comments_kept"] is False
    assert any("comments are not kept" in note for note in csr["notes"])
    assert {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "web"},
        "spec": {
            "request": SERVICE_REQUEST,
            "signerName": APP_SERVING,
            "usages": ["server auth"],
        },
    } == yaml.safe_load(csr["manifest"])


def test_merged_keys_are_read(runner: LegacyRunner) -> None:
    """Merged usages count, and fields of the object itself have precedence."""
    finding = runner.only_finding(
        a_manifest(usages="") + "  <<: {usages: [client auth], request: x}\n"
    )

    assert (CLIENT, ["client auth"]) == (finding["csr"]["signer"], finding["csr"]["usages"])
    assert "strict" == finding["csr"]["request"]["read"]


def test_aliases_are_followed(runner: LegacyRunner) -> None:
    """One object may use the list of usages that another one anchors."""
    first = a_manifest("one", usages="&u [server auth]")
    items = [first, a_manifest("two", usages="*u")]
    text = "kind: List\nitems:\n" + "".join(
        "- " + item.split("\n", 1)[1].replace("\n", "\n  ").rstrip() + "\n" for item in items
    )

    assert [["server auth"]] * 2 == [
        finding["csr"]["usages"] for finding in runner.found(text)["findings"]
    ]


def test_a_signer_is_named_for_each_manifest(runner: LegacyRunner) -> None:
    """The signer follows from usages and subject; a correct document gets no finding."""
    text = "---\n".join(
        [
            a_manifest("serving"),
            a_manifest("person", usages="[client auth]"),
            a_manifest("node", request=NODE_REQUEST),
            a_manifest("code", usages="[code signing]"),
            a_manifest("fine", apiVersion="certificates.k8s.io/v1", signerName=APP_SERVING),
        ]
    )
    found = [finding["csr"] for finding in runner.found(text)["findings"]]

    assert [
        ("serving", APP_SERVING),
        ("person", CLIENT),
        ("node", KUBELET_SERVING),
        ("code", None),
    ] == [(csr["name"], csr["signer"]) for csr in found]
    assert [True, False, False, False] == [csr["manifest"] is not None for csr in found]


def test_all_items_and_documents_of_a_file_are_read(runner: LegacyRunner) -> None:
    """Each finding has the line of its object."""
    text = (FIXTURES / "manifests.yaml").read_text()

    assert [
        (2, "manifest", ["v1beta1", "legacy-signer"]),
        (20, "manifest", ["v1beta1", "no-signer"]),
    ] == places(runner.found(text))
    assert [(3, "manifest", ["legacy-signer"])] == places(
        runner.found((FIXTURES / "live.yaml").read_text())
    )


def test_items_of_a_raw_list_have_its_version(runner: LegacyRunner) -> None:
    """The API server leaves version and kind out of a list's items."""
    body = yaml.safe_load(a_manifest())
    item = {"metadata": body["metadata"], "spec": body["spec"]}
    raw = {
        "kind": "CertificateSigningRequestList",
        "apiVersion": "certificates.k8s.io/v1beta1",
        "items": [item],
    }
    finding = runner.only_finding(json.dumps(raw), "a.json")

    assert ["v1beta1", "no-signer"] == [wrong["problem"] for wrong in finding["problems"]]
    assert "CertificateSigningRequest" == yaml.safe_load(finding["csr"]["manifest"])["kind"]


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_json_is_read_like_yaml(runner: LegacyRunner, indent: int | str | None) -> None:
    """JSON may be compact, or indented with spaces or tabs; its v1 form is YAML."""
    finding = runner.only_finding(json.dumps(yaml.safe_load(a_manifest()), indent=indent), "a.json")

    assert "manifest" == finding["found"]
    assert APP_SERVING == yaml.safe_load(finding["csr"]["manifest"])["spec"]["signerName"]


def test_objects_of_a_cluster_lose_the_fields_that_the_server_set(runner: LegacyRunner) -> None:
    """The output of `kubectl get csr -o yaml` can't be filed again unchanged."""
    csr = runner.only_finding((FIXTURES / "live.yaml").read_text())["csr"]

    assert csr["stored"]
    assert any(note.startswith("from a cluster") for note in csr["notes"])
    written = yaml.safe_load(csr["manifest"])
    assert ({"name": "old"}, {"request", "signerName", "usages"}) == (
        written["metadata"],
        set(written["spec"]),
    )


def test_the_end_of_an_issued_certificate_is_shown(runner: LegacyRunner) -> None:
    """The certificate's end is the time by which its request must be migrated."""
    live = yaml.safe_load((FIXTURES / "live.yaml").read_text())
    live["items"][0]["status"]["certificate"] = a_certificate()

    assert (
        "2031-01-02T00:00:00+00:00"
        == runner.only_finding(json.dumps(live))["csr"]["certificate_expires"]
    )


def a_certificate() -> str:
    """Return a certificate that ends on 2 January 2031, as in `status.certificate`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2030, 1, 2, tzinfo=UTC))
        .not_valid_after(datetime(2031, 1, 2, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(built.public_bytes(serialization.Encoding.PEM)).decode()


@pytest.mark.parametrize(
    ("request_", "read"),
    [
        ("$base_64", "elsewhere"),
        ("$(base64 < a.csr)", "elsewhere"),
        ("", "elsewhere"),
    ],
)
def test_requests_that_a_script_fills_in_stay_unchanged(
    runner: LegacyRunner, request_: str, read: str
) -> None:
    """The v1 form keeps what the script replaces."""
    csr = runner.only_finding(a_manifest(request=request_))["csr"]

    assert read == csr["request"]["read"]
    assert (request_ or None) == yaml.safe_load(csr["manifest"])["spec"]["request"]


@pytest.mark.parametrize("request_", ["AAA", "AAAA", "QUFB" * 30_000])
def test_a_request_that_cannot_be_read_has_no_v1_form(runner: LegacyRunner, request_: str) -> None:
    """The API server would refuse it."""
    csr = runner.only_finding(a_manifest(request=request_))["csr"]

    assert ("unreadable", None) == (csr["request"]["read"], csr["manifest"])
    assert any(note.startswith("no v1 form: the API server refuses") for note in csr["notes"])


def test_a_request_without_extensions_is_read_for_display(runner: LegacyRunner) -> None:
    """`openssl req -subj` creates such requests; the strict parser's error is shown."""
    request = runner.only_finding((FIXTURES / "live.yaml").read_text())["csr"]["request"]

    assert ("lenient", "myserver.default.svc", []) == (
        request["read"],
        request["common_name"],
        request["sans"],
    )
    assert "expected extensionRequest" in request["reason"]


@pytest.mark.parametrize("change", ["crlf", "bom", "utf-16", "tabs in comments", "other line ends"])
def test_other_editors_files_are_read(runner: LegacyRunner, change: str) -> None:
    """Line ends, byte order marks and PowerShell's encoding don't change findings or lines."""
    commented = MANIFEST.replace("spec:\n", "spec: # \u2028# ü\n")
    content = {
        "crlf": MANIFEST.replace("\n", "\r\n").encode(),
        "bom": b"\xef\xbb\xbf" + MANIFEST.encode(),
        "utf-16": MANIFEST.encode("utf-16"),
        "tabs in comments": MANIFEST.replace("spec:", "spec:\t# a").encode(),
        "other line ends": commented.encode(),
    }[change]
    finding = runner.only_finding(content)

    assert [("v1beta1", 2), ("no-signer", 7)] == [
        (wrong["problem"], wrong["line"]) for wrong in finding["problems"]
    ]
    assert f"  signerName: {APP_SERVING}\n" in finding["csr"]["manifest"]


# --- within other text ------------------------------------------------------------------------


def test_a_heredoc_is_read_as_a_manifest(runner: LegacyRunner) -> None:
    """The line is that of the script, and the shell's variables stay."""
    script = (FIXTURES / "create-cert.sh").read_text()
    finding = runner.only_finding(script, "create-cert.sh")

    assert (5, "embedded") == (finding["line"], finding["found"])
    assert [("v1beta1", 5), ("no-signer", 10)] == [
        (wrong["problem"], wrong["line"]) for wrong in finding["problems"]
    ]
    heredoc = script.split("<<EOF | kubectl apply -f -\n")[1].split("EOF\n")[0]
    expected = heredoc.replace("v1beta1", "v1").replace(
        "spec:\n  groups:\n  - system:authenticated\n", f"spec:\n  signerName: {APP_SERVING}\n"
    )
    assert (expected, True) == (finding["csr"]["manifest"], finding["csr"]["comments_kept"])


def test_the_current_example_of_aws_is_not_found(runner: LegacyRunner) -> None:
    """The heredoc of the EKS page is correct, so it is no finding."""
    heredoc = a_manifest("myserver", apiVersion="certificates.k8s.io/v1", signerName=APP_SERVING)

    assert [] == runner.found(f"cat >mycsr.yaml <<EOF\n{heredoc}EOF\n", "a.sh")["findings"]


@pytest.mark.parametrize(
    ("before", "after", "pad"),
    [
        ("cat <<-EOF\n", "EOF\n", "\t"),
        ("Text.\n\n```yaml\n", "```\n", ""),
        ("import x\nDOCUMENT = '''\n", "'''\nprint(DOCUMENT)\n", ""),
        ("locals {\n  csr = <<-EOT\n", "    EOT\n}\n", "    "),
        ("kind: ConfigMap\ndata:\n  a.yaml: |\n", "  b: c\n", "    "),
        ("run: |\n  kubectl apply -f - <<EOF\n", "  EOF\n", "  "),
    ],
    ids=["tabs", "markdown", "python", "terraform", "configmap", "workflow"],
)
def test_manifests_in_all_kinds_of_text_are_read(
    runner: LegacyRunner, before: str, after: str, pad: str
) -> None:
    """The lines of a manifest may have any margin."""
    inner = "".join(f"{pad}{line}\n" for line in MANIFEST.splitlines()[1:])
    finding = runner.only_finding(before + inner + after, "a.txt")

    assert "embedded" == finding["found"]
    assert before.count("\n") + 1 == finding["line"]
    assert APP_SERVING == yaml.safe_load(finding["csr"]["manifest"])["spec"]["signerName"]


# --- text -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("chart/templates/csr.yaml", [(2, "v1beta1"), (3, "no-signer")]),
        ("chart/templates/v1.yaml", []),
        ("kustomize/kustomization.yaml", [(4, "v1beta1"), (10, "legacy-signer")]),
        ("kustomize/patch.yaml", [(1, "v1beta1"), (6, "legacy-signer")]),
        ("kustomize/trust.yaml", []),
        (
            "clients/client.go",
            [(4, "v1beta1"), (8, "v1beta1"), (11, "v1beta1"), (12, "legacy-signer")],
        ),
        ("clients/webhook.go", [(11, "signer-not-issued"), (20, "signer-not-issued")]),
        ("clients/kubelet.go.txt", []),
        ("clients/client.py.txt", [(1, "v1beta1"), (2, "v1beta1")]),
        ("clients/main.tf", [(1, "v1beta1")]),
    ],
)
def test_text_that_is_no_manifest_is_found_as_text(
    runner: LegacyRunner, name: str, expected: list[tuple[int, str]]
) -> None:
    """Helm templates, kustomize patches and programs are found by line, without a v1 form."""
    printed = runner.found((FIXTURES / name).read_text(), Path(name).name)

    assert [(line, "text", [problem]) for line, problem in expected] == places(printed)
    assert all(finding["csr"] is None for finding in printed["findings"])
    assert [] == printed["unclear"]


def test_a_match_in_text_asks_for_a_check(runner: LegacyRunner) -> None:
    """Text alone doesn't show whether it must change."""
    result = runner.run(str(FIXTURES / "clients"))

    assert re.search(r"^v1beta1 +check +- +\S+/client.go:4$", result.stdout, re.MULTILINE)


def test_text_with_a_signer_that_never_issues_names_app_serving(runner: LegacyRunner) -> None:
    """The notes on that signer are shown, too."""
    path = str(FIXTURES / "clients" / "webhook.go")
    result = runner.run(path)

    assert f"signer-not-issued  app-serving    -    {path}:11\n" in result.stdout
    assert f"\n{APP_SERVING}: EKS's signer for workloads." in result.stdout
    assert [APP_SERVING] == list(json.loads(runner.run(path, "-o", "json").stdout)["signers"])


def test_a_template_with_a_variable_version_is_unclear(runner: LegacyRunner) -> None:
    """The command exits 3, with the line to check."""
    text = (FIXTURES / "chart/templates/v1.yaml").read_text()
    printed = runner.found(text.replace("certificates.k8s.io/v1", "{{ .Values.csrVersion }}"))

    assert ([], [3]) == (printed["findings"], [unclear["line"] for unclear in printed["unclear"]])
    assert "check that it is v1 and has a signerName" in printed["unclear"][0]["problem"]


def test_the_kinds_that_v1beta1_still_serves_are_not_found(runner: LegacyRunner) -> None:
    """ClusterTrustBundle and PodCertificateRequest have the same group and version."""
    for kind in ("ClusterTrustBundle", "PodCertificateRequest"):
        text = f"apiVersion: certificates.k8s.io/v1beta1\nkind: {kind}\n"
        assert [] == runner.found(text)["findings"]
        assert [] == runner.found(f"cat <<EOF\n{text}EOF\n", "a.sh")["findings"]


def test_a_broken_document_hides_no_other(runner: LegacyRunner) -> None:
    """Documents are read one by one."""
    broken = "a: {{ b }}: c # certificates.k8s.io/v1beta1\n"

    printed = runner.found(f"{MANIFEST}---\n{broken}---\n{MANIFEST}")

    assert [(2, "manifest"), (10, "text"), (13, "manifest")] == [
        (line, how) for line, how, _ in places(printed)
    ]


# --- files ------------------------------------------------------------------------------------


def test_folders_are_searched_recursively(runner: LegacyRunner) -> None:
    """Files are read in the order of their names; .git and binary files are skipped."""
    for name in ("b/c/d.yaml", "a.yaml", ".git/x.yaml", "b/.git/x.yaml", ".github/x.yaml"):
        runner.put(name, MANIFEST)
    runner.put("b/picture", b"\x89PNG\0certificates.k8s.io/v1beta1")
    printed = json.loads(runner.run(str(runner.folder), "--output", "json").stdout)

    assert ["a.yaml", ".github/x.yaml", "b/c/d.yaml"] == [
        str(Path(finding["file"]).relative_to(runner.folder)) for finding in printed["findings"]
    ]
    assert (3, 1, []) == (printed["searched"], printed["binary"], printed["unclear"])


def test_findings_in_others_code_are_counted_by_folder(runner: LegacyRunner) -> None:
    """They don't decide the exit code; a vendored folder that is named itself is searched."""
    runner.put("vendor/a/b.yaml", MANIFEST)
    runner.put("vendor/c.yaml", MANIFEST)
    runner.put("web/node_modules/d.yaml", MANIFEST)
    runner.put("web/node_modules/e.yaml", "kind: CertificateSigningRequest\nspec: {{ x }}")
    folder = str(runner.folder)
    result = runner.run(folder)
    printed = json.loads(runner.run(folder, "--output", "json").stdout)

    assert (0, "") == (result.exit_code, result.stderr)
    assert ([], []) == (printed["findings"], printed["unclear"])
    assert [
        {"folder": f"{folder}/vendor", "findings": 2},
        {"folder": f"{folder}/web/node_modules", "findings": 1},
    ] == printed["vendored"]
    assert f"2 more in {folder}/vendor: others' code" in " ".join(result.stdout.split())
    named = json.loads(runner.run(f"{folder}/vendor", "--output", "json").stdout)
    assert (2, []) == (len(named["findings"]), named["vendored"])


def test_standard_input_is_a_file(runner: LegacyRunner) -> None:
    """So `kubectl get csr -o yaml | csr-approver legacy -` works."""
    result = runner.run("-", "--output", "json", stdin=(FIXTURES / "live.yaml").read_bytes())

    assert [("-", 3)] == [
        (finding["file"], finding["line"]) for finding in json.loads(result.stdout)["findings"]
    ]
    assert 1 == result.exit_code


def test_links_in_folders_are_skipped_and_no_file_is_read_twice(runner: LegacyRunner) -> None:
    """A named link is followed, and hard links count once."""
    file = runner.put("real/a.yaml", MANIFEST)
    (runner.folder / "real/loop").symlink_to(runner.folder)
    (runner.folder / "real/self").symlink_to("self")
    (runner.folder / "real/again.yaml").symlink_to(file)
    (runner.folder / "real/hard.yaml").hardlink_to(file)
    (runner.folder / "named").symlink_to(runner.folder / "real")
    result = runner.run(str(runner.folder / "named"), file, "--output", "json")

    assert 1 == len(json.loads(result.stdout)["findings"])
    assert "" == result.stderr


def test_special_files_in_folders_are_skipped(runner: LegacyRunner) -> None:
    """No one writes to this pipe: reading it would never end."""
    os.mkfifo(runner.folder / "pipe")

    assert 0 == runner.run(str(runner.folder)).exit_code


@pytest.mark.parametrize("broken", ["none", "self", "binary"])
def test_a_named_file_that_cannot_be_searched_is_exit_3(runner: LegacyRunner, broken: str) -> None:
    """The message names a missing file, a link to itself, and a binary file."""
    (runner.folder / "self").symlink_to("self")
    runner.put("binary", b"\0\1certificates.k8s.io")
    path = str(runner.folder / broken)
    result = runner.run(path)

    assert 3 == result.exit_code
    assert f"csr-approver: {path}: " in result.stderr


@contextmanager
def unprivileged() -> Iterator[None]:
    """Run as an unprivileged user: file permissions do not bind root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_unreadable_file_stops_no_other() -> None:
    """A file and a folder without permission are named, and the others are searched."""
    with TemporaryDirectory() as name:
        runner = LegacyRunner(Path(name))
        runner.folder.chmod(0o755)
        runner.put("good.yaml", MANIFEST)
        denied = [Path(runner.put("file.yaml", MANIFEST)), runner.folder / "folder"]
        runner.put("folder/a.yaml", MANIFEST)
        for path in denied:
            path.chmod(0)
        runner.run(name)  # imports what it needs while it may
        with unprivileged():
            result = runner.run(name, "--output", "json")
            alone = runner.run(str(denied[1] / "a.yaml"))
        denied[1].chmod(0o700)

    printed = json.loads(result.stdout)
    assert ["good.yaml"] == [Path(finding["file"]).name for finding in printed["findings"]]
    assert {(str(path), "Permission denied") for path in denied} == {
        (unclear["file"], unclear["problem"]) for unclear in printed["unclear"]
    }
    assert (1, 3) == (result.exit_code, alone.exit_code)


def test_closed_standard_input_is_exit_3() -> None:
    """A closed standard input matters only for `-`, and ASCII streams are enough."""
    run = f"{shlex.quote(sys.executable)} -m cli.main legacy"
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "ascii"}
    for paths, code in (("-", 3), (shlex.quote(str(FIXTURES)), 1)):
        ran = subprocess.run(  # noqa: S602  redirections are a shell's
            f"{run} {paths} <&-", shell=True, env=environ, capture_output=True, check=False
        )
        assert (code, False) == (ran.returncode, b"Traceback" in ran.stderr), ran.stderr


def test_text_that_is_not_utf_8_is_searched_as_text(runner: LegacyRunner) -> None:
    """Latin-1 comments hide nothing, and text of an unknown encoding isn't rewritten."""
    finding = runner.found(MANIFEST.replace("spec:", "spec: # \xfc").encode("latin-1"))

    assert {"text"} == {how for _, how, _ in places(finding)}
    assert ["v1beta1", "no-signer"] == [wrong for _, _, (wrong,) in places(finding)]


def test_a_huge_file_is_reported_as_not_searched(
    runner: LegacyRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded, and a file that wasn't searched isn't reported as clean."""
    monkeypatch.setattr(legacy_files, "MAX_BYTES", 2**20)
    printed = runner.found("a" * 2**20 + MANIFEST)

    assert ["larger than 1 MiB, not searched: split the file"] == [
        unclear["problem"] for unclear in printed["unclear"]
    ]
    assert [] == runner.found("a" * 2**20)["unclear"]


BOMB: Final = "a0: &a0 [certificates.k8s.io]\n" + "".join(
    f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]\n" for number in range(1, 30)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        f"{BOMB}kind: CertificateSigningRequest\nspec:\n  request: *a29\n",
        "kind: List\nitems: &a [*a, *a, kind: CertificateSigningRequest]\n",
        "kind: CertificateSigningRequest\nspec: &s\n  request: a\n  <<: [*s, *s]\n",
        "kind: CertificateSigningRequest\nspec: " + "[" * 1_000_000,
        "kind: CertificateSigningRequest\nspec: " + "{a: " * 1_000_000,
        "kind: CertificateSigningRequest\nspec: " + "[{a: [" * 500 + "]}]" * 500,
        "kind: CertificateSigningRequest\n" + "".join(" " * n + "a:\n" for n in range(2_000)),
        "kind: CertificateSigningRequest\n" + "- " * 1_000_000,
        "kind: CertificateSigningRequest\n" + "? " * 100_000,
        "kind: CertificateSigningRequest\nspec: " + '"' + "a" * 1_000_000,
        "kind: CertificateSigningRequest\n" * 30_000,
        "%YAML 9.9\n---\nkind: CertificateSigningRequest\n",
        "kind: CertificateSigningRequest\nspec: !!python/object/apply:os.system [ls]\n",
        "? {kind: CertificateSigningRequest}\n: [apiVersion: certificates.k8s.io/v1beta]\n",
        "kind: [CertificateSigningRequest]\napiVersion: {a: b}\nspec: 5\nitems: {}\n",
        "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nspec:\n- request\n",
        "kind: CertificateSigningRequest\nspec: *nowhere\n",
        "certificates.k8s.io \x1b[31m \x00 \ufffe",
    ],
)
def test_hostile_files_end_without_a_traceback(runner: LegacyRunner, text: str) -> None:
    """Bombs, deep nesting and other shapes: at worst, their text is searched."""
    result = runner.run(runner.put("a.yaml", text))

    assert result.exit_code in {0, 1, 3}
    assert isinstance(result.exception, SystemExit | None)
    assert [] == [
        finding for finding in runner.found(text)["findings"] if finding["found"] == "manifest"
    ]


def in_each_of_many(item: str) -> str:
    """Return 300 objects, each with nearly the maximum of values, by the alias `many`."""
    values = f"- &some [{'x, ' * 70}]\n- &many [{'*some , ' * 68}]\n"
    return f"# certificates.k8s.io\n{values}" + f"- {{{item}}}\n" * 300


def test_aliases_of_a_file_are_bounded_in_total(
    runner: LegacyRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each object's aliases are bounded, and so is their total; the rest is unclear."""
    monkeypatch.setattr(yaml_data, "MOST_IN_ALL", 100_000)
    item = f"kind: {KIND}, apiVersion: certificates.k8s.io/v1, spec: {{request: r, x: *many }}"

    printed = runner.found(in_each_of_many(item))

    assert 20 == len(printed["findings"])
    assert [
        (
            f"a CSR that can't be read (more than 100000 values in one file): {CHECK}",
            24,
        )
    ] == [(unclear["problem"], unclear["line"]) for unclear in printed["unclear"]]


def test_a_long_line_is_read_for_only_a_few_of_the_csrs_above_it(
    runner: LegacyRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each could begin a manifest that ends with this line, which may be megabytes long."""
    read: list[int] = []

    def noted(text: str) -> list[Node]:
        read.append(len(text))
        return compose(text)

    monkeypatch.setattr("cli.legacy.find.compose", noted)
    kinds = f"kind: {KIND}\n" * 50
    text = f"{{{{ a }}}}: {{{{ b }}}}: c\n{kinds}x: [{'a, ' * 10_000}]\n"

    printed = runner.found(text)

    assert sum(read) < 6 * len(text)
    assert (
        "too much text of unreadable CSRs: the rest was not searched; split the file"
        == printed["unclear"][-1]["problem"]
    )


def test_an_alias_in_place_of_a_kind_is_not_expanded(
    runner: LegacyRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An expanded alias would be read as a whole, once for each object."""
    read: list[Node] = []

    def noted(node: Node) -> Tree:
        read.append(node)
        return tree(node)

    monkeypatch.setattr("cli.legacy.objects.tree", noted)

    assert [] == runner.found(in_each_of_many("kind: *many , apiVersion: *many "))["findings"]
    assert [] == [node for node in read if not isinstance(node, Scalar)]


def test_a_csr_in_flow_style_that_is_too_large_is_unclear(runner: LegacyRunner) -> None:
    """In JSON on one line, no line begins with the kind."""
    spec = {"request": "r", "x": [1] * 6_000}
    text = json.dumps({"apiVersion": "certificates.k8s.io/v1", "kind": KIND, "spec": spec})

    printed = runner.found(text, "a.json")

    assert [
        (
            f"a CSR that can't be read (more than 5000 values in one object): {CHECK}",
            1,
        )
    ] == [(unclear["problem"], unclear["line"]) for unclear in printed["unclear"]]


def test_files_of_many_matches_are_bounded(runner: LegacyRunner) -> None:
    """The rest is reported as unclear."""
    printed = runner.found("kubernetes.io/legacy-unknown\n" * 1_500, "a.txt")

    assert 1_000 == len(printed["findings"])
    assert [
        ("more than 1000 matches: the rest was not searched; fix these, and run this again", 1_001)
    ] == [(unclear["problem"], unclear["line"]) for unclear in printed["unclear"]]


# --- what is printed --------------------------------------------------------------------------


def test_text_of_files_is_printed_escaped(runner: LegacyRunner) -> None:
    """Terminal codes, bidirectional text and Rich's markup have no effect."""
    name = "[red]x[/red]\x1b[31m.yaml"
    text = a_manifest('"[bold]a\\e[31m\u202e"')
    result = runner.run(runner.put(name, text))
    shown = result.stdout.replace("\n", "").replace("│", "").replace(" ", "")

    assert "[red]x[/red]\\x1b[31m.yaml:2" in shown
    assert "[bold]a\\x1b[31m\\u202e" in shown
    assert not {"\x1b", "\u202e"} & set(result.stdout)
    assert "some characters are shown escaped" in result.stdout


def test_file_names_that_are_not_text_are_printed(runner: LegacyRunner) -> None:
    """Linux accepts any bytes as a name."""
    runner.put(os.fsdecode(b"\xff/a.yaml"), MANIFEST)

    assert "/\\udcff/a.yaml" in runner.run(str(runner.folder)).stdout
    assert 1 == runner.run(str(runner.folder), "--output", "json").exit_code


def test_the_printed_manifest_can_be_copied(runner: LegacyRunner) -> None:
    """Long lines of the manifest are neither folded nor coloured."""
    result = runner.run(runner.put("a.yaml", MANIFEST))
    _, shown = result.stdout.split("---\n")
    manifest = runner.only_finding(MANIFEST)["csr"]["manifest"]

    assert shown.startswith(f"{manifest}\n")


def test_a_missing_or_empty_path_is_wrong_usage() -> None:
    """An unset variable gives an empty path. The help shows the exit codes."""
    assert [2, 2] == [CliRunner().invoke(app, ["legacy", *paths]).exit_code for paths in ([], [""])]
    shown = CliRunner().invoke(app, ["legacy", "--help"]).stdout
    assert "Exit 0: nothing found. 1: something was found." in shown

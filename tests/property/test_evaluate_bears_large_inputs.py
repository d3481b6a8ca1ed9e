"""`csr-approver evaluate` on files of megabytes, each with one large part: it keeps its contract.

The tests call it in this process, and for the most unusual files in a separate process.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.property import document_mutations, saved
from tests.property.test_evaluate_never_breaks import (
    Saved,
    Tally,
    a_good_case,
    examine,
    examined,
)

#: The most bytes of an object at the API server. From: Kubernetes apiserver pkg/server/config.go.
_SIZE = 3 * 1024 * 1024
#: Seconds until a hanging process is ended. This doesn't test speed.
_HANGS_AFTER = 300

_LONG_TEXT = "x" * _SIZE


def _csr(**spec: Any) -> bytes:
    return _csrs(saved.a_csr(1, **spec))


def _csrs(*items: object) -> bytes:
    return document_mutations.encoded({"items": [saved.a_csr(2), *items]})


def _with(part: str, **changes: object) -> bytes:
    item = saved.a_csr(1)
    return _csrs(item | {part: item[part] | changes})


def _instances(*more: object, **changes: object) -> bytes:
    first = saved.an_instance(1) | changes
    return document_mutations.encoded(
        {"Reservations": [{"Instances": [first, saved.an_instance(2), *more]}]}
    )


def _interface(**changes: object) -> bytes:
    [first, *_] = saved.an_instance(1)["NetworkInterfaces"]
    return _instances(NetworkInterfaces=[first | changes])


def _cluster(**changes: object) -> bytes:
    return document_mutations.encoded({"cluster": saved.CLUSTER["cluster"] | changes})


def _profiles(*more: object) -> bytes:
    return document_mutations.encoded(
        {"InstanceProfiles": [*saved.PROFILES["InstanceProfiles"], *more]}
    )


def _deep(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


_CSRS: Mapping[str, Callable[[], bytes]] = {
    "a-name": lambda: _with("metadata", name=_LONG_TEXT),
    "a-username": lambda: _csr(username=f"system:node:{_LONG_TEXT}"),
    "groups": lambda: _csr(groups=[f"group-{n}" for n in range(200_000)]),
    "usages": lambda: _csr(usages=["server auth"] * 200_000),
    "a-usage": lambda: _csr(usages=[_LONG_TEXT]),
    "extra": lambda: _csr(extra={f"key-{n}": ["x"] for n in range(150_000)}),
    "session-names": lambda: _csr(extra={"sessionName": [saved.session(1)] * 120_000}),
    "a-session-name": lambda: _csr(extra={"sessionName": [_LONG_TEXT]}),
    "a-role": lambda: _csr(
        extra={
            "sessionName": [saved.session(1)],
            "canonicalArn": [f"arn:aws:iam::1:role/{_LONG_TEXT}"],
        }
    ),
    "a-request": lambda: _csr(request="QUJD" * (_SIZE // 4)),
    "no-request": lambda: _csr(request="~" * _SIZE),
    "a-lifetime": lambda: _csr(expirationSeconds=10**4_000),
    "labels": lambda: _with("metadata", labels={f"label-{n}": "" for n in range(150_000)}),
    "a-moment": lambda: _with("metadata", creationTimestamp="2026-11-24T11:53:00." + "0" * _SIZE),
    "conditions": lambda: _with(
        "status", conditions=[{"type": f"t{n}", "status": "True"} for n in range(80_000)]
    ),
    "approvals": lambda: _with(
        "status", conditions=[{"type": "Approved", "status": "True"}] * 80_000
    ),
    "a-certificate": lambda: _with("status", certificate="QUJD" * (_SIZE // 4)),
    "items-that-are-none": lambda: _csrs(*range(1_000)),
    "items-of-one-requester": lambda: _csrs(*[saved.a_csr(1)] * 500),
    "deep-item": lambda: _csrs().replace(b"[{", b"[" + _deep(900) + b",{", 1),
}
_EVIDENCE: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "instances": ("--instances", lambda: _instances(*map(saved.an_instance, range(10, 255)))),
    "instances-of-one-id": (
        "--instances",
        lambda: _instances(*[{"InstanceId": saved.session(1)}] * 60_000),
    ),
    "instances-of-one-name": (
        "--instances",
        lambda: _instances(
            *({"InstanceId": f"i-{n}", "PrivateDnsName": saved.node(3)} for n in range(30_000))
        ),
    ),
    "an-instance-id": ("--instances", lambda: _instances(InstanceId=_LONG_TEXT)),
    "a-private-name": ("--instances", lambda: _instances(PrivateDnsName=_LONG_TEXT)),
    "labels-of-a-name": ("--instances", lambda: _instances(PrivateDnsName="a." * (_SIZE // 2))),
    "tags": (
        "--instances",
        lambda: _instances(Tags=[{"Key": f"{n}", "Value": "x"} for n in range(80_000)]),
    ),
    "interfaces": (
        "--instances",
        lambda: _instances(NetworkInterfaces=saved.an_instance(1)["NetworkInterfaces"] * 1_500),
    ),
    "addresses": (
        "--instances",
        lambda: _interface(
            PrivateIpAddresses=[
                {"Primary": False, "PrivateIpAddress": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"}
                for n in range(50_000)
            ]
        ),
    ),
    "prefixes": (
        "--instances",
        lambda: _interface(
            Ipv6Prefixes=[{"Ipv6Prefix": f"2001:db8:{n:x}::/80"} for n in range(60_000)]
        ),
    ),
    "a-cluster-name": ("--cluster", lambda: _cluster(name=_LONG_TEXT)),
    "an-arn": ("--cluster", lambda: _cluster(arn=":" * _SIZE)),
    "a-range": (
        "--cluster",
        lambda: _cluster(kubernetesNetworkConfig={"serviceIpv4Cidr": _LONG_TEXT}),
    ),
    "cluster-tags": ("--cluster", lambda: _cluster(tags={f"{n}": "" for n in range(200_000)})),
    "profiles": (
        "--instance-profiles",
        lambda: _profiles(*({"Arn": f"x{n}", "Roles": []} for n in range(80_000))),
    ),
    "roles": (
        "--instance-profiles",
        lambda: _profiles({"Arn": saved.PROFILE, "Roles": [{"Arn": saved.ROLE}] * 60_000}),
    ),
    "a-role-arn": (
        "--instance-profiles",
        lambda: _profiles({"Arn": "x", "Roles": [{"Arn": saved.ROLE + _LONG_TEXT}]}),
    ),
    "services": ("--services", lambda: document_mutations.encoded({"items": [{}] * 500_000})),
}
#: Files that aren't JSON, or have another shape.
_NONE: Mapping[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "blank": lambda: b" " * _SIZE,
    "zeros": lambda: bytes(_SIZE),
    "brackets": lambda: b"[" * _SIZE,
    "braces": lambda: b'{"items":' * (_SIZE // 9),
    "deep": lambda: _deep(_SIZE // 2),
    "digits": lambda: b"9" * _SIZE,
    "a-string-without-end": lambda: b'"' + b"x" * _SIZE,
    "backslashes": lambda: b'"' + b"\\" * _SIZE,
    "a-mark-alone": lambda: b"\xef\xbb\xbf",
    "two-marks": lambda: b"\xef\xbb\xbf" * 2 + b"[]",
    "half-a-letter": lambda: '["é"]'.encode()[:3],
    "utf-7": lambda: "[]".encode("utf-7") + b"+AFs-",
    "not-a-number": lambda: b"NaN",
    "endless": lambda: b"-Infinity",
    "text": lambda: b'"[]"',
    "an-object": lambda: b'{"items": {}}',
    "other-items": lambda: b'{"items": [], "items": 1}',
}


def _with_file(option: str, content: bytes) -> Saved:
    case = a_good_case()
    case.files[option] = content
    case.codes = (0, 3)
    return case


@pytest.mark.parametrize("name", _CSRS)
def test_csrs_that_are_large_are_answered_with_the_others(name: str, tmp_path: Path) -> None:
    """Each large CSR gets one answer, and the other node's request is approved."""
    case = _with_file("--csr", _CSRS[name]())
    case.codes = (0,)

    rows = examine(case, tmp_path, Tally())

    assert ["approve"] == [row["verdict"] for row in rows if row["csr"] == "csr-2"]


@pytest.mark.parametrize("name", ["a-name", "a-username", "a-usage", "a-session-name", "a-role"])
def test_the_table_of_large_ones_is_a_table(name: str, tmp_path: Path) -> None:
    """No column is megabytes wide."""
    case = _with_file("--csr", _CSRS[name]())
    case.codes, case.table = (0,), True

    examine(case, tmp_path, Tally())


@pytest.mark.parametrize("name", _EVIDENCE)
def test_evidence_that_is_large_approves_nothing_more(name: str, tmp_path: Path) -> None:
    """Large evidence is used, or reported as unreadable."""
    option, content = _EVIDENCE[name]
    case = _with_file(option, content())

    examine(case, tmp_path, Tally())


@pytest.mark.parametrize("option", saved.DOCUMENTS)
@pytest.mark.parametrize("name", _NONE)
def test_a_file_that_is_not_json_of_its_shape_is_reported(
    name: str, option: str, tmp_path: Path
) -> None:
    """The exit code is 3, and the message names the file."""
    case = _with_file(option, _NONE[name]())
    case.codes = (3,)

    result = case.run(tmp_path)

    examined(case, result, Tally())
    assert f"{option.removeprefix('--')}.json" in result.stderr


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-32-le"])
def test_every_encoding_of_json_is_read(encoding: str, tmp_path: Path) -> None:
    """Each encoding is read with and without a byte order mark, which PowerShell's `>` writes."""
    case = a_good_case()
    for option, document in saved.DOCUMENTS.items():
        case.files[option] = json.dumps(document).encode(encoding)

    assert list(saved.VERDICTS) == [row["verdict"] for row in examine(case, tmp_path, Tally())]


# --- in a separate process -----------------------------------------------------------------------


def _ran(folder: Path, content: bytes, *options: str | bytes, **environ: str) -> Any:
    path = folder / "csrs.json"
    path.write_bytes(content)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "cli.main", "evaluate", "--csr", str(path), *options]
    return subprocess.run(  # noqa: S603 - our own command
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(root / "src"), str(root)))} | environ,
        timeout=_HANGS_AFTER,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["brackets", "braces", "deep", "digits", "zeros"])
def test_the_command_itself_ends_with_3_and_no_traceback(name: str, tmp_path: Path) -> None:
    """The main thread's stack is large enough for these files."""
    done = _ran(tmp_path, _NONE[name]())

    assert (3, b"") == (done.returncode, done.stdout)
    assert done.stderr.startswith(b"csr-approver: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    ("environ", "output"),
    [
        ({"PYTHONIOENCODING": "ascii"}, "table"),
        ({"PYTHONIOENCODING": "latin-1"}, "table"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "table"),
        ({"PYTHONIOENCODING": "ascii"}, "json"),
    ],
)
def test_the_command_answers_terminals_that_know_ascii_only(
    environ: dict[str, str], output: str, tmp_path: Path
) -> None:
    """Names with any characters are printed to an ASCII terminal."""
    unusual = saved.a_csr(1, username="system:node:\u00fc\U0001f600") | {}
    unusual["metadata"] |= {"name": "csr-\u00fc\u202e\U0001f600"}
    done = _ran(
        tmp_path, _csrs(unusual, {"metadata": {"name": "\ud800"}}), "--output", output, **environ
    )

    assert (0, b"") == (done.returncode, done.stderr.partition(b"hint: all are abandoned")[0])
    assert done.stdout.isascii() or output == "table"
    assert b"csr-" in done.stdout


@pytest.mark.parametrize(
    "options",
    [
        (b"--now", b"\xff\xfe"),
        (b"--set", b"MODE=\xed\xa0\x80"),
        (b"--set", b"\xff=1"),
        (b"--output", b"\xff"),
        (b"--instances", b"\xff.json"),
    ],
    ids=lambda options: options[1].hex(),
)
def test_the_command_handles_options_that_are_not_text(
    options: tuple[bytes, bytes], tmp_path: Path
) -> None:
    """The exit code is 2 for wrong usage, and 3 for a missing file."""
    done = _ran(tmp_path, document_mutations.encoded(saved.CSRS), *options)

    assert done.returncode == (3 if options[0] == b"--instances" else 2)
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr

"""The package, for both processors, holds what runs and nothing else, and is reproducible."""

import marshal
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from types import CodeType
from typing import Final

import pytest

from package.archive import content_hash, write_zip
from package.binaries import misfits
from package.contents import AWS_SERVICES, UNUSED_DISTRIBUTIONS, is_left_out
from package.target import Architecture, Target
from tests.package.conftest import ARCHITECTURE, PYTHON_VERSION, libraries
from tests.template.templates import ROOT

# From: AWS Lambda quotas, deployment package, unzipped.
LARGEST_PACKAGE: Final = 250 * 1024 * 1024
# Our own limit, well above the package's 14.1 MB (README.md).
LARGEST_ZIP: Final = 60 * 1000 * 1000

#: Paths that the package must not have: the first are of libraries, the last are ours or our tools.
UNUSED: Final = [
    "aiohttp",
    "bin",
    "boto3/data",
    "botocore/data/ec2/2014-09-01",
    "botocore/data/s3",
    "cffi",
    "kubernetes/aio",
    "kubernetes/client/api/certificates_v1_api.py",
    "kubernetes/client/models/v1_pod.py",
    "kubernetes/config",
    "oauthlib",
    "requests",
    "websocket",
    "yaml",
    "aws_lambda_powertools/event_handler",
    "cli",
    "requirements.txt",
    "sandbox",
    "tests",
    "moto",
    "typer",
]

#: Files that the package must have.
USED: Final = [
    "adapters/csr_api.py",
    "boto3/session.py",
    "botocore/data/_retry.json",
    "botocore/data/ec2/2016-11-15/service-2.json.gz",
    "botocore/data/ec2/2016-11-15/endpoint-rule-set-1.json.gz",
    "botocore/data/ec2/2016-11-15/paginators-1.json",
    "botocore/data/endpoints.json",
    "botocore/data/partitions.json",
    "botocore/data/sdk-default-configuration.json",
    "certifi/cacert.pem",
    "core/review.py",
    "handlers/review.py",
    "kubernetes/client/models/__init__.py",
    "kubernetes/client/rest.py",
]


# --- its contents ---------------------------------------------------------------------------------


def test_the_package_contains_what_the_functions_need(package: Path) -> None:
    """The package has handlers, core, adapters and the used parts of libraries."""
    assert [] == [path for path in USED if not (package / path).is_file()]


def test_the_package_contains_nothing_else(package: Path) -> None:
    """The package has no command line, sandbox, tests or library that nothing imports."""
    assert [] == [path for path in UNUSED if (package / path).exists()]


def test_the_package_contains_no_traces_of_its_build(package: Path) -> None:
    """The package has no files for pip, type checkers or compilers, and not the build's path."""
    names = {path.name for path in package.rglob("*") if path.is_file()}
    files_with_path = [
        str(path)
        for path in package.rglob("*")
        if path.is_file() and os.fsencode(package) in path.read_bytes()
    ]

    assert set() == names & {"RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json"}
    assert set() == {name for name in names if re.search(r"\.(pyi|pyx|pxd|h)$|^py\.typed$", name)}
    assert [] == files_with_path


def test_scanners_find_every_library_of_the_package(target: Target, package: Path) -> None:
    """Each library of the package has its METADATA, which scanners like Amazon Inspector read."""
    installed, found = (
        {
            distribution.metadata["Name"].lower()
            for distribution in distributions(path=[str(folder)])
        }
        for folder in (libraries(target.architecture), package)
    )

    assert installed - UNUSED_DISTRIBUTIONS == found
    assert "cryptography" in found


def test_the_package_contains_the_libraries_licences(package: Path) -> None:
    """The package has each library's licence file, as the licences require."""
    without = [
        folder.name
        for folder in package.glob("*.dist-info")
        if not any(re.search("licen[cs]e", path.name, re.IGNORECASE) for path in folder.rglob("*"))
    ]

    assert [] == without


def test_the_package_has_api_models_of_the_called_services_only() -> None:
    """It has those of the handlers' clients, and STS's: a token is a signed URL of STS."""
    code = "".join(path.read_text() for path in (ROOT / "src/handlers").glob("*.py"))
    called = set(re.findall(r'\.client\(\s*"([a-z0-9-]+)"', code))

    assert called | {"sts"} == AWS_SERVICES


@pytest.mark.parametrize(
    "path",
    ["kubernetes/client/rest.py", "attr/tests.py", "urllib3/util/__init__.py", "six.py"],
)
def test_used_modules_stay_in(path: str) -> None:
    """A module whose name resembles that of an unused part stays in."""
    assert not is_left_out(PurePosixPath(path))


def test_the_package_fits_into_lambda(package: Path, tmp_path: Path) -> None:
    """The package is smaller than 60 MB zipped, and than 40 % of Lambda's limit unzipped."""
    write_zip(package, tmp_path / "zip")
    unzipped = sum(path.stat().st_size for path in package.rglob("*") if path.is_file())

    assert LARGEST_ZIP > (tmp_path / "zip").stat().st_size
    assert 0.4 * LARGEST_PACKAGE > unzipped


def test_extension_modules_fit_the_packages_processor(target: Target, package: Path) -> None:
    """Each fits this processor and not the other one. `test_binaries.py` tests `misfits` itself."""
    other: Architecture = "arm64" if target.architecture == "x86_64" else "x86_64"
    extensions = list(package.rglob("*.so"))

    assert [] == list(misfits(package, target))
    misfits_of_other = "\n".join(misfits(package, Target(other, PYTHON_VERSION)))
    assert [] == [path for path in extensions if path.name not in misfits_of_other]
    assert {"_rust.abi3.so"} <= {path.name for path in extensions}


def test_the_package_contains_byte_code_of_every_module(package: Path) -> None:
    """Every module has byte code that stays valid when a zip changes the files' times."""
    sources = list(package.rglob("*.py"))
    [bytecode] = (package / "handlers" / "__pycache__").glob("review.*.pyc")
    content = bytecode.read_bytes()
    flags, code = content[4:8], marshal.loads(content[16:])  # noqa: S302 - our own

    assert len(sources) == len(list(package.rglob("*.pyc")))
    assert 0b01 == int.from_bytes(flags, "little")  # an unchecked hash. From: PEP 552
    assert isinstance(code, CodeType)
    assert "/var/task/handlers/review.py" == code.co_filename


def test_the_lock_is_the_same_for_every_python() -> None:
    """Pip evaluates markers for the Python that runs it, which may differ from Lambda's."""
    lock = (ROOT / "src/requirements.txt").read_text()

    assert "python_version" not in lock
    assert "python_full_version" not in lock


# --- its reproducibility --------------------------------------------------------------------------


def test_both_functions_have_the_same_package(build: Path) -> None:
    """SAM builds it once for each function, at two times and in two folders, with one content."""
    assert content_hash(build / "DispatcherFunction") == content_hash(build / "ReviewerFunction")


def test_another_clone_builds_the_same_package(build: Path, tmp_path: Path) -> None:
    """The folder, the umask, the sources' times and the hash seed don't change the package."""
    clone, made = tmp_path / "clone", tmp_path / "made"
    for name in ("src", "package", "sandbox"):
        shutil.copytree(
            ROOT / name,
            clone / name,
            copy_function=shutil.copyfile,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    subprocess.run(  # noqa: S603 - this Python itself
        [
            *(sys.executable, "-m", "package", "assemble", str(made)),
            *("--architecture", ARCHITECTURE, "--python-version", PYTHON_VERSION),
            *("--libraries", str(libraries())),
        ],
        cwd=clone,
        env={"PYTHONHASHSEED": "7"},
        umask=0o077,
        check=True,
    )

    # Equal hashes are equal zips: see test_archive.py.
    assert content_hash(build / "ReviewerFunction") == content_hash(made)

"""Select the files of the installed libraries that go into the package.

The package has all files except those that are listed here; the tests run the functions on every
event to show that they import none of those. The package has its own boto3, although Lambda's
runtime has one too: AWS may change the runtime's at any time, and older versions lack
`IncludeManagedResources` in EC2's DescribeInstances, without which EC2 doesn't return the instances
of EKS Auto Mode.
"""

from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from typing import Final

#: Distributions that nothing imports: pycparser, which only cffi's compiler uses, the requirements
#: of kubernetes.aio, and those of the parts of the kubernetes client that
#: `adapters.kubernetes_client` doesn't import.
UNUSED_DISTRIBUTIONS: Final = frozenset(
    {
        "aiohappyeyeballs",
        "aiohttp",
        "aiohttp-retry",
        "aiosignal",
        "attrs",
        "charset-normalizer",
        "durationpy",
        "frozenlist",
        "idna",
        "multidict",
        "oauthlib",
        "propcache",
        "pycparser",
        "pyyaml",
        "requests",
        "requests-oauthlib",
        "websocket-client",
        "yarl",
    }
)

#: AWS services that the functions call. The package keeps botocore's API models of these services
#: only, which are 1 to 2 MB of its 25 MB.
AWS_SERVICES: Final = frozenset({"ec2", "eks", "iam", "sqs", "sts"})

# Botocore loads only the newest API model of a service; EC2's is of 2016-11-15.
_OLD_API_MODELS: Final = "botocore/data/ec2/201[45]-*", "botocore/data/ec2/2016-0*"

# The large unused parts of libraries that are used in part. Of the kubernetes client the functions
# use only the connection (`rest.py`) and its configuration. The client loads API classes and models
# only on first use, so never here.
_UNUSED_PARTS: Final = (
    "aws_lambda_powertools/event_handler",
    "bin",
    "boto3/data",
    "boto3/examples",
    "cffi",  # cryptography needs `_cffi_backend`, which isn't in this folder
    "kubernetes/aio",
    "kubernetes/client/api/[!_]*",
    "kubernetes/client/models/[!_]*",
    "kubernetes/config",
    "kubernetes/dynamic",
    "kubernetes/informer",
    "kubernetes/leaderelection",
    "kubernetes/stream",
    "kubernetes/watch",
    *_OLD_API_MODELS,
)

# Files and folders with these names are left out wherever they are: they are for developers, type
# checkers and compilers. The build compiles its own byte code later.
_NOT_FOR_RUNNING: Final = (
    "__pycache__",
    "examples-1.json",
    "test",
    "tests",
    "py.typed",
    "*.h",
    "*.pxd",
    "*.pxi",
    "*.pyc",
    "*.pyi",
    "*.pyx",
)

# What stays of a dist-info. Scanners such as Amazon Inspector read METADATA, and licences must be
# passed on with the code. The rest is for pip alone, and some of it contains the build's path.
_DIST_INFO: Final = ("METADATA", "LICEN[CS]E*", "NOTICE*", "AUTHORS*", "licenses")


def kept(libraries: Path) -> Iterator[PurePosixPath]:
    """Yield, sorted, those files of a folder of installed libraries that go into the package.

    `libraries`: the folder that pip installed into. The files are relative to it.

    Raises:
        ValueError: a list of this module is out of date: it names a distribution or part that isn't
            installed.
    """
    unused = _unused(libraries)
    files = sorted(
        PurePosixPath(path.relative_to(libraries).as_posix())
        for path in libraries.rglob("*")
        if not path.is_dir()
    )
    for part in _UNUSED_PARTS:
        if not any(_is_in(file, part) for file in files):
            raise ValueError(
                f"{part}: listed as unused in package/contents.py, but not installed; "
                "remove it from the list"
            )
    yield from (file for file in files if file not in unused and not is_left_out(file))


def is_left_out(file: PurePosixPath) -> bool:
    """Return whether the path of a file shows that it is left out, whichever library has it."""
    if any(_is_in(file, part) for part in _UNUSED_PARTS):
        return True
    if any(PurePosixPath(part).match(name) for part in file.parts for name in _NOT_FOR_RUNNING):
        return True
    if file.parts[0].endswith(".dist-info"):
        return not any(PurePosixPath(file.parts[1]).match(name) for name in _DIST_INFO)
    if file.is_relative_to("botocore/data"):  # each service has a folder there; other files stay
        return len(file.parts) > 3 and file.parts[2] not in AWS_SERVICES
    return False


def _is_in(file: PurePosixPath, part: str) -> bool:
    """Return whether a file is in a part: the path of a file or folder, or a glob for it."""
    depth = len(PurePosixPath(part).parts)
    return len(file.parts) >= depth and PurePosixPath(*file.parts[:depth]).match(part)


def _unused(libraries: Path) -> frozenset[PurePosixPath]:
    """Return all files of the distributions that nothing imports."""
    found = {
        one.metadata["Name"].lower().replace("_", "-"): one
        for one in distributions(path=[str(libraries)])
    }
    missing = UNUSED_DISTRIBUTIONS - set(found)
    if missing:
        raise ValueError(
            f"{', '.join(sorted(missing))}: listed as unused in package/contents.py, "
            "but not installed; remove them from the list"
        )
    return frozenset(
        PurePosixPath(file) for name in UNUSED_DISTRIBUTIONS for file in found[name].files or ()
    )

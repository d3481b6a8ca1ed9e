"""Select the files of the installed libraries that go into the package.

Everything goes in but what is listed here; the tests run the functions on every event to show that
nothing listed is imported. Boto3 goes in although Lambda's runtime has one: AWS may change that one
at any time, and older versions lack `IncludeManagedResources` in EC2's DescribeInstances, without
which EC2 doesn't return the instances of EKS Auto Mode.
"""

from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from typing import Final

#: Distributions that nothing imports: the requirements of kubernetes.aio, and cffi's parser.
UNUSED_DISTRIBUTIONS: Final = frozenset(
    {
        "aiohappyeyeballs",
        "aiohttp",
        "aiohttp-retry",
        "aiosignal",
        "attrs",
        "frozenlist",
        "multidict",
        "propcache",
        "pycparser",
        "yarl",
    }
)

#: AWS services that the functions call; their descriptions stay, 1 to 2 MB of 25.
AWS_SERVICES: Final = frozenset({"ec2", "eks", "iam", "sqs", "sts"})

# Botocore takes the newest description of a service.
_OLD_DESCRIPTIONS: Final = "botocore/data/ec2/201[45]-*", "botocore/data/ec2/2016-0*"

# The large unused parts of libraries that are used in part. Of the kubernetes client only the
# connection is used; it loads its API classes and models lazily, which never happens here.
_UNUSED_PARTS: Final = (
    "aws_lambda_powertools/event_handler",
    "bin",
    "boto3/data",
    "boto3/examples",
    "cffi",  # cryptography needs `_cffi_backend`, which isn't in this folder
    "kubernetes/aio",
    "kubernetes/client/api/[!_]*",
    "kubernetes/client/models/[!_]*",
    *_OLD_DESCRIPTIONS,
)

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

# Scanners such as Amazon Inspector read METADATA, and licences require that they are passed on. The
# rest of a dist-info is for pip alone, and some of it contains the path of the installation.
_DIST_INFO: Final = ("METADATA", "LICEN[CS]E*", "NOTICE*", "AUTHORS*", "licenses")


def kept(libraries: Path) -> Iterator[PurePosixPath]:
    """Yield the files that go into the package, of a folder that pip installed into, sorted.

    Raises:
        ValueError: a listed distribution or part isn't installed: the list is out of date.
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
                "update the list"
            )
    yield from (file for file in files if file not in unused and not is_left_out(file))


def is_left_out(file: PurePosixPath) -> bool:
    """Return whether a file of a used library stays out, by its path alone."""
    if any(_is_in(file, part) for part in _UNUSED_PARTS):
        return True
    if any(PurePosixPath(part).match(name) for part in file.parts for name in _NOT_FOR_RUNNING):
        return True
    if file.parts[0].endswith(".dist-info"):
        return not any(PurePosixPath(file.parts[1]).match(name) for name in _DIST_INFO)
    if file.is_relative_to("botocore/data"):
        return len(file.parts) > 3 and file.parts[2] not in AWS_SERVICES
    return False


def _is_in(file: PurePosixPath, part: str) -> bool:
    """Return whether the file is the part (a path or a pattern) or within it."""
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
            "but not installed; update the list"
        )
    return frozenset(
        PurePosixPath(file) for name in UNUSED_DISTRIBUTIONS for file in found[name].files or ()
    )

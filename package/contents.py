"""What of the installed libraries goes into the package, and what stays out.

What is imported is found out by the tests, which run the functions on every event; what is left out
is listed here. Boto3 is in, although Lambda's runtime has one: that one changes when AWS likes, and
an older one doesn't know `IncludeManagedResources` of EC2's DescribeInstances, without which the
instances of EKS Auto Mode aren't seen.
"""

from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath
from typing import Final

#: Distributions that nothing imports: what the asyncio half of kubernetes needs, and cffi's parser.
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

#: Those of AWS's APIs that may be called; their descriptions stay, a megabyte or two of 25.
AWS_SERVICES: Final = frozenset({"ec2", "eks", "iam", "sqs", "sts"})

# Botocore takes the newest description of a service.
_OLD_DESCRIPTIONS: Final = "botocore/data/ec2/201[45]-*", "botocore/data/ec2/2016-0*"

# Where only part of a library is used: the large parts that aren't. Of the kubernetes client that
# is the connection; its API classes and models, which it loads when they are asked for, are never.
_UNUSED_PARTS: Final = (
    "aws_lambda_powertools/event_handler",
    "bin",
    "boto3/data",
    "boto3/examples",
    "cffi",  # cryptography needs `_cffi_backend`, which stands beside it
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

# Scanners, such as Amazon Inspector, know by METADATA what is in a package; licences want to be
# passed on. All else of a dist-info is pip's own, and some of it tells where it was installed.
_DIST_INFO: Final = ("METADATA", "LICEN[CS]E*", "NOTICE*", "AUTHORS*", "licenses")


def kept(libraries: Path) -> Iterator[PurePosixPath]:
    """The files of a folder that pip installed into that go into the package, in their order.

    Raises:
        ValueError: a distribution or a part that is left out isn't there: the list is out of date.
    """
    unused = _unused(libraries)
    files = sorted(
        PurePosixPath(path.relative_to(libraries).as_posix())
        for path in libraries.rglob("*")
        if not path.is_dir()
    )
    for part in _UNUSED_PARTS:
        if not any(_is_in(file, part) for file in files):
            raise ValueError(f"{part}: to be left out, but not there")
    yield from (file for file in files if file not in unused and not is_left_out(file))


def is_left_out(file: PurePosixPath) -> bool:
    """Whether a file of a library that is used stays out, told by its path alone."""
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
    """Whether this is the part, which may be a pattern, or within it."""
    depth = len(PurePosixPath(part).parts)
    return len(file.parts) >= depth and PurePosixPath(*file.parts[:depth]).match(part)


def _unused(libraries: Path) -> frozenset[PurePosixPath]:
    """All files of the distributions that nothing imports."""
    found = {
        one.metadata["Name"].lower().replace("_", "-"): one
        for one in distributions(path=[str(libraries)])
    }
    missing = UNUSED_DISTRIBUTIONS - set(found)
    if missing:
        raise ValueError(f"{', '.join(sorted(missing))}: to be left out, but not installed")
    return frozenset(
        PurePosixPath(file) for name in UNUSED_DISTRIBUTIONS for file in found[name].files or ()
    )

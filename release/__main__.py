"""`make release`: write all files of a release into an empty folder, and print their checksums."""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.version import VERSION
from package.target import ARCHITECTURES
from package.wheel import build as build_wheel
from release.checksums import write_sums
from release.folder import empty
from release.packages import write_packages
from release.source_distribution import write_source_distribution
from release.template import released

_PROJECT: Final = Path()
_DEPLOY: Final = Path("deploy")


def main(arguments: Sequence[str]) -> int:
    """Write the release and return the exit code."""
    options = _parser().parse_args(arguments)
    if options.tag and options.tag != f"v{VERSION}":
        print(f"release: the tag is {options.tag}, expected v{VERSION}", file=sys.stderr)
        return 1
    try:
        _write(options)
    except ValueError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    return 0


def _write(options: argparse.Namespace) -> None:
    folder: Path = options.folder
    empty(folder)
    libraries = {
        architecture: options.libraries / f"{architecture}-{options.python_version}"
        for architecture in ARCHITECTURES
    }
    names, contained = write_packages(libraries, Path("src"), options.python_version, folder)
    (folder / f"csr-approver-{VERSION}.cdx.json").write_text(contained)
    template = released(json.loads(options.template.read_text()), names)
    (folder / f"csr-approver-{VERSION}.template.json").write_text(json.dumps(template, indent=1))
    build_wheel(_PROJECT, folder)
    write_source_distribution(_PROJECT, folder)
    for file in sorted(_DEPLOY.glob("*.yaml")):
        shutil.copyfile(file, folder / file.name)
    print(write_sums(folder), end="")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m release")
    parser.add_argument("--libraries", type=Path, required=True, help="where pip installed them")
    parser.add_argument("--python-version", required=True, help="the functions' Python")
    parser.add_argument("--tag", default="", help="the tag that is released, to compare")
    parser.add_argument("template", type=Path, help="the template after SAM's transform")
    parser.add_argument("folder", type=Path, help="its content is replaced")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

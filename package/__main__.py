"""The Makefile's commands: `assemble` fills a function's package, `report` describes the build."""

import argparse
import sys
from pathlib import Path

from package.assemble import assemble
from package.report import report
from package.target import ARCHITECTURES, Target

_SOURCES = Path("src")


def main() -> int:
    """Run one command and return its exit code."""
    options = _options()
    target = Target(options.architecture, options.python_version)
    try:
        if options.command == "assemble":
            assemble(options.libraries, _SOURCES, options.folder, target)
        else:
            for line in report(options.folder, options.libraries, _SOURCES, target):
                print(line)
    except ValueError as error:
        print(f"package {options.command}: {error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m package")
    parser.add_argument("command", choices=["assemble", "report"])
    parser.add_argument("--architecture", choices=ARCHITECTURES, required=True)
    parser.add_argument("--python-version", required=True)
    parser.add_argument("--libraries", type=Path, required=True, help="where pip installed them")
    parser.add_argument(
        "folder", type=Path, help="the function's package (assemble) or the whole build (report)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.real.controlplane build`: build it into the cache, showing progress."""

import sys

from tests.real.controlplane.build import BuildError, build


def main(arguments: list[str]) -> int:
    """Write progress to stderr, the binary's path to stdout. Return 0, 1 for failed, 2 misused."""
    if arguments != ["build"]:
        _say("usage: python -m tests.real.controlplane build")
        return 2
    try:
        binary = build(_say)
    except BuildError as error:
        _say(str(error))
        return 1
    sys.stdout.write(f"{binary}\n")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


sys.exit(main(sys.argv[1:]))

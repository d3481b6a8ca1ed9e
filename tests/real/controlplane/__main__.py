"""`python -m tests.real.controlplane build`: build it into the cache, showing progress.

`build-node` builds what the end-to-end test needs besides.
"""

import sys
from pathlib import Path
from typing import Final

from tests.real.controlplane.build import MODULE, BuildError, build

_MODULES: Final[dict[str, Path]] = {"build": MODULE, "build-node": MODULE.parent / "node"}


def main(arguments: list[str]) -> int:
    """Write progress to stderr, the binary's path to stdout. Return 0, 1 for failed, 2 misused."""
    module = _MODULES.get(" ".join(arguments))
    if module is None:
        _say("usage: python -m tests.real.controlplane build|build-node")
        return 2
    try:
        binary = build(_say, module)
    except BuildError as error:
        _say(str(error))
        return 1
    sys.stdout.write(f"{binary}\n")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


sys.exit(main(sys.argv[1:]))

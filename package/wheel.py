"""`make wheel`: the commands as a wheel, and the tested version of each library they need.

The same Python always writes the same bytes.
"""

import re
import sys
from pathlib import Path
from typing import Final

from package.backend import built

# The lock of the commands and the demo, which has all that the functions need.
_LOCK: Final = "requirements-demo.txt"
_LOCKED: Final = re.compile(r"^[A-Za-z0-9._-]+==[^\\\n]+", re.MULTILINE)


def build(project: Path, folder: Path) -> Path:
    """Write the wheel and `constraints.txt` into a folder, and return the wheel's path.

    Raises:
        subprocess.CalledProcessError: setuptools can't build it; it has printed why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "constraints.txt").write_text(constraints((project / _LOCK).read_text()))
    name, content = built(project, "build_wheel")
    wheel = folder / name
    wheel.write_bytes(content)
    return wheel


def constraints(lock: str) -> str:
    """Return a lock's libraries with their versions and markers, a line each, without hashes."""
    return "".join(f"{line.rstrip()}\n" for line in _LOCKED.findall(lock))


if __name__ == "__main__":
    print(build(Path.cwd(), Path(sys.argv[1])))

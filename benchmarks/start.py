"""How long the built package takes from a cold start to its first answer."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from package.archive import write_zip
from package.assemble import assemble
from package.coldstart import first_answers, obstacle
from package.target import ARCHITECTURES, Target

_ROOT: Final = Path(__file__).parents[1]
_EVENT: Final = _ROOT / "events" / "review-excluded.json"


class Start(NamedTuple):
    """A package's seconds to its first answer, and its size as a zip."""

    seconds: float
    megabytes: float


def start() -> Start | str:
    """Build this machine's package and start it; return why not, if that isn't possible."""
    python = "{}.{}".format(*sys.version_info)
    targets = {name: Target(name, python) for name in ARCHITECTURES}
    target = next((one for one in targets.values() if not obstacle(one)), None)
    if target is None:
        return "; ".join(f"{name}: {obstacle(one)}" for name, one in targets.items())
    libraries = _ROOT / ".aws-sam" / "libraries" / f"{target.architecture}-{python}"
    if not libraries.is_dir():
        return f"run `make build ARCHITECTURE={target.architecture} PYTHON_VERSION={python}` first"
    with TemporaryDirectory() as folder:
        package, archive = Path(folder) / "package", Path(folder) / "package.zip"
        assemble(libraries, _ROOT / "src", package, target)
        write_zip(package, archive)
        seconds = first_answers({"it": package}, json.loads(_EVENT.read_text()))["it"]
        return Start(seconds, archive.stat().st_size / 1e6)

"""Write SHA256SUMS, which `sha256sum --check` reads."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from package.archive import files

SUMS: Final = "SHA256SUMS"


def write_sums(folder: Path) -> str:
    """Write the file for all others of the folder, and return its content."""
    lines = [
        f"{sha256(path.read_bytes()).hexdigest()}  {name}\n"
        for name, path in files(folder)
        if name != SUMS
    ]
    text = "".join(lines)
    (folder / SUMS).write_text(text)
    return text

"""Write vectors.json from the catalogue of requests: `python -m tests.vectors.build`.

Other parsers can be tested with the file, too. Each line is a request of the node `good`, the
verdict expected when all evidence confirms that node, and the check that must refuse the request.
A request is the text of `spec.request`, one character per byte (Latin-1).
"""

import json
from pathlib import Path

from core.model import MAX_REQUEST_BYTES
from sandbox.csr_builder import ATTACKS, VALID, CatalogueEntry, Names
from tests.builders import ADDRESS, NODE

FILE = Path(__file__).with_name("vectors.json")
GOOD = Names(NODE, (NODE,), (ADDRESS,))
_OTHER = NODE.replace("1-10", "1-20")
EVIL = Names(_OTHER, (_OTHER,), ("10.0.1.20",))


def text() -> str:
    """Return the file's content, one vector per line."""
    vectors = ",\n".join(json.dumps(_vector(entry)) for entry in (*VALID, *ATTACKS) if _fits(entry))
    names = f'"good": {json.dumps(_names(GOOD))},\n"evil": {json.dumps(_names(EVIL))}'
    return f'{{\n{names},\n"vectors": [\n{vectors}\n]\n}}\n'


def _fits(entry: CatalogueEntry) -> bool:
    """Return whether the file includes this entry: all but the oversized one of 64 KiB."""
    return len(entry.build(GOOD, EVIL)) <= MAX_REQUEST_BYTES


def _names(names: Names) -> dict[str, object]:
    return {"node": names.node, "dns": names.dns, "ips": names.ips}


def _vector(entry: CatalogueEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "expected": entry.effect if entry.refused_by else "approve",
        "refused_by": entry.refused_by,
        "why": entry.description,
        "source": entry.source,
        "hides_names_from_openssl": entry.hides,
        "request": entry.build(GOOD, EVIL).decode("latin-1"),
    }


if __name__ == "__main__":
    FILE.write_text(text())

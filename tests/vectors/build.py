"""Write vectors.json from the catalogue of forged requests: `python -m tests.vectors.build`.

Other parsers can use the file, too. Each line is a request of the node `good`, the verdict expected
when all evidence confirms that node, and the check that must refuse the request.
A request is the text of `spec.request`, one character per byte (Latin-1).
"""

import json
from pathlib import Path

from core.model import MAX_REQUEST_BYTES
from sandbox.csr_builder import ATTACKS, HONEST, Attack, Names
from tests.builders import ADDRESS, NODE

FILE = Path(__file__).with_name("vectors.json")
GOOD = Names(NODE, (NODE,), (ADDRESS,))
_OTHER = NODE.replace("1-10", "1-20")
EVIL = Names(_OTHER, (_OTHER,), ("10.0.1.20",))


def text() -> str:
    """Return the file's content, one vector per line."""
    vectors = ",\n".join(
        json.dumps(_vector(attack)) for attack in (*HONEST, *ATTACKS) if _fits(attack)
    )
    names = f'"good": {json.dumps(_names(GOOD))},\n"evil": {json.dumps(_names(EVIL))}'
    return f'{{\n{names},\n"vectors": [\n{vectors}\n]\n}}\n'


def _fits(attack: Attack) -> bool:
    """Return whether the file includes this attack: all but the oversized one of 64 KiB."""
    return len(attack.build(GOOD, EVIL)) <= MAX_REQUEST_BYTES


def _names(names: Names) -> dict[str, object]:
    return {"node": names.node, "dns": names.dns, "ips": names.ips}


def _vector(attack: Attack) -> dict[str, object]:
    return {
        "id": attack.id,
        "expected": attack.effect if attack.refused_by else "approve",
        "refused_by": attack.refused_by,
        "why": attack.tries,
        "source": attack.source,
        "hides_names_from_openssl": attack.hides,
        "request": attack.build(GOOD, EVIL).decode("latin-1"),
    }


if __name__ == "__main__":
    FILE.write_text(text())

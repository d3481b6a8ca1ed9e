"""Writes vectors.json from the catalogue of forged requests: `python -m tests.vectors.build`.

The file is for readers other than ours, too: each line is one request of the node `good`, with the
verdict expected where the evidence says that it is that node, and the check that must refuse it.
Every request is text as it would stand in `spec.request`, one character a byte (Latin-1).
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
    """The file's content, one vector a line."""
    vectors = ",\n".join(
        json.dumps(_vector(attack)) for attack in (*HONEST, *ATTACKS) if _fits(attack)
    )
    names = f'"good": {json.dumps(_names(GOOD))},\n"evil": {json.dumps(_names(EVIL))}'
    return f'{{\n{names},\n"vectors": [\n{vectors}\n]\n}}\n'


def _fits(attack: Attack) -> bool:
    """Not the one that is too large: 64 KiB of nothing need not be kept."""
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

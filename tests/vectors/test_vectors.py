"""Every golden vector gets the expected verdict, from the expected check."""

import json
from typing import Any

import pytest

from core import pkcs10
from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.errors import MalformedRequest
from core.model import Decision, Pkcs10, UnreadableRequest, Verdict
from sandbox.csr_builder import ATTACKS, VALID
from tests.builders import a_case, a_csr
from tests.vectors import build

VECTORS: list[dict[str, Any]] = json.loads(build.FILE.read_text())["vectors"]


def read(request: bytes) -> Pkcs10 | UnreadableRequest:
    try:
        return pkcs10.read(request)
    except MalformedRequest as error:
        return UnreadableRequest(str(error))


def verdict(request: bytes) -> Verdict:
    """Return the verdict when all other evidence confirms the node."""
    return decide(a_case(csr=a_csr(request=request), request=read(request)), KUBELET_SERVING_CHECKS)


def test_the_vectors_are_those_of_the_catalogue() -> None:
    """The file in the repository is the one that `make vectors` writes."""
    assert build.text() == build.FILE.read_text()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_each_vector_gets_its_verdict(vector: dict[str, Any]) -> None:
    """The verdict and the refusing check are those that the vector's line names."""
    seen = verdict(vector["request"].encode("latin-1"))

    assert vector["expected"] == seen.decision.value, seen
    if vector["refused_by"]:
        effects = {refusal.check: refusal.effect.value for refusal in seen.refusals}
        assert vector["expected"] == effects.get(vector["refused_by"]), seen


def test_an_oversized_request_is_refused() -> None:
    """The attack that is too large for the file is refused, too."""
    (oversized,) = (attack for attack in ATTACKS if attack.id == "pem/oversized")

    seen = verdict(oversized.build(build.GOOD, build.EVIL))

    assert Decision.DENY is seen.decision
    assert "request-well-formed" in {refusal.check for refusal in seen.refusals}


def test_ids_are_unique() -> None:
    """No two entries of the catalogue share an id or a title."""
    entries = (*ATTACKS, *VALID)

    assert len(entries) == len({entry.id for entry in entries})
    assert len(entries) == len({entry.title for entry in entries})


def test_every_entry_explains_itself() -> None:
    """Each entry has a description that is a sentence, and each attack names its source."""
    for entry in (*ATTACKS, *VALID):
        assert entry.description.endswith("."), entry.id
        assert entry.source or not entry.refused_by, entry.id


def test_every_check_of_the_request_has_a_vector() -> None:
    """Each check that looks into the request alone refuses at least one vector."""
    expected = {
        "request-well-formed",
        "key",
        "signature",
        "subject",
        "extensions",
        "san-kinds",
        "reserved-names",
        "dns-names",
        "ip-addresses",
    }

    assert expected == {attack.refused_by for attack in ATTACKS}

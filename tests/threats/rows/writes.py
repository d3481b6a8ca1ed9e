"""Attacks on writes: to another object, for another certificate, in another mode."""

from typing import Final

from tests.threats.row import Change, Row, unchecked

_API: Final = "src/adapters/csr_api.py"
_PAGES: Final = "src/adapters/csr_pages.py"
_ISSUED: Final = "src/core/issued.py"


def _without(field: int) -> Change:
    """Send an object back without one field of its metadata (ObjectMeta), by its number."""
    return Change(
        "src/adapters/csr_messages.py",
        "kept.append(bytes(part.whole))",
        "of = fields(part.content, MOST_FIELDS) if part.number == METADATA else ()\n"
        f"            rest = b''.join(one.whole for one in of if one.number != {field})\n"
        "            kept.append(encoded(METADATA, rest) if rest else bytes(part.whole))",
    )


ROWS: Final = (
    Row(
        "swap the request for another between judgement and approval",
        "tests/adapters/test_csr_api.py::test_a_decision_is_bound_to_the_object_that_was_judged",
        (_without(5), _without(6)),  # uid, resourceVersion
    ),
    Row(
        "report a decision as written that wasn't",
        "tests/attack/test_hostile_server.py::test_an_answer_that_doesnt_show_the_decision_isnt_counted_as_written",
        (
            Change(
                _API,
                "case Answer(status=200) if shows(outcome.body, write):",
                "case Answer(status=200):",
            ),
        ),
    ),
    Row(
        "give two requests one uid, so that either gets the other's decision",
        "tests/attack/test_hostile_server.py::test_of_two_objects_with_one_uid_only_the_first_is_judged",
        (Change(_PAGES, "elif read.csr.uid not in self.listed:", "else:"),),
    ),
    Row(
        "list a request of another signer",
        "tests/attack/test_hostile_server.py::test_an_object_of_another_signer_is_not_judged",
        (Change(_PAGES, "and read.csr.signer != self._signer:", "and False:"),),
    ),
    Row(
        "list a key of another cluster's node, so that the node is denied",
        "tests/attack/test_hostile_server.py::test_a_key_listed_by_one_cluster_denies_no_node_of_another",
        (
            Change(
                "src/core/peers.py",
                "self._users_of_key: dict[bytes, set[str]] = {}",
                "self._users_of_key = globals().setdefault('kept', {})",
            ),
        ),
    ),
    Row(
        "get a certificate for more than was approved, unnoticed",
        "tests/core/test_issued.py::test_an_additional_name_is_a_mismatch",
        (Change(_ISSUED, "if names - asked:", "if False:"),),
    ),
    Row(
        "get a certificate with another key than was approved, unnoticed",
        "tests/core/test_issued.py::test_another_key_is_a_mismatch",
        (Change(_ISSUED, "if spki != request.key.spki:", "if False:"),),
    ),
    Row(
        "get another approval after a certificate for more than was approved",
        "tests/core/test_review.py::test_a_node_whose_certificate_was_wrong_is_left",
        (
            unchecked("request.py", "not_reissued_in_a_loop"),
            Change(_ISSUED, "return found is not None and", "return False and"),
        ),
    ),
    Row(
        "raise the mode by a cluster's tag",
        "tests/core/test_acting.py::test_a_clusters_tag_may_lower_the_mode",
        (Change("src/core/settings.py", "return min(self, other,", "return max(other, other,"),),
    ),
)

"""Attacks by number, size and time: one requester must not delay another."""

from typing import Final

from tests.threats.row import Change, Row, unchecked

_PAGES: Final = "tests/adapters/test_csr_pages.py"
_LIST: Final = "src/adapters/csr_pages.py"
_CURSOR: Final = "src/adapters/list_cursor.py"
_SHARES: Final = "src/adapters/csr_shares.py"
_CONNECTION: Final = "src/adapters/api_connection.py"

ROWS: Final = (
    Row(
        "hide all other requests behind one that can't be read",
        f"{_PAGES}::test_an_unreadable_item_is_reported_and_stops_no_other",
        (
            Change(
                _LIST,
                "for item in page.items:",
                "read = map(read_csr, page.items)\n"
                "        bad = any(isinstance(one, UnreadableCsr) for one in read)\n"
                "        for item in () if bad else page.items:",
            ),
        ),
    ),
    Row(
        "hide requests from every other client by one that no JSON client can read",
        "tests/adapters/test_csr_objects.py::test_a_csr_that_breaks_other_clients_is_named",
        (Change("src/adapters/csr_objects.py", "        _check_managed(entry)", "        pass"),),
    ),
    Row(
        "fill the memory with ten thousand requests that can't be read",
        "tests/adapters/test_csr_objects.py::test_the_memory_for_unreadable_csrs_is_bounded",
        (Change("src/adapters/csr_objects.py", "one.content[:_MAX_NAME]", "one.content"),),
    ),
    Row(
        "fill the memory with large requests that are kept after they were read",
        "tests/adapters/test_csr_objects.py::test_a_large_csr_is_not_kept",
        (
            Change(
                "src/adapters/csr_objects.py",
                " if len(content) <= _LARGEST_KEPT else _read(content)",
                "",
            ),
        ),
    ),
    Row(
        "hide requests behind a name that makes the continue token lead back for ever",
        f"{_PAGES}::test_a_name_that_leads_the_list_back_is_skipped",
        (Change(_CURSOR, "later = past(self.token)", "later = ''"),),
    ),
    Row(
        "hide requests behind a name that is too long for the next continue token",
        "tests/attack/test_silence.py::test_a_name_too_long_to_continue_from_is_skipped",
        (
            Change(
                _LIST, "case Answer(status=414 | 431) if", "case Answer(status=414) if False and"
            ),
        ),
    ),
    Row(
        "file so many requests under the first names that later names are never listed",
        f"{_PAGES}::test_when_half_of_the_time_is_gone_a_later_place_is_read",
        (Change(_LIST, "        self._leap_if_late()\n", ""),),
    ),
    Row(
        "make a saved list unreadable for `evaluate`",
        "tests/cli/test_evaluate.py::test_an_item_that_is_not_json_has_its_own_answer",
        (
            Change(
                "src/cli/evaluate/saved_list.py",
                "return _apart(_utf_8(content), error)",
                "raise ValueError from error",
            ),
        ),
    ),
    Row(
        "file so many requests that reading them uses up the run's time",
        "tests/attack/test_time.py::test_reading_a_flood_leaves_time_to_ask_ec2",
        (unchecked("requester.py", "newest"),),
    ),
    Row(
        "file so many requests that nothing is written before the run's time is over",
        "tests/core/test_review.py::test_a_long_list_is_written_slice_by_slice",
        (Change("src/core/slices.py", "SLICE: Final = 200", "SLICE: Final = 20_000"),),
    ),
    Row(
        "file requests that stay at the head of the list, so that later ones are never judged",
        "tests/core/test_slices.py::test_every_slice_is_reached_in_time",
        (Change("src/core/slices.py", "others if turn % 2 else oldest", "oldest"),),
    ),
    Row(
        "file requests of the largest size, so that judging them uses up the run's time",
        "tests/attack/test_time.py::test_large_requests_do_not_delay_requests_of_usual_size",
        (Change("src/core/review.py", "sorted(part, key=_size)", "part"),),
    ),
    Row(
        "fill the memory with the parsed form of many requesters' large requests",
        "tests/attack/test_memory.py::test_large_requests_of_many_requesters_cant_fill_the_memory",
        (Change("src/core/retained.py", "while self._weight > self._max_bytes:", "while False:"),),
    ),
    Row(
        "fill the memory with the parsed form of large requests under sessions that are named like "
        "instances",
        "tests/core/test_assessment.py"
        "::test_requests_that_are_judged_after_all_others_are_kept_within_the_plans_bound",
        (
            Change(
                "src/core/assessment.py", "RetainedRequests(self.max_bytes)", "RetainedRequests()"
            ),
        ),
    ),
    Row(
        "make the approver ask a slow EC2 about an address that has moved, so that others' "
        "approvals aren't written in time",
        "tests/load/test_progress.py"
        "::test_a_request_for_an_address_that_may_have_moved_takes_no_time_from_the_writes",
        (Change("src/adapters/ec2.py", "remaining() < HOLDERS_SECONDS", "remaining() < 0"),),
    ),
    Row(
        "list another request under the uid and version of one that was parsed before",
        "tests/core/test_review.py::test_another_request_under_the_same_uid_and_version_is_read_again",
        (Change("src/core/memo.py", "sha256(content)", 'sha256(b"")'),),
    ),
    Row(
        "fill the memory with large requests of one requester",
        f"{_PAGES}::test_requesters_share",
        (
            Change(
                _SHARES,
                "of_one = self._taken[csr.requester] + weight - self._share",
                "of_one = 0",
            ),
        ),
    ),
    Row(
        "fill the list, so that other requesters' requests are dropped",
        f"{_PAGES}::test_if_all_have_too_much_the_one_with_most_loses_csrs_first",
        (
            Change(
                _SHARES,
                "if would_have > self._share:",
                "if True:",
            ),
        ),
    ),
    Row(
        "make a list too long to be read to its end, unnoticed",
        "tests/adapters/test_ledger.py::test_each_finding_of_a_run_is_counted",
        (
            Change(
                "src/adapters/ledger_metrics.py",
                "int(run.truncated or run.not_read > 0)",
                "0",
            ),
        ),
    ),
    Row(
        "answer with a small body that decompresses into a large one",
        "tests/attack/test_memory.py::test_an_answer_that_is_compressed_is_not_decompressed",
        (Change(_CONNECTION, "decode_content=False,", ""),),
        "1",
    ),
    Row(
        "hold a connection open until the runtime ends the run",
        "tests/attack/test_hostile_server.py::test_a_dripping_answer_ends_when_the_time_is_used_up",
        (
            Change(
                _CONNECTION,
                "self._rest.pool_manager, clock.remaining() + _GRACE_SECONDS",
                "self._rest.pool_manager, 3_600.0",
            ),
        ),
        "headers",
    ),
    Row(
        "file again every minute, so that no request is ever old enough to be denied",
        "tests/attack/test_silence.py::test_a_node_that_files_again_every_minute_is_reported",
        (Change("src/core/peers.py", "asking_since=self._earlier(csr)", "asking_since=None"),),
    ),
)

"""Attacks on the output for people: the log, metrics, alarms, terminals and reports."""

from typing import Final

from tests.threats.row import Change, Row

_TEMPLATE: Final = "template.yaml"
_OF_STACK: Final = (
    "\n      Dimensions:\n        - Name: Stack\n          Value: !Ref AWS::StackName"
)
_QUERY: Final = (
    'SELECT MAX("Denied") FROM SCHEMA("CsrApprover", "Cluster", "Region", "Stack")\n'
    "            WHERE \"Stack\" = '${AWS::StackName}'"
    ' GROUP BY "Cluster", "Region" ORDER BY MAX() DESC'
)

ROWS: Final = (
    Row(
        "put line ends, escapes or lookalike letters into the log by names",
        "tests/adapters/test_ledger.py"
        "::test_a_name_with_newlines_stays_on_one_line_and_forges_no_field",
        (
            Change(
                "src/core/printable.py",
                'return text.encode("unicode_escape").decode("ascii")',
                "return text",
            ),
        ),
    ),
    Row(
        "create any number of metrics by messages that name invented clusters",
        "tests/attack/test_queue.py::test_a_cluster_that_eks_didnt_describe_becomes_no_dimension",
        (Change("src/adapters/ledger.py", "if is_described:", "if True:"),),
    ),
    Row(
        "read the token in an error that the log quotes",
        "tests/attack/test_hostile_server.py::test_a_token_that_comes_back_in_an_error_is_hidden",
        (
            Change(
                "src/adapters/api_connection.py",
                'bytes(body).replace(token.encode(), b"(token)")',
                "bytes(body)",
            ),
        ),
    ),
    Row(
        "stop the approver, unnoticed",
        "tests/template/test_firing.py::test_silence_fires_an_alarm",
        (Change(_TEMPLATE, "IF(FILL(dispatches, 0) == 0, 1,", "IF(FILL(dispatches, 0) == 0, 0,"),),
    ),
    Row(
        "take the approver's access to one cluster away, or close its endpoint, unnoticed while"
        " others work",
        "tests/handlers/test_require_access.py"
        "::test_a_cluster_that_was_listed_before_and_refuses_now_is_an_error",
        (
            Change(
                "src/handlers/unreviewed.py",
                "if self._reach.has_listed(described):",
                "if False and self._reach.has_listed(described):",
            ),
        ),
    ),
    Row(
        "switch off the reviews of a cluster that an operator chose by name or tag",
        "tests/handlers/test_off.py::test_off_on_a_cluster_that_is_selected_fires_an_alarm",
        (
            Change(
                "src/handlers/dispatch.py",
                "if choice is Choice.OFF and selection.is_singled_out",
                "if choice is Choice.UNKNOWN and selection.is_singled_out",
            ),
        ),
    ),
    Row(
        "the same while the dispatcher can't describe the cluster",
        "tests/handlers/test_off.py::test_the_reviewer_notices_it_on_a_selected_cluster",
        (Change("src/handlers/unreviewed.py", 'OFF_THOUGH_SELECTED if is_chosen else ""', '""'),),
    ),
    Row(
        "end the reviews of any other cluster by its tags, and so all its alarms",
        "tests/handlers/test_off.py::test_switching_off_a_reviewed_cluster_is_noticed_for_an_hour",
        (
            Change(
                "src/handlers/dispatch.py",
                "if self._ended.is_reported(assignment, choice):",
                "if False and self._ended.is_reported(assignment, choice):",
            ),
        ),
    ),
    Row(
        "the same by tags that are put right whenever the dispatcher reads them",
        "tests/handlers/test_off.py"
        "::test_the_reviewer_notices_that_a_tag_ends_reviews_that_are_still_assigned",
        (
            Change(
                "src/handlers/unreviewed.py",
                "if not unexpected and self._reach.has_listed(described):",
                "if False and self._reach.has_listed(described):",
            ),
        ),
    ),
    Row(
        "hide a cluster's trouble by negative values of its metrics",
        "tests/template/test_firing.py::test_negative_values_in_a_cluster_s_series_silence_nothing",
        (Change(_TEMPLATE, _QUERY, _QUERY.replace("MAX", "SUM")),),
    ),
    Row(
        "crowd a cluster out of the alarms on security by metrics of invented clusters",
        "tests/template/test_firing.py"
        "::test_five_hundred_invented_clusters_silence_no_alarm_on_security",
        (Change(_TEMPLATE, f"MetricName: Denied{_OF_STACK}", f"MetricName: Left{_OF_STACK}"),),
    ),
    Row(
        "hide that messages aren't reviewed by values of `Ended`",
        "tests/template/test_firing.py::test_ends_that_others_put_don_t_hide_untaken_messages",
        (
            Change(
                _TEMPLATE,
                "FILL(sent, 0) - 2 * FILL(reviews, 0)",
                "FILL(sent, 0) - 2 * FILL(ended, 0)",
            ),
        ),
    ),
    Row(
        "send escapes to an operator's terminal by names",
        "tests/cli/test_screen.py::test_a_cell_escapes_text_of_others",
        (
            Change(
                "src/cli/screen.py",
                "(visible(str(line)) for line in",
                "(str(line) for line in",
            ),
        ),
    ),
    Row(
        "put markup into the HTML report by names",
        "tests/cli/test_diagnose.py::test_the_report_contains_no_markup_from_requesters",
        (
            Change(
                "src/cli/diagnose/html.py",
                "{html.decode('ascii')}",
                "{__import__('html').unescape(html.decode('ascii'))}",
            ),
        ),
    ),
    Row(
        "run a command in an operator's shell, by a name in the commands that `diagnose` shows",
        "tests/cli/test_diagnose.py::test_names_in_commands_are_words_of_a_shell",
        (
            Change(
                "src/cli/account/copied.py",
                "return shlex.quote(text)",
                "return text",
            ),
        ),
    ),
)

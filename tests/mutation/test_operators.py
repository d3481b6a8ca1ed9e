"""Each of the project's operators makes the mutants that it is for."""

from collections.abc import Callable, Iterator

import pytest

from tests.mutation import calls, logic, statements, values
from tests.mutation.source import Mutation, Source

ENUMS = {"Effect": ("DENY", "LEAVE")}

EXAMPLES = [
    (logic.forced_condition, "if a: b()", ["if True: b()", "if False: b()"]),
    (logic.forced_condition, "a if b else c", ["a if True else c", "a if False else c"]),
    (logic.forced_condition, "{a for a in b if c}", [
        "{a for a in b if True}", "{a for a in b if False}",
    ]),
    (logic.forced_condition, "while a: b()", ["while False: b()"]),
    (logic.forced_condition, "match a:\n case b if c: d()", [
        "match a:\n case b if True: d()", "match a:\n case b if False: d()",
    ]),
    (logic.dropped_operand, "a and b and c", ["(b and c)", "(a and c)", "(a and b)"]),
    (logic.dropped_operand, "a or b", ["(b)", "(a)"]),
    (logic.dropped_operand, "a - b", ["(a)", "(b)"]),
    (logic.swapped_membership, "a in b", ["(a not in b)"]),
    (logic.swapped_membership, "a not in b", ["(a in b)"]),
    (logic.swapped_membership, "a < b", []),
    (logic.uncaught, "try: a()\nexcept B: c()", ["try: a()\nexcept (): c()"]),
    (values.dropped_element, "(a, b)", ["((b,))", "((a,))"]),
    (values.dropped_element, "{a}", ["(set())"]),
    (values.dropped_element, "{a: b, c: d}", ["({c: d})", "({a: b})"]),
    (values.dropped_element, "(a, b) = c", []),
    (values.changed_text, "a == 'b'", ["a == ('XXbXX')"]),
    (values.changed_text, "b'a'", ["(b'XXaXX')"]),
    (values.changed_text, "f'{a:.2f}b'", ["(f'XX{a:.2f}b')"]),
    (values.changed_pattern, "re.compile('[a+]{0,2}')", [
        "re.compile(('[a+]{-1,2}'))", "re.compile(('[a+]{1,2}'))",
        "re.compile(('[a+]{0,1}'))", "re.compile(('[a+]{0,3}'))",
    ]),
    (values.changed_pattern, r"re.compile('(?:a)?\\+')", [
        r"re.compile(('(?:a)\\+'))", r"re.compile(('(?:a)*\\+'))",
    ]),
    (values.changed_pattern, "re.compile(b'a+')", ["re.compile((b'a*'))", "re.compile((b'a'))"]),
    (values.other_member, "Effect.LEAVE", ["Effect.DENY"]),
    (values.other_member, "Effect.value", []),
    (values.dropped_slice, "a[:2]", ["(a)"]),
    (values.dropped_slice, "a[2]", []),
    (calls.dropped_argument, "f(a, b, c=d)", ["(f(a, b))"]),
    (calls.dropped_argument, "a.get(b, c)", ["(a.get(b))"]),
    (calls.dropped_call, "sorted(a, key=b)", ["(a)"]),
    (calls.dropped_call, "a.strip()", ["(a)"]),
    (calls.dropped_call, "Name(a)", []),
    (calls.dropped_call, "frozenset({a})", []),
    (calls.related_call, "any(a)", ["all(a)"]),
    (calls.related_call, "a.startswith(b)", ["(a.endswith)(b)"]),
    (statements.dropped_statement, "a.append(b)", ["pass"]),
    (statements.dropped_statement, "a[b] = c", ["pass"]),
    (statements.dropped_statement, "a = b", []),
    (statements.dropped_statement, "'a docstring'", []),
    (statements.dropped_statement, "raise a", ["pass"]),
    (statements.returned_none, "def f(): return a", ["def f(): return None"]),
    (statements.returned_none, "def f(): return 0", ["def f(): return None"]),
    (statements.returned_none, "def f(): return False", []),
    (statements.returned_none, "def f(): return None", []),
    (statements.returned_none, "def f(): return", []),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "before", "after"), EXAMPLES)
def test_an_operator_makes_its_mutants(
    operator: Callable[[Source], Iterator[Mutation]], before: str, after: list[str]
) -> None:
    """Each mutant differs from the code by one change, in the order of the code."""
    source = Source(before, ENUMS)

    assert after == [source.mutated(mutation) for mutation in operator(source)]

"""The project's operators, as cosmic-ray calls them, and cosmic-ray with them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cosmic_ray.plugins
import parso

from tests.mutation import calls, logic, statements, values
from tests.mutation.source import Mutation, Position, Source, enums_of, span

CORE = Path("src/core")

_Rule = Callable[[Source], Iterator[Mutation]]

_RULES: tuple[_Rule, ...] = (
    logic.forced_condition,
    logic.dropped_operand,
    logic.swapped_membership,
    logic.uncaught,
    values.dropped_element,
    values.changed_text,
    values.changed_pattern,
    values.other_member,
    values.dropped_slice,
    calls.dropped_argument,
    calls.dropped_call,
    calls.related_call,
    statements.dropped_statement,
    statements.returned_none,
)


class Operators:
    """The operators by name: what cosmic-ray calls a provider."""

    def __init__(self) -> None:
        """Read which enums there are."""
        enums = enums_of(path.read_text() for path in sorted(CORE.rglob("*.py")))
        self._operators = {rule.__name__: _operator(rule, enums) for rule in _RULES}

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._operators)

    def __getitem__(self, name: str) -> type:
        """Return one operator's class."""
        return self._operators[name]


def register() -> None:
    """Let cosmic-ray use the project's operators beside its own."""
    cosmic_ray.plugins.OPERATOR_PROVIDERS["project"] = Operators()


def _operator(rule: _Rule, enums: dict[str, tuple[str, ...]]) -> type:
    # cosmic-ray shows an operator every node of parso's tree. These look at the whole module alone,
    # and read it with `ast`: parso doesn't understand `match`.
    def mutations(node: Any) -> list[tuple[Source, Mutation]]:
        if node.type != "file_input":
            return []
        source = Source(node.get_code(), enums)
        return [(source, mutation) for mutation in rule(source)]

    class Operator:
        """One of the project's operators."""

        @classmethod
        def arguments(cls) -> tuple[()]:
            """Return that it takes none."""
            return ()

        def mutation_positions(self, node: Any) -> Iterator[tuple[Position, Position]]:
            """Yield the place of each mutation."""
            return (span(mutation.place) for _, mutation in mutations(node))

        def mutate(self, node: Any, index: int) -> Any:
            """Return the module with one mutation."""
            source, mutation = mutations(node)[index]
            return parso.parse(source.mutated(mutation))

    return Operator

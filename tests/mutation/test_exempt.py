"""What is exempt from mutation, and what looks like it and isn't."""

import ast

import pytest

from tests.mutation.exempt import exemptions
from tests.mutation.source import Source, span


def is_exempt(code: str, part: str) -> bool:
    """Return True when the first node with this text lies in an exempt part."""
    source = Source(code)
    node = next(
        one
        for one in ast.walk(source.tree)
        if isinstance(one, ast.expr | ast.stmt | ast.keyword)
        and ast.get_source_segment(code, one) == part
    )
    return any(one.holds(*span(node)) for one in exemptions(source))


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("def f():\n    'A docstring.'", "'A docstring.'"),
        ("raise ValueError('short')", "'short'"),
        ("def f():\n    return leave('no name', a)", "'no name'"),
        ("def f():\n    return leave(f'got {sorted(a)}', b)", "sorted(a)"),
        ("def f():\n    return leave(', '.join(sorted(a)))", "sorted(a)"),
        ("def f():\n    return a, 'no name'", "'no name'"),
        ("hidden = Hidden('not shown to us')", "'not shown to us'"),
        ("def f() -> int | None: ...", "int | None"),
        ("def f(a: int | None): ...", "int | None"),
        ("a: int | None = b", "int | None"),
        ("Key = tuple[str, bytes]", "str, bytes"),
        ("Name = DnsName | IpName", "DnsName | IpName"),
        ("T = TypeVar('T')", "'T'"),
        ("__all__ = ['a']", "'a'"),
        ("@dataclass(frozen=True)\nclass A: ...", "frozen=True"),
    ],
)
def test_text_types_exports_and_storage_are_exempt(code: str, part: str) -> None:
    """A mutant there changes no verdict, or mypy and ruff notice it."""
    assert is_exempt(code, part)


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("USAGES = frozenset({'server auth'})", "'server auth'"),
        ("USAGE = 'client auth'", "'client auth'"),
        ("def f(a):\n    return 'cert sign' in a", "'cert sign'"),
        ("PEM = re.compile('BEGIN CERTIFICATE')", "'BEGIN CERTIFICATE'"),
        ("def f(a):\n    return f'{a}.svc'", "f'{a}.svc'"),
        ("def f(a):\n    return leave('no name', a or b)", "a or b"),
        ("def f(a):\n    raise ValueError('no name')", "raise ValueError('no name')"),
        ("a: int = 5", "5"),
        ("LIMITS = SMALL | LARGE", "SMALL | LARGE"),
        ("def f(a):\n    return a | b", "a | b"),
    ],
)
def test_data_and_what_decides_is_not_exempt(code: str, part: str) -> None:
    """Tables, limits, names and conditions are mutated, even those with spaces."""
    assert not is_exempt(code, part)

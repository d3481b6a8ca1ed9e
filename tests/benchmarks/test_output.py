"""What `make bench` prints."""

import argparse

import pytest

from benchmarks import __main__ as bench
from benchmarks.rounds import Approvals

COLUMNS = 80


def test_the_steps_are_measured_and_fit_the_screen() -> None:
    """A step whose result is wrong fails, because it may cost less."""
    lines = list(bench._steps(argparse.Namespace(csrs=2)))

    assert 9 == len(lines)
    assert COLUMNS >= max(map(len, lines))


def test_a_line_of_approvals_fits_the_screen() -> None:
    """The widest values that any machine will show."""
    line = bench._approvals_line(
        "median ceiling", Approvals("x", 99_999.0, 1.0, 99.99, 999.99, 999)
    )

    assert COLUMNS >= len(line)


def test_help_names_what_can_be_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make bench ARGS=--help`."""
    monkeypatch.setattr("sys.argv", ["bench", "--help"])
    with pytest.raises(SystemExit):
        bench.main()

    assert "{steps,start,approvals,idle,quota,kubelets}" in capsys.readouterr().out

"""The entry point of `csr-approver`: how every run ends, from its first instant on.

It imports nothing that takes time before Ctrl-C is handled, so the commands are imported within.
"""

import os
import signal
import sys
from typing import NoReturn

# cli.exits has these too, but it imports Typer.
_UNKNOWN = 3
_INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line, and exit with its code.

    Exit 3, with a message on stderr: stdout can't be written, or an error that no command handles.
    Exit 130: Ctrl-C. From: the shells' convention, 128 plus the signal's number.
    """
    if sys.stdout is None:
        _end(_UNKNOWN, "stdout is closed: the answer can't be written")
    handles_interrupts = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if handles_interrupts:  # not so in the background, where shells ignore the signal
        # An exception within an import may be lost, or be reported by the library with a traceback.
        signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    from cli.app import app

    if handles_interrupts:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # commands clean up
    original = sys.stdout
    try:
        app()
    except SystemExit as error:
        _end(_code_of(error, is_pipe_broken=sys.stdout is not original))
    except KeyboardInterrupt:
        _end(_INTERRUPTED)
    except Exception:  # noqa: BLE001  the last resort: it is reported with its traceback
        _end_by_unhandled()
    _end(0)


def _code_of(error: SystemExit, *, is_pipe_broken: bool) -> int:
    # Typer exits with 1 if a pipe's reader has gone, and replaces stdout. 1 means "no" here.
    return _UNKNOWN if is_pipe_broken else int(error.code or 0)


def _end_by_unhandled() -> NoReturn:
    if (problem := _not_flushed()) is not None:
        _end(_UNKNOWN, f"stdout can't be written: {problem}")
    import traceback

    traceback.print_exc()
    _end(_UNKNOWN, "this is a bug: please report it with the lines above")


def _end(code: int, message: str = "") -> NoReturn:
    """Exit at once: after Ctrl-C, threads may still wait for an answer."""
    problem = _not_flushed()
    if problem is not None and not message:
        code, message = _UNKNOWN, f"stdout can't be written: {problem}"
    if message:
        sys.stderr.write(f"csr-approver: {message}\n")
    sys.stderr.flush()
    os._exit(code)


def _not_flushed() -> str | None:
    """Return why what was printed can't be written to stdout; None if it is written.

    A broken pipe is no problem to report: its reader has what it wanted.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        return None
    except OSError as error:
        return error.strerror or str(error)
    return None


if __name__ == "__main__":
    main()

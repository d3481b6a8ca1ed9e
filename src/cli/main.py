"""The entry point of `csr-approver`: how every run ends, from its first instant on.

It imports nothing that takes time before Ctrl-C is handled, so the commands are imported within.
"""

import errno
import io
import os
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn

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
    stdout = _watched(sys.stdout)
    sys.stdout = stdout
    try:
        app()
    except SystemExit as error:
        code, message = int(error.code or 0), ""
    except KeyboardInterrupt:
        code, message = _INTERRUPTED, ""
    except Exception:  # noqa: BLE001  the last resort: it is reported with its traceback
        code, message = _UNKNOWN, "" if stdout.lost else _reported()
    _end(*stdout.ended(code, message))


class _Stdout(io.TextIOWrapper):
    """Stdout that remembers whether anything couldn't be written, even if that was handled."""

    lost: OSError | None = None

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self.lost = error
            raise

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self.lost = error
            raise

    def ended(self, code: int, message: str) -> tuple[int, str]:
        """Return how the run ends: as given, if the whole answer was written."""
        if self.lost is None:
            with suppress(OSError):
                self.flush()
        if self.lost is None or code == _INTERRUPTED:
            return code, message
        # A pipe's reader that has gone has what it wanted.
        is_gone = self.lost.errno == errno.EPIPE
        return _UNKNOWN, "" if is_gone else f"stdout can't be written: {self.lost.strerror}"


def _watched(stdout: Any) -> _Stdout:
    return _Stdout(
        stdout.buffer,
        encoding=stdout.encoding,
        errors=stdout.errors,
        line_buffering=stdout.line_buffering,
        write_through=stdout.write_through,
    )


def _reported() -> str:
    """Print the error being handled, and return the message that comes after it."""
    import traceback

    traceback.print_exc()
    return "this is a bug: please report it with the lines above"


def _end(code: int, message: str = "") -> NoReturn:
    """Exit at once: after Ctrl-C, threads may still wait for an answer."""
    if message:
        sys.stderr.write(f"csr-approver: {message}\n")
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()

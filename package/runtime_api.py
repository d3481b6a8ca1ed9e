"""Run a built package as Lambda does, under AWS's own runtime client.

The client (`awslambdaric`) gets events from a Runtime API and posts their outcomes. This module is
such an API, and starts the client's process. The process can import the package, the runtime client
and Python's standard library only, so what the package lacks is missing here too. Unlike in Lambda,
memory isn't limited, time-outs aren't enforced, and the file system is writable.
From: AWS Lambda Developer Guide, "Runtime API".

    with LambdaFunction(package, "handlers.review.handler", {"MODE": "shadow"}) as function:
        outcome = function.invoke({"Records": []})
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from queue import Empty, Queue
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Thread
from time import time
from typing import Any, Final, Self

_API: Final = "/2018-06-01/runtime"
_RUNTIME_CLIENT: Final = ("awslambdaric", "simplejson", "snapshot-restore-py")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an event: the handler's result, or an error (then `error_type` isn't empty).

    `at_init`: the function failed at its start, before any event.
    """

    result: Any = None
    error_type: str = ""
    error_message: str = ""
    at_init: bool = False


class LambdaFunction:
    """One warm environment of a function; `invoke` it any number of times, one at a time."""

    def __init__(
        self,
        package: Path,
        handler: str,
        environment: Mapping[str, str],
        *,
        timeout_seconds: int = 60,
    ) -> None:
        """Prepare the function; `environment` holds its configuration and role credentials."""
        self._package = package
        self._handler = handler
        self._environment = environment
        self._timeout_seconds = timeout_seconds
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Start the function; a failure at its start is the outcome of the first `invoke`."""
        with ExitStack() as stack:
            self._api = _RuntimeApi(self._timeout_seconds)
            serving = Thread(target=self._api.serve_forever, args=(0.05,), daemon=True)
            serving.start()
            stack.callback(self._api.close)
            self._written = stack.enter_context(TemporaryFile("w+"))
            client = Path(stack.enter_context(TemporaryDirectory()))
            _link_runtime_client(client)
            self._process = self._start(client)
            stack.callback(self._stop)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End the function's process."""
        self._open.close()

    def invoke(self, event: Any, *, timeout_seconds: int = 0) -> Outcome:
        """Give one event to the function, and return the outcome.

        `timeout_seconds`: the function's time-out from this event on, if it isn't 0.

        Raises:
            TimeoutError: no outcome came within the time-out and some seconds. The process is
                ended.
        """
        if timeout_seconds:
            self._api.timeout_seconds = timeout_seconds
        self._api.events.put(json.dumps(event).encode())
        try:
            return self._api.outcomes.get(timeout=self._api.timeout_seconds + 5)
        except Empty:
            self._stop()
            raise TimeoutError(f"{self._handler} gave no outcome\n{self.output()}") from None

    @property
    def pid(self) -> int:
        """Return the id of the process that runs the function."""
        return self._process.pid

    @property
    def peak_megabytes(self) -> int:
        """Return the process's peak resident memory so far in MB, as Linux counts it."""
        status = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        [line] = [one for one in status if one.startswith("VmHWM")]
        return int(line.split()[1]) // 1024

    @property
    def cpu_seconds(self) -> float:
        """Return the process's CPU time so far in seconds, as Linux counts it."""
        # From: proc(5), /proc/pid/stat: utime and stime, twelve fields after the name in brackets.
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def output(self) -> str:
        """Return all that the function wrote: what Lambda sends to CloudWatch Logs."""
        self._written.seek(0)
        return self._written.read()

    def _start(self, client: Path) -> subprocess.Popen[str]:
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": f"{self._package}:{client}",
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_LAMBDA_FUNCTION_NAME": self._handler.replace(".", "-"),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "LAMBDA_TASK_ROOT": str(self._package),
            "_HANDLER": self._handler,
            **self._environment,
        }
        # -S: without this environment's site-packages.
        command = [_python(), "-S", "-m", "awslambdaric", self._handler]
        process = subprocess.Popen(  # noqa: S603 - this Python itself
            command,
            cwd=self._package,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._written,
            stderr=subprocess.STDOUT,
            text=True,
        )
        Thread(target=self._watch, args=(process,), daemon=True).start()
        return process

    def _watch(self, process: subprocess.Popen[str]) -> None:
        """Report an outcome when the process ends, so that `invoke` stops waiting."""
        code = process.wait()
        self._api.outcomes.put(Outcome(error_type="Runtime.ExitError", error_message=str(code)))

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()


class _RuntimeApi(ThreadingHTTPServer):
    """The API on a port of its own; one queue brings events, another returns outcomes."""

    daemon_threads = True

    def __init__(self, timeout_seconds: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.timeout_seconds = timeout_seconds
        self.events: Queue[bytes | None] = Queue()
        self.outcomes: Queue[Outcome] = Queue()

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`."""
        return f"127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """Stop answering; a client that waits for an event gets none."""
        self.events.put(None)
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: Any) -> None:
        """Ignore it: a process that is ended closes its connection."""


class _Handler(BaseHTTPRequestHandler):
    """One request of the runtime client."""

    protocol_version = "HTTP/1.1"
    server: _RuntimeApi

    def do_GET(self) -> None:
        """Answer `next` with the next event, as soon as there is one."""
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        deadline = int((time() + self.server.timeout_seconds) * 1000)
        self._answer(
            200,
            event,
            {
                "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": (
                    "arn:aws:lambda:us-east-1:123456789012:function:function"
                ),
            },
        )

    def do_POST(self) -> None:
        """Take a `response`, or an `error` of an event or of the start."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        if self.path.endswith("/response"):
            outcome = Outcome(result=body)
        else:
            outcome = Outcome(
                error_type=body["errorType"],
                error_message=body["errorMessage"],
                at_init=self.path == f"{_API}/init/error",
            )
        self.server.outcomes.put(outcome)
        self._answer(202, b'{"status":"OK"}', {})

    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _python() -> str:
    """Return the path of the Python that runs this, outside its virtual environment."""
    name = "python{}.{}".format(*sys.version_info)
    return str(Path(sys.base_prefix, "bin", name))


def _link_runtime_client(folder: Path) -> None:
    """Link the runtime client alone into a folder: in Lambda it has its own folder too."""
    for name in _RUNTIME_CLIENT:
        found = distribution(name)
        tops = {file.parts[0] for file in found.files or () if ".." not in file.parts}
        for top in tops:
            (folder / top).symlink_to(str(found.locate_file(top)))

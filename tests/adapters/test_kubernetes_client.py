"""Of the kubernetes client only the connections are imported."""

import subprocess
import sys

#: What the rest of the client would import.
UNUSED = ("kubernetes.config", "kubernetes.watch", "oauthlib", "requests", "websocket", "yaml")


def modules_after(code: str) -> set[str]:
    """Return the modules that a new Python process has imported after it has run this code."""
    ran = subprocess.run(  # noqa: S603 - this Python itself
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ran.stdout.split())


def test_the_rest_of_the_client_is_not_imported() -> None:
    """It is a sixth of the time of a cold start."""
    imported = modules_after("import adapters.api_connection")

    assert "kubernetes.client.rest" in imported
    assert [] == [name for name in UNUSED if name in imported]


def test_a_program_that_has_the_whole_client_keeps_it() -> None:
    """All of it works for code that imported it before us."""
    imported = modules_after(
        "import kubernetes, adapters.kubernetes_client; kubernetes.config.load_config"
    )

    assert [] == [name for name in UNUSED if name not in imported]

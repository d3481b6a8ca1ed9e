"""The kubernetes client's connections, imported without the rest of that client.

`kubernetes/__init__.py` imports all parts of the client: its configuration files, its web sockets,
its watches, and with them requests, oauthlib and yaml. They are never used here, and are a fifth of
a cold start and a tenth of the package. So the two packages in which the connections are get a
module here that has the package's path, and whose own code isn't run.
"""

import sys
from importlib.util import find_spec, module_from_spec
from typing import Final

_PACKAGES: Final = ("kubernetes", "kubernetes.utils")


def _declare(name: str) -> None:
    """Let modules of a package be imported, without the package's own imports.

    A program that has imported the whole client before keeps it.

    Raises:
        ImportError: there is no such package.
    """
    if name in sys.modules:
        return
    spec = find_spec(name)
    if spec is None:
        raise ImportError(f"no package {name}")
    sys.modules[name] = module_from_spec(spec)


for _name in _PACKAGES:
    _declare(_name)

from kubernetes.client.configuration import Configuration  # noqa: E402  see above
from kubernetes.client.rest import RESTClientObject  # noqa: E402  see above

__all__ = ["Configuration", "RESTClientObject"]

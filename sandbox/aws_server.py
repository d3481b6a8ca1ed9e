"""The fake AWS account over HTTP, for other processes. Needs `moto[server]`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Final

#: Stopping takes up to this long. The server of moto's own class takes half a second.
_POLL_SECONDS: Final = 0.02


@contextmanager
def served() -> Iterator[str]:
    """Serve this process's moto on a free port of loopback; yield the URL."""
    # Imported here: only this needs the web server.
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs each request
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    thread = Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""A page server in a thread of the test's own process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tileloom.serve.server import PageServer
from tileloom.verbs.serve import page_server


@contextmanager
def serving(model: Any, **options: Any) -> Iterator[PageServer]:
    """A server on a free port, with its player, until the block ends."""
    server = page_server(model, address="127.0.0.1:0", **options)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        server.player.close()
        thread.join()

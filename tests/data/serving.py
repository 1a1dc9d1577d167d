"""A server of files on this machine, in place of those that publish collections."""

import functools
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """Say nothing of clients that hang up, as ours does when too much comes."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP on the loopback address while the block runs."""
    server = _Server(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def republished(collection, folder: Path, *mirrors: str):
    """Return a collection whose files are those of a folder."""
    files = []
    for file in collection.files:
        content = (folder / file.name).read_bytes()
        files.append(replace(file, sha256=hashlib.sha256(content).hexdigest(), size=len(content)))
    return replace(collection, files=tuple(files), mirrors=mirrors)

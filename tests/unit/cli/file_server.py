"""A real web server on this machine that offers one file, honestly or not."""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

__all__ = ["FileServer", "Handler", "breaking_off", "file_server", "honest", "sending", "stalling", "stating"]


class FileServer(ThreadingHTTPServer):
    """Offers `content` at every address. Each request takes the next of `behaviours`; without any it is honest."""

    daemon_threads = True
    block_on_close = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.etag: str | None = '"one"'
        self.behaviours: list[Behaviour] = []
        self.asked: list[dict[str, str]] = []
        """The headers of each request, names in lower case, with the "path"."""
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        scheme = "https" if isinstance(self.socket, ssl.SSLSocket) else "http"
        return f"{scheme}://127.0.0.1:{self.server_address[1]}/sam.pth"

    @property
    def ranges(self) -> list[str | None]:
        """The Range header of each request."""
        return [headers.get("range") for headers in self.asked]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is nothing to print."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: FileServer

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append({**headers, "path": self.path})
        behave = self.server.behaviours.pop(0) if self.server.behaviours else honest
        behave(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(body)
        self.close_connection = True

    def begin(self) -> int:
        """Where the piece begins that was asked for; 0 where If-Range names another version of the file."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        current = self.headers.get("If-Range", self.server.etag) == self.server.etag
        return int(asked[1]) if asked and current else 0

    def headers_for(self, begin: int) -> tuple[int, dict[str, str]]:
        """Status and headers of an honest answer."""
        size = len(self.server.content)
        headers = {"Content-Length": str(size - begin)}
        if self.server.etag is not None:
            headers["ETag"] = self.server.etag
        if not begin:
            return 200, headers
        return 206, {**headers, "Content-Range": f"bytes {begin}-{size - 1}/{size}"}


Behaviour = Callable[[Handler], None]


def honest(handler: Handler) -> None:
    """Does what was asked."""
    begin = handler.begin()
    if begin >= len(handler.server.content):
        handler.answer(416, {"Content-Length": "0"}, b"")
    else:
        handler.answer(*handler.headers_for(begin), handler.server.content[begin:])


def breaking_off(after: int) -> Behaviour:
    """Promises all that is asked for and hangs up after some bytes of it."""

    def behave(handler: Handler) -> None:
        begin = handler.begin()
        handler.answer(*handler.headers_for(begin), handler.server.content[begin : begin + after])

    return behave


def stalling(after: int) -> Behaviour:
    """Promises everything and falls silent after some bytes, with the connection open."""

    def behave(handler: Handler) -> None:
        breaking_off(after)(handler)
        handler.server.closing.wait(10)

    return behave


def sending(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Behaviour:
    """Answers this, whatever was asked; without a Content-Length the body ends where the connection does."""
    return lambda handler: handler.answer(status, headers or {}, body)


def stating(**changed: str) -> Behaviour:
    """Honest but for some headers; underscores stand for hyphens."""

    def behave(handler: Handler) -> None:
        begin = handler.begin()
        status, headers = handler.headers_for(begin)
        headers.update({name.replace("_", "-"): value for name, value in changed.items()})
        handler.answer(status, headers, handler.server.content[begin:])

    return behave


@contextlib.contextmanager
def file_server(content: bytes, certificate: Path | None = None) -> Iterator[FileServer]:
    """A running server; with a certificate (and its key in the same file) it speaks https."""
    server = FileServer(content)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()

"""
A small threaded HTTP/1.1 server that keeps connections alive and can cut them.

Werkzeug's own development server closes each connection after one answer, which would make a
benchmark measure the opening of connections.
"""

import io
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from sandbox.http import CutConnection

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

MAX_BODY = 64 * 1024 * 1024


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120
    wbufsize = -1
    server: "_HttpServer"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY or self.headers.get("Transfer-Encoding"):
            self.send_error(413 if length > MAX_BODY else 411)
            self.close_connection = True
            return
        environ = self._environ(self.rfile.read(length) if length else b"")
        try:
            self._send(environ)
        except (CutConnection, ConnectionError):
            self.close_connection = True
        except Exception:  # noqa: BLE001 (a server outlives a defect in one answer)
            traceback.print_exc(file=sys.stderr)
            self.close_connection = True

    def __getattr__(self, name: str) -> Any:
        # http.server looks for do_GET, do_POST and so on: all are answered alike.
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "RAW_URI": self.path,
            "REQUEST_URI": self.path,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "werkzeug.socket": self.connection,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
                environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def _send(self, environ: dict[str, Any]) -> None:
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc: Any = None) -> None:
            head[:] = [status, headers]

        answer = self.server.app(environ, start_response)
        try:
            body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        status, headers = head
        code = int(status.split(" ", 1)[0])
        lines = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}", "Server: Sandbox"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() != "content-length"]
        if code != 204:
            lines.append(f"Content-Length: {len(body)}")
        if self.close_connection:
            lines.append("Connection: close")
        raw = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        self.wfile.write(raw if self.command == "HEAD" else raw + body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the sandbox keeps a log of requests of its own."""


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    # With SO_REUSEADDR a port in use is still refused on Linux, and a restart is not.
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], app: WsgiApp) -> None:
        self.app = app
        self.open_connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open_connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open_connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


class Server:
    """The sandbox on a port. `start()` answers in a thread until `stop()`."""

    def __init__(self, app: WsgiApp, host: str, port: int) -> None:
        self._http = _HttpServer((host, port), app)
        self._thread: threading.Thread | None = None
        self.host, self.port = host, self._http.server_address[1]

    @property
    def url(self) -> str:
        """Return the address, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self, *, stops_within: float = 0.05) -> "Server":
        """Answer requests in a thread of its own, and return at once."""
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(stops_within,), name="sandbox", daemon=True
        )
        self._thread.start()
        return self

    def run(self) -> None:
        """Answer requests in this thread until `stop()` is called from another."""
        self._http.serve_forever(0.2)

    def stop(self) -> None:
        """Stop answering and give the port back."""
        self._http.shutdown()
        if self._thread is not None:
            self._thread.join()
        self._http.server_close()
        for connection in list(self._http.open_connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it was closed already

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()


def serve(app: WsgiApp, host: str = "127.0.0.1", port: int = 0) -> Server:
    """
    Bind the app to a port (0: any free one) and return the server, not yet started.

    :raises OSError: if the port is in use
    """
    return Server(app, host, port)

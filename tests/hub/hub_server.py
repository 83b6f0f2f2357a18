"""A Hub on the loopback: answers the real `huggingface_hub` and `datasets` clients as huggingface.co does.

Files are read from another host name (localhost) than the Hub's (127.0.0.1): clients follow redirects that stay on the
Hub's host themselves, and then miss the headers of the first answer.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from hub_faults import CUTS, KILL, STATUSES, Faults
from hub_routes import ROUTES, Answer, Request
from hub_state import Hub, Refused


@dataclass
class Seen:
    """One request as it came and was answered."""

    method: str
    path: str
    status: int
    received: int
    sent: int


class TestHub:
    """The server: its state, its faults and what it was asked."""

    __test__ = False

    def __init__(self, folder: Path, users: dict[str, str]) -> None:
        self.hub = Hub(folder, users)
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.url = self.storage = ""

    def data_bytes_received(self) -> int:
        """Bytes of files that were sent to this Hub, in uploads and inside commits."""
        return sum(s.received for s in self.seen if s.path.startswith("/storage/") and s.method == "PUT")

    def bytes_served(self) -> int:
        """Bytes of files that were read from this Hub."""
        return sum(s.sent for s in self.seen if "/resolve/" in s.path or s.path.startswith("/storage/"))

    def requests(self, method: str, part: str) -> list[Seen]:
        return [s for s in self.seen if s.method == method and part in s.path]

    def answer(self, request: Request, fault: int | None) -> Answer:
        """Route one request, or refuse it with a status that was asked for."""
        if fault:
            raise Refused(fault, "", "injected")
        for method, pattern, call in ROUTES:
            found = re.fullmatch(pattern, request.path)
            if found and request.method in method.split():
                parts = [unquote(part) for part in found.groups() if part is not None]
                with self.hub.lock:
                    return call(self, request, *parts)
        raise Refused(404, "", f"no such address: {request.method} {request.path}")


@contextmanager
def serve(folder: Path, users: dict[str, str]) -> Iterator[TestHub]:
    """Serve a new, empty Hub."""
    test_hub = TestHub(folder, users)
    handler = type("Handler", (_Handler,), {"test_hub": test_hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    test_hub.url = f"http://127.0.0.1:{server.server_port}"
    test_hub.storage = f"http://localhost:{server.server_port}/storage"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield test_hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    test_hub: TestHub

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        fault = self.test_hub.faults.next(f"{self.command} {where.path}")
        body = self._body(cut=fault == CUTS[0])
        if body is None:
            self._end()
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        query = {key: values[-1] for key, values in parse_qs(where.query).items()}
        user = self.test_hub.hub.users.get(token, "")
        request = Request(self.command, where.path, query, self.headers, body, user)
        try:
            answer = self.test_hub.answer(request, STATUSES.get(fault))
        except Refused as refused:
            answer = Answer.of({"error": refused.message}, refused.status, **{"X-Error-Message": refused.message})
            if refused.code:
                answer.headers["X-Error-Code"] = refused.code
            if refused.status == 429:
                answer.headers["Retry-After"] = "7"
        if fault == KILL:
            self.test_hub.faults.kill()
            self._end()
            return
        self._send(answer, request, cut=fault == CUTS[1])

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

    def _body(self, *, cut: bool) -> bytes | None:
        """Read the body; None where the connection ends in it."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
                if cut:
                    return None
            self.rfile.readline()
            return None if cut else b"".join(parts)
        length = int(self.headers.get("Content-Length") or 0)
        if cut:
            self.rfile.read(int(length * self.test_hub.faults.cut_at))
            return None
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def _send(self, answer: Answer, request: Request, *, cut: bool) -> None:
        body = answer.body
        length = int(answer.headers.pop("Content-Length", len(body)))
        lines = [f"HTTP/1.1 {answer.status} X"]
        lines += [f"{name}: {value}" for name, value in {**answer.headers, "Content-Length": str(length)}.items()]
        data = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        data += b"" if self.command == "HEAD" else body
        sent = data[: int(len(data) * self.test_hub.faults.cut_at)] if cut else data
        self.test_hub.seen.append(
            Seen(
                request.method,
                request.path,
                answer.status,
                len(request.body),
                0 if self.command == "HEAD" else len(body),
            )
        )
        try:
            self.wfile.write(sent)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
        if cut:
            self._end()

    def _end(self) -> None:
        """End the connection without a word more."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        pass

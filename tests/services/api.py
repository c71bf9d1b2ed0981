"""A small HTTP API of members on loopback: pages in four ways, a login, and faults in the order that a test asks for."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "Bearer made-up"
SIZE = 3


@dataclass
class Fault:
    """What one request gets instead of its page: a status, and what Retry-After says."""

    status: int
    retry_after: str = ""


@dataclass
class Api:
    """The members that the API has, the faults of its next requests, the requests that it had, and where it has moved to."""

    members: list[dict[str, object]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    port: int = 0
    away: str = ""

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def page(self, path: str, asked: dict[str, str]) -> tuple[dict[str, object] | list[dict[str, object]], str]:
        """A page, and the header Link, for path and parameters."""
        found = [
            m
            for m in self.members
            if str(m.get("updated", "") if isinstance(m, dict) else "") >= asked.get("since", "")
        ]
        start = int(asked.get("offset", asked.get("cursor", (int(asked.get("page", 1)) - 1) * SIZE)))
        rows, after = found[start : start + SIZE], start + SIZE
        more = after < len(found)
        if path == "/bare":
            return found, ""
        if path == "/cursor":
            return {"data": {"items": rows}, "meta": {"next": str(after) if more else None}}, ""
        if path == "/link":
            return rows, f'<{self.url}/link?offset={after}>; rel="next"' if more else ""
        if path == "/next":
            return {"rows": rows, "links": {"next": f"/next?offset={after}" if more else None}}, ""
        if path == "/circle":
            return {"data": {"items": rows}, "meta": {"next": "0" if start else "3"}}, ""
        return {"items": rows}, ""


@contextmanager
def running_api() -> Iterator[Api]:
    """Start the API in a thread; it ends with the block."""
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            api.asked.append(self.path)
            if api.faults:
                fault = api.faults.pop(0)
                self._answer(fault.status, b"<html>sorry</html>", {"Retry-After": fault.retry_after})
            elif api.away:
                self._answer(302, b"", {"Location": api.away})
            elif self.headers.get("Authorization") != TOKEN:
                self._answer(401, b"{}", {})
            else:
                parts = urlsplit(self.path)
                body, link = api.page(parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()})
                self._answer(200, json.dumps(body).encode(), {"Link": link})

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if value:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)

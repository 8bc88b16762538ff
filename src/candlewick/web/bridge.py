"""Django behind ASGI: its WSGI handler on a fixed pool of threads.

Django's own ASGI handler starts two threads for a request; eight that stay, each with its database
connection, do the same work in a fifth of the time (`docs/decisions/`). Bodies and responses are held
whole: uploads are bounded, and what is long or live has a native route and does not pass here.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from candlewick.web import problem
from candlewick.web.compression import compressed

P = ParamSpec("P")
T = TypeVar("T")
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

BODY_BYTES: Final = 4 * 1024 * 1024
WAITING: Final = 256  # requests beyond this are told to come again
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade"})


class Bridge:
    """An ASGI application that calls a WSGI one on threads of its own.

    `extras` are put into each request's environ (Django: `request.META`).
    """

    def __init__(self, application: Wsgi, extras: Mapping[str, Any], *, threads: int = 8) -> None:
        self._application = application
        self._extras = dict(extras)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="django")
        self.waiting = 0
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        if body is None:
            answer = _problem(413, f"A body may have at most {BODY_BYTES} bytes.")
        elif self.waiting >= WAITING:
            answer = _problem(503, "The server is busy. Try again in a moment.", (b"retry-after", b"1"))
        else:
            answer = await self.run(self._answer, scope, body)
        self.requests += 1
        status, headers, content = answer
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function that may touch the database on a thread of the bridge."""
        self.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, lambda: function(*args, **kwargs))
        finally:
            self.waiting -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _answer(self, scope: Scope, body: bytes) -> Answer:
        started: list[tuple[int, list[tuple[bytes, bytes]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            encoded = [
                (name.lower().encode("latin-1"), value.strip().encode("latin-1"))
                for name, value in headers
                if name.lower() not in _HOP_BY_HOP
            ]
            started.append((int(status[:3]), encoded))

        environ = self._environ(scope, body)
        parts = self._application(environ, start_response)
        try:
            content = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        status, headers = started[-1]
        if scope["method"] != "HEAD":
            headers, content = compressed(environ.get("HTTP_ACCEPT_ENCODING", ""), headers, content)
        if not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(content)).encode()))
        return status, headers, content

    def _environ(self, scope: Scope, body: bytes) -> dict[str, Any]:
        host, port = scope.get("server") or ("127.0.0.1", 80)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": scope["method"],
            "SCRIPT_NAME": "",
            "PATH_INFO": scope["path"].encode().decode("latin-1"),
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
            "REMOTE_ADDR": (scope.get("client") or ("", 0))[0],
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scope["scheme"],
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **self._extras,
        }
        for raw_name, raw_value in scope["headers"]:
            # `X_Forwarded_For` and `X-Forwarded-For` become one name in WSGI: only the latter may pass.
            if b"_" in raw_name:
                continue
            name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
            if name == "CONTENT_TYPE":
                environ[name] = value
            elif name != "CONTENT_LENGTH":
                key = f"HTTP_{name}"
                separator = "; " if name == "COOKIE" else ","
                environ[key] = f"{environ[key]}{separator}{value}" if key in environ else value
        return environ


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None if it is too long."""
    body = bytearray()
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            break
        body += event.get("body", b"")
        if len(body) > BODY_BYTES:
            return None
        more = event.get("more_body", False)
    return bytes(body)


def _problem(status: int, detail: str, *headers: tuple[bytes, bytes]) -> Answer:
    content = problem.body(status, detail)
    return status, [(b"content-type", problem.CONTENT_TYPE.encode()), *headers], content

"""The bridge: WSGI sees the request as it was, and its answer leaves as it is."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Callable, Iterable
from typing import Any

import brotli
import orjson
import pytest

from candlewick.web import bridge as bridging
from candlewick.web.bridge import BODY_BYTES, Bridge


def scope(**more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("10.0.0.9", 5000),
        "headers": [],
    } | more


async def ask(
    bridge: Bridge, body: Iterable[bytes] = (b"",), **more: Any
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer."""
    parts = list(body)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await bridge(scope(**more), receive, send)
    start, content = sent
    return start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, content["body"]


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answers with the environ it was given."""
    known = {key: value for key, value in environ.items() if isinstance(value, str)}
    start_response("200 OK", [("Content-Type", "application/json"), ("Connection", "close")])
    return [orjson.dumps(known | {"body": environ["wsgi.input"].read().decode()})]


async def test_wsgi_sees_the_request_as_it_was() -> None:
    headers = [
        (b"host", b"example:8000"),
        (b"content-type", b"text/plain"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"accept", b"x"),
        (b"accept", b"y"),
    ]
    _, _, body = await ask(
        Bridge(echo, {"extra": "here"}),
        [b"one ", b"two"],
        method="POST",
        path="/é",
        query_string=b"a=%20b",
        headers=headers,
    )
    seen = orjson.loads(body)
    assert seen["REQUEST_METHOD"] == "POST"
    assert seen["PATH_INFO"] == "/Ã©"  # WSGI's latin-1 spelling of UTF-8
    assert seen["QUERY_STRING"] == "a=%20b"
    assert seen["CONTENT_TYPE"] == "text/plain"
    assert seen["CONTENT_LENGTH"] == "7"
    assert seen["HTTP_COOKIE"] == "a=1; b=2"
    assert seen["HTTP_ACCEPT"] == "x,y"
    assert seen["REMOTE_ADDR"] == "10.0.0.9"
    assert seen["extra"] == "here"
    assert seen["body"] == "one two"


async def test_a_header_cannot_pose_as_another() -> None:
    headers = [(b"x_forwarded_for", b"1.2.3.4"), (b"content-length", b"999")]
    _, _, body = await ask(Bridge(echo, {}), headers=headers)
    seen = orjson.loads(body)
    assert "HTTP_X_FORWARDED_FOR" not in seen
    assert seen["CONTENT_LENGTH"] == "0"


async def test_headers_of_one_connection_are_not_passed_on() -> None:
    _, headers, body = await ask(Bridge(echo, {}))
    assert "connection" not in headers
    assert headers["content-length"] == str(len(body))


async def test_a_body_that_is_too_long_is_refused_before_anybody_reads_it() -> None:
    def never(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise AssertionError

    status, headers, _ = await ask(Bridge(never, {}), [b"x" * BODY_BYTES, b"x"], method="POST")
    assert status == 413
    assert headers["content-type"] == "application/problem+json"


async def test_what_the_application_opened_is_closed() -> None:
    closed = threading.Event()

    class Parts(list[bytes]):
        def close(self) -> None:
            closed.set()

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Parts([b"x"])

    await ask(Bridge(application, {}))
    assert closed.is_set()


async def test_when_all_are_busy_a_further_request_is_told_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bridging, "WAITING", 2)
    release, entered = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        loop.call_soon_threadsafe(entered.set)
        release.wait(10)
        start_response("200 OK", [])
        return []

    bridge = Bridge(slow, {}, threads=1)
    waiting = [asyncio.create_task(ask(bridge)) for _ in range(2)]
    await entered.wait()
    status, headers, _ = await ask(bridge)
    assert (status, headers["retry-after"]) == (503, "1")
    release.set()
    assert [each[0] for each in await asyncio.gather(*waiting)] == [200, 200]
    assert bridge.waiting == 0


def long_answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Vary", "Cookie"), ("Content-Length", "9000")]
    )
    return [b"x" * 9000]


@pytest.mark.parametrize(
    ("accepts", "encoding", "read"),
    [
        (b"gzip, deflate, br", "br", brotli.decompress),
        (b"gzip", "gzip", gzip.decompress),
        (b"br;q=0, gzip", "gzip", gzip.decompress),
    ],
)
async def test_a_long_answer_leaves_in_an_encoding_the_client_reads(
    accepts: bytes, encoding: str, read: Callable[[bytes], bytes]
) -> None:
    _, headers, body = await ask(Bridge(long_answer, {}), headers=[(b"accept-encoding", accepts)])
    assert headers["content-encoding"] == encoding
    assert headers["content-length"] == str(len(body))
    assert headers["vary"] == "Cookie, Accept-Encoding"
    assert read(body) == b"x" * 9000


@pytest.mark.parametrize("accepts", [b"", b"identity", b"br;q=0"])
async def test_a_client_that_reads_no_encoding_gets_none(accepts: bytes) -> None:
    _, headers, body = await ask(Bridge(long_answer, {}), headers=[(b"accept-encoding", accepts)])
    assert "content-encoding" not in headers
    assert len(body) == 9000

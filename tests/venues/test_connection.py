"""The patience of a connection. How it behaves on a socket is told by the feeds' conformance tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random

import pytest

from candlewick.core.clock import ManualClock
from candlewick.venues.connection import Answer, Connection, Policy
from candlewick.venues.pool import Pool


class _Dialect:
    def subscribe(self, id: int, streams: Sequence[str]) -> bytes:
        return f"+{id} {' '.join(streams)}".encode()

    def unsubscribe(self, id: int, streams: Sequence[str]) -> bytes:
        return f"-{id} {' '.join(streams)}".encode()

    def answer(self, raw: bytes) -> Answer | None:
        return Answer(int(raw), None)


def _connection(
    policy: Policy | None = None,
    *,
    seed: int = 1,
    name: str = "stream",
    url: str = "ws://127.0.0.1:9/",
    on_down: Callable[[Connection, str], None] = lambda connection, reason: None,
) -> Connection:
    return Connection(
        name,
        url,
        _Dialect(),
        on_message=lambda raw, ts_received: None,
        on_up=lambda connection: None,
        on_down=on_down,
        on_refused=lambda error: None,
        clock=ManualClock(),
        random=Random(seed),
        policy=policy or Policy(),
    )


def test_it_waits_longer_the_more_often_it_failed_up_to_a_cap() -> None:
    connection = _connection(Policy(backoff_base_s=0.5, backoff_cap_s=30))
    waits = {
        failures: [connection._backoff_s(failures) for _ in range(500)] for failures in (0, 1, 5, 6, 500)
    }
    for failures, ceiling in ((0, 0.5), (1, 1.0), (5, 16.0), (6, 30.0), (500, 30.0)):
        assert 0 <= min(waits[failures]) < ceiling * 0.05  # full jitter: anything from nothing …
        assert ceiling * 0.95 < max(waits[failures]) <= ceiling  # … to the ceiling


def test_two_clients_do_not_come_back_in_step() -> None:
    one, other = _connection(seed=1), _connection(seed=2)
    assert [one._backoff_s(n) for n in range(5)] != [other._backoff_s(n) for n in range(5)]


def test_it_wants_each_stream_once_and_forgets_what_it_never_knew() -> None:
    connection = _connection()
    connection.want(("a", "b", "a"))
    connection.forget(("a", "never"))
    assert list(connection.wanted) == ["b"]


def test_a_pool_fills_a_connection_before_it_opens_the_next() -> None:
    pool = Pool(lambda n: _connection(name=f"stream {n}"), 2)
    for stream in ("a", "b", "c", "a"):
        pool.want(stream)
    assert [list(connection.wanted) for connection in pool] == [["a", "b"], ["c"]]
    pool.forget("a")
    pool.forget("never")
    pool.want("d")
    pool.want("e")
    assert [list(connection.wanted) for connection in pool] == [["b", "d"], ["c", "e"]]


@pytest.mark.parametrize("wanted", [1, 250])
async def test_it_tells_the_difference_and_no_more(wanted: int) -> None:
    connection = _connection(Policy(batch=100))
    connection.want(str(n) for n in range(wanted))
    messages = []
    while (message := connection._next_message()) is not None:
        messages.append(message)
    assert len(messages) == -(-wanted // 100)
    connection.forget(["0"])
    connection.want(["new"])
    assert connection._next_message() == b"+%d new" % (len(messages) + 1)
    assert connection._next_message() == b"-%d 0" % (len(messages) + 2)
    assert connection._next_message() is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "refused with HTTP status 403"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "refused with HTTP status 200"),
        (b"220 mail.example ESMTP\r\n\r\n", "no WebSocket"),
        (b"", "no connection in time"),
        (None, "the venue hung up during the handshake"),
    ],
    ids=["forbidden", "no upgrade", "another protocol", "no answer", "hangs up"],
)
async def test_it_says_why_it_cannot_connect(answer: bytes | None, reason: str) -> None:
    """`answer` is what the server says to the upgrade; None hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is not None:
            writer.write(answer)
            await reader.read()  # until the client leaves
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reasons: asyncio.Queue[str] = asyncio.Queue()
    connection = _connection(
        Policy(connect_s=20 if answer != b"" else 0.3, backoff_base_s=0.001, backoff_cap_s=0.01),
        url=f"ws://127.0.0.1:{port}/",
        on_down=lambda connection, reason: reasons.put_nowait(reason),
    )
    connection.want(["a"])
    running = asyncio.create_task(connection.run())
    async with asyncio.timeout(60):
        said = [await reasons.get(), await reasons.get()]  # it tries again
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    server.close()
    assert all(text.startswith(reason) for text in said), said


async def test_it_says_that_nobody_listens_there() -> None:
    reasons: asyncio.Queue[str] = asyncio.Queue()
    connection = _connection(on_down=lambda connection, reason: reasons.put_nowait(reason))
    connection.want(["a"])
    running = asyncio.create_task(connection.run())
    async with asyncio.timeout(60):
        said = await reasons.get()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert said.startswith("cannot connect")

"""The patience of a connection. How it behaves on a socket is told by the feeds' conformance tests."""

from __future__ import annotations

from collections.abc import Sequence
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


def _connection(policy: Policy = Policy(), seed: int = 1, name: str = "stream") -> Connection:  # noqa: B008
    return Connection(
        name,
        "ws://127.0.0.1:9/",
        _Dialect(),
        on_message=lambda raw, ts_received: None,
        on_up=lambda connection: None,
        on_down=lambda connection, reason: None,
        on_refused=lambda error: None,
        clock=ManualClock(),
        random=Random(seed),
        policy=policy,
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

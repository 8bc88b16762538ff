"""What the API costs the server: an order placed by a program, and a thousand candles read.

Measured while several programs ask at once, as a server is that has work: to one that is woken for a single
request, and sleeps again, each is several times as dear, since it finds the processor's caches cold. What
it costs then is told beside. For the same reason the programs do not look into what they are told.
"""

from __future__ import annotations

import http.client
import json
import math
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import psutil

from benchmarks.report import Figure, show
from benchmarks.stack import Stack, running_up, signed_in

PROGRAMS: Final = 8
ORDERS: Final = 160  # that work at once; then all are cancelled
READS: Final = 800
ROUNDS: Final = 5  # the least counts: whatever else runs on the machine only ever adds
IDLE_S: Final = 2.0
READY_WITHIN_S: Final = 60.0
FAR: Final = 0.95  # of the price: an order there rests


def main() -> list[Figure]:
    plenty = {"CANDLEWICK_WEB__LIMITS__ORDERS_PER_MINUTE": "1000000"}
    plenty |= {"CANDLEWICK_WEB__LIMITS__REQUESTS_PER_MINUTE": "1000000"}
    with running_up(variables=plenty) as stack:
        headers = signed_in(stack)
        programs = [Program(stack, headers) for _ in range(PROGRAMS)]
        limits = {"max_orders_per_minute": None, "max_open_orders": None, "max_order_notional": None}
        programs[0].call("PUT", "/api/risk/limits/", limits | {"max_gross_notional": None})
        return [*orders(stack, programs), candles(stack, programs)]


class Program:
    """A program with a person's session and one connection: what it asks of the API."""

    def __init__(self, stack: Stack, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection(stack.base.removeprefix("http://"))
        self._headers = headers | {"Origin": stack.base, "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        status, told = self.ask(method, path, body)
        assert status < 300, told
        return json.loads(told)

    def call_when_ready(self, method: str, path: str, body: Any = None) -> Any:
        """What the first one waits for: the engine has just been started."""
        until = time.monotonic() + READY_WITHIN_S
        while self.ask(method, path, body)[0] == 503 and time.monotonic() < until:
            time.sleep(0.2)
        return self.call(method, path, body)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, data, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


def orders(stack: Stack, programs: Sequence[Program]) -> list[Figure]:
    """CPU time of the web process for one order, and how long a program alone waits for the answer."""
    first = programs[0]
    order = {
        "symbol": "BTCUSDT",
        "side": "buy",
        "quantity": 0.0003,
        "order_type": "limit",
        "limit_price": round(price(first) * FAR, 2),
    }
    first.call_when_ready("POST", "/api/orders/", order)
    waited: list[float] = []

    def place(program: Program) -> None:
        begun = time.perf_counter()
        status, told = program.ask("POST", "/api/orders/", order)
        assert status < 300, told
        waited.append((time.perf_counter() - begun) * 1000)

    def cancel_all() -> None:
        first.call("DELETE", "/api/orders/")
        while first.call("GET", "/api/orders/?status=working")["items"]:
            time.sleep(0.1)

    busy = cpu_of(web_of(stack), place, programs, ORDERS, between=cancel_all)
    waited.clear()
    alone = cpu_of(web_of(stack), place, programs[:1], ORDERS // 2, between=cancel_all)
    slowest = sorted(waited)[math.ceil(len(waited) * 0.99) - 1]
    note = f"median {statistics.median(waited):.1f} ms, journal on disk"
    return [
        Figure("POST /api/orders/ server time", busy, "ms CPU", 1.5, note=told(alone)),
        Figure("POST /api/orders/ answered, p99", slowest, "ms", 50.0, note=note),
    ]


def candles(stack: Stack, programs: Sequence[Program]) -> Figure:
    """CPU time of the web process for a thousand candles."""
    path = "/api/dashboard/charts/ohlcv/?symbol=BTCUSDT&interval=1m&limit=1000"
    found = len(programs[0].call_when_ready("GET", path))

    def read(program: Program) -> None:
        status, told = program.ask("GET", path)
        assert status == 200, told

    busy = cpu_of(web_of(stack), read, programs, READS)
    alone = cpu_of(web_of(stack), read, programs[:1], READS // 4)
    return Figure("GET ohlcv server time", busy, "ms CPU", 0.5, note=f"{found} candles; {told(alone)}")


def price(program: Program) -> float:
    """What BTC was last traded at, as soon as it was."""
    while not (trades := program.call("GET", "/api/market/trades/?symbol=BTCUSDT&limit=1")["items"]):
        time.sleep(0.2)
    return float(trades[0]["price"])


def told(alone: float) -> str:
    return f"{PROGRAMS} programs at once; of one alone {alone:.2g} ms"


def web_of(stack: Stack) -> psutil.Process:
    return next(each for each in stack.parts() if each.cmdline()[3:4] == ["web"])


def cpu_of(
    process: psutil.Process,
    work: Callable[[Program], object],
    programs: Sequence[Program],
    rounds: int,
    *,
    between: Callable[[], object] = lambda: None,
) -> float:
    """CPU time in ms of `process` for one `work`, without what it spends on live data meanwhile."""
    spent = []
    for _ in range(ROUNDS):
        between()
        spent.append(_cpu_of(process, work, programs, rounds))
    return min(spent)


def _cpu_of(
    process: psutil.Process, work: Callable[[Program], object], programs: Sequence[Program], rounds: int
) -> float:
    def run(program: Program) -> None:
        for _ in range(rounds // len(programs)):
            work(program)

    idle = spent_by(process, lambda: time.sleep(IDLE_S)) / IDLE_S
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(programs)) as pool:
        spent = spent_by(process, lambda: list(pool.map(run, programs)))
    return (spent - idle * (time.perf_counter() - begun)) / rounds * 1000


def spent_by(process: psutil.Process, work: Callable[[], object]) -> float:
    """CPU seconds of `process` while `work` runs."""
    before = process.cpu_times()
    work()
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system


if __name__ == "__main__":
    show(main())

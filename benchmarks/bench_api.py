"""What the API costs the server: an order placed by a program, and a thousand candles read."""

from __future__ import annotations

import http.client
import json
import math
import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import psutil

from benchmarks.report import Figure, show
from benchmarks.stack import Stack, running_up, signed_in

ORDERS: Final = 200
READS: Final = 200
IDLE_S: Final = 4.0
FAR: Final = 0.95  # of the price: an order there rests


def main() -> list[Figure]:
    plenty = {"CANDLEWICK_WEB__LIMITS__ORDERS_PER_MINUTE": "100000"}
    plenty |= {"CANDLEWICK_WEB__LIMITS__REQUESTS_PER_MINUTE": "100000"}
    with running_up(variables=plenty) as stack:
        program = Program(stack)
        limits = {"max_orders_per_minute": None, "max_open_orders": None, "max_order_notional": None}
        program.call("PUT", "/api/risk/limits/", limits | {"max_gross_notional": None})
        return [*orders(stack, program), candles(stack, program)]


class Program:
    """A program with a person's session and one connection: what it asks of the API."""

    def __init__(self, stack: Stack) -> None:
        self._connection = http.client.HTTPConnection(stack.base.removeprefix("http://"))
        self._headers = signed_in(stack) | {"Origin": stack.base, "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, data, self._headers)
        answer = self._connection.getresponse()
        told = answer.read()
        assert answer.status < 300, told
        return json.loads(told)


def orders(stack: Stack, program: Program) -> list[Figure]:
    """CPU time of the web process for one order, and how long its program waits for the answer."""
    last = program.call("GET", "/api/market/trades/?symbol=BTCUSDT&limit=1")["items"][0]["price"]
    order = {
        "symbol": "BTCUSDT",
        "side": "buy",
        "quantity": 0.001,
        "order_type": "limit",
        "limit_price": round(last * FAR, 2),
    }
    program.call("POST", "/api/orders/", order)  # the first one loads what fills it
    waited: list[float] = []

    def place() -> None:
        begun = time.perf_counter()
        program.call("POST", "/api/orders/", order)
        waited.append((time.perf_counter() - begun) * 1000)

    spent = cpu_of(web_of(stack), place, ORDERS)
    slowest = sorted(waited)[math.ceil(len(waited) * 0.99) - 1]
    note = f"median {statistics.median(waited):.1f} ms, journal on disk"
    return [
        Figure("POST /api/orders/ server time", spent, "ms CPU", 1.5),
        Figure("POST /api/orders/ answered, p99", slowest, "ms", 50.0, note=note),
    ]


def candles(stack: Stack, program: Program) -> Figure:
    """CPU time of the web process for a thousand candles."""
    path = "/api/dashboard/charts/ohlcv/?symbol=BTCUSDT&interval=1m&limit=1000"
    found = len(program.call("GET", path))
    spent = cpu_of(web_of(stack), lambda: program.call("GET", path), READS)
    return Figure("GET ohlcv server time", spent, "ms CPU", 0.5, note=f"{found} candles")


def web_of(stack: Stack) -> psutil.Process:
    return next(each for each in stack.parts() if each.cmdline()[3:4] == ["web"])


def cpu_of(process: psutil.Process, work: Any, rounds: int) -> float:
    """CPU time in ms that `process` spends on one `work()`, without what it spends on live data meanwhile."""
    idle = spent_by(process, lambda: time.sleep(IDLE_S)) / IDLE_S
    begun = time.perf_counter()
    spent = spent_by(process, lambda: [work() for _ in range(rounds)])
    return (spent - idle * (time.perf_counter() - begun)) / rounds * 1000


def spent_by(process: psutil.Process, work: Callable[[], object]) -> float:
    """CPU seconds of `process` while `work` runs."""
    before = process.cpu_times()
    work()
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system


if __name__ == "__main__":
    show(main())

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
ROUNDS: Final = 3  # the least counts: whatever else runs on the machine only ever adds
IDLE_S: Final = 2.0
READY_WITHIN_S: Final = 60.0
FAR: Final = 0.95  # of the price: an order there rests


def main() -> list[Figure]:
    plenty = {"CANDLEWICK_WEB__LIMITS__ORDERS_PER_MINUTE": "100000"}
    plenty |= {"CANDLEWICK_WEB__LIMITS__REQUESTS_PER_MINUTE": "100000"}
    with running_up(variables=plenty) as stack:
        program = Program(stack)
        limits = {"max_orders_per_minute": None, "max_open_orders": None, "max_order_notional": None}
        program.call("PUT", "/api/risk/limits/", limits | {"max_gross_notional": None})
        floor = least(stack, program)
        return [*orders(stack, program, floor), candles(stack, program, floor)]


class Program:
    """A program with a person's session and one connection: what it asks of the API."""

    def __init__(self, stack: Stack) -> None:
        self._connection = http.client.HTTPConnection(stack.base.removeprefix("http://"))
        self._headers = signed_in(stack) | {"Origin": stack.base, "Content-Type": "application/json"}

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


def least(stack: Stack, program: Program) -> float:
    """CPU time in ms of what every answer passes: the server, the bridge, Django, the session's person."""
    return cpu_of(web_of(stack), lambda: program.call("GET", "/api/market/instruments/?limit=1"), READS)


def orders(stack: Stack, program: Program, floor: float) -> list[Figure]:
    """CPU time of the web process for one order, and how long its program waits for the answer."""
    order = {
        "symbol": "BTCUSDT",
        "side": "buy",
        "quantity": 0.001,
        "order_type": "limit",
        "limit_price": round(price(program) * FAR, 2),
    }
    program.call_when_ready("POST", "/api/orders/", order)
    waited: list[float] = []

    def place() -> None:
        begun = time.perf_counter()
        program.call("POST", "/api/orders/", order)
        waited.append((time.perf_counter() - begun) * 1000)

    spent = cpu_of(web_of(stack), place, ORDERS)
    slowest = sorted(waited)[math.ceil(len(waited) * 0.99) - 1]
    note = f"median {statistics.median(waited):.1f} ms, journal on disk"
    return [
        Figure("POST /api/orders/ server time", spent, "ms CPU", 1.5, note=told(floor)),
        Figure("POST /api/orders/ answered, p99", slowest, "ms", 50.0, note=note),
    ]


def candles(stack: Stack, program: Program, floor: float) -> Figure:
    """CPU time of the web process for a thousand candles."""
    path = "/api/dashboard/charts/ohlcv/?symbol=BTCUSDT&interval=1m&limit=1000"
    found = len(program.call_when_ready("GET", path))
    spent = cpu_of(web_of(stack), lambda: program.call("GET", path), READS)
    return Figure("GET ohlcv server time", spent, "ms CPU", 0.5, note=f"{found} candles; {told(floor)}")


def price(program: Program) -> float:
    """What BTC was last traded at, as soon as it was."""
    while not (trades := program.call("GET", "/api/market/trades/?symbol=BTCUSDT&limit=1")["items"]):
        time.sleep(0.2)
    return float(trades[0]["price"])


def told(floor: float) -> str:
    return f"an answer that asks nobody takes {floor:.2g} ms"


def web_of(stack: Stack) -> psutil.Process:
    return next(each for each in stack.parts() if each.cmdline()[3:4] == ["web"])


def cpu_of(process: psutil.Process, work: Callable[[], object], rounds: int) -> float:
    """CPU time in ms that `process` spends on one `work()`, without what it spends on live data meanwhile."""
    return min(_cpu_of(process, work, rounds) for _ in range(ROUNDS))


def _cpu_of(process: psutil.Process, work: Callable[[], object], rounds: int) -> float:
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

"""Strategies at work in a real `candlewick up`: started, traded, killed, paused, resumed, stopped."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import psutil
import pytest

from tests.e2e.conftest import Up
from tests.e2e.program import Program, command, generous, token_of, until

AT_WORK: Final = "/api/dashboard/strategies/"
FLIP: Final = '''
"""Turns round every few bars."""

import candlewick as cw


class Flip(cw.Strategy):
    """Long for some bars, flat for as many; on BAD it raises."""

    every = cw.Param(2, low=1, high=1000)
    bad = cw.Param(False)
    warm_up = 0

    def signals(self, bars, ind):
        if self.bad:
            raise RuntimeError("as it was told to")
        print("closed", int(bars.time[-1]))
        up = bars.time // self.every % 2 == 1
        return cw.Signals(enter_long=up, exit_long=~up, stop_loss=0.05)
'''


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    data_dir = tmp_path_factory.mktemp("strategies")
    (data_dir / "strategies").mkdir()
    (data_dir / "strategies" / "flip.py").write_text(FLIP)
    with generous():
        up = Up(data_dir)
    try:
        up.login_link()
        made = Program(up, token_of(data_dir, "owner", "read", "write", "trade", "risk", "accounts"))
        until(lambda: made.is_served("Paper"))
        limits = {"max_orders_per_minute": None, "max_open_orders": None}
        assert made.ask("PUT", "/api/risk/limits/", limits).status_code == 200
        yield made
        made.close()
    finally:
        up.stop()


def start(program: Program, **more: Any) -> Any:
    body = {"strategy": "Flip", "symbols": ["BTCUSDT"], "timeframe": "1s", "fraction": 0.05} | more
    answer = program.insist("POST", AT_WORK, body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def orders_of(program: Program, id: str) -> list[dict[str, Any]]:
    """Its market orders, newest first."""
    found = program.get("/api/orders/?limit=1000")["items"]
    return [each for each in found if each["tag"].endswith(id) and each["order_type"] == "market"]


def traded(program: Program, id: str, times: int) -> Any:
    """Once it has traded so often."""
    return until(lambda: len(orders_of(program, id)) >= times and orders_of(program, id))


def test_a_strategy_of_ones_own_trades_survives_kills_and_is_stopped(program: Program) -> None:
    id = start(program)
    orders = traded(program, id, 3)
    assert [each["side"] for each in reversed(orders)][:3] == ["buy", "sell", "buy"]
    assert {each["origin"] for each in orders} == {"strategy"}

    (host,) = _hosts(program.up)
    host.kill()
    traded(program, id, 5)
    assert program.get(f"{AT_WORK}{id}/")["restarts"] == 1

    program.up.kill("engine")
    known = len(orders_of(program, id))
    traded(program, id, known + 3)
    program.up.kill("web")
    until(lambda: program.is_served("Paper"))
    known = len(orders_of(program, id))
    orders = traded(program, id, known + 2)

    sides = [each["side"] for each in reversed(orders)]
    assert all(one != other for one, other in pairwise(sides)), (
        f"a signal was carried out twice, or lost: {sides}"
    )
    assert max(Counter(each["id"] for each in orders).values()) == 1

    told = program.get(f"{AT_WORK}{id}/")
    assert told["trades"] >= 3
    assert told["equity"] == told["capital"] + told["pnl"]
    assert any(line["kind"] == "print" for line in program.get(f"{AT_WORK}{id}/log/")["items"])

    assert program.insist("POST", f"{AT_WORK}{id}/pause/").json()["state"] == "paused"
    until(lambda: not _hosts(program.up))
    assert program.insist("POST", f"{AT_WORK}{id}/pause/").status_code == 409
    assert program.insist("POST", f"{AT_WORK}{id}/resume/").json()["state"] == "running"
    traded(program, id, len(orders) + 2)

    assert program.insist("POST", f"{AT_WORK}{id}/stop/", {}).json()["state"] in ("stopping", "stopped")
    ended = until(lambda: (now := program.get(f"{AT_WORK}{id}/"))["state"] == "stopped" and now)
    assert ended["trades"] > told["trades"]
    held = program.get("/api/dashboard/portfolio/positions/")
    assert [each for each in held if each["symbol"] == "BTCUSDT" and each["quantity"] > 0.0001] == []
    assert program.get("/api/dashboard/portfolio/orders/") == []


def test_one_that_raises_is_paused_and_says_where(program: Program) -> None:
    id = start(program, symbols=["ETHUSDT"], parameters={"bad": True})
    told = until(lambda: (now := program.get(f"{AT_WORK}{id}/"))["state"] == "paused" and now)
    assert "as it was told to" in told["reason"]
    assert "strategy.py, line 16" in told["reason"]
    assert program.insist("POST", f"{AT_WORK}{id}/stop/", {}).status_code == 200


def test_what_cannot_be_started_is_refused_with_a_reason(program: Program) -> None:
    def refused(**more: Any) -> str:
        body = {"strategy": "Flip", "symbols": ["SOLUSDT"], "timeframe": "1s", "fraction": 0.05} | more
        answer = program.insist("POST", AT_WORK, body)
        assert answer.status_code in (404, 409, 422), answer.text
        return str(answer.json()["detail"])

    assert "no strategy 'Flop'" in refused(strategy="Flop")
    assert "from 1 to 1000" in refused(parameters={"every": 0})
    assert "no parameter 'evry'" in refused(parameters={"evry": 3})
    assert "NOPEUSDT" in refused(symbols=["NOPEUSDT"])
    assert "Unknown interval '7m'" in refused(timeframe="7m")
    assert "a fraction of the account, or an amount" in refused(amount=100)


def test_the_command_line_starts_and_stops_one(program: Program) -> None:
    data_dir = program.up.data_dir
    told = command(
        data_dir, "strategy", "start", "EmaCross", "--symbol", "ETHUSDT-PERP", "--timeframe", "1s",
        "--param", "fast=5", "--param", "slow=20", "--amount", "5000", "--json",
    )  # fmt: skip
    id = told.partition('"id":')[2].partition('"')[2].partition('"')[0]
    running = until(lambda: (now := program.get(f"{AT_WORK}{id}/"))["health"] and now)
    assert running["capital"] in (None, 5000)
    assert id in command(data_dir, "strategy", "at-work")
    assert "paused" in command(data_dir, "strategy", "pause", id)
    assert "stopping" in command(data_dir, "strategy", "stop", id)
    until(lambda: program.get(f"{AT_WORK}{id}/")["state"] == "stopped")


def _hosts(up: Up) -> list[psutil.Process]:
    """The processes of its strategies."""
    module, found = "candlewick.runtime.strategies.host_process", []
    for each in up.processes():
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie, or gone meanwhile
            if module in each.cmdline():
                found.append(each)
    return found

"""Figures beside the lanes: what is sent of an account, and that nothing is sent of nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

from candlewick.core.clock import SystemClock
from candlewick.runtime.accounts.bodies import Bodies
from candlewick.runtime.accounts.figures import WINDOW_S, Figures


class Told:
    """What an account has to tell of its strategies."""

    def __init__(self, *strategies: dict[str, Any]) -> None:
        self._strategies = strategies

    def strategies(self, account: int) -> tuple[dict[str, Any], ...]:
        return self._strategies


class Hurried:
    """An account that sent an order a moment ago, and then nothing."""

    def __init__(self, looks: int) -> None:
        self._looks = looks

    def risk(self, account: int) -> dict[str, Any]:
        self._looks -= 1
        return {"orders_last_minute": max(0, self._looks)}


async def test_the_rate_of_orders_comes_down_by_itself_and_is_then_left_alone() -> None:
    sent: list[list[bytes]] = []
    looks = 3
    figures = Figures(cast(Bodies, Hurried(looks)), sent.append, SystemClock(), passing_s=0.01)
    figures.demand(["figures:risk@1"], fresh=["figures:risk@1"])
    await asyncio.sleep(6 * (WINDOW_S + 0.01))

    told = [json.loads(body)["data"]["orders_last_minute"] for _, body in sent]
    assert told == [2, 1, 0]


async def _sent_of(*strategies: dict[str, Any]) -> list[list[bytes]]:
    sent: list[list[bytes]] = []
    figures = Figures(cast(Bodies, Told(*strategies)), sent.append, SystemClock())
    figures.demand(["figures:strategies@1"], fresh=["figures:strategies@1"])
    await asyncio.sleep(3 * WINDOW_S)
    return sent


async def test_strategies_at_work_are_told_each_under_its_name() -> None:
    ((name, body),) = await _sent_of({"id": "abc", "state": "running"})
    assert name == b"figures:strategies@1#abc"
    assert b'"strategy_update"' in body


async def test_an_account_without_any_sends_nothing() -> None:
    assert await _sent_of() == []

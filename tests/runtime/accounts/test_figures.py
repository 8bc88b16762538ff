"""Figures beside the lanes: what is sent of an account, and that nothing is sent of nothing."""

from __future__ import annotations

import asyncio
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

"""Strategies at work on a real heart with a real journal: their processes are real, the market is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle
from candlewick.core.order import Order
from candlewick.research import describing, loading
from candlewick.runtime.strategies import desk
from candlewick.runtime.strategies.at_work import AtWork
from candlewick.runtime.strategies.house import Strategies
from candlewick.store.models import Account, StrategyAtWork
from candlewick.trading.entries import OrderPlaced
from candlewick.web.boot import settings_in_force
from tests.runtime.accounts.ground import ACCOUNT, House
from tests.runtime.ground import BTC, MINUTE, ScriptedFeed, bar

FOLLOW = """
import candlewick as cw


class Follow(cw.Strategy):
    '''Long after a bar that closed above 100, flat after one that closed below.'''

    warm_up = 0
    stop = cw.Param(0.0, low=0.0, high=0.5)
    target = cw.Param(0.0, low=0.0, high=0.5)
    trail = cw.Param(0.0, low=0.0, high=0.5)

    def signals(self, bars, ind):
        up, down = bars.close > 100.0, bars.close < 100.0
        return cw.Signals(
            enter_long=up,
            exit_long=down,
            stop_loss=self.stop or None,
            take_profit=self.target or None,
            trailing_stop=self.trail or None,
        )
"""


def with_line(line: str) -> str:
    """`FOLLOW`, with a line more before it answers."""
    return FOLLOW.replace("        return cw", f"        {line}\n        return cw")


async def until(is_so: Callable[[], Any], within_s: float = 90.0) -> Any:
    """What `is_so` answers once that is something."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not (found := is_so()):
        assert loop.time() < end, "it did not come to be in time"
        await asyncio.sleep(0.01)
    return found


class Floor:
    """An engine with strategies. Its market and its clock stand still until a test moves them."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.account = account
        self.folder = folder
        self.house = House(folder)
        self.feed: ScriptedFeed = self.house.live.feeds["sim"]  # type: ignore[assignment]
        self.feed.bars = [bar(MINUTE - 60 * n) for n in range(50, 0, -1)]
        self.time = MINUTE  # open time of the next bar to close
        self.under_way: Candle | None = None  # the bar that is open
        self.told: list[tuple[str, Any]] = []
        self.strategies = self._strategies()
        self._running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self.house.open()
        self.begin()

    def begin(self) -> None:
        """Let strategies work."""
        self._running = asyncio.get_running_loop().create_task(self.strategies.run())

    async def end(self) -> None:
        """End all strategies' processes, as the engine does when it stops."""
        if self._running is not None:
            running, self._running = self._running, None
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await self.strategies.close()

    async def again(self) -> None:
        """The engine begins anew, on the same heart: what strategies knew is gone."""
        await self.end()
        self.strategies = self._strategies()
        self.begin()

    async def close(self) -> None:
        await self.end()
        await self.house.close()

    def _strategies(self) -> Strategies:
        house = self.house
        made = Strategies(
            engine=house.engine,
            place=settings_in_force().rows,
            data_dir=self.folder,
            do=house.execution.do,
            set_leverage=house.accounts.leverage.set,
            fetch=house.live.historian.closed_bars,
            follow=house.live.follow_too,
            ready=house.accounts.ready,
            settled=house.execution.settled,
            past=house.accounts.booked,
            sent=house.accounts.sent,
            history=house.lake.candles,
            open_bar=self._open_bar,
            funding=lambda id, begin, end: house.live.feed_of(id).funding(id, begin, end),
            tell=lambda account, channel, type, data: self.told.append((type, data)),
            note=lambda account: None,
            primary="sim",
            clock=house.clock,
        )
        house.execution.on_order = made.hear_order
        house.execution.on_booked = made.hear_booked
        return made

    async def _open_bar(self, instrument: str, interval: str) -> Candle | None:
        return self.under_way

    # --- what people do

    def start(self, source: str = FOLLOW, name: str = "", **more: Any) -> StrategyAtWork:
        """Put a strategy of this text to work, on bars of a minute and with 300 of the account's 100,000."""
        folder = self.folder / "data" / loading.FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "own.py").write_text(source, encoding="utf-8")
        found = describing.look(folder)
        strategy = next(each for each in found.strategies if not each.bundled and name in ("", each.name))
        asked: dict[str, Any] = {
            "symbols": [BTC],
            "timeframe": "1m",
            "parameters": {},
            "fraction": Decimal("0.003"),
        }
        return desk.start(self.account, strategy, **(asked | more))

    async def started(self, source: str = FOLLOW, **more: Any) -> StrategyAtWork:
        """The same, once it runs."""
        row = self.start(source, **more)
        await self.runs(row)
        return row

    async def runs(self, row: StrategyAtWork) -> AtWork:
        """The strategy, once its process has taken its history in."""
        self.strategies.look()

        def running() -> AtWork | None:
            found = self.strategies.at_work.get(row.pk)
            assert self.state(row) == "running", self.row(row).reason
            return found if found is not None and found.health.phase == "running" else None

        found: AtWork = await until(running)
        return found

    # --- what happens

    async def close_bar(self, row: StrategyAtWork, close: float) -> None:
        """The next bar closes, with the market where it ended, and the strategy has answered."""
        time = self.bar(close)
        await until(lambda: self.state(row) != "running" or self.at_work(row).health.last_bar == time)

    def bar(self, close: float) -> int:
        """The next bar closes; its open time."""
        time, self.time = self.time, self.time + 60
        self.feed.bars.append(bar(time, close))
        self.house.clock.set((time + 60) * NS_PER_S)
        self.house.book(close - 0.05, close + 0.05)
        self.strategies.take_candle(bar(time, close))
        return time

    # --- what is seen

    def at_work(self, row: StrategyAtWork) -> AtWork:
        return self.strategies.at_work[row.pk]

    def row(self, row: StrategyAtWork) -> StrategyAtWork:
        return StrategyAtWork.objects.get(pk=row.pk)

    def state(self, row: StrategyAtWork) -> str:
        return str(self.row(row).state)

    async def lines(self, row: StrategyAtWork, kind: str = "") -> list[str]:
        """Its log as it is on disk."""
        await self.strategies._flush()
        return [each.text for each in desk.lines(row, limit=500) if kind in ("", each.kind)]

    @property
    def held(self) -> Decimal:
        """What the account holds."""
        found: Decimal = self.house.state.position(BTC)
        return found

    def placed(self) -> list[Order]:
        """Every order that was ever written down."""
        entries = self.house.journal.recover(use_snapshot=False)[1]
        return [entry.order for _, entry in entries if isinstance(entry, OrderPlaced)]


__all__ = ["ACCOUNT", "BTC", "FOLLOW", "Floor", "until", "with_line"]


def following(*lines: str) -> str:
    """`FOLLOW` with more attributes."""
    return FOLLOW.replace(
        "    warm_up = 0\n", "    warm_up = 0\n" + "".join(f"    {each}\n" for each in lines)
    )


async def bought(floor: Floor, source: str, **parameters: float) -> StrategyAtWork:
    """The strategy, once it has bought at 101.05."""
    row = await floor.started(source, parameters=parameters)
    await floor.close_bar(row, 101.0)
    await until(lambda: floor.held)
    return row

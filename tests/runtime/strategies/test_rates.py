"""Funding rates at work: asked of the venue as they fall due, and known to a strategy as in its backtest."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

import candlewick as cw
from candlewick.backtest.market import FundingRates, Market
from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import VenueUnavailable
from candlewick.core.events import Funding
from candlewick.runtime.strategies.messages import Bar, Held
from candlewick.runtime.strategies.rates import AGAIN_S, BACK_S, HOUR_S, Rates
from candlewick.runtime.strategies.replaying import replay
from candlewick.runtime.strategies.running import runner_of
from candlewick.trading.strategy.context import Context
from candlewick.trading.strategy.strategy import Strategy
from tests.backtest.randomly import perpetual, walk

PERP = "sim:BTCUSDT-PERP"
EIGHT = 8 * 3_600
SEEN: list[tuple[int, float, float | None, int | None]] = []


class Venue:
    """Has settled so far; notes what it was asked."""

    def __init__(self) -> None:
        self.settled: list[tuple[int, float]] = []
        self.asked: list[tuple[int, int]] = []
        self.fault: Exception | None = None
        self.hangs = False

    async def __call__(self, instrument: str, start_s: int, end_s: int) -> list[Funding]:
        self.asked.append((start_s, end_s))
        if self.hangs:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault
        late = 4_000_000  # stamped some milliseconds after its hour
        return [
            Funding(instrument, rate, None, time * NS_PER_S + late, time * NS_PER_S + late)
            for time, rate in self.settled
            if start_s <= time < end_s
        ]


async def told(rates: Rates, ended: int) -> list[tuple[int, float]]:
    await rates.ask(ended)
    return rates.known(ended)[PERP]


async def test_the_venue_is_asked_once_an_hour_as_it_may_settle_sooner_than_before() -> None:
    venue = Venue()
    venue.settled = [(10 * EIGHT, 0.0001), (11 * EIGHT, 0.0002), (12 * EIGHT, 0.0003)]
    rates = Rates([PERP], venue)
    now = 11 * EIGHT + 60
    assert await told(rates, now) == venue.settled[:2]
    assert venue.asked == [(now - BACK_S, now)]
    for ended in range(now + 60, 12 * EIGHT + 1, 60):
        assert await told(rates, ended) == venue.settled[:2]
    assert [end for _, end in venue.asked[1:]] == [11 * EIGHT + hour * HOUR_S + 60 for hour in range(1, 8)]
    assert await told(rates, 12 * EIGHT + 60) == venue.settled
    assert venue.asked[-1] == (11 * EIGHT + 1, 12 * EIGHT + 60)


async def test_a_settlement_that_is_overdue_is_asked_for_each_minute() -> None:
    venue = Venue()
    venue.settled = [(10 * EIGHT, 0.0001), (11 * EIGHT, 0.0002)]
    rates = Rates([PERP], venue)
    for seconds in range(30, 150, 30):
        assert await told(rates, 12 * EIGHT + seconds) == venue.settled
    assert [end - 12 * EIGHT for _, end in venue.asked] == [30, 90]


async def test_a_venue_that_does_not_answer_is_asked_again_and_nobody_waits_for_it() -> None:
    venue = Venue()
    venue.settled = [(10 * EIGHT, 0.0001), (11 * EIGHT, 0.0002)]
    rates = Rates([PERP], venue)
    now = 11 * EIGHT + 1
    venue.fault = VenueUnavailable("It is away.")
    assert await told(rates, now) == []
    venue.fault, venue.hangs = None, True
    assert await told(rates, now + AGAIN_S // 2) == []
    assert len(venue.asked) == 1, "not at every bar of a second"
    assert await told(rates, now + AGAIN_S) == []
    venue.hangs = False
    assert await told(rates, now + 2 * AGAIN_S) == venue.settled


class Watches(Strategy):
    """Long while funding is paid by those who are short, else short; notes what it sees."""

    warm_up = 0

    def on_bar(self, ctx: Context) -> None:
        SEEN.append((ctx.time, ctx.funding, ctx.funding_rate, ctx.next_funding))
        rate = ctx.funding_rate
        if ctx.index % 7 == 3 and ctx.position:
            ctx.exit()
        elif rate is not None and not ctx.position:
            (ctx.buy if rate < 0 else ctx.sell)(0.4)


def market() -> Market:
    prices = walk(3, 300, symbol=PERP, tick=0.1, timeframe="1h")
    paid = np.round(np.random.default_rng(1).normal(0.0, 0.0004, 40), 8)
    times = prices.time[0] - EIGHT + EIGHT * np.arange(40) + np.where(np.arange(40) % 3, 0, 900)
    kept = np.isin(np.arange(40), [20, 21, 22], invert=True)  # some are not known
    return Market(prices, perpetual(PERP, "0.1", "0.001"), FundingRates(times[kept], paid[kept]))


def seen(run: Any) -> list[tuple[int, float, float | None, int | None]]:
    SEEN.clear()
    run()
    return list(SEEN)


def assert_same(
    one: list[tuple[int, float, float | None, int | None]],
    other: list[tuple[int, float, float | None, int | None]],
) -> None:
    np.testing.assert_allclose([row[1] for row in one], [row[1] for row in other], rtol=0, atol=1e-5)
    assert [(row[0], *row[2:]) for row in one] == [(row[0], *row[2:]) for row in other]


def test_every_lane_shows_the_same_funding() -> None:
    traded = market()
    backtest = seen(lambda: cw.backtest(Watches, traded, leverage=2))
    assert len({row[1] for row in backtest}) > 20, "it paid, and was paid"
    assert {row[2] is None for row in backtest} == {True, False}
    assert {row[3] is None for row in backtest} == {True, False}
    assert seen(lambda: cw.backtest(Watches, traded, leverage=2, drive="step")) == backtest
    assert_same(seen(lambda: replay(Watches, traded, leverage=2)), backtest)


async def test_at_work_it_sees_what_its_backtest_saw() -> None:
    traded = market()
    backtest = seen(lambda: cw.backtest(Watches, traded, leverage=2))
    bars, venue = traded.bars, Venue()
    assert traded.funding is not None
    settled = zip(traded.funding.time.tolist(), traded.funding.rate.tolist(), strict=True)
    venue.settled = [(time // 60 * 60, rate) for time, rate in settled]
    rates = Rates([PERP], venue)
    runner = runner_of(Watches(), [bars[:100]], frozenset())
    SEEN.clear()
    for row in range(100, 300):
        ended = int(bars.time[row]) + 3_600
        await rates.ask(ended)
        prices = tuple(float(getattr(bars, name)[row]) for name in ("open", "high", "low", "close", "volume"))
        runner.close(
            Bar(
                time=int(bars.time[row]), rows={PERP: prices},  # type: ignore[dict-item]
                held={PERP: Held(0.0, None, [], backtest[row][1])}, equity=1.0, free=1.0,
                settled=rates.known(ended),
            )
        )  # fmt: skip
    assert_same(SEEN, backtest[100:])

"""The compiled pass and the slow model agree on random markets: fills, trades, equity, and their sums."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import candlewick as cw
from candlewick.backtest.market import FundingRates, Market
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.core.instrument import Instrument
from candlewick.core.interval import seconds
from candlewick.fills.state import REASONS
from candlewick.ledger.margin import tiers_of
from candlewick.market.bars import Bars, resample
from candlewick.trading.strategy.sizing import (
    Fraction,
    Kelly,
    Notional,
    Quantity,
    Risk,
    Sizing,
    VolatilityTarget,
)
from tests.backtest import slow
from tests.backtest.randomly import Scripted, marked, perpetual, walk
from tests.examples import examples

NO_LEVERAGE = Decimal(1)


@dataclass(frozen=True)
class Case:
    strategy: Scripted
    markets: list[Market]
    account: dict[str, Any]


def exact(number: Any) -> Decimal | None:
    """A float as the decimal it reads as; None for what is no number."""
    return None if number is None or math.isnan(number) else Decimal(repr(float(number)))


def known(number: Any) -> Decimal:
    found = exact(number)
    assert found is not None
    return found


def candles_of(bars: Bars) -> dict[int, slow.Candle]:
    columns = zip(bars.open, bars.high, bars.low, bars.close, strict=True)
    return {
        int(time): slow.Candle(*(known(price) for price in prices))
        for time, prices in zip(bars.time, columns, strict=True)
    }


def wishes_of(strategy: Scripted, bars: Bars) -> list[slow.Wish]:
    said = strategy.signals(bars, {})
    columns: dict[str, list[Any]] = {}
    for name in slow.Wish._fields:
        given = getattr(said, name)
        columns[name] = [given] * len(bars) if given is None or np.ndim(given) == 0 else list(given)
    wishes = []
    for row, amount in enumerate(amounts_of(strategy.sizing, bars)):
        each = {name: column[row] for name, column in columns.items()}
        wishes.append(
            slow.Wish(
                enter_long=bool(each["enter_long"]),
                exit_long=bool(each["exit_long"]),
                enter_short=bool(each["enter_short"]),
                exit_short=bool(each["exit_short"]),
                size=amount if amount is None or each["size"] is None else amount * known(each["size"]),
                stop_loss=exact(each["stop_loss"]),
                take_profit=exact(each["take_profit"]),
                trailing_stop=exact(each["trailing_stop"]),
            )
        )
    return wishes


def amounts_of(sizing: Sizing, bars: Bars) -> list[Decimal | None]:
    if not isinstance(sizing, VolatilityTarget):
        return [known(sizing.amount)] * len(bars)
    amounts: list[Decimal | None] = []
    moves = [math.log(after / before) for before, after in zip(bars.close, bars.close[1:])]  # noqa: B905
    for row in range(len(bars)):
        if row < sizing.period:
            amounts.append(None)
            continue
        spread = statistics.stdev(moves[row - sizing.period : row])
        yearly = spread * math.sqrt(365 * 86_400 / seconds(bars.timeframe))
        amounts.append(known(min(sizing.amount / yearly, sizing.cap) if yearly else sizing.cap))
    return amounts


def settlements_of(market: Market, clock: Sequence[int]) -> dict[int, list[slow.Settlement]]:
    """By bar; what falls due while the market has no bar is settled when it has one again."""
    rates, found = market.funding, dict[int, list[slow.Settlement]]()
    if rates is None:
        return found
    own, length = [int(time) for time in market.bars.time], seconds(market.bars.timeframe)
    for row, time in enumerate(rates.time):
        inside = [start for start in own if start <= time < start + length]
        later = [start for start in own if start > time]
        start = inside[0] if inside else later[0] if later else None
        if start is None or time < own[0]:
            continue
        mark = None if rates.mark is None else exact(rates.mark[row])
        found.setdefault(clock.index(start), []).append(
            slow.Settlement(known(rates.rate[row]), mark, at_open=time <= start)
        )
    return found


def slow_market(case: Case, market: Market, clock: Sequence[int]) -> slow.Market:
    own = candles_of(market.bars)
    wishes = iter(wishes_of(case.strategy, market.bars))
    length, finer, marks, finer_marks = seconds(market.bars.timeframe), None, None, None
    if market.finer is not None:
        parts = candles_of(market.finer)
        inside = [[t for t in sorted(parts) if start <= t < start + length] for start in clock]
        finer = [[parts[t] for t in times] for times in inside]
    if market.mark is not None:
        known_marks = candles_of(resample(market.mark, market.bars.timeframe))
        marks = [known_marks.get(time) for time in clock]
        if market.finer is not None:
            known_marks = candles_of(resample(market.mark, market.finer.timeframe))
            finer_marks = [[known_marks.get(t) for t in times] for times in inside]
    made = slow.Market(
        candles=[own.get(time) for time in clock],
        wishes=[next(wishes) if time in own else slow.Wish() for time in clock],
        marks=marks,
        finer=finer,
        finer_marks=finer_marks,
        funding=settlements_of(market, clock),
        leverage=NO_LEVERAGE if market.is_spot else known(case.account["leverage"]),
        least=known(case.account["cash"]) / 10**9,  # what rounding leaves of an account that is lost
        tiers=[(Decimal(0), Decimal(0), Decimal(0))],
    )
    if (what := market.instrument) is not None:
        made.tick, made.lot = what.tick or Decimal(0), what.lot or Decimal(0)
        made.least = what.min_notional or made.least
        made.tiers = [] if market.is_spot else [(t.floor, t.rate, t.amount) for t in tiers_of(what)]
    return made


def slowly(case: Case) -> slow.SlowBacktest:
    clock = sorted({int(time) for market in case.markets for time in market.bars.time})
    strategy = case.strategy
    terms = slow.Terms(
        cash=known(case.account["cash"]),
        fee=known(case.account["fee_taker"]),
        slippage=known(case.account["slippage_bps"]) / 10_000,
        sizing=type(strategy.sizing).__name__,
        time_exit=strategy.time_exit,
        break_even=exact(strategy.break_even),
        partials=[(known(gain), known(part)) for gain, part in strategy.partial_exits],
    )
    if isinstance(strategy.sizing, Kelly):
        terms = terms._replace(kelly_part=known(strategy.sizing.part), kelly_least=strategy.sizing.least)
    for protection in strategy.protections:
        if isinstance(protection, cw.Cooldown):
            terms = terms._replace(cooldown=protection.bars)
        else:
            terms = terms._replace(pause_at=known(protection.at), pause_for=protection.bars)
    model = slow.SlowBacktest([slow_market(case, market, clock) for market in case.markets], terms)
    model.run()
    return model


def assert_agrees(result: Result, model: slow.SlowBacktest) -> None:
    found = [(int(f["bar"]), int(f["market"]), int(f["side"]), REASONS[f["why"]]) for f in result.fills]
    assert found == [(f.bar, f.market, f.side, f.why) for f in model.fills]
    for name in ("price", "size", "fee"):
        expected = [float(getattr(fill, name)) for fill in model.fills]
        atol = 1e-12 * max(result.account.cash, 1_000)
        np.testing.assert_allclose(result.fills[name], expected, rtol=1e-9, atol=atol, err_msg=name)
    expected = [float(each) for each in model.equity]
    np.testing.assert_allclose(result.equity, expected, rtol=0, atol=1e-9 * result.account.cash)
    closed = [trade for trade in model.trades if trade.exit_bar is not None]
    assert len(result.trades) == len(model.trades)
    for trade, other in zip(result.trades, model.trades, strict=True):
        assert (trade.entry_bar, trade.exit_bar, trade.reason) == (other.entry_bar, other.exit_bar, other.why)
        assert trade.side == ("long" if other.side > 0 else "short")
        for name in ("size", "pnl", "fees", "funding"):
            assert getattr(trade, name) == pytest.approx(float(getattr(other, name)), rel=1e-9, abs=1e-6), (
                name
            )
    figures = result.metrics
    assert figures["fees"] == pytest.approx(float(sum(fill.fee for fill in model.fills)), abs=1e-6)
    if figures["funding"] is not None:
        assert figures["funding"] == pytest.approx(float(model.funding), abs=1e-6)
    assert figures["trades"] == len(closed)
    assert figures["net_profit"] == pytest.approx(float(model.equity[-1] - model.terms.cash), abs=1e-6)
    if min(model.equity) > model.terms.cash / 10**9:  # else pauses hang on what rounding left
        assert result.skipped == {
            market.symbol: own.skipped
            for market, own in zip(result.markets, model.markets, strict=True)
            if own.skipped
        }


def spot(symbol: str, tick: str, lot: str) -> Instrument:
    return Instrument(
        id=f"x:{symbol}", venue="x", symbol=symbol, native=symbol, kind="spot", base=symbol,
        quote="USDT", settle="USDT", tick=Decimal(tick), lot=Decimal(lot), min_notional=Decimal(5),
    )  # fmt: skip


@st.composite
def markets_of(draw: st.DrawFn, seed: int, bars: int) -> list[Market]:
    markets, wide = [], draw(st.booleans())  # five minutes, some of them with their minutes
    for number in range(draw(st.integers(1, 3))):
        tick, lot = draw(st.sampled_from([("0", "0"), ("0.1", "0.001"), ("0.01", "0.1"), ("0.5", "1")]))
        is_spot = draw(st.booleans()) and tick != "0"
        symbol = ("SRT" if is_spot else "ABC")[number]
        symbol = f"S{number}" if is_spot else symbol
        missing = 0.0 if wide else draw(st.sampled_from([0.0, 0.2]))
        prices = walk(
            seed + number, 5 * bars if wide else bars, symbol=symbol, tick=float(tick), missing=missing
        )
        finer = prices if wide and draw(st.booleans()) else None
        if wide:
            prices = resample(prices, "5m")
        funding = None
        if not is_spot and draw(st.booleans()):
            rng, length = np.random.default_rng(seed + 7 + number), 300 if wide else 60
            span = int(prices.time[-1] - prices.time[0]) + 3 * length
            times = np.unique(prices.time[0] - length + rng.integers(0, span, bars // 6 + 1) // 30 * 30)
            mark = np.where(rng.random(len(times)) < 0.5, np.nan, 101.37) if draw(st.booleans()) else None
            funding = FundingRates(times.astype(np.int64), rng.normal(0, 0.002, len(times)), mark)
        make = spot if is_spot else perpetual
        base = draw(st.sampled_from(["BTC", symbol]))  # its tiers
        instrument = None
        if tick != "0":
            instrument = make(base, tick, lot)
        marks = None
        if not is_spot and draw(st.booleans()):
            marks = marked(seed + 13 + number, prices if finer is None else finer)
        markets.append(Market(prices, instrument, funding, finer, mark=marks))
    return markets


# digits enough that no level lies halfway between two ticks, and others for trailing stops, so that none
# begins where the stop stands: there a float's last bit decides
RATES = st.none() | st.sampled_from([0.00423713, 0.0213719, 0.0617331])
TRAILS = st.none() | st.sampled_from([0.00491713, 0.0239719, 0.0583331])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    seed = draw(st.integers(0, 2**32 - 1))
    markets = draw(markets_of(seed, draw(st.integers(20, 90))))
    columns = {
        "often": draw(st.sampled_from([0.05, 0.3])),
        "varied": draw(st.booleans()),
        "stop_loss": draw(RATES),
        "take_profit": draw(RATES),
        "trailing_stop": draw(TRAILS),
    }
    sizings: list[Sizing] = [
        Fraction(1.0), Fraction(0.3), Quantity(2.0), Notional(3_000.0), Kelly(0.5, least=3),
        VolatilityTarget(0.8, period=5),
    ]  # fmt: skip
    if columns["stop_loss"] is not None:
        sizings.append(Risk(0.0213717331))  # nor is a stop's distance so many whole lots
    parts = [(), ((0.00517133, 0.5),), ((0.0107177, 0.3), (0.0311731, 0.5), (0.0513377, 0.9))]
    protections = [
        *([cw.Cooldown(draw(st.integers(1, 9)))] if draw(st.booleans()) else []),
        *([cw.DrawdownPause(0.0317133, draw(st.integers(1, 20)))] if draw(st.booleans()) else []),
    ]
    strategy = Scripted(
        seed,
        columns,
        sizing=draw(st.sampled_from(sizings)),
        time_exit=draw(st.none() | st.integers(1, 20)),
        break_even=draw(st.none() | st.sampled_from([0.00217133, 0.0207137])),
        partial_exits=draw(st.sampled_from(parts)),
        protections=tuple(protections),
    )
    account = {
        "cash": draw(st.sampled_from([300.0, 10_000.0, 3_000_000.0])),
        "leverage": draw(st.sampled_from([1.0, 3.0, 20.0])),
        "slippage_bps": draw(st.sampled_from([0.0, 2.71828, 31.4159])),
        "fee_taker": draw(st.sampled_from([0.0, 0.000517, -0.0001])),
    }
    return Case(strategy, markets, account)


@given(cases())
@settings(deadline=None, max_examples=examples(60))
def test_it_agrees_with_a_slow_model_of_the_same_rules(case: Case) -> None:
    model = slowly(case)
    if not model.fills and any(market.skipped for market in model.markets):
        with pytest.raises(UsageError, match="Not one of"):
            cw.backtest(case.strategy, case.markets, **case.account)
        return
    assert_agrees(cw.backtest(case.strategy, case.markets, **case.account), model)

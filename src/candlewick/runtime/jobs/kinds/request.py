"""What every study of a strategy asks for: which strategy, on which markets, when, at which costs.

A kind that wants more derives its own request from `Request`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
import numpy as np

from candlewick.backtest.market import FundingRates, Market
from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import UsageError
from candlewick.core.instrument import Instrument, parse_symbol
from candlewick.core.interval import seconds
from candlewick.market.bars import COLUMNS, Bars, clock
from candlewick.runtime.jobs import sources
from candlewick.runtime.jobs.work import Work
from candlewick.store.lake import Lake
from candlewick.trading.strategy.strategy import Strategy

R = TypeVar("R", bound="Request")


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A study's request, as JSON has it.

    Attributes:
        strategy: class in the study's source; `module:Class` where it has none.
        parameters: of the strategy, by name.
        symbols: markets that are traded together.
        timerange: `20240101-20240601`, either end may be left out; the end is not in it.
        leverage: instead of the strategy's own.
        instruments: what is known of the markets, by internal id; others are traded in any fraction.
    """

    strategy: str
    symbols: list[str]
    timeframe: str
    parameters: dict[str, Any] = {}
    timerange: str = "-"
    cash: float = 10_000.0
    fee_taker: float = 0.0005
    fee_maker: float = 0.0002
    slippage_bps: float = 0.0
    leverage: float | None = None
    days_a_year: float = 365.0
    instruments: dict[str, Instrument] = {}

    @property
    def terms(self) -> dict[str, Any]:
        """What `backtest` takes beside the strategy and its markets."""
        return {
            "cash": self.cash,
            "fee_taker": self.fee_taker,
            "fee_maker": self.fee_maker,
            "slippage_bps": self.slippage_bps,
            "leverage": self.leverage,
            "days_a_year": self.days_a_year,
        }


def read(spec: dict[str, Any], kind: type[R]) -> R:
    """A request of a kind.

    Raises:
        UsageError: something in it is unknown, missing or of the wrong type; says which.
    """
    try:
        return msgspec.convert(spec, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"The study's request cannot be read: {error}.") from None


def strategy_of(request: Request, work: Work) -> Strategy:
    """The strategy with its parameters.

    Raises:
        UsageError: there is none of that name, or a parameter makes no sense.
    """
    return strategy_class_of(request, work)(**request.parameters)


def strategy_class_of(request: Request, work: Work) -> type[Strategy]:
    """The strategy's class. Raises as `strategy_of`."""
    return sources.strategy(request.strategy, work.source_path)


def markets_of(request: Request, work: Work) -> tuple[Market, ...]:
    """The markets with their bars and, of perpetuals, funding, from the lake; notes their fingerprint.

    Raises:
        UsageError: a symbol has no bars of that timeframe in that time; says what there is.
    """
    start_s, end_s = span_of(request.timerange)
    with Lake(work.data_dir / "lake") as lake:
        ids = [parse_symbol(symbol, primary=work.primary) for symbol in request.symbols]
        markets = tuple(_market(lake, id, request, start_s, end_s) for id in ids)
    work.saw_data(fingerprint_of(markets))
    return markets


def span_of(timerange: str) -> tuple[int | None, int | None]:
    """Start and end of `20240101-20240601` in UTC seconds; None where it is left out.

    Raises:
        UsageError: it is no range of days.
    """
    start, dash, end = timerange.partition("-")
    try:
        if not dash:
            raise ValueError
        first, last = (_day(text) if text else None for text in (start, end))
        if first is not None and last is not None and first >= last:
            raise ValueError
    except ValueError:
        raise UsageError(
            f"{timerange!r} is no range of days: write it as 20240101-20240601, or leave an end out."
        ) from None
    return first, last


def fingerprint_of(markets: Iterable[Market]) -> str:
    """SHA-256 of everything a backtest reads of its markets: the same for the same bars and funding alone."""
    digest = hashlib.sha256()
    for market in markets:
        for bars in (market.bars, market.finer):
            if bars is not None:
                digest.update(f"{bars.symbol} {bars.timeframe} {len(bars)}\n".encode())
                for name in ("time", *COLUMNS):
                    digest.update(np.ascontiguousarray(getattr(bars, name)).data)
        if market.funding is not None:
            digest.update(f"funding {len(market.funding.time)}\n".encode())
            digest.update(np.ascontiguousarray(market.funding.time).data)
            digest.update(np.ascontiguousarray(market.funding.rate).data)
    return digest.hexdigest()


def _market(lake: Lake, id: str, request: Request, start_s: int | None, end_s: int | None) -> Market:
    bars = lake.candles(id, request.timeframe, start_s, end_s)
    bars = _closed(lake, bars)
    if not len(bars):
        raise UsageError(_nothing(lake, id, request))
    instrument = request.instruments.get(id)
    is_perpetual = instrument.kind == "perp" if instrument is not None else id.endswith("-PERP")
    funding = _funding(lake, bars) if is_perpetual else None
    return Market(bars, instrument, funding)


def _closed(lake: Lake, bars: Bars) -> Bars:
    """Without the last bar, if it is open still: no partial bar is traded on."""
    if not len(bars):
        return bars
    last = lake.candle_events(bars.symbol, bars.timeframe, int(bars.time[-1]), None, 1)
    return bars if last and last[0].closed else bars[:-1]


def _funding(lake: Lake, bars: Bars) -> FundingRates | None:
    start, end = int(bars.time[0]), int(bars.time[-1]) + seconds(bars.timeframe)
    found = lake.funding(bars.symbol, start * NS_PER_S, end * NS_PER_S)
    if not found:
        return None
    return FundingRates(
        np.array([round(each.ts_exchange / NS_PER_S) for each in found], np.int64),
        np.array([each.rate for each in found]),
        np.array([np.nan if each.mark is None else each.mark for each in found]),
    )


def _nothing(lake: Lake, id: str, request: Request) -> str:
    whole = lake.candles(id, request.timeframe)
    if len(whole):
        last = int(whole.time[-1]) + seconds(request.timeframe)
        return (
            f"There are no bars of {id} {request.timeframe} in {request.timerange}: they reach from "
            f"{clock(int(whole.time[0]))} to {clock(last)}."
        )
    others = sorted({each.interval for each in lake.series() if each.instrument == id and each.interval})
    there = f"There are bars of {', '.join(others)}" if others else "There are none of any timeframe"
    return (
        f"There are no bars of {id} of {request.timeframe}. {there}. "
        "Bring some in with `candlewick data download` or `candlewick data import`."
    )


def _day(text: str) -> int:
    if len(text) != 8:
        raise ValueError
    return int(datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).timestamp())

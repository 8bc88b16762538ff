"""What every study of a strategy asks for: which strategy, on which markets, when, at which costs.

A kind that wants more derives its own request from `Request`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from candlewick.backtest.market import Market
from candlewick.backtest.report.fingerprints import of_data
from candlewick.core.errors import UsageError
from candlewick.core.instrument import Instrument
from candlewick.core.timerange import timerange_of
from candlewick.runtime.jobs import sources
from candlewick.runtime.jobs.work import Work
from candlewick.store.lake import Lake
from candlewick.store.lake.reading import instrument_in, market_of
from candlewick.trading.strategy.strategy import Strategy

R = TypeVar("R", bound="Request")


class Request(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A study's request, as JSON has it.

    Attributes:
        strategy: class in the study's source; `module:Class` where it has none.
        parameters: of the strategy, by name.
        symbols: markets that are traded together.
        timerange: `20240101-20240601`, either end may be left out, or both; the end is not in it.
        finer: timeframe of bars that decide what comes first inside a bar.
        leverage: instead of the strategy's own.
        instruments: what is known of the markets, by internal id; of others what their names tell.
    """

    strategy: str
    symbols: list[str]
    timeframe: str
    parameters: dict[str, Any] = {}
    timerange: str = ""
    finer: str | None = None
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
    """The markets with their closed bars and, of perpetuals, funding, from the lake; notes their fingerprint.

    The first step of every study, and told as that.

    Raises:
        UsageError: a symbol has no bars of that timeframe in that time; says what there is.
        Cancelled: somebody asked for the study's end.
    """
    work.begin("Reading the bars")
    start_s, end_s = span_of(request.timerange)
    with Lake(work.lake) as lake:
        ids = [instrument_in(lake, symbol, work.primary) for symbol in request.symbols]
        markets = tuple(market_in(lake, request, id, start_s, end_s) for id in ids)
    work.saw_data(of_data(markets))
    work.require_going_on()
    return markets


def market_in(lake: Lake, request: Request, id: str, start_s: int | None, end_s: int | None) -> Market:
    """A market of a request, with what that knows of its instrument. Raises as `markets_of`."""
    market = market_of(lake, id, request.timeframe, start_s, end_s, request.finer)
    known = request.instruments.get(id)
    return market if known is None else replace(market, instrument=known)


def span_of(timerange: str) -> tuple[int | None, int | None]:
    """Start and end of a request's days in UTC seconds; None where it is left out.

    Raises:
        UsageError: it is no range of days.
    """
    return timerange_of(None if timerange == "-" else timerange)

"""What might happen to a strategy: each scenario changes one thing about a run, and says what."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from candlewick.backtest.account import Account
from candlewick.backtest.market import Market
from candlewick.backtest.report.figures import with_minus
from candlewick.backtest.result import Result
from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds
from candlewick.market.bars import clock
from candlewick.research.recalled import recalled
from candlewick.research.synthetic import Moves, changed, jumped, moves_of, on_one_clock, scaled, without
from candlewick.trading.strategy.strategy import Strategy

LEAST_SPREAD_BPS: Final = 1.0


class Inapplicable(UsageError):
    """A scenario says nothing about this run. Says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What is run instead, and what of it is changed, as a sentence."""

    strategy: Strategy
    markets: tuple[Market, ...]
    account: Account
    changed: str


class Scenario(Protocol):
    """Something that might happen."""

    @property
    def name(self) -> str: ...

    def __call__(self, base: Result) -> Case:
        """The run in which it does.

        Raises:
            Inapplicable: it says nothing about this run.
        """


@dataclass(frozen=True, slots=True)
class Gap:
    """All prices jump by `part` while the largest position is held, and stay there."""

    part: float = -0.2

    def __post_init__(self) -> None:
        if not (math.isfinite(self.part) and self.part > -1.0):
            raise UsageError(f"A gap of {self.part:.0%} leaves no price: give a part above -1.")

    @property
    def name(self) -> str:
        return f"Gap of {with_minus(f'{self.part:+.0%}')}"

    def __call__(self, base: Result) -> Case:
        bar = _gravest(base)
        since = int(base.time[bar])
        return _with(
            base,
            f"all prices {1 + self.part:g} times as high from {clock(since)} on, in the largest position",
            markets=_each(base, lambda market: jumped(market, since, self.part)),
        )


@dataclass(frozen=True, slots=True)
class Volatility:
    """Every move is `times` as far from the mean move."""

    times: float = 2.0

    def __post_init__(self) -> None:
        _check_times(self.times)

    @property
    def name(self) -> str:
        return f"Volatility × {self.times:g}"

    def __call__(self, base: Result) -> Case:
        return _with(
            base,
            f"log moves of all bars {self.times:g} times as far from their mean",
            markets=_each(base, lambda market: scaled(market, self.times)),
        )


@dataclass(frozen=True, slots=True)
class Fees:
    """Fees are `times` as high; what a maker is paid stays as it is."""

    times: float = 3.0

    def __post_init__(self) -> None:
        _check_times(self.times)

    @property
    def name(self) -> str:
        return f"Fees × {self.times:g}"

    def __call__(self, base: Result) -> Case:
        old = base.account
        maker = old.fee_maker * (self.times if old.fee_maker > 0 else 1.0)
        account = replace(old, fee_taker=old.fee_taker * self.times, fee_maker=maker)
        return _with(base, f"a taker pays {account.fee_taker:.3%}, a maker {maker:.3%}", account=account)


@dataclass(frozen=True, slots=True)
class Spread:
    """The spread is `times` as wide: slippage, of one basis point at least, is so much larger."""

    times: float = 5.0

    def __post_init__(self) -> None:
        _check_times(self.times)

    @property
    def name(self) -> str:
        return f"Spread × {self.times:g}"

    def __call__(self, base: Result) -> Case:
        slippage = max(base.account.slippage_bps, LEAST_SPREAD_BPS) * self.times
        account = replace(base.account, slippage_bps=slippage)
        return _with(base, f"a taker pays {slippage:g} bps beyond the price", account=account)


@dataclass(frozen=True, slots=True)
class Latency:
    """Every signal comes `bars` later."""

    bars: int = 1

    def __post_init__(self) -> None:
        _check_bars(self.bars)

    @property
    def name(self) -> str:
        return f"Late by {self.bars} bar{'s' if self.bars > 1 else ''}"

    def __call__(self, base: Result) -> Case:
        if not base.strategy.signals_only():
            raise Inapplicable("Its orders follow from what became of others: they cannot be sent later.")
        return _with(
            base,
            f"every signal is traded {self.bars} × {base.timeframe} later",
            strategy=recalled(base, later=self.bars),
        )


@dataclass(frozen=True, slots=True)
class Outage:
    """The venue is away for `bars` while the largest position is held: nothing is seen, nothing is done."""

    bars: int = 24

    def __post_init__(self) -> None:
        _check_bars(self.bars)

    @property
    def name(self) -> str:
        return f"Outage of {self.bars} bars"

    def __call__(self, base: Result) -> Case:
        bar = _gravest(base)
        start = int(base.time[bar])
        end = start + self.bars * seconds(base.timeframe)
        if end > int(base.time[-1]):
            raise Inapplicable(
                f"The bars end before an outage of {self.bars} bars from {clock(start)} would."
            )
        return _with(
            base,
            f"no bars from {clock(start)} to {clock(end)}, in the largest position",
            markets=_each(base, lambda market: without(market, start, end)),
        )


@dataclass(frozen=True, slots=True)
class FundingSpike:
    """Funding is `times` as high, and always against what is held."""

    times: float = 5.0

    def __post_init__(self) -> None:
        _check_times(self.times)

    @property
    def name(self) -> str:
        return f"Funding × {self.times:g} against it"

    def __call__(self, base: Result) -> Case:
        if not any(market.funding is not None and len(market.funding.time) for market in base.markets):
            raise Inapplicable("No funding of its markets is known.")
        markets = tuple(self._against(base, row, market) for row, market in enumerate(base.markets))
        return _with(
            base,
            f"each settlement {self.times:g} times as high, and paid by whoever held as the base did",
            markets=markets,
        )

    def _against(self, base: Result, row: int, market: Market) -> Market:
        rates = market.funding
        if rates is None:
            return market
        rate = rates.rate * self.times
        for trade in base.trades.rows:
            if trade["market"] != row:
                continue
            begun = base.time[trade["entry_bar"]]
            over = base.time[trade["exit_bar"]] if trade["exit_bar"] >= 0 else base.time[-1]
            held = (rates.time >= begun) & (rates.time <= over + seconds(base.timeframe))
            rate[held] = np.abs(rate[held]) * trade["side"]
        return replace(market, funding=replace(rates, rate=rate))


@dataclass(frozen=True, slots=True)
class Together:
    """All markets move as the first does, each as far as its volatility says: their correlation is one."""

    @property
    def name(self) -> str:
        return "Correlation of one"

    def __call__(self, base: Result) -> Case:
        if len(base.markets) < 2:
            raise Inapplicable("There is one market only.")
        if not on_one_clock(base.markets):
            raise Inapplicable("Its markets have bars at different times.")
        first, *others = base.markets
        logs = np.log(moves_of(first.bars))
        spread = float(np.std(logs[3]))
        if spread == 0.0:
            raise Inapplicable(f"{first.symbol} never moves.")

        def follow(market: Market) -> Market:
            times = float(np.std(np.log(moves_of(market.bars)[3]))) / spread

            def change(moves: Moves) -> Moves:
                return np.exp(times * logs)

            return changed(market, change)

        return _with(
            base,
            f"all markets make the moves of {first.symbol}, each scaled to its own volatility",
            markets=(first, *map(follow, others)),
        )


def _with(
    base: Result,
    said: str,
    strategy: Strategy | None = None,
    markets: tuple[Market, ...] | None = None,
    account: Account | None = None,
) -> Case:
    return Case(strategy or base.strategy, markets or base.markets, account or base.account, said)


def _each(base: Result, change: Callable[[Market], Market]) -> tuple[Market, ...]:
    return tuple(change(market) for market in base.markets)


def _gravest(base: Result) -> int:
    """A bar in the middle of the trade that was largest by the equity before it.

    Raises:
        Inapplicable: nothing was held from one bar to the next.
    """
    rows = base.trades.rows
    over = np.where(rows["exit_bar"] >= 0, rows["exit_bar"], len(base.time) - 1)
    lasting = np.flatnonzero(over > rows["entry_bar"])
    if not len(lasting):
        raise Inapplicable("Nothing was held from one bar to the next.")
    entries = rows["entry_bar"][lasting]
    before = np.where(entries > 0, base.equity[np.maximum(entries - 1, 0)], base.account.cash)
    sizes = rows["notional"][lasting] / np.maximum(before, 1e-12)
    at = lasting[int(np.argmax(sizes))]
    first = int(rows["entry_bar"][at])
    return first + max(1, (int(over[at]) - first) // 2)


def _check_times(times: float) -> None:
    if not (math.isfinite(times) and times > 0):
        raise UsageError(f"Nothing becomes {times:g} times what it was: give a number above zero.")


def _check_bars(bars: int) -> None:
    if bars < 1:
        raise UsageError(f"{bars} bars change nothing: give 1 or more.")


SCENARIOS: Final[tuple[Scenario, ...]] = (
    Gap(-0.2), Gap(0.2), Volatility(2.0), Volatility(0.5), Fees(3.0), Spread(5.0), Latency(1), Outage(24),
    FundingSpike(5.0), Together(),
)  # fmt: skip

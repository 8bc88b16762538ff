"""`Result`: what a backtest found. Equity is there at once; trades, figures and warnings when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.columns import Columns
from candlewick.backtest.figures import Figures
from candlewick.backtest.market import Market
from candlewick.core.interval import seconds
from candlewick.trading.strategy.signals import Signals
from candlewick.trading.strategy.strategy import Strategy

if TYPE_CHECKING:
    import pandas
    import polars

Rows = NDArray[Any]
Drive = Literal["arrays", "woken", "on_bar", "step"]


class Trade(NamedTuple):
    """From flat to flat.

    Attributes:
        entry_time, exit_time: open of the bar in which it began and ended, UTC; None: it is open.
        entry_price, exit_price: means by size; of an open trade the last close.
        size: base or contracts, all that was opened.
        pnl: after fees and funding; `return_`: that by the notional at entry.
        mae, mfe: how far it was behind and ahead, as parts of the entry price.
        reason: why it ended; `tag`: the name of its entry.
        risk: the money that was at risk at entry by its stop; None: it had none.
    """

    symbol: str
    side: Literal["long", "short"]
    entry_time: datetime
    exit_time: datetime | None
    entry_price: float
    exit_price: float
    size: float
    pnl: float
    return_: float
    fees: float
    funding: float
    mae: float
    mfe: float
    reason: str
    tag: str
    risk: float | None
    entry_bar: int
    exit_bar: int | None

    @property
    def is_open(self) -> bool:
        return self.exit_time is None


class Trades(Sequence[Trade]):
    """Trades in order of their end, those still open last. Columns are arrays: `trades.pnl`, `trades.mae`."""

    def __init__(self, rows: Rows, result: Result) -> None:
        self.rows = rows
        self._result = result

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Trade: ...

    @overload
    def __getitem__(self, at: slice) -> list[Trade]: ...

    def __getitem__(self, at: int | slice) -> Trade | list[Trade]:
        if isinstance(at, slice):
            return [self._trade(n) for n in range(*at.indices(len(self)))]
        if not -len(self) <= at < len(self):
            raise IndexError(f"There are {len(self)} trades, none with number {at}.")
        return self._trade(at % len(self))

    def __iter__(self) -> Iterator[Trade]:
        return (self._trade(n) for n in range(len(self)))

    def __repr__(self) -> str:
        return f"<{len(self)} trades>"

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Which of them are over."""
        closed: NDArray[np.bool_] = self.rows["exit_bar"] >= 0
        return closed

    @property
    def pnl(self) -> NDArray[np.float64]:
        """After fees and funding."""
        return self._column("pnl")

    @cached_property
    def returns(self) -> NDArray[np.float64]:
        """`pnl` by the notional at entry."""
        return self.pnl / self._column("notional")

    @property
    def mae(self) -> NDArray[np.float64]:
        """How far behind each was, as a part of its entry price; not above zero."""
        return self._excursions[0]

    @property
    def mfe(self) -> NDArray[np.float64]:
        """How far ahead each was."""
        return self._excursions[1]

    @cached_property
    def risk(self) -> NDArray[np.float64]:
        """The money at risk at entry; NaN: no stop."""
        rows = self.rows
        away = np.abs(rows["entry_price"] - rows["stop"]) / rows["entry_price"]
        return np.where(away > 0, away * rows["notional"], np.nan)

    def to_polars(self) -> polars.DataFrame:
        """All of them as a frame."""
        import polars

        return polars.DataFrame([trade._asdict() for trade in self])

    def to_pandas(self) -> pandas.DataFrame:
        """All of them as a frame."""
        import pandas

        return pandas.DataFrame([trade._asdict() for trade in self])

    @cached_property
    def _excursions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from candlewick.fills.trades import excursions

        columns = self._result.columns
        worst, best = np.zeros(len(self)), np.zeros(len(self))
        excursions(self.rows, self._result.rules, columns.open, columns.high, columns.low, worst, best)
        return worst, best

    def _column(self, name: str) -> NDArray[np.float64]:
        column: NDArray[np.float64] = self.rows[name]
        return column

    def _trade(self, n: int) -> Trade:
        row, result = self.rows[n], self._result
        over = int(row["exit_bar"]) >= 0
        risk = float(self.risk[n])
        return Trade(
            symbol=result.markets[row["market"]].symbol,
            side="long" if row["side"] > 0 else "short",
            entry_time=result.when(int(row["entry_bar"])),
            exit_time=result.when(int(row["exit_bar"])) if over else None,
            entry_price=float(row["entry_price"]),
            exit_price=float(row["exit_price"]),
            size=float(row["size"]),
            pnl=float(row["pnl"]),
            return_=float(self.returns[n]),
            fees=float(row["fees"]),
            funding=float(row["funding"]),
            mae=float(self.mae[n]),
            mfe=float(self.mfe[n]),
            reason=REASONS[row["why"]] if over else "open",
            tag=result.tag_of(row),
            risk=None if np.isnan(risk) else risk,
            entry_bar=int(row["entry_bar"]),
            exit_bar=int(row["exit_bar"]) if over else None,
        )


# the words of `fills.state.REASONS`, which stands beside the compiler
REASONS: Final = (
    "entry", "signal", "stop_loss", "take_profit", "trailing_stop", "time_exit", "partial_exit",
    "liquidation", "order",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What a backtest found.

    Attributes:
        strategy: as it was run, with its parameters.
        markets: what it traded.
        account: what it began with, and what trading cost.
        time: open times of the bars, UTC seconds.
        equity: worth of the account at each bar's close.
        fills: every fill, in order: records of `fills.state.FILL`.
        rules: per market, what the core knew of it: records of `fills.state.RULES`.
        running_funding: per market, what was received by the position that is still open.
        drive: how it was run.
        signals, indicators: of each market, where the strategy has them.
        tags: names of entries by the number in a fill's `signal`, of a strategy with orders of its own.
        skipped: entries that were too small for their market, by symbol.
        funding: received in all (paid: below zero).
        trial_sharpes: yearly Sharpe ratios of all that were tried when this was chosen; None: nothing was.
        warnings: what a reader of the figures should know, as sentences.
    """

    strategy: Strategy
    markets: tuple[Market, ...]
    account: Account
    columns: Columns
    equity: NDArray[np.float64]
    fills: Rows
    rules: Rows
    running_funding: NDArray[np.float64]
    funding: float
    drive: Drive | Literal["replay"]
    skipped: Mapping[str, int] = field(default_factory=dict)
    signals: tuple[Signals | None, ...] = ()
    tags: Sequence[str] = ()
    indicators: tuple[Mapping[str, Any], ...] = ()
    trial_sharpes: NDArray[np.float64] | None = None

    @property
    def time(self) -> NDArray[np.int64]:
        return self.columns.time

    @property
    def timeframe(self) -> str:
        return self.markets[0].bars.timeframe

    @cached_property
    def trades(self) -> Trades:
        """From flat to flat, in order of their end; those still open last."""
        from candlewick.fills.state import TRADE
        from candlewick.fills.trades import trades_of

        out = np.zeros(len(self.fills) + len(self.markets), TRADE)
        last = np.array([_last_known(row) for row in self.columns.close])
        count = trades_of(self.fills, self.rules, last, self.running_funding, out)
        return Trades(out[:count], self)

    @cached_property
    def metrics(self) -> Figures:
        """Figures by name, each worked out when it is asked for; None where it is undefined."""
        trades, closed = self.trades, self.trades.closed
        rows = trades.rows[closed]
        worth = self.fills["price"] * self.fills["size"]
        return Figures(
            time=self.time,
            equity=self.equity,
            initial=self.account.cash,
            bar_s=seconds(self.timeframe),
            days_a_year=self.account.days_a_year,
            held=self.held,
            trade_pnl=rows["pnl"],
            trade_return=trades.returns[closed],
            trade_entry=self.time[rows["entry_bar"]],
            trade_exit=self.time[rows["exit_bar"]],
            trade_fees=rows["fees"],
            trade_mae=trades.mae[closed],
            trade_mfe=trades.mfe[closed],
            trade_risk=trades.risk[closed],
            benchmark=self.columns.close[0],
            funding=self.funding if any(market.funding is not None for market in self.markets) else None,
            fees=float(self.fills["fee"].sum()),
            turnover=float(worth.sum()),
            trial_sharpes=self.trial_sharpes,
        )

    @cached_property
    def held(self) -> NDArray[np.bool_]:
        """Whether anything was held in each bar."""
        steps = np.zeros(len(self.time) + 1, np.int64)
        rows = self.trades.rows
        np.add.at(steps, rows["entry_bar"], 1)
        over = rows["exit_bar"] >= 0
        np.add.at(steps, np.where(over, rows["exit_bar"] + 1, len(self.time)), -1)
        held: NDArray[np.bool_] = np.cumsum(steps[:-1]) > 0
        return held

    @cached_property
    def warnings(self) -> list[str]:
        """What a reader of the figures should know."""
        from candlewick.backtest.warnings import warnings_of

        return warnings_of(self)

    def when(self, bar: int) -> datetime:
        """When a bar opened."""
        return datetime.fromtimestamp(int(self.time[bar]), UTC)

    def tag_of(self, trade: Any) -> str:
        """The name of a trade's entry."""
        market, bar = int(trade["market"]), int(trade["signal"])
        signals = self.signals[market] if self.signals else None
        if signals is None or bar < 0:
            return self.tags[bar] if self.tags and 0 <= bar < len(self.tags) else ""
        place = self.columns.places[market]
        return signals.tag_of(bar if place is None else int(np.searchsorted(place, bar, side="right")) - 1)

    def to_html(self, path: str | Path) -> Path:
        """Write the tear sheet: one file that needs nothing else. Answers where it stands."""
        from candlewick.backtest.report import tear_sheet

        target = Path(path)
        target.write_text(tear_sheet(self), encoding="utf-8")
        return target

    def __repr__(self) -> str:
        return (
            f"<{type(self.strategy).__name__} on {', '.join(market.symbol for market in self.markets)}: "
            f"{self.account.cash:,.2f} became {self.equity[-1]:,.2f} in {len(self.trades):,} trades>"
        )


def _last_known(prices: NDArray[np.float64]) -> float:
    if prices[-1] == prices[-1]:
        return float(prices[-1])
    known = prices[prices == prices]
    return float(known[-1]) if len(known) else np.nan

"""The trades of a run, from flat to flat: one by one as people read them, or as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.columns import Columns
from candlewick.core.errors import UsageError
from candlewick.fills.state import REASONS

if TYPE_CHECKING:
    import pandas
    import polars

Rows = NDArray[Any]


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
        stop, target: where they stood as it was entered; None: it had none.
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
    stop: float | None
    target: float | None

    @property
    def is_open(self) -> bool:
        return self.exit_time is None


class Trades(Sequence[Trade]):
    """Trades in order of their end, those still open last. Columns are arrays: `trades.pnl`, `trades.mae`."""

    def __init__(
        self, rows: Rows, rules: Rows, columns: Columns, symbols: Sequence[str], tag_of: Callable[[Any], str]
    ) -> None:
        """`rows`: records of `fills.state.TRADE`, `rules` of `RULES`; `tag_of` names a trade's entry."""
        self.rows = rows
        self._rules, self._columns, self._symbols, self._tag_of = rules, columns, symbols, tag_of

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
        """All of them as a frame, whose columns are there where no trade is."""
        import polars

        kinds: dict[str, Any] = dict.fromkeys(Trade._fields, polars.Float64)
        kinds |= dict.fromkeys(("symbol", "side", "reason", "tag"), polars.String)
        kinds |= dict.fromkeys(("entry_time", "exit_time"), polars.Datetime("us", "UTC"))
        kinds |= dict.fromkeys(("entry_bar", "exit_bar"), polars.Int64)
        return polars.DataFrame([trade._asdict() for trade in self], schema=kinds)

    def to_pandas(self) -> pandas.DataFrame:
        """All of them as a frame.

        Raises:
            UsageError: pandas, which nothing else here needs, is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise UsageError("pandas is not installed. Install it, or take to_polars().") from None

        return pandas.DataFrame(list(self), columns=list(Trade._fields))

    @cached_property
    def _excursions(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from candlewick.fills.trades import excursions

        columns = self._columns
        worst, best = np.zeros(len(self)), np.zeros(len(self))
        excursions(self.rows, self._rules, columns.open, columns.high, columns.low, worst, best)
        return worst, best

    def _column(self, name: str) -> NDArray[np.float64]:
        column: NDArray[np.float64] = self.rows[name]
        return column

    def _trade(self, n: int) -> Trade:
        row, when = self.rows[n], self._columns.when
        over = int(row["exit_bar"]) >= 0
        return Trade(
            symbol=self._symbols[row["market"]],
            side="long" if row["side"] > 0 else "short",
            entry_time=when(int(row["entry_bar"])),
            exit_time=when(int(row["exit_bar"])) if over else None,
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
            tag=self._tag_of(row),
            risk=_known(self.risk[n]),
            entry_bar=int(row["entry_bar"]),
            exit_bar=int(row["exit_bar"]) if over else None,
            stop=_known(row["stop"]),
            target=_known(row["target"]),
        )


def _known(value: float) -> float | None:
    return float(value) if value == value else None

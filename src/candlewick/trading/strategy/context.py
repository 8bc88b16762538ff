"""`Context`: what a strategy sees, and can do, at a bar's close. Backtest, replay and live each give one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Unpack, overload

from candlewick.market.bars import Column
from candlewick.trading.strategy.order_terms import OrderTerms
from candlewick.trading.strategy.sizing import Sizing


class Revealed(Protocol):
    """A column as far as it is known: `[-1]` is the bar that has just closed, `[-2]` the one before."""

    @overload
    def __getitem__(self, at: int, /) -> float: ...

    @overload
    def __getitem__(self, at: slice, /) -> Column: ...

    def __len__(self) -> int: ...


class Context(Protocol):
    """One market at the close of a bar, and the account. Of several, `on_bar` is handed the first.

    Attributes:
        symbol: of the market.
        index: number of the bar that has just closed, from 0.
        time: its open time, UTC seconds.
        open, high, low, close, volume: columns up to this bar.
        ind: what `indicators` answered, up to this bar, by name.
        position: what is held, in base or contracts, negative when short.
        entry_price: mean price of what is held; None: nothing is.
        funding: received for what is held since it was opened, negative: paid.
        funding_rate: the newest that was settled by this close, a fraction (above 0: who is long pays); None:
            not known, or spot. `next_funding`: when the next settlement is due, UTC seconds; None: not known.
        equity: worth of the account at this close; `free`: of it, what no position has as its margin.
        orders: ids of the orders at work in this market, oldest first.
        markets: all markets of the strategy, by symbol.
    """

    @property
    def symbol(self) -> str: ...

    @property
    def index(self) -> int: ...

    @property
    def time(self) -> int: ...

    @property
    def open(self) -> Revealed: ...

    @property
    def high(self) -> Revealed: ...

    @property
    def low(self) -> Revealed: ...

    @property
    def close(self) -> Revealed: ...

    @property
    def volume(self) -> Revealed: ...

    @property
    def ind(self) -> Mapping[str, Any]: ...

    @property
    def position(self) -> float: ...

    @property
    def entry_price(self) -> float | None: ...

    @property
    def funding(self) -> float: ...

    @property
    def funding_rate(self) -> float | None: ...

    @property
    def next_funding(self) -> int | None: ...

    @property
    def equity(self) -> float: ...

    @property
    def free(self) -> float: ...

    @property
    def orders(self) -> Sequence[str]: ...

    @property
    def markets(self) -> Mapping[str, Context]: ...

    def buy(self, size: float | Sizing | None = None, **terms: Unpack[OrderTerms]) -> str:
        """Order to buy, from the next open on; its id.

        Args:
            size: a part of the strategy's sizing (0.5: half of it), or a sizing of its own.
            terms: `quantity`, `limit`, `stop`, `trail`, `stop_loss`, …: see `OrderTerms`.

        Raises:
            UsageError: what is asked for contradicts itself.
        """
        ...

    def sell(self, size: float | Sizing | None = None, **terms: Unpack[OrderTerms]) -> str:
        """Order to sell, from the next open on; as `buy`."""
        ...

    def exit(self, tag: str = "") -> None:
        """Close what is held in this market at the next open."""
        ...

    def cancel(self, order: str) -> None:
        """Take an order back; one that is gone already is no error."""
        ...

    def cancel_all(self) -> None:
        """Take back all orders in this market, the stop and the target of what is held too."""
        ...

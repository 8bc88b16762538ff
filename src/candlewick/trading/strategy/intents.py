"""What a strategy asks for at a bar's close: the same for a backtest, a replay and a live host.

An intent says nothing about the price or the money of the moment: it is sized when it is carried out, at the
next open.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from candlewick.trading.strategy.order_terms import TimeInForce
from candlewick.trading.strategy.sizing import FRACTION

Side = Literal["buy", "sell"]


class Size(Struct, frozen=True):
    """How much an entry is for.

    Attributes:
        amount: what the rule's name says (`sizing.Sizing`), of this bar, scaled.
        mode: the rule, a word of `sizing`.
        part, least: of Kelly's rule.
    """

    amount: float
    mode: int = FRACTION
    part: float = 1.0
    least: int = 0


class Place(Struct, frozen=True, kw_only=True, tag="place"):
    """An order.

    Attributes:
        id: unique among the strategy's orders; the same bar asks with the same ids when it is run again.
        size, quantity: how much: by a rule, or exactly (base or contracts).
        limit, stop: with neither it is a market order; with both a stop-limit.
        trail: distance of a trailing stop behind the market's best price since it was sent, as a fraction.
        stop_loss, take_profit: prices of the legs that follow its fill.
        stop_distance, target_distance: the same as fractions of the price paid, slippage included.
        trailing_stop: as `trail`, of a leg: since the fill; after a fill inside a bar from the next open on.
    """

    symbol: str
    id: str
    side: Side
    size: Size | None = None
    quantity: float | None = None
    limit: float | None = None
    stop: float | None = None
    trail: float | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    stop_distance: float | None = None
    target_distance: float | None = None
    trailing_stop: float | None = None
    time_in_force: TimeInForce = "GTC"
    post_only: bool = False
    reduce_only: bool = False
    tag: str = ""

    @property
    def has_legs(self) -> bool:
        """Whether other orders follow its fill."""
        prices, rates = (self.stop_loss, self.take_profit), (self.stop_distance, self.target_distance)
        return any(each is not None for each in (*prices, *rates, self.trailing_stop))

    @property
    def is_market(self) -> bool:
        return self.limit is None and self.stop is None and self.trail is None


class Exit(Struct, frozen=True, tag="exit"):
    """Close what is held in a market."""

    symbol: str
    tag: str = ""


class Cancel(Struct, frozen=True, tag="cancel"):
    """Take an order back."""

    symbol: str
    id: str


class Signal(Struct, frozen=True, kw_only=True, tag="signal"):
    """What a close signals. Whether it is an entry, an exit or nothing depends on what is held by then.

    Attributes:
        row: the bar that signalled, by its number in its market's bars.
        flags: the words of `signals.WISHES`, added up.
        stop_loss, take_profit, trailing_stop: fractions, as `Signals` measures them; None: none.
    """

    symbol: str
    row: int
    flags: int
    size: Size
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    tag: str = ""


Intent = Place | Exit | Cancel | Signal

"""What the market says an instrument is worth, and what is needed to judge an order by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from candlewick.core.events import Side
from candlewick.core.instrument import Instrument
from candlewick.trading.watch import Watch

# How many levels of the book are walked to estimate what a market order would get.
WALKED_LEVELS: Final = 100


def mark_of(watch: Watch) -> float | None:
    """Its mark: the venue's own (perpetuals), else the mid of the quote, else the last trade."""
    mark = watch.derivative.mark
    if mark:
        return mark
    quote = watch.quote
    if quote is not None and 0.0 < quote.bid <= quote.ask:
        return (quote.bid + quote.ask) / 2
    return watch.last or None


class Market:
    """The heart's view of prices.

    Attributes:
        instruments: what is listed now, by internal id; orders may name nothing else.
        venues: theirs, in the order in which they were first listed.
        watches: the state of each instrument, shared with the engine that folds it.
    """

    __slots__ = ("instruments", "venues", "watches")

    def __init__(self, watches: dict[str, Watch]) -> None:
        self.watches = watches
        self.instruments: dict[str, Instrument] = {}
        self.venues: tuple[str, ...] = ()

    def list(self, instrument: Instrument) -> None:
        """Make an instrument one that orders may name, or tell what it is now."""
        self.instruments[instrument.id] = instrument
        if instrument.venue not in self.venues:
            self.venues = (*self.venues, instrument.venue)

    def mark(self, instrument: str) -> float | None:
        """The mark; None where nothing was heard."""
        watch = self.watches.get(instrument)
        return None if watch is None else mark_of(watch)

    def exact(self, instrument: str) -> Decimal | None:
        """The mark as money is counted: the shortest decimal that reads back as the same float."""
        mark = self.mark(instrument)
        return None if mark is None else Decimal(repr(mark))

    def marks(self) -> Mapping[str, Decimal]:
        """The exact mark of every instrument that has one, found as it is asked for."""
        return _Marks(self)

    def taking_price(self, instrument: str, side: Side, quantity: Decimal) -> tuple[Decimal, Decimal] | None:
        """What a market order would get now: (mean, worst) price of the levels it would take.

        Beyond the visible book the last level goes on. None where neither book nor quote is known.
        """
        watch = self.watches.get(instrument)
        if watch is None:
            return None
        book, quote = watch.book, watch.quote
        levels = book.asks(WALKED_LEVELS) if side == "buy" else book.bids(WALKED_LEVELS)
        if not levels and quote is not None:
            levels = [(quote.ask, 0.0) if side == "buy" else (quote.bid, 0.0)]
        if not levels:
            return None
        left, spent, price = quantity, Decimal(0), Decimal(0)
        for at, available in levels:
            price = Decimal(repr(at))
            taken = min(left, Decimal(repr(available)))
            spent, left = spent + taken * price, left - taken
            if not left:
                break
        return (spent + left * price) / quantity, price


class _Marks(Mapping[str, Decimal]):
    """Marks by instrument, made exact only when they are looked at."""

    __slots__ = ("_market",)

    def __init__(self, market: Market) -> None:
        self._market = market

    def __getitem__(self, instrument: str) -> Decimal:
        mark = self._market.exact(instrument)
        if mark is None:
            raise KeyError(instrument)
        return mark

    def __iter__(self) -> Iterator[str]:
        return (each for each in self._market.watches if self._market.mark(each) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

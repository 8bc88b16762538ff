"""`Market`: the bars of one instrument, and what else a backtest must know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from candlewick.core.errors import UsageError
from candlewick.core.instrument import Instrument
from candlewick.core.interval import seconds
from candlewick.ledger.margin import tiers_of
from candlewick.market.bars import Bars, clock

NO_TIERS: Final = np.zeros((0, 3))
UNNAMED_TIERS: Final = np.zeros((1, 3))
"""Of what is no known contract: it ends where its margin is used up."""


@dataclass(frozen=True, slots=True, eq=False)
class FundingRates:
    """A perpetual's settlements: when (UTC seconds, rising), at which rate, at which mark (NaN: unknown)."""

    time: NDArray[np.int64]
    rate: NDArray[np.float64]
    mark: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if len(self.time) != len(self.rate) or (self.mark is not None and len(self.mark) != len(self.time)):
            raise UsageError("Funding wants one rate, and one mark where there are any, for each time.")
        if np.any(np.diff(self.time) <= 0):
            raise UsageError("Funding times must rise strictly: sort them and remove duplicates.")
        bad = np.flatnonzero(~np.isfinite(self.rate))
        if len(bad):
            raise UsageError(f"The funding rate in row {bad[0]} is not a number: remove the row or mend it.")
        bad = np.flatnonzero(np.abs(self.rate) >= 1.0)
        if len(bad):
            raise UsageError(
                f"The funding rate in row {bad[0]} is {self.rate[bad[0]]:g}: give the fraction that was "
                "paid, as 0.0001 for 0.01 %."
            )
        if self.mark is not None and len(bad := np.flatnonzero((self.mark <= 0.0) | np.isinf(self.mark))):
            raise UsageError(
                f"The mark in row {bad[0]} of the funding is {self.mark[bad[0]]:g}: give a price, or NaN "
                "where it is not known."
            )


@dataclass(frozen=True, slots=True, eq=False)
class LoadedBars(Bars):
    """Bars that bring along what else is known of their market; what is cut or made of them does too.

    Attributes:
        instrument, funding, mark: as those of `Market`.
    """

    instrument: Instrument | None = None
    funding: FundingRates | None = None
    mark: Bars | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """What is traded in a backtest.

    Attributes:
        bars: its candles.
        instrument: its tick, lot, contract and kind; None: anything can be traded, short too.
        mark: bars of its mark price, of the same timeframe or a shorter one (where there are finer bars, of
            theirs): what its margin is judged by. Where it is unknown, the traded prices are.
        lot: the step of quantities where no instrument says it (1 for whole shares); None: any fraction.
        funding: what holders of a perpetual paid and were paid.
        finer: bars of a shorter timeframe, which decide what comes first inside a bar.
    """

    bars: Bars
    instrument: Instrument | None = None
    funding: FundingRates | None = None
    finer: Bars | None = None
    lot: float | None = None
    mark: Bars | None = None

    def __post_init__(self) -> None:
        if self.lot is not None and (self.instrument is not None or not self.lot > 0):
            raise UsageError(
                f"The lot of {self.symbol} is {self.lot}: give a number above zero, "
                "and none beside an instrument."
            )
        if self.mark is not None and self.is_spot:
            raise UsageError(f"{self.symbol} is spot: it has no margin that a mark judges. Leave it away.")

    @classmethod
    def of(cls, bars: Bars) -> Self:
        """The market of bars, with all that they bring along."""
        if isinstance(bars, LoadedBars):
            return cls(bars, bars.instrument, bars.funding, mark=bars.mark)
        return cls(bars)

    @property
    def symbol(self) -> str:
        return self.bars.symbol

    @property
    def is_spot(self) -> bool:
        """Whether it can be held, but not sold short or on margin."""
        return self.instrument is not None and self.instrument.kind in ("spot", "equity")

    @property
    def tiers(self) -> NDArray[np.float64]:
        """Rows of (floor, rate, amount) of its maintenance margin."""
        if self.is_spot:
            return NO_TIERS
        if self.instrument is None:
            return UNNAMED_TIERS
        rows = [(tier.floor, tier.rate, tier.amount) for tier in tiers_of(self.instrument)]
        return np.array(rows, dtype=np.float64)


Traded = Bars | Market | Sequence[Bars | Market] | Mapping[str, Bars | Market]


def markets_of(traded: Traded) -> tuple[Market, ...]:
    """The markets that a person named, each checked.

    Raises:
        UsageError: there are none, one stands there twice, or their bars cannot be traded.
    """
    given: Any = traded  # what people give is looked at, whatever the types say
    if isinstance(given, Mapping):
        given = list(given.values())
    named = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    for each in named:
        _refuse_strange(each)
    markets = tuple(each if isinstance(each, Market) else Market.of(each) for each in named)
    if not markets:
        raise UsageError("There are no bars to trade on: give those of one market at least.")
    symbols = [market.symbol for market in markets]
    for symbol in symbols:
        if symbols.count(symbol) > 1:
            raise UsageError(f"{symbol} stands there more than once: give each market once.")
    timeframes = sorted({market.bars.timeframe for market in markets})
    if len(timeframes) > 1:
        raise UsageError(
            f"The bars are of {' and '.join(timeframes)}: resample them to one timeframe "
            "(a strategy reads longer ones through bars.on())."
        )
    for market in markets:
        market.bars.check()
        if not len(market.bars):
            raise UsageError(f"{market.symbol} has no bars: load a range that holds some.")
        _check_spacing(market.bars)
    return markets


def _refuse_strange(each: Any) -> None:
    if isinstance(each, Bars | Market):
        return
    if isinstance(each, str):
        raise UsageError(f'{each!r} is a name and no bars: load them first, cw.load({each!r}, "1h").')
    raise UsageError(
        f"{type(each).__name__} is no Bars: make them of a frame (cw.Bars.from_pandas, .from_polars) or of "
        "columns (cw.Bars.from_arrays), or load some (cw.load)."
    )


def _check_spacing(bars: Bars) -> None:
    """Refuse bars that follow each other sooner than one of them lasts; looks at the same bars once."""
    if bars in _SPACED:
        return
    steps, length = np.diff(bars.time), seconds(bars.timeframe)
    if len(steps) and int(steps.min()) < length:
        row = int(np.argmax(steps < length)) + 1
        raise UsageError(
            f"The bars of {bars.symbol} are of {bars.timeframe}, but the one in row {row} "
            f"({clock(int(bars.time[row]))}) opens {int(steps[row - 1])} s after the one before it: "
            "name the timeframe that they have."
        )
    _SPACED.add(bars)


_SPACED: Final[WeakSet[Bars]] = WeakSet()

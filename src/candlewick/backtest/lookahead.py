"""Proof that nothing a strategy says knows the future: it is asked again with the future cut off.

At many closes, those with a signal first, the strategy is run on the bars up to there alone. What it then
says of that bar must be what it says of it when it sees all bars. The other way round, the past is cut off:
how many bars must precede before a value is what all of history makes of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.account import Account
from candlewick.backtest.asking import fresh, strategy_of
from candlewick.backtest.market import FundingRates, Market, Traded, markets_of
from candlewick.core.errors import StrategyError, UsageError
from candlewick.market.bars import Bars, clock
from candlewick.trading.strategy.intents import Intent
from candlewick.trading.strategy.runner import SignalRunner
from candlewick.trading.strategy.signals import DISTANCES, WISHES
from candlewick.trading.strategy.strategy import Strategy

Columns = dict[str, NDArray[Any]]
MOST: Final = 60
ALIKE: Final = 1e-9
"""Values further apart than this part of themselves are different ones."""
SETTLED: Final = 1e-4
"""A value is settled once more history moves it by no more than this part of itself."""
SEEN_AT: Final = 3
"""Closes at which the need for history is looked at."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that was different before the future was known.

    Attributes:
        what: an indicator, a signal, an order, or that the strategy cannot be run without the future.
        name: of the column, or the order in words; row, time: the bar it belongs to.
        cut: how many bars were known; before, after: its value then, and with all bars.
    """

    what: Literal["indicator", "signal", "order", "run"]
    symbol: str
    name: str
    row: int
    time: int
    cut: int
    before: str
    after: str

    def __str__(self) -> str:
        when = f"{self.symbol} at {clock(self.time)} (bar {self.row:,})"
        if self.what == "run":
            return f"With the {self.cut:,} bars up to {when} alone it cannot be run: {self.before}"
        if self.what == "order":
            return f"At {when} it asks for {self.before}, but for {self.after} once the future is known."
        return (
            f"The {self.what} {self.name!r} of {when} is {self.before} at its close, but {self.after} once "
            "the future is known."
        )


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How much history a value needs.

    Attributes:
        bars: that many must precede; None: it depends on all there is.
        given: how many the strategy waits for.
    """

    name: str
    symbol: str
    bars: int | None
    given: int

    @property
    def is_enough(self) -> bool:
        """Whether the strategy waits for as much."""
        return self.bars is not None and self.bars <= self.given

    def __str__(self) -> str:
        if self.bars is None:
            return (
                f"{self.name!r} of {self.symbol} depends on where the history begins, however long it is: "
                "live it will not be what it was here."
            )
        if self.is_enough:
            return (
                f"{self.name!r} of {self.symbol} needs {self.bars:,} bars, and the strategy waits for them."
            )
        return (
            f"{self.name!r} of {self.symbol} needs {self.bars:,} bars until it is settled to {SETTLED:.2%}, "
            f"but the strategy waits for {self.given:,}: set warm_up = {self.bars}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookahead:
    """What was found.

    Attributes:
        cuts: how many times the future was cut off; values: how many values were compared.
        leaks: what was different, one of each name, the earliest bar of it.
        warm_ups: the need for history of each column, as far as it is looked at.
    """

    strategy: str
    cuts: int
    values: int
    leaks: tuple[Leak, ...]
    warm_ups: tuple[WarmUp, ...]

    def __repr__(self) -> str:
        return "\n- ".join(self.sentences)

    @property
    def is_clean(self) -> bool:
        """Whether nothing knew the future."""
        return not self.leaks

    @property
    def sentences(self) -> list[str]:
        """The verdict, then each finding."""
        if self.is_clean:
            verdict = (
                f"{self.strategy} does not look ahead: {self.values:,} values stayed what they were when the "
                f"future was cut off at {self.cuts:,} closes."
            )
        else:
            verdict = f"{self.strategy} looks ahead: do not believe its backtest."
        short = [str(each) for each in self.warm_ups if not each.is_enough]
        return [verdict, *map(str, self.leaks), *short]


def lookahead(
    strategy: Strategy | type[Strategy], bars: Traded, *, most: int = MOST, cash: float = 10_000
) -> Lookahead:
    """Run a strategy with the future cut off at up to `most` closes, and say what changes.

    Raises:
        UsageError: the strategy or the bars cannot be used, or there are too few of them.
    """
    run = strategy_of(strategy)
    markets = markets_of(bars)
    if most < 1:
        raise UsageError(f"most is {most}: cut the future off at one close at least.")
    if run.signals_only():
        looked = [_look_at_signals(run, market.bars, most) for market in markets]
        warm_ups = tuple(each for market in markets for each in _warm_ups(run, market.bars))
    else:
        looked = [_look_at_orders(run, markets, most, cash)]
        warm_ups = ()
    return Lookahead(
        strategy=type(run).__name__,
        cuts=sum(cuts for cuts, _, _ in looked),
        values=sum(values for _, values, _ in looked),
        leaks=tuple(leak for _, _, leaks in looked for leak in leaks),
        warm_ups=warm_ups,
    )


def _look_at_signals(strategy: Strategy, bars: Bars, most: int) -> tuple[int, int, list[Leak]]:
    whole = _said(strategy, bars)
    flags = whole["flags"]
    leaks: dict[str, Leak] = {}
    values = 0
    cuts = _cuts(np.flatnonzero(flags), _settled(strategy, bars), len(bars), most)
    for cut in cuts:
        try:
            early = _said(strategy, bars[:cut])
        except StrategyError as error:
            leaks.setdefault("", _leak("run", bars, "", cut - 1, cut, str(error), ""))
            continue
        for name, column in early.items():
            values += cut
            row = _first_difference(column, whole[name][:cut])
            known = leaks.get(name)
            if row is not None and (known is None or row < known.row):
                leaks |= dict(_told(bars, name, row, cut, column[row], whole[name][row]))
    leaks.pop("flags", None)
    return len(cuts), values, list(leaks.values())


def _told(bars: Bars, name: str, row: int, cut: int, before: Any, after: Any) -> Iterator[tuple[str, Leak]]:
    """A difference as a leak; one of the flags as one of each wish that differs."""
    if name != "flags":
        what: Literal["indicator", "signal"] = "signal" if name in (*DISTANCES, "size") else "indicator"
        yield name, _leak(what, bars, name, row, cut, _word(before), _word(after))
        return
    yield "flags", _leak("signal", bars, name, row, cut, "", "")
    for wish, bit in WISHES.items():
        if (int(before) ^ int(after)) & bit:
            yield (
                wish,
                _leak(
                    "signal",
                    bars,
                    wish,
                    row,
                    cut,
                    *("no" if not v & bit else "yes" for v in (int(before), int(after))),
                ),
            )


def _leak(what: Any, bars: Bars, name: str, row: int, cut: int, before: str, after: str) -> Leak:
    return Leak(what, bars.symbol, name, row, int(bars.time[row]), cut, before, after)


def _look_at_orders(
    strategy: Strategy, markets: tuple[Market, ...], most: int, cash: float
) -> tuple[int, int, list[Leak]]:
    """An `on_bar` is shown no later bar; its indicators may be, and so may what it keeps to itself."""
    whole, time = _asked(strategy, markets, cash)
    main = markets[0].bars
    leaks: list[Leak] = []
    asking = np.array(sorted({bar for bar, _ in whole}), np.int64)
    values = 0
    cuts = _cuts(asking, 0, len(time), most)
    for cut in cuts:
        try:
            early, _ = _asked(strategy, tuple(_until(each, int(time[cut - 1])) for each in markets), cash)
        except StrategyError as error:
            leaks.append(Leak("run", main.symbol, "", cut - 1, int(time[cut - 1]), cut, str(error), ""))
            break
        later = [each for each in whole if each[0] < cut]
        values += len(later)
        if early != later:
            at = next(
                (n for n, (a, b) in enumerate(zip(early, later, strict=False)) if a != b),
                min(len(early), len(later)),
            )
            before, after = (each[at] if at < len(each) else None for each in (early, later))
            bar = min(each[0] for each in (before, after) if each is not None)
            leaks.append(Leak("order", main.symbol, "order", bar, int(time[bar]), cut,
                              _order(before, bar), _order(after, bar)))  # fmt: skip
            break
    return len(cuts), values, leaks


def _asked(
    strategy: Strategy, markets: tuple[Market, ...], cash: float
) -> tuple[list[tuple[int, Intent]], NDArray[np.int64]]:
    """What a strategy asks for, bar by bar, in a run of its own."""
    from candlewick.backtest.events import run_events

    heard: list[tuple[int, Intent]] = []
    account = Account(cash, 0.0002, 0.0005, 0.0, strategy.leverage)
    result = run_events(fresh(strategy), markets, account, "on_bar", heard=heard)
    return heard, result.time


def _until(market: Market, time: int) -> Market:
    """A market as far as it was known when the bar of this time closed."""
    known = int(np.searchsorted(market.bars.time, time, side="right"))
    rates = market.funding
    if rates is not None:
        paid = int(np.searchsorted(rates.time, time, side="right"))
        rates = FundingRates(
            rates.time[:paid], rates.rate[:paid], None if rates.mark is None else rates.mark[:paid]
        )
    return replace(market, bars=market.bars[:known], funding=rates, finer=None)


def _order(asked: tuple[int, Intent] | None, bar: int) -> str:
    return "nothing" if asked is None or asked[0] != bar else repr(asked[1])


def _said(strategy: Strategy, bars: Bars) -> Columns:
    """All that a strategy of signals says of these bars, as columns by name."""
    runner = SignalRunner(strategy, bars)
    said = dict(_columns(runner.indicators, len(bars)))
    said |= {name: np.broadcast_to(column, len(bars)) for name, column in runner.numbers.items()}
    return said | {"flags": runner.flags}


def _columns(ind: Mapping[str, Any], bars: int) -> Iterator[tuple[str, NDArray[Any]]]:
    for name, value in ind.items():
        if isinstance(value, tuple):
            names = getattr(value, "_fields", range(len(value)))
            yield from _columns(
                {f"{name}.{part}": each for part, each in zip(names, value, strict=True)}, bars
            )
            continue
        column = np.asarray(value)
        if column.ndim == 1 and len(column) == bars and column.dtype.kind in "fiub":
            yield name, column


def _settled(strategy: Strategy, bars: Bars) -> int:
    return SignalRunner(strategy, bars).settled_from


def _cuts(speaking: NDArray[np.int64], settled: int, bars: int, most: int) -> list[int]:
    """How many bars to leave: up to closes that say something, and up to as many again between them."""
    if settled >= bars - 1:
        raise UsageError(
            f"There are {bars:,} bars, and {settled + 1:,} pass before the first signal can come: "
            "give more bars."
        )
    loud = speaking[(speaking >= settled) & (speaking < bars - 1)]
    if len(loud) > most:
        loud = loud[np.linspace(0, len(loud) - 1, most).round().astype(np.int64)]
    quiet = np.linspace(settled, bars - 2, max(most // 4, 1)).round().astype(np.int64)
    return [int(row) + 1 for row in np.unique(np.concatenate([loud, quiet]))]


def _first_difference(early: NDArray[Any], whole: NDArray[Any]) -> int | None:
    if early.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            same = (early == whole) | (np.abs(early - whole) <= ALIKE * np.abs(whole))
        same |= np.isnan(early) & np.isnan(whole)
    else:
        same = early == whole
    return None if same.all() else int(np.argmin(same))


def _word(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return "unknown" if math.isnan(value) else f"{value:.8g}"
    return str(value)


def _warm_ups(strategy: Strategy, bars: Bars) -> list[WarmUp]:
    """How many bars each column needs behind it, at closes near the end of the bars."""
    whole = _said(strategy, bars)
    given = _settled(strategy, bars)
    rows = [len(bars) - 1 - n * max((len(bars) - given) // 10, 1) for n in range(SEEN_AT)]
    rows = [row for row in rows if row > given]
    needed: dict[str, int | None] = {}
    for row in rows:
        for name, bars_needed in _needed(strategy, bars, row, given, whole):
            known = needed.get(name, 0)
            needed[name] = None if bars_needed is None or known is None else max(known, bars_needed)
    return [WarmUp(name, bars.symbol, bars_needed, given) for name, bars_needed in needed.items()]


def _needed(
    strategy: Strategy, bars: Bars, row: int, given: int, whole: Columns
) -> Iterator[tuple[str, int | None]]:
    """The least history, in ever longer steps, from which a column's value is that of all history."""
    history = [*_steps(max(given, 1), row), row]
    open_names = {name for name in whole if name != "flags"}
    for length in history:
        try:
            said = _said(strategy, bars[row - length : row + 1])
        except StrategyError:
            continue  # too short for it: so it needs more
        for name in sorted(open_names):
            if name in said and _is_settled(said[name][-1], whole[name][row]):
                open_names.discard(name)
                yield name, None if length == row and row > 2 * history[0] else length
    for name in sorted(open_names):
        yield name, None


def _steps(first: int, end: int) -> Iterator[int]:
    length = float(first)
    while length < end:
        yield int(length)
        length *= 1.25 if length > 8 else 2


def _is_settled(value: Any, whole: Any) -> bool:
    if value != value or whole != whole:
        return bool(value != value and whole != whole)
    return bool(abs(float(value) - float(whole)) <= SETTLED * abs(float(whole)))

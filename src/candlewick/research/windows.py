"""Parts of the time that bars cover: windows to choose in and to judge in, and the markets cut to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from candlewick.backtest.market import FundingRates, Market
from candlewick.core.errors import UsageError
from candlewick.core.interval import seconds
from candlewick.market.bars import Bars, clock

_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_SPAN: Final = re.compile(r"\s*(\d+)\s*([mhdw])\s*")
_LEAST_PART: Final = 0.5  # of a test window, for the last one to count


@dataclass(frozen=True, slots=True)
class Window:
    """A time to choose parameters in, and the one behind it to judge them in: UTC seconds, ends left out."""

    number: int
    train_start: int
    test_start: int
    test_end: int

    @property
    def train_s(self) -> int:
        return self.test_start - self.train_start

    @property
    def test_s(self) -> int:
        return self.test_end - self.test_start


def span_s(text: str) -> int:
    """Seconds of `90d`, `12h`, `4w` or `30m` (minutes).

    Raises:
        UsageError: it is no span of time.
    """
    found = _SPAN.fullmatch(str(text))
    if found is None or int(found[1]) == 0:
        raise UsageError(f"{text!r} is no span of time: write it as 90d, 12h or 4w.")
    return int(found[1]) * _UNITS[found[2]]


def windows_of(markets: Sequence[Market], train: str, test: str, anchored: bool) -> tuple[Window, ...]:
    """The windows of a walk forward: each test begins where the one before ended.

    Args:
        anchored: whether every training begins with the first bar, and so grows.

    The last test may be shorter, by half at most.

    Raises:
        UsageError: a span makes no sense for these bars, or not one window fits.
    """
    timeframe = markets[0].bars.timeframe
    start = min(int(market.bars.time[0]) for market in markets)
    end = max(int(market.bars.time[-1]) for market in markets) + seconds(timeframe)
    return windows_between(start, end, timeframe, train, test, anchored)


def windows_between(
    start: int, end: int, timeframe: str, train: str, test: str, anchored: bool
) -> tuple[Window, ...]:
    """The same of bars that reach from `start` to `end`, UTC seconds. Raises as `windows_of`."""
    train_s, test_s = span_s(train), span_s(test)
    for name, span in (("train", train_s), ("test", test_s)):
        if span < 2 * seconds(timeframe):
            raise UsageError(f"{name} is shorter than two bars of {timeframe}: give a longer one.")
    found: list[Window] = []
    at = start + train_s
    while at + _LEAST_PART * test_s <= end:
        found.append(Window(len(found), start if anchored else at - train_s, at, min(at + test_s, end)))
        at += test_s
    if not found:
        raise UsageError(
            f"The bars reach from {clock(start)} to {clock(end)}: not one window of {train} and {test} fits "
            "in. Give shorter ones, or more bars."
        )
    return tuple(found)


def cut(markets: Sequence[Market], start: int, end: int) -> tuple[Market, ...]:
    """What the markets were from `start` to before `end`; those that have no bars then are left out."""
    parts = (_part(market, start, end) for market in markets)
    return tuple(part for part in parts if len(part.bars))


def _part(market: Market, start: int, end: int) -> Market:
    funding, finer = market.funding, market.finer
    return replace(
        market,
        bars=_bars(market.bars, start, end),
        funding=None if funding is None else _rates(funding, start, end),
        finer=None if finer is None else _bars(finer, start, end),
    )


def _bars(bars: Bars, start: int, end: int) -> Bars:
    first, last = np.searchsorted(bars.time, [start, end])
    return bars[int(first) : int(last)]


def _rates(rates: FundingRates, start: int, end: int) -> FundingRates:
    first, last = np.searchsorted(rates.time, [start, end])
    part = slice(int(first), int(last))
    return FundingRates(rates.time[part], rates.rate[part], None if rates.mark is None else rates.mark[part])

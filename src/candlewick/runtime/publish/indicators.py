"""`indicators:<symbol>:<interval>:<name>-<numbers>`: an indicator's values in the open bar, as it moves.

The closed bars come from the lake once; from then on each bar that closes is taken in as it closes. When
a bar is missed or corrected, the value is not guessed: the closed bars are read again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from candlewick.core.errors import UsageError
from candlewick.core.events import Candle
from candlewick.core.interval import seconds
from candlewick.market.bars import Bars
from candlewick.market.indicators.catalogue import parse
from candlewick.market.indicators.live import Live
from candlewick.market.indicators.registry import Study
from candlewick.runtime.publish.bodies import StateSource
from candlewick.trading.watch import Watch

WarmUp = Callable[["IndicatorSource"], None]


class IndicatorSource(StateSource):
    """A study of the open bar. `warm_up` is asked to call `take_history` when closed bars are needed."""

    type = "indicator"

    def __init__(self, watch: Watch, primary: str, channel: str, text: str, warm_up: WarmUp) -> None:
        super().__init__(watch, primary, channel, ("trade", "candle"))
        _, interval, name = text.rsplit(":", 2)
        self.instrument = watch.id
        self.interval = interval
        self.study: Study = parse(name.replace("-", ":"))
        self.closed_key = f"{watch.id}/{interval}"
        self._length = seconds(interval)
        self._warm_up = warm_up
        self._live: Live | None = None
        self._last = 0  # open time of the newest closed bar taken in
        self._before: list[float | None] = []  # the values in it
        self._asked = False

    def take_history(self, bars: Bars) -> None:
        """Closed bars, oldest first, at least as many as the study looks back on if there are so many."""
        live = self.study.live()
        try:
            lines = live.take(bars)
        except UsageError:  # a column that it reads is unknown in one of them: no value can be stood behind
            self._live = None
            return
        self._live, self._last = live, int(bars.time[-1]) if len(bars) else 0
        self._before = [_known(line[-1]) for line in lines] if len(bars) else []

    def ask_again(self) -> None:
        """From here on closed bars may be asked for again, should some be missing at the next change."""
        self._asked = False

    def take_closed(self, candle: Candle) -> None:
        """A bar closed, or one that had closed was corrected."""
        if self._live is not None and candle.time == self._last + self._length:
            try:
                values = self._live.closed(candle)
            except UsageError:
                self._live = None
                return
            self._before = [_known(value) for value in values]
            self._last = candle.time
        elif candle.time <= self._last:
            self._live = None
            self._asked = False  # a reason of its own to ask, however lately that was done

    def data(self) -> Any:
        bar = self._watch.candles.current(self.interval)
        if bar is None:
            return None
        if self._live is None or bar.time != self._last + self._length:
            if not self._asked:
                self._asked = True
                self._warm_up(self)
            return None
        try:
            values = [_known(value) for value in self._live.peek(bar)]
        except UsageError:
            return None
        return self._told(bar.time, values) if any(value is not None for value in values) else None

    def _told(self, time: int, values: list[float | None]) -> dict[str, Any]:
        """One line's `value`, or the `values` of several by name; null where there are too few bars."""
        if len(values) > 1:
            return {"time": time, "values": dict(zip(self.study.lines, values, strict=True))}
        told: dict[str, Any] = {"time": time, "value": values[0]}
        if self.study.indicator.is_relative and self._before:
            told["before"] = self._before[0]
        return told


def _known(value: float) -> float | None:
    return float(value) if value == value else None  # NaN: too few bars

"""`indicators:<symbol>:<interval>:<name>-<period>`: an indicator's value in the open bar, as it moves.

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
from candlewick.market.indicators import Study, parse
from candlewick.market.live_indicators import FORMS, Form
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
        if self.study.indicator.name not in FORMS:
            raise UsageError(
                f"{self.study.indicator.title} has no live form; its history has it up to the last bar."
            )
        self.closed_key = f"{watch.id}/{interval}"
        self._length = seconds(interval)
        self._warm_up = warm_up
        self._form: Form | None = None
        self._last = 0  # open time of the newest closed bar taken in
        self._asked = False

    def take_history(self, bars: Bars) -> None:
        """Closed bars, oldest first, at least as many as the study looks back on if there are so many."""
        form = FORMS[self.study.indicator.name](int(self.study.values[0]))
        for close in bars.close.tolist():
            form.closed(close)
        self._form, self._last = form, int(bars.time[-1]) if len(bars) else 0

    def ask_again(self) -> None:
        """From here on closed bars may be asked for again, should some be missing at the next change."""
        self._asked = False

    def take_closed(self, candle: Candle) -> None:
        """A bar closed, or one that had closed was corrected."""
        if self._form is not None and candle.time == self._last + self._length:
            self._form.closed(candle.close)
            self._last = candle.time
        elif candle.time <= self._last:
            self._form = None
            self._asked = False  # a reason of its own to ask, however lately that was done

    def data(self) -> Any:
        bar = self._watch.candles.current(self.interval)
        if bar is None:
            return None
        if self._form is None or bar.time != self._last + self._length:
            if not self._asked:
                self._asked = True
                self._warm_up(self)
            return None
        value = self._form.peek(bar.close)
        return {"time": bar.time, "value": value} if value == value else None  # NaN: too few bars

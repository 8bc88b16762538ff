"""When a conditional order wakes: at a price, or at a distance from the best price since it watches."""

from __future__ import annotations


class Trigger:
    """Watches a price, in ticks.

    Attributes:
        rises: whether it fires on the way up.
        stop: the price at which it fires; of a trailing one, the price from which it begins to watch.
        callback: the distance at which a trailing one follows, as a fraction.
    """

    __slots__ = ("_watches_from_above", "active", "callback", "extreme", "rises", "stop")

    def __init__(self, *, rises: bool, stop: float, callback: float = 0.0, now: float = 0.0) -> None:
        self.rises = rises
        self.stop = stop
        self.callback = callback
        self.active = not (callback and stop)
        self.extreme = now
        self._watches_from_above = now > stop

    def sees(self, ticks: float) -> bool:
        """Look at the next price; whether it fires."""
        if not self.callback:
            return ticks >= self.stop if self.rises else ticks <= self.stop
        if not self.active:
            reached = ticks <= self.stop if self._watches_from_above else ticks >= self.stop
            if not reached:
                return False
            self.active, self.extreme = True, ticks
        if self.rises:
            self.extreme = min(self.extreme, ticks)
            return ticks >= self.extreme * (1.0 + self.callback)
        self.extreme = max(self.extreme, ticks)
        return ticks <= self.extreme * (1.0 - self.callback)

    def would_fire(self, ticks: float) -> bool:
        """Whether a plain one fires at this very price."""
        return not self.callback and (ticks >= self.stop if self.rises else ticks <= self.stop)

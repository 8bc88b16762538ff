"""What a strategy has the engine keep at each close: time exits, break-even stops, partial exits, pauses.

A backtest looks inside the bar for them; at work they are kept when a bar has closed, by its high and low.
"""

from __future__ import annotations

import msgspec

from candlewick.trading.strategy.protections import Cooldown, DrawdownPause
from candlewick.trading.strategy.strategy import Strategy


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """As in `Strategy`; 0 where there is none. `parts`: pairs of a profit, and the part closed there."""

    time_exit: int = 0
    break_even: float = 0.0
    parts: list[tuple[float, float]] = []
    cooldown: int = 0
    pause_at: float = 0.0
    pause_for: int = 0

    @classmethod
    def of(cls, strategy: Strategy) -> Rules:
        """Those of a strategy."""
        cooldown, pause_at, pause_for = 0, 0.0, 0
        for protection in strategy.protections:
            match protection:
                case Cooldown(bars):
                    cooldown = bars
                case DrawdownPause(at, bars):
                    pause_at, pause_for = at, bars
        return cls(
            time_exit=strategy.time_exit or 0,
            break_even=strategy.break_even or 0.0,
            parts=list(strategy.partial_exits),
            cooldown=cooldown,
            pause_at=pause_at,
            pause_for=pause_for,
        )


def rests(rules: Rules, lost_at: int, opens: int, length: int) -> bool:
    """Whether a market rests after a trade that lost, and ended in the bar that opened at `lost_at`."""
    return rules.cooldown > 0 and opens < lost_at + (1 + rules.cooldown) * length

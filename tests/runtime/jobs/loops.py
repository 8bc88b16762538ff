"""Studies of strategies that loop for ever, and of one that does not, on bars of their own."""

from __future__ import annotations

from typing import Any, Final

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Candle
from candlewick.runtime.jobs import desk
from candlewick.store.lake import Lake
from candlewick.store.models import Job, User
from candlewick.web.boot import settings_in_force
from tests.runtime.jobs.ground import reach

SOURCE: Final = """
import time

import candlewick as cw
from candlewick import Param, Strategy


class Loops(Strategy):
    timeout_s = 0.3
    length = Param(3, low=2, high=4)

    def signals(self, bars, ind):
        while True:
            pass


class LoopsByBar(Strategy):
    timeout_s = 0.3
    length = Param(3, low=2, high=4)

    def on_bar(self, ctx):
        while len(ctx.close) > 100:
            pass


class WaitsByBar(Strategy):
    timeout_s = 0.1
    length = Param(3, low=2, high=4)

    def on_bar(self, ctx):
        while len(ctx.close) > 100:
            time.sleep(1000)


class Sound(Loops):
    def signals(self, bars, ind):
        return cw.Signals(enter_long=bars.close > bars.open, exit_long=bars.close < bars.open)
"""
START: Final = 1_704_067_200  # 2024-01-01
HOURS: Final = 24 * 70
SYMBOL: Final = "sim:LOOPUSDT"
WINDOWS: Final = {"train": "30d", "test": "20d"}
MORE: Final[dict[str, dict[str, Any]]] = {
    "compare": {"others": [{"strategy": "Sound"}]},
    "readiness": WINDOWS,
    "walk_forward": WINDOWS,
}


def put_bars() -> None:
    """Seventy days of hours."""
    with Lake(settings_in_force().data_dir / "lake") as lake:
        lake.put_candles(_candle(at) for at in range(HOURS))


def _candle(at: int) -> Candle:
    time, open_, close = START + at * 3600, 100.0 + at % 3, 100.0 + (at + 1) % 3
    ns = (time + 3600) * NS_PER_S
    low, high = min(open_, close), max(open_, close)
    return Candle(SYMBOL, "1h", time, open_, high, low, close, 5.0, True, ns, ns)


def submit(owner: User, kind: str, strategy: str) -> Job:
    asked = {"strategy": strategy, "symbols": [SYMBOL], "timeframe": "1h", **MORE.get(kind, {})}
    return desk.submit(owner.pk, kind, asked, source=SOURCE)


def line_of(text: str) -> int:
    """Where a line stands in the source, the first as 1."""
    return next(at for at, line in enumerate(SOURCE.splitlines(), 1) if text in line)


def require_told(job: Job, loop: str, said: str = "has worked for 0.3 s without coming back") -> None:
    """It must have failed at once, with the line of the loop."""
    failed = reach(job.pk, "done", "failed")
    assert failed.state == "failed", failed.summary
    assert said in failed.error
    lines = [line_of(loop), line_of(loop) + 1]
    assert any(f"line {line}" in failed.error for line in lines), failed.error
    assert failed.attempts == 1, "it would loop again"

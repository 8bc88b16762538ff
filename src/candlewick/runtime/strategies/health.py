"""How a strategy at work is, for its page: what it does or waits for, and how late its answers are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["waiting", "starting", "warming", "running", "paused", "stopping"]


@dataclass(slots=True)
class Health:
    """How it is."""

    phase: Phase = "waiting"
    waits_for: str = ""
    pid: int | None = None
    last_bar: int | None = None  # open time of the newest bar that was answered
    lag_ms: float | None = None  # from that bar's end until its answer was carried out
    answer_ms: float | None = None  # of this, how long the strategy took
    missed: int = 0  # bars that were told too late to act on, since the engine began
    deaths: list[float] = field(default_factory=list)

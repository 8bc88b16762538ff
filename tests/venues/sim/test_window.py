"""The rolling day equals the sum of its minutes, whenever it is asked for."""

from __future__ import annotations

from candlewick.venues.sim.character import character_of
from candlewick.venues.sim.history import History
from candlewick.venues.sim.minutes import CLOSE, COUNT, HIGH, LOW, OPEN, QUOTE, VOLUME
from candlewick.venues.sim.path import DAY_MINUTES, path_of
from candlewick.venues.sim.tape import Tape
from candlewick.venues.sim.window import DayWindow

SIM = character_of("sim")
NOON = 20_000 * DAY_MINUTES + 720


def test_it_sums_the_last_day_at_every_minute() -> None:
    tape = Tape(History(path_of(11), SIM, SIM.listings()[4]), 0, None)
    window = DayWindow(tape, refill_after=7)
    for minute in [*range(NOON, NOON + 18), NOON + 40, NOON + 3000, NOON + 3001]:
        columns = tape.minutes(minute - DAY_MINUTES, minute)
        assert window.sums(minute) == (
            columns[OPEN, 0],
            columns[HIGH].max(),
            columns[LOW].min(),
            columns[VOLUME].sum(),
            columns[QUOTE].sum(),
            columns[COUNT].sum(),
        )
        assert window.previous == tape.bar(minute - DAY_MINUTES - 1)[CLOSE]
        assert window.sums(minute) == window.sums(minute)

"""Generated trades are numbered through all the years without being made."""

from __future__ import annotations

import numpy as np
import pytest

from candlewick.venues.sim.character import character_of
from candlewick.venues.sim.history import History
from candlewick.venues.sim.minutes import COUNT
from candlewick.venues.sim.path import DAY_MINUTES, path_of

SIM = character_of("sim")


@pytest.fixture(scope="module")
def history() -> History:
    listing = next(each for each in SIM.listings() if (each.market, each.symbol) == ("perp", "SOLUSDT"))
    return History(path_of(11), SIM, listing)


def test_it_begins_with_trade_number_zero(history: History) -> None:
    assert history.ordinal(history.first_minute) == 0
    assert history.prints(history.first_minute)[0].id == 0


def test_it_counts_on_from_minute_to_minute_and_day_to_day(history: History) -> None:
    midnight = 20_000 * DAY_MINUTES
    for minute in (midnight - 1, midnight, midnight + 700):
        trades = history.prints(minute)
        assert trades[0].id == history.ordinal(minute)
        assert trades[-1].id + 1 == history.ordinal(minute + 1)
        assert len(trades) == history.minutes(minute, minute + 1)[COUNT, 0]


def test_it_finds_the_minute_of_any_trade(history: History) -> None:
    for minute in (
        history.first_minute,
        20_000 * DAY_MINUTES - 1,
        20_000 * DAY_MINUTES,
        20_123 * DAY_MINUTES + 55,
    ):
        first, after = history.ordinal(minute), history.ordinal(minute + 1)
        assert [history.minute_of(ordinal) for ordinal in (first, after - 1, after)] == [
            minute,
            minute,
            minute + 1,
        ]


def test_it_does_not_end_with_the_span_of_its_path(history: History) -> None:
    day = 40_000  # the year 2079
    bars = history.day(day)
    assert bars.shape == (9, DAY_MINUTES)
    assert history.prints(day * DAY_MINUTES)[0].id == history.ordinal(day * DAY_MINUTES)


def test_it_cuts_minutes_out_of_days(history: History) -> None:
    first = 20_000 * DAY_MINUTES + 1400
    cut = history.minutes(first, first + 100)
    (_, before), (_, after) = history.days(20_000, 2)
    assert np.array_equal(cut, np.concatenate((before[:, 1400:], after[:, :60]), axis=1))
    plan = history.plan(first, 100)
    assert plan.trades.tolist() == cut[COUNT].tolist()

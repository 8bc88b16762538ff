"""The fair price at a venue: common to all venues but for a small basis that reverts."""

from __future__ import annotations

import numpy as np
import pytest

from candlewick.venues.sim.character import character_of
from candlewick.venues.sim.fair import Fair
from candlewick.venues.sim.model import Market
from candlewick.venues.sim.path import DAY_MINUTES, path_of

DAY = 20_300


def fair(venue: str, market: Market, symbol: str = "ETHUSDT") -> Fair:
    character = character_of(venue)
    listing = next(each for each in character.listings() if (each.market, each.symbol) == (market, symbol))
    return Fair(path_of(11), character, listing)


def test_it_has_one_index_at_every_venue() -> None:
    assert np.array_equal(fair("sim", "spot").index(DAY)[0], fair("sim-west", "perp").index(DAY)[0])


def test_it_joins_seconds_minutes_and_days() -> None:
    listed = fair("sim", "spot")
    line, _ = listed.index(DAY)
    before, _ = listed.index(DAY - 1)
    assert line[0] == pytest.approx(before[-1], abs=1e-12)
    seconds = listed.index_seconds(DAY * DAY_MINUTES + 77)
    assert seconds[0] == pytest.approx(line[77], abs=1e-12)
    assert seconds[60] == pytest.approx(line[78], abs=1e-12)


@pytest.mark.parametrize(("venue", "bps"), [("sim", 0.8), ("sim-east", 3.0), ("sim-west", 4.5)])
def test_it_keeps_the_basis_small_and_lets_it_revert(venue: str, bps: float) -> None:
    basis = fair(venue, "spot").offset(np.arange(0.0, 40_000.0)) * 1e4
    assert basis.std() == pytest.approx(bps, rel=0.25)
    assert abs(basis.mean()) < 0.4 * bps
    assert np.corrcoef(basis[360:], basis[:-360])[0, 1] < 0.2


def test_it_puts_perpetuals_a_little_above_the_index_on_average_and_below_at_times() -> None:
    premium = fair("sim", "perp").premium(np.arange(0.0, 500_000.0, 5.0)) * 1e4
    assert 0.2 < premium.mean() < 2.5
    assert (premium < 0).mean() > 0.2
    assert np.abs(premium).max() < 40


def test_it_knows_the_variance_of_days_without_their_minutes() -> None:
    listed = fair("sim", "spot")
    _, minutes = listed.index(DAY, 3)
    assert np.allclose(listed.day_variance(DAY, 3), minutes.reshape(3, -1).sum(axis=1))


def test_it_measures_momentum_against_the_day_before() -> None:
    listed = fair("sim", "spot")
    midnights = np.array([listed.index(day)[0][0] for day in range(DAY - 1, DAY + 3)])
    at = np.arange(DAY, DAY + 3, dtype=np.float64) * DAY_MINUTES
    assert np.allclose(listed.momentum(at), np.diff(midnights))

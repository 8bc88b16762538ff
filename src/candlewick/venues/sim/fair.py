"""The fair price of a listing: its asset's path, the venue's own basis and, for a perpetual, its premium."""

from __future__ import annotations

from math import log

import numpy as np

from candlewick.venues.sim.catalogue import BY_SYMBOL
from candlewick.venues.sim.character import Character
from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.noise import Floats, key, wander
from candlewick.venues.sim.path import DAY_MINUTES, FIRST_DAY, SPAN, Path, factors_of

# (minutes, share of the deviation): a basis reverts within minutes, a premium lives for days.
_BASIS = ((2.0, 0.45), (15.0, 0.75), (180.0, 0.5))
_PREMIUM = ((20.0, 0.45), (360.0, 0.6), (2880.0, 0.65))
_PREMIUM_BPS = 4.0
_PREMIUM_MEAN_BPS = 1.2
_BPS = 1e-4


class Fair:
    """Log prices of one listing at one venue, at any moment. All times in minutes since 1970."""

    def __init__(self, path: Path, venue: Character, listing: Listing) -> None:
        self._path = path
        self.asset = BY_SYMBOL[listing.symbol]
        self._factors = factors_of(self.asset)
        self._log_level = log(self.asset.level)
        self._perp = listing.market == "perp"
        self._basis = venue.basis_bps * _BPS
        self._basis_stream = key(path.seed, venue.venue, listing.market, listing.symbol, "basis")
        self._premium_stream = key(path.seed, "premium", listing.symbol)
        self._venue_premium_stream = key(path.seed, "premium", venue.venue, listing.symbol)

    def day_variance(self, day: int, days: int) -> Floats:
        """Variance of each of `days` days from `day`."""
        at = np.arange(day - FIRST_DAY, day - FIRST_DAY + days) % SPAN
        total = np.zeros(days)
        for factor, weight in self._factors:
            total += weight**2 * self._path.days(factor).v[at]
        return total

    def usual_day_variance(self) -> float:
        """Variance of an average day."""
        return sum((weight * factor.vol) ** 2 for factor, weight in self._factors) / 365.0

    def index(self, day: int, days: int = 1) -> tuple[Floats, Floats]:
        """The asset's log price at the days' 1440 × `days` + 1 minute ends, and the minutes' variances."""
        at = (day - FIRST_DAY) % SPAN
        line = np.zeros(days * DAY_MINUTES + 1)
        variance = np.zeros(days * DAY_MINUTES)
        for factor, weight in self._factors:
            x, v = self._path.minutes(factor, day, days)
            line[0] += weight * self._path.days(factor).x[at]
            line[1:] += weight * x
            variance += weight**2 * v
        line += self._log_level
        return line, variance

    def index_seconds(self, minute: int) -> Floats:
        """The asset's log price at the 61 whole seconds of `minute`."""
        line = np.full(61, self._log_level)
        for factor, weight in self._factors:
            line += weight * self._path.seconds(factor, minute)
        return line

    def minutes(self, day: int, days: int = 1) -> tuple[Floats, Floats]:
        """As `index`, with the venue's basis and the perpetual's premium."""
        line, variance = self.index(day, days)
        line += self.offset(np.arange(day * DAY_MINUTES, (day + days) * DAY_MINUTES + 1, dtype=np.float64))
        return line, variance

    def offset(self, at: Floats) -> Floats:
        """What this venue and market add to the asset's log price at rising times `at`."""
        basis = np.zeros(len(at))
        for depth, (scale, share) in enumerate(_BASIS):
            basis += self._basis * share * wander(self._basis_stream + depth, at, scale)
        return basis + self.premium(at) if self._perp else basis

    def premium(self, at: Floats) -> Floats:
        """The perpetual's premium over its index, as a fraction: mostly common to venues, partly its own."""
        line = np.full(len(at), _PREMIUM_MEAN_BPS)
        for depth, (scale, share) in enumerate(_PREMIUM):
            line += _PREMIUM_BPS * share * 0.9 * wander(self._premium_stream + depth, at, scale)
            line += _PREMIUM_BPS * share * 0.45 * wander(self._venue_premium_stream + depth, at, scale)
        return line * _BPS

    def momentum(self, at: Floats) -> Floats:
        """Log price at rising times against about a day before, from midnights joined by lines."""
        days = np.arange(int(at[0] // DAY_MINUTES) - 1, int(at[-1] // DAY_MINUTES) + 2)
        line = np.zeros(len(days))
        for factor, weight in self._factors:
            line += weight * self._path.days(factor).x[(days - FIRST_DAY) % SPAN]
        now: Floats = np.interp(at / DAY_MINUTES, days, line)
        return now - np.interp(at / DAY_MINUTES - 1.0, days, line)

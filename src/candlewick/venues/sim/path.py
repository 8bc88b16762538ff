"""Fair prices, drawn top-down: years first, then days, minutes and seconds inside them.

A log price is a sum of *factors*, each of which is a line of its own:

    log p(t) = log level + β·market(t) + sector(t) + own(t)

A factor is Brownian motion run on a clock of its own. The clock is a multiplicative cascade: the
variance of an interval is shared out among its parts by log-normal weights, again and again at every
scale, which is what makes calm and storm cluster (Mandelbrot, Calvet & Fisher 1997). Inside an interval
whose ends and variances are known, Brownian increments are plain normals plus a share of what is missing
at the end, so that any day is computed without the days before it. Over months the line is pulled back
to its level (the bridge of an Ornstein-Uhlenbeck process), so that years of history stay plausible.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from candlewick.venues.sim.catalogue import Asset
from candlewick.venues.sim.noise import Floats, key, normals, uniforms

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000
DAY_MINUTES = 1440
FIRST_DAY = 16_436  # 2015-01-01
_DOUBLINGS = 13  # 8192 days; the line is periodic, so that no moment lies outside
SPAN = 1 << _DOUBLINGS

# Variance of the log-normal weights for each doubling of scale; with 19 doublings from a year to a minute
# the log variance spreads by about 1.7, hence minute returns of kurtosis near 20.
_LAMBDA = 0.09
_RADICES = (6, 6, 8, 5)  # 4 h, 40 min, 5 min, 1 min
_NEWS = 6.0  # a gap of so many deviations is a jump, not diffusion
_CALM_ABOVE_DAYS = 512  # scales at which the clock runs evenly


class Factor(NamedTuple):
    """One source of moves. `vol` a year; `memory` in years; `jumps` a year, about `jump` days' moves each."""

    name: str
    vol: float
    memory: float
    jumps: float
    jump: float
    equities: bool = False


def factors_of(asset: Asset) -> tuple[tuple[Factor, float], ...]:
    """The factors that move `asset`, each with its weight."""
    if asset.equity:
        return (
            (Factor("market:equities", 0.15, 2.0, 6, 1.2, True), asset.beta),
            (Factor(f"sector:{asset.sector}", 0.08, 1.5, 3, 1.0, True), 1.0),
            (Factor(f"own:{asset.symbol}", asset.own_vol, 1.0, 8, 1.8, True), 1.0),
        )
    return (
        (Factor("market:crypto", 0.46, 1.2, 20, 1.1), asset.beta),
        (Factor(f"sector:{asset.sector}", 0.14, 0.8, 10, 1.0), 1.0),
        (Factor(f"own:{asset.symbol}", asset.own_vol, 0.7, 24, 1.3), 1.0),
    )


def _season(equities: bool) -> Floats:
    """Share of a day's variance by UTC minute: quiet Asian night, busy European and American hours."""
    hour = np.arange(DAY_MINUTES) / 60.0
    bump = np.exp(-(((hour - 14.5) / 2.2) ** 2)) + 0.45 * np.exp(-(((hour - 8.0) / 1.6) ** 2))
    bump += 0.35 * np.exp(-((np.minimum(hour, 24 - hour) / 1.0) ** 2))
    shape = (0.25 + 2.0 * np.exp(-(((hour - 17) / 3.2) ** 2))) if equities else 0.7 + bump
    return np.asarray(shape / shape.sum())


SEASON = {False: _season(False), True: _season(True)}


class DayLine(NamedTuple):
    """A factor at day boundaries: `x` (SPAN + 1) and the variance `v` of each day (SPAN)."""

    x: Floats
    v: Floats


class Path:
    """All fair prices of a seed. Stateless but for caches."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._lines: dict[str, DayLine] = {}
        self._minutes = lru_cache(maxsize=192)(self._minutes_of_day)

    def days(self, factor: Factor) -> DayLine:
        """The factor at every midnight, by halving the whole span."""
        line = self._lines.get(factor.name)
        if line is None:
            line = self._lines[factor.name] = self._halve(factor)
        return line

    def _halve(self, factor: Factor) -> DayLine:
        x = np.zeros(2)
        v = np.array([factor.vol**2 * SPAN / 365.0])
        for level in range(_DOUBLINGS):
            parts = 1 << level
            days = SPAN >> level
            stream = key(self.seed, factor.name, "halve", level)
            left = np.full(parts, 0.5)
            if days <= _CALM_ABOVE_DAYS:
                # a share of 1/(1+e^g) moves the log variance of a half by g/2
                left = 1.0 / (1.0 + np.exp(2.0 * _LAMBDA**0.5 * normals(stream, 0, parts)))
            pull = days / 365.0 / factor.memory / 2.0
            middle = x[:-1] + (x[1:] - x[:-1]) * left
            middle /= np.cosh(min(pull, 50.0))
            spread = v * left * (1.0 - left) * np.tanh(pull) / pull
            middle += np.sqrt(spread) * normals(stream ^ 1, 0, parts)
            x = np.append(np.column_stack((x[:-1], middle)).ravel(), x[-1])
            v = np.column_stack((v * left, v * (1.0 - left))).ravel()
        return DayLine(x, v)

    def minutes(self, factor: Factor, day: int, days: int = 1) -> tuple[Floats, Floats]:
        """The factor at the end of each minute of `days` days, and each minute's variance.

        `day` counts from 1970. Both arrays have days × 1440 values; the value at the first minute's
        beginning is `days(factor).x` at that midnight.
        """
        if days == 1:
            return self._minutes(factor, day)
        return self._minutes_of_days(factor, day, days)

    def _minutes_of_day(self, factor: Factor, day: int) -> tuple[Floats, Floats]:
        return self._minutes_of_days(factor, day, 1)

    def _minutes_of_days(self, factor: Factor, day: int, days: int) -> tuple[Floats, Floats]:
        line = self.days(factor)
        at = np.arange(day - FIRST_DAY, day - FIRST_DAY + days) % SPAN
        start, variance = line.x[at], line.v[at]
        gap = line.x[at + 1] - start
        stream = key(self.seed, factor.name, "minute")
        weight = np.zeros((days, 1))
        parts = 1
        for depth, radix in enumerate(_RADICES):
            parts *= radix
            spread = (_LAMBDA * np.log2(radix)) ** 0.5
            g = normals(stream + 1 + depth, day * parts, days * parts).reshape(days, parts)
            weight = np.repeat(weight, radix, axis=1) + spread * g
        mass = np.exp(weight) * SEASON[factor.equities]
        mass /= mass.sum(axis=1, keepdims=True)
        v = mass * variance[:, None]
        step = np.sqrt(v) * normals(stream, day * DAY_MINUTES, days * DAY_MINUTES).reshape(days, -1)
        self._jump(factor, day, step, variance)
        step += mass * (gap - step.sum(axis=1))[:, None]
        np.cumsum(step, axis=1, out=step)
        step += start[:, None]
        step[:, -1] = line.x[at + 1]  # midnight belongs to both days: no rounding between them
        return step.ravel(), v.ravel()

    def _jump(self, factor: Factor, day: int, step: Floats, variance: Floats) -> None:
        """News: on some days one minute moves by about a day's deviation, and the rest absorbs part."""
        draws = uniforms(key(self.seed, factor.name, "jump"), 4 * day, 4 * len(step)).reshape(-1, 4)
        for row in np.flatnonzero(draws[:, 0] < factor.jumps / 365.0):
            chance, when, size, sign = draws[row]
            del chance
            move = factor.jump * (0.2 - np.log1p(-size) * 0.3) * variance[row] ** 0.5
            step[row, int(when * DAY_MINUTES)] += move if sign < 0.5 else -move

    def seconds(self, factor: Factor, minute: int) -> Floats:
        """The factor at 61 whole seconds of `minute` (counted from 1970), both its ends included."""
        day, at = divmod(minute, DAY_MINUTES)
        x, v = self.minutes(factor, day)
        start = x[at - 1] if at else self.days(factor).x[(day - FIRST_DAY) % SPAN]
        step = normals(key(self.seed, factor.name, "second"), minute * 60, 60) * (v[at] / 60.0) ** 0.5
        gap = x[at] - start - step.sum()
        if abs(gap) > _NEWS * v[at] ** 0.5:
            # news breaks within a second; the rest of the minute takes it in
            moment = int(uniforms(key(self.seed, factor.name, "moment"), minute, 1)[0] * 60)
            step[moment] += 0.75 * gap
            gap *= 0.25
        step += gap / 60.0
        line = np.empty(61)
        line[0], line[1:] = start, start + np.cumsum(step)
        line[60] = x[at]
        return line


@lru_cache(maxsize=4)
def path_of(seed: int) -> Path:
    """The path of `seed`; venues of one process share it and what it has cached."""
    return Path(seed)

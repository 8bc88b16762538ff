"""What belongs to a perpetual: mark, funding, open interest, liquidations.

The premium is how far the perpetual's book stands from the index. Its mean over a funding interval gives
the rate, by Binance's rule: mean premium + clamp(interest - mean premium, ±0.05 %).
"""

from __future__ import annotations

import random
from collections import deque

import numpy as np

from candlewick.venues.sim.history import History
from candlewick.venues.sim.live import LiveMarket
from candlewick.venues.sim.model import ForcedOrder, Premium
from candlewick.venues.sim.noise import Floats, Ints, key, wander
from candlewick.venues.sim.path import DAY_MINUTES, HOUR_MS, MINUTE_MS

INTEREST_8H = 0.0001
_CLAMP = 0.0005
_CAP_8H = 0.02
_SAMPLE_MINUTES = 5
_MARK_MEMORY_S = 30.0
_OPEN_INTEREST_DAYS = 0.8  # open interest in days of volume
_DENT_MEMORY_S = 6 * 3600.0
_KEPT_ORDERS = 1000
_NOTED = 864  # three days of open interest as it was told; before them, as generated


def funding_rate(premium: float, hours: int) -> float:
    """The rate for an interval of `hours` with this mean premium."""
    interest = INTEREST_8H * hours / 8.0
    rate = premium + min(max(interest - premium, -_CLAMP), _CLAMP)
    cap = _CAP_8H * hours / 8.0
    return round(min(max(rate, -cap), cap), 8)


class Derivative:
    """Mark, funding, open interest and liquidations of one perpetual."""

    def __init__(self, history: History, hours: int, seed: int) -> None:
        self._history = history
        self._fair = history.generator.fair
        self.hours = hours
        self._length_ms = hours * HOUR_MS
        asset = self._fair.asset
        generator = history.generator
        self._base_value = generator.rate * generator.ticket * 86_400 * _OPEN_INTEREST_DAYS
        self._stream = key(seed, "open interest", asset.symbol, history.listing.market)
        self._chance = random.Random()  # seeded when the live market opens
        self.settled: dict[int, tuple[float, float]] = {}
        self.interest: dict[int, int] = {}
        self.orders: deque[ForcedOrder] = deque(maxlen=_KEPT_ORDERS)
        self._generated: dict[int, tuple[float, float]] = {}
        self._premium = 0.0
        self._sum = 0.0
        self._samples = 0
        self._until_ms = 0
        self._dent = 0.0

    def restore(self, settled: dict[int, tuple[float, float]], interest: dict[int, int]) -> None:
        """What an earlier process told: settlements, and open interest at rising times."""
        self.settled.update(settled)
        self.interest.update(list(interest.items())[-_NOTED:])

    def open(self, market: LiveMarket, now_ms: int) -> None:
        """The live market begins: what of this interval has passed was generated."""
        self._chance.seed(self._history.seed ^ (now_ms << 1) ^ 1)
        begin = now_ms - now_ms % self._length_ms
        self._until_ms = begin + self._length_ms
        at = np.arange(begin // MINUTE_MS, now_ms // MINUTE_MS + 1, dtype=np.float64)
        premium = self._fair.premium(at)
        self._sum, self._samples = float(premium.sum()) * 60.0, len(at) * 60
        self._premium = float(premium[-1])

    def second(self, market: LiveMarket, now_ms: int) -> tuple[bool, int] | None:
        """One second of live market: sample the premium; (sells, lots) of a liquidation, if there is one."""
        _, bid, _, ask, _ = market.book.best()
        index = market.index(now_ms)
        premium = ((bid + ask) / 2.0 / index - 1.0) if bid and ask else self._premium
        self._sum += premium
        self._samples += 1
        self._premium += (premium - self._premium) / _MARK_MEMORY_S
        self._dent *= 1.0 - 1.0 / _DENT_MEMORY_S
        return self._liquidation(market, now_ms)

    def settle(self, market: LiveMarket, now_ms: int) -> tuple[float, float]:
        """Funding is due at `now_ms`: the rate and the mark that count."""
        settled = self.settled[now_ms] = (self.rate(), self.mark(market, now_ms))
        self._sum, self._samples = 0.0, 0
        self._until_ms = now_ms + self._length_ms
        return settled

    def _liquidation(self, market: LiveMarket, now_ms: int) -> tuple[bool, int] | None:
        stress = market.stress(now_ms)
        rate = self._history.generator.rate
        chance = rate * (0.0015 + 0.05 * max(0.0, abs(stress) - 1.2) ** 2)
        if self._chance.random() >= chance:
            return None
        lots = int(market.ticket_lots * 2.5 * self._chance.paretovariate(1.3))
        sells = stress < 0 if abs(stress) > 0.3 else self._chance.random() < 0.5
        # the engine closes a large position in parts, none of which empties the book
        return sells, max(1, min(lots, market.book.lots_of(not sells) // 5))

    def liquidated(self, order: ForcedOrder) -> None:
        """A liquidation was executed: it is remembered and open interest falls by it."""
        self.orders.append(order)
        self._dent += order.lots

    def rate(self) -> float:
        """The estimate for the coming settlement."""
        return funding_rate(self._sum / max(self._samples, 1), self.hours)

    def mark(self, market: LiveMarket, now_ms: int) -> float:
        """Mark price in ticks: the index with the smoothed premium."""
        return market.index(now_ms) * (1.0 + self._premium)

    def premium(self, market: LiveMarket, now_ms: int) -> Premium:
        return Premium(
            now_ms,
            self.mark(market, now_ms),
            market.index(now_ms),
            self.rate(),
            self._until_ms,
            INTEREST_8H * self.hours / 8.0,
        )

    def history(self, start_ms: int | None, end_ms: int, limit: int) -> list[tuple[int, float, float]]:
        """Settlements (time, rate, mark in ticks) in [start_ms, end_ms]: the first ones, or the last."""
        if start_ms is None:
            start_ms = end_ms - limit * self._length_ms + 1
        start_ms = max(start_ms, self._history.listing.listed_ms + self._length_ms)
        first = -(-start_ms // self._length_ms) * self._length_ms
        times = list(range(first, end_ms + 1, self._length_ms))[:limit]
        missing = [ts for ts in times if ts not in self.settled and ts not in self._generated]
        if missing:
            self._generate(np.array(missing, dtype=np.int64))
        return [(ts, *(self.settled.get(ts) or self._generated[ts])) for ts in times]

    def _generate(self, times: Ints) -> None:
        steps = np.arange(0, self.hours * 60, _SAMPLE_MINUTES)
        at = ((times[:, None] - self._length_ms) // MINUTE_MS + steps).astype(np.float64)
        premiums = self._fair.premium(at.ravel()).reshape(at.shape).mean(axis=1)
        minute = times // MINUTE_MS
        ends = self._fair.premium(minute.astype(np.float64))
        index = self._index_at(minute)
        for ts, premium, end, price in zip(times.tolist(), premiums, ends, index, strict=True):
            mark = price * (1.0 + float(end))
            self._generated[ts] = (funding_rate(float(premium), self.hours), mark)

    def _index_at(self, minutes: Ints) -> list[float]:
        """The index in ticks at whole `minutes`."""
        tick = self._history.generator.tick
        lines: dict[int, Floats] = {}
        out = []
        for minute in minutes.tolist():
            day, at = divmod(minute, DAY_MINUTES)
            if day not in lines:
                lines = {day: self._fair.index(day)[0]}
            out.append(float(np.exp(lines[day][at])) / tick)
        return out

    def open_interest(self, now_ms: int) -> int:
        """Open contracts in lots."""
        return max(int(self.open_interest_at(np.array([now_ms / MINUTE_MS]))[0] - self._dent), 1)

    def note_interest(self, now_ms: int) -> int:
        """Open interest at `now_ms`, which history will repeat."""
        lots = self.interest[now_ms] = self.open_interest(now_ms)
        if len(self.interest) > _NOTED:
            del self.interest[next(iter(self.interest))]
        return lots

    def open_interest_history(
        self, period_ms: int, start_ms: int | None, end_ms: int, limit: int
    ) -> list[tuple[int, int]]:
        """Open interest (time, lots) at whole periods: as it was told, else as generated."""
        last = end_ms - end_ms % period_ms
        first = last - (limit - 1) * period_ms if start_ms is None else -(-start_ms // period_ms) * period_ms
        first = max(first, -(-self._history.listing.listed_ms // period_ms) * period_ms)
        times = list(range(first, last + 1, period_ms))[:limit]
        if not times:
            return []
        generated = self.open_interest_at(np.array(times) / MINUTE_MS)
        return [(ts, self.interest.get(ts, int(lots))) for ts, lots in zip(times, generated, strict=True)]

    def open_interest_at(self, minutes: Floats) -> Floats:
        """Generated open interest in lots at rising times: builds up with price, is flushed out by a fall."""
        swell = sum(
            share * wander(self._stream + n, minutes, scale)
            for n, (scale, share) in enumerate(((40.0, 0.02), (540.0, 0.08), (4320.0, 0.2)))
        )
        momentum = self._fair.momentum(minutes)
        swell = swell + 0.5 * momentum - 1.2 * np.maximum(0.0, -0.03 - momentum)
        generator = self._history.generator
        base = self._base_value / self._fair.asset.level / generator.lot
        return np.asarray(base * np.exp(swell))

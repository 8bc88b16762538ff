"""A minute of generated market, first as a plan, then as runs whose sums are its candle.

A candle and the trades inside it must agree to the last lot, yet a year of candles may not cost a year
of trades. So a minute is eight *runs*. A run has one price at which takers bought and one at which they
sold, a number of trades and of lots on each side, and an `excursion`: its trades come as single trades at
the run's price and as pairs of equal size at equal distances above and below it, the widest pair at the
excursion. However the pairs are drawn (`arrange`), the sums are those of the run, so a candle is computed
from its runs alone (`candles`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from candlewick.venues.sim.character import Character
from candlewick.venues.sim.fair import Fair
from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.noise import Floats, Ints, key, normals, words
from candlewick.venues.sim.path import DAY_MINUTES, Path

RUNS = 8
RUN_MS = 60_000 // RUNS
LEAST_TRADES = RUNS  # every run has a trade
PERP_RATE = 1.15  # perpetuals trade a little more often than spot

# Rows of a candle matrix.
OPEN, HIGH, LOW, CLOSE, VOLUME, QUOTE, COUNT, TAKER_VOLUME, TAKER_QUOTE = range(9)

_FAR = 1 << 62


class Plan(NamedTuple):
    """What is to happen in consecutive minutes, before it is cut into runs.

    `mid` (n + 1) and `sigma` (n) in ticks, `trades` and `lots` (n). `minute` is the first one since 1970.
    """

    minute: int
    mid: Floats
    sigma: Floats
    trades: Ints
    lots: Ints

    def cut(self, first: int, last: int) -> Plan:
        """Minutes `first` … `last` - 1, counted from the plan's first."""
        return Plan(
            self.minute + first,
            self.mid[first : last + 1],
            self.sigma[first:last],
            self.trades[first:last],
            self.lots[first:last],
        )


class Runs(NamedTuple):
    """Minutes cut into runs: every array is (RUNS, n) int64, but `first_buys` and `last_buys` (n)."""

    ask: Ints
    bid: Ints
    excursion: Ints
    buys: Ints
    sells: Ints
    bought: Ints
    sold: Ints
    first_buys: NDArray[np.bool_]
    last_buys: NDArray[np.bool_]


class Generator:
    """Generates one listing's minutes at one venue."""

    def __init__(self, path: Path, venue: Character, listing: Listing) -> None:
        self.fair = Fair(path, venue, listing)
        asset = self.fair.asset
        self.tick = float(listing.tick)
        self.lot = float(listing.lot)
        perp = listing.market == "perp"
        self.rate = max(asset.rate * venue.activity * (PERP_RATE if perp else 1.0), 0.16)
        self.ticket = asset.ticket
        self.spread_bps = 0.3 / asset.rate * venue.spread
        stream = key(path.seed, venue.venue, listing.market, listing.symbol)
        self._day_stream = stream
        self._trades_stream, self._lots_stream = stream + 1, stream + 2
        self._noise_streams = tuple(stream + 3 + n for n in range(5))

    def trades_of_days(self, day: int, days: int) -> Ints:
        """Number of trades on each of `days` days from `day`: known without making their minutes."""
        heat = (self.fair.day_variance(day, days) / self.fair.usual_day_variance()) ** 0.3
        luck = np.exp(0.12 * normals(self._day_stream, day, days))
        counts = (self.rate * 86_400 * heat * luck).astype(np.int64)
        return np.maximum(counts, DAY_MINUTES * LEAST_TRADES)

    def plan(self, day: int, days: int = 1) -> Plan:
        """The minutes of `days` days from `day` (since 1970)."""
        line, variance = self.fair.minutes(day, days)
        n = days * DAY_MINUTES
        first = day * DAY_MINUTES
        mid = np.exp(line) / self.tick
        heat = variance * (DAY_MINUTES / self.fair.usual_day_variance())
        sigma = mid[:-1] * np.sqrt(variance)
        # trading follows volatility, expected and realised
        stir = 0.65 + 0.45 * np.minimum(np.abs(np.diff(mid)) / sigma, 5.0)
        weight = heat**0.45 * stir * np.exp(0.22 * normals(self._trades_stream, first, n))
        filled = np.cumsum(weight.reshape(days, DAY_MINUTES), axis=1)
        spare = self.trades_of_days(day, days) - DAY_MINUTES * LEAST_TRADES
        ends = np.floor(filled * (spare / filled[:, -1])[:, None])
        ends[:, -1] = spare
        trades = LEAST_TRADES + np.diff(ends, axis=1, prepend=0.0).astype(np.int64).ravel()
        ticket = self.ticket / self.lot / self.tick / mid[:-1]
        size = ticket * heat**0.2 * stir**0.3 * np.exp(0.25 * normals(self._lots_stream, first, n) - 0.05)
        lots = np.maximum(trades * size, trades).astype(np.int64)
        return Plan(first, mid, sigma, trades, lots)

    def half_spread(self, mid: Floats) -> Floats:
        """Half the distance between best bid and ask, in ticks."""
        return np.maximum(0.5, mid * (self.spread_bps * 0.5e-4))

    def runs(self, plan: Plan) -> Runs:
        """The plan cut into runs. Plain arithmetic only, so that one minute alone comes out the same."""
        n = len(plan.trades)
        path_noise, weight, lean, wide, coin = (
            words(stream, plan.minute, n).view(np.uint8).reshape(n, RUNS).T.astype(np.int64, order="C")
            for stream in self._noise_streams
        )
        # A walk of seven steps from the plan's mid to the next; a byte's deviation is 73.9, and
        # a walk seen at eight points wanders a little less than one seen all the time.
        walk = path_noise
        walk -= 128
        walk[0] = 0
        for run in range(1, RUNS):
            walk[run] += walk[run - 1]
        share = (np.arange(RUNS) / (RUNS - 1))[:, None]
        sigma_step = plan.sigma / (RUNS - 1) ** 0.5
        start, gap = plan.mid[:-1], np.diff(plan.mid)
        middle = (walk - share * walk[-1]) * (sigma_step / 82.0) + share * gap + start
        half = self.half_spread(start)
        bid = np.maximum(np.floor(middle - half + 0.5), 2.0)
        ask = np.maximum(np.floor(middle + half + 0.5), bid + 1.0)
        excursion = np.minimum(wide * (sigma_step / 380.0), bid * 0.2).astype(np.int64)

        turn = (np.arange(RUNS)[:, None] + coin[0]) & (RUNS - 1)
        trades = plan.trades // RUNS + (turn < plan.trades % RUNS)
        push = np.empty_like(middle)
        np.subtract(middle[1:], middle[:-1], out=push[:-1])
        np.subtract(plan.mid[1:], middle[-1], out=push[-1])
        push /= sigma_step + 1e-9
        chance = 0.5 + 0.16 * push / (1.0 + np.abs(push)) + (lean - 127.5) * (0.28 / 127.5)
        buys = (trades * chance + coin / 256.0).astype(np.int64)
        sells = trades - buys
        weight += 24
        spare = (weight * ((plan.lots - plan.trades) / weight.sum(axis=0))).astype(np.int64)
        bought = buys + (spare * (buys / trades)).astype(np.int64)
        return Runs(
            ask=ask.astype(np.int64),
            bid=bid.astype(np.int64),
            excursion=excursion,
            buys=buys,
            sells=sells,
            bought=bought,
            sold=trades + spare - bought,
            first_buys=(buys[0] > 0) & ((sells[0] == 0) | (coin[1] < 128)),
            last_buys=(buys[-1] > 0) & ((sells[-1] == 0) | (coin[2] < 128)),
        )


def candles(runs: Runs) -> Ints:
    """The minutes' candles, (9, n)."""
    ask, bid = runs.ask, runs.bid
    wide_ask = runs.excursion * (runs.buys >= 3)
    wide_bid = runs.excursion * (runs.sells >= 3)
    # a side without a trade must not count: it is put where it changes nothing
    no_buys, no_sells = runs.buys == 0, runs.sells == 0
    high = np.maximum((ask + wide_ask) * ~no_buys, (bid + wide_bid) * ~no_sells)
    low = np.minimum(ask - wide_ask + no_buys * _FAR, bid - wide_bid + no_sells * _FAR)
    taker_quote = (ask * runs.bought).sum(axis=0)
    out = np.empty((9, ask.shape[1]), dtype=np.int64)
    out[OPEN] = np.where(runs.first_buys, ask[0], bid[0])
    out[HIGH] = high.max(axis=0)
    out[LOW] = low.min(axis=0)
    out[CLOSE] = np.where(runs.last_buys, ask[-1], bid[-1])
    out[TAKER_VOLUME] = runs.bought.sum(axis=0)
    out[VOLUME] = out[TAKER_VOLUME] + runs.sold.sum(axis=0)
    out[TAKER_QUOTE] = taker_quote
    out[QUOTE] = taker_quote + (bid * runs.sold).sum(axis=0)
    out[COUNT] = runs.buys.sum(axis=0) + runs.sells.sum(axis=0)
    return out

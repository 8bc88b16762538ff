"""Generated minutes: their candles are the folds of their trades, to the last lot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candlewick.venues.sim.arrange import arrange
from candlewick.venues.sim.character import character_of
from candlewick.venues.sim.minutes import CLOSE, COUNT, HIGH, LOW, OPEN, VOLUME, Generator, candles
from candlewick.venues.sim.model import Listing
from candlewick.venues.sim.path import DAY_MINUTES, path_of
from candlewick.venues.sim.tape import fold_trades
from tests.examples import examples

SIM = character_of("sim")
LISTINGS = SIM.listings()
DAY = 20_200


def generator(market: str, symbol: str) -> Generator:
    listing = next(each for each in LISTINGS if (each.market, each.symbol) == (market, symbol))
    return Generator(path_of(11), SIM, listing)


@settings(max_examples=examples(60))
@given(listing=st.sampled_from(LISTINGS), day=st.integers(19_000, 21_000), at=st.integers(0, 1439))
def test_it_makes_the_candle_that_its_trades_fold_to(listing: Listing, day: int, at: int) -> None:
    made = Generator(path_of(11), SIM, listing)
    plan = made.plan(day)
    whole = candles(made.runs(plan))[:, at]
    alone = made.runs(plan.cut(at, at + 1))
    trades = arrange(alone, seed=day * 1440 + at, start_ms=0, first_id=1)
    assert fold_trades(trades) == whole.tolist()
    assert [trade.id for trade in trades] == list(range(1, len(trades) + 1))
    assert all(trade.lots >= 1 and trade.ticks >= 1 for trade in trades)
    times = [trade.ts_ms for trade in trades]
    assert times == sorted(times)
    assert 0 <= times[0] <= times[-1] < 60_000


def test_it_makes_one_day_alone_as_among_its_neighbours() -> None:
    made = generator("perp", "ETHUSDT")
    together = candles(made.runs(made.plan(DAY, 3)))
    for n in range(3):
        alone = candles(made.runs(made.plan(DAY + n)))
        assert np.array_equal(together[:, n * DAY_MINUTES : (n + 1) * DAY_MINUTES], alone)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "PEPEUSDT", "AAPL", "MKRUSDT"])
def test_it_makes_possible_candles(symbol: str) -> None:
    made = generator("spot", symbol)
    bars = candles(made.runs(made.plan(DAY, 5)))
    assert (bars[LOW] <= np.minimum(bars[OPEN], bars[CLOSE])).all()
    assert (bars[HIGH] >= np.maximum(bars[OPEN], bars[CLOSE])).all()
    assert (bars[VOLUME] >= bars[COUNT]).all()
    assert (bars[LOW] > 0).all()


def test_it_counts_the_trades_of_a_day_without_making_it() -> None:
    made = generator("spot", "SOLUSDT")
    bars = candles(made.runs(made.plan(DAY, 4)))
    counted = made.trades_of_days(DAY, 4)
    assert bars[COUNT].reshape(4, -1).sum(axis=1).tolist() == counted.tolist()


def test_it_opens_near_where_the_minute_before_closed() -> None:
    made = generator("spot", "BTCUSDT")
    plan = made.plan(DAY)
    bars = candles(made.runs(plan))
    gap = np.abs(bars[OPEN, 1:] - bars[CLOSE, :-1])
    assert gap.max() <= 2 * made.half_spread(plan.mid[1:-1]).max() + 2


def test_it_trades_more_when_prices_move() -> None:
    made = generator("spot", "ETHUSDT")
    bars = candles(made.runs(made.plan(DAY, 10)))
    spread = np.log(bars[HIGH] / bars[LOW])
    assert np.corrcoef(spread, np.log(bars[VOLUME]))[0, 1] > 0.3


def test_it_lets_takers_push_the_price() -> None:
    made = generator("spot", "ETHUSDT")
    bars = candles(made.runs(made.plan(DAY, 10)))
    move = np.sign(bars[CLOSE] - bars[OPEN])
    bought = bars[7] / bars[VOLUME]
    assert bought[move > 0].mean() > bought[move < 0].mean() + 0.02

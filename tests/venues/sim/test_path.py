"""Fair prices: any moment alone equals that moment among its neighbours, and they move like markets do."""

from __future__ import annotations

import numpy as np
import pytest

from candlewick.venues.sim.catalogue import ASSETS, BY_SYMBOL
from candlewick.venues.sim.noise import Floats
from candlewick.venues.sim.path import DAY_MINUTES, Path, factors_of

DAY = 20_200
BTC, ETH, DOGE = (factors_of(BY_SYMBOL[symbol]) for symbol in ("BTCUSDT", "ETHUSDT", "DOGEUSDT"))
MARKET = BTC[0][0]


@pytest.fixture(scope="module")
def path() -> Path:
    return Path(seed=11)


def log_price(path: Path, symbol: str, day: int, days: int) -> Floats:
    line = np.zeros(days * DAY_MINUTES)
    for factor, weight in factors_of(BY_SYMBOL[symbol]):
        line += weight * path.minutes(factor, day, days)[0]
    return line


def test_it_computes_a_day_alone_as_among_its_neighbours(path: Path) -> None:
    together, _ = path.minutes(MARKET, DAY - 3, 7)
    alone, _ = path.minutes(MARKET, DAY, 1)
    assert np.array_equal(together[3 * DAY_MINUTES : 4 * DAY_MINUTES], alone)


def test_it_is_the_same_world_for_the_same_seed_and_another_for_another(path: Path) -> None:
    again, other = Path(seed=11), Path(seed=12)
    assert np.array_equal(path.minutes(MARKET, DAY)[0], again.minutes(MARKET, DAY)[0])
    assert not np.allclose(path.minutes(MARKET, DAY)[0], other.minutes(MARKET, DAY)[0])


def test_it_ends_every_day_where_the_next_begins(path: Path) -> None:
    midnights = path.days(MARKET).x
    for day in range(DAY, DAY + 5):
        line, _ = path.minutes(MARKET, day)
        assert line[-1] == midnights[day + 1 - 16_436]


def test_it_ends_every_minute_of_seconds_at_the_minutes_of_the_day(path: Path) -> None:
    line, _ = path.minutes(MARKET, DAY)
    for at in (0, 1, 700, 1439):
        seconds = path.seconds(MARKET, DAY * DAY_MINUTES + at)
        assert len(seconds) == 61
        assert seconds[60] == line[at]
        assert seconds[0] == (line[at - 1] if at else path.days(MARKET).x[DAY - 16_436])


def test_it_shares_the_variance_of_a_day_out_among_its_minutes(path: Path) -> None:
    _, variance = path.minutes(MARKET, DAY, 3)
    days = path.days(MARKET).v[DAY - 16_436 : DAY - 16_436 + 3]
    assert np.allclose(variance.reshape(3, -1).sum(axis=1), days)


def test_it_clusters_volatility_but_not_direction(path: Path) -> None:
    returns = np.diff(log_price(path, "BTCUSDT", DAY, 60))
    size = np.abs(returns)
    along = [np.corrcoef(size[lag:], size[:-lag])[0, 1] for lag in (1, 10, 60)]
    assert abs(np.corrcoef(returns[1:], returns[:-1])[0, 1]) < 0.03
    assert min(along) > 0.05
    assert along[0] > along[2]


def test_it_has_fat_tails_at_every_scale(path: Path) -> None:
    line = log_price(path, "ETHUSDT", DAY - 400, 400)
    for step in (1, 60, 1440):
        returns = np.diff(line[::step])
        assert (returns**4).mean() / (returns**2).mean() ** 2 > 3.2


def test_it_moves_assets_with_their_betas(path: Path) -> None:
    market = np.diff(path.minutes(MARKET, DAY - 200, 400)[0][::60])
    for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "LTCUSDT"):
        returns = np.diff(log_price(path, symbol, DAY - 200, 400)[::60])
        beta = np.cov(returns, market)[0, 1] / market.var()
        assert beta == pytest.approx(BY_SYMBOL[symbol].beta, abs=0.12)


def test_it_moves_assets_of_one_sector_more_alike_than_others(path: Path) -> None:
    def own(symbol: str) -> Floats:
        line = log_price(path, symbol, DAY - 200, 400)
        return np.diff((line - BY_SYMBOL[symbol].beta * path.minutes(MARKET, DAY - 200, 400)[0])[::60])

    ada, dot, uni = own("ADAUSDT"), own("DOTUSDT"), own("UNIUSDT")
    assert np.corrcoef(ada, dot)[0, 1] > np.corrcoef(ada, uni)[0, 1] + 0.03


def test_it_keeps_prices_plausible_over_the_years(path: Path) -> None:
    for asset in ASSETS:
        line = sum(weight * path.days(factor).x for factor, weight in factors_of(asset))
        assert np.abs(line).max() < 4.5, asset.symbol
        assert np.abs(np.mean(line)) < 1.2, asset.symbol

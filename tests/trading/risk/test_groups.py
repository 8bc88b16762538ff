"""What moves together, by the hours that the market fold remembers."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import OrderRefused
from candlewick.core.events import Candle, History
from candlewick.core.instrument import Instrument
from candlewick.trading.commands import SetLimits
from candlewick.trading.risk.groups import LEAST_RETURNS, correlated_with, correlation
from tests.trading.ground import ACCOUNT, BTC, BTC_PERP, ETH, NO_LIMITS, START, D, House, spot

SOL = spot("SOL")
HOUR_S = 3_600
FIRST_S = START // NS_PER_S // HOUR_S * HOUR_S - 20 * HOUR_S


def remember(house: House, instrument: Instrument, closes: list[float]) -> None:
    """The venue gives the closes of closed hours."""
    candles = [
        Candle(
            instrument.id,
            "1h",
            FIRST_S + n * HOUR_S,
            close,
            close,
            close,
            close,
            1.0,
            True,
            house.now,
            house.now,
        )
        for n, close in enumerate(closes)
    ]
    house.do(History(instrument.id, "1h", candles, house.now))


@pytest.fixture
def house() -> House:
    """ETH goes where BTC goes, SOL the other way."""
    house = House(limits=NO_LIMITS)
    house.engine.list_instrument(SOL)
    turns = [
        100.0,
        103.0,
        99.0,
        104.0,
        101.0,
        98.0,
        105.0,
        103.0,
        99.0,
        104.0,
        97.0,
        102.0,
        106.0,
        101.0,
        99.0,
    ]
    remember(house, BTC, turns)
    remember(house, ETH, [close * 0.04 + 0.01 * (n % 2) for n, close in enumerate(turns)])
    remember(house, SOL, [10_000 / close for close in turns])
    house.quotes(BTC, 50_000.0)
    house.quotes(ETH, 2_000.0)
    house.quotes(SOL, 200.0)
    return house


def test_it_finds_what_moves_together(house: House) -> None:
    known = {each.id: each for each in (BTC, BTC_PERP, ETH, SOL)}
    assert correlated_with(BTC, known, house.engine.market) == {BTC.id, BTC_PERP.id, ETH.id}
    assert correlated_with(SOL, known, house.engine.market) == {SOL.id}


def test_it_takes_one_base_for_one_group_without_any_history(house: House) -> None:
    known = {each.id: each for each in (BTC, BTC_PERP)}
    assert correlated_with(BTC_PERP, known, house.engine.market) == {BTC.id, BTC_PERP.id}


def test_it_knows_nothing_by_a_few_hours() -> None:
    one = {n: float(n % 3) for n in range(LEAST_RETURNS)}
    assert correlation(one, one) == pytest.approx(1.0)
    few = {n: one[n] for n in range(LEAST_RETURNS - 1)}
    assert correlation(few, one) is None


def test_it_knows_nothing_of_what_never_moved() -> None:
    flat = dict.fromkeys(range(LEAST_RETURNS), 0.0)
    assert correlation(flat, {n: float(n) for n in range(LEAST_RETURNS)}) is None


def test_it_counts_a_group_as_one_exposure(house: House) -> None:
    house.holds(BTC, "0.5")
    limits = replace(NO_LIMITS, max_correlated_pct=D(30))
    house.do(SetLimits(account=ACCOUNT, limits=limits, actor="ann", ts=house.now))
    assert house.place(SOL, "buy", "100").status == "IN_FLIGHT"
    with pytest.raises(OrderRefused) as refused:
        house.place(ETH, "buy", "3")
    assert refused.value.code == "max_correlated_pct"
    assert "BTCUSDT, ETHUSDT" in str(refused.value)

"""Marking in floats follows the ledger, tick by tick, for everybody who holds the instrument."""

from __future__ import annotations

import pytest

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Derivative, Quote, Trade
from candlewick.core.instrument import Instrument
from candlewick.trading.commands import OpenAccount, Transfer
from candlewick.trading.effects import Moved, Updated
from tests.trading.ground import ACCOUNT, BTC, BTC_PERP, COIN, ETH, ETH_PERP, NO_LIMITS, D, House

PRICES = {BTC: 50_000.0, BTC_PERP: 50_000.0, ETH: 2_000.0, ETH_PERP: 2_000.0, COIN: 50_000.0}


@pytest.fixture
def house() -> House:
    """Long and short, spot, linear and inverse."""
    house = House(limits=NO_LIMITS)
    for instrument, price in PRICES.items():
        house.quotes(instrument, price)
    house.holds(BTC, "0.7", "49000")
    house.holds(ETH_PERP, "-5", "2100")
    house.holds(BTC_PERP, "0.3", "51000")
    house.holds(COIN, "20", "48000")
    return house


def exact(house: House) -> float:
    total = house.engine.desk.valuation(ACCOUNT).total_value
    assert total is not None
    return float(total)


def figure(house: House) -> float | None:
    return house.engine.desk.figures(ACCOUNT).total_value


@pytest.mark.parametrize("instrument", [ETH_PERP, BTC_PERP, ETH], ids=lambda each: each.symbol)
def test_it_follows_every_tick(house: House, instrument: Instrument) -> None:
    for pct in (101, 97, 130, 88):
        house.now += NS_PER_S // 10
        house.quotes(instrument, PRICES[instrument] * pct / 100)
        assert figure(house) == pytest.approx(exact(house), abs=1e-6)


def test_it_follows_an_inverse_contract_once_the_rate_of_its_coin_is_taken_again(house: House) -> None:
    house.now += 11 * NS_PER_S
    house.quotes(BTC, 52_000.0)
    house.quotes(COIN, 52_000.0)
    house.now += 11 * NS_PER_S
    house.quotes(COIN, 52_001.0)
    assert figure(house) == pytest.approx(exact(house), abs=0.01)


def test_it_knows_margins_and_each_position(house: House) -> None:
    house.quotes(ETH_PERP, 2_200.0)
    figures, valuation = house.engine.desk.figures(ACCOUNT), house.engine.desk.valuation(ACCOUNT)
    assert valuation.initial_margin is not None
    assert valuation.maintenance_margin is not None
    assert figures.initial_margin == pytest.approx(float(valuation.initial_margin), rel=1e-9)
    assert figures.maintenance_margin == pytest.approx(float(valuation.maintenance_margin), rel=1e-9)
    assert figures.unrealised[ETH_PERP.id] == pytest.approx(-500.0)


@pytest.mark.parametrize("currency", ["USDT", "BTC"])
def test_it_knows_what_stands_against_a_liquidation(house: House, currency: str) -> None:
    house.do(Transfer(account=ACCOUNT, id="t", currency="BTC", amount=D(1), memo="", actor="a", ts=house.now))
    for pct in (100, 104, 91, 140, 60):
        house.now += NS_PER_S // 10
        for instrument in (ETH_PERP, BTC_PERP, COIN):
            house.quotes(instrument, PRICES[instrument] * pct / 100)
        pools = house.engine.desk.valuation(ACCOUNT).pools
        pool = next(each for each in pools if each.currency == currency)
        assert house.engine.desk.cross(ACCOUNT, currency) == pytest.approx(
            (float(pool.equity or 0), float(pool.maintenance_margin or 0)), rel=1e-9
        )


def test_it_takes_the_tier_that_a_mark_leads_into() -> None:
    house = House(limits=NO_LIMITS, cash="10000000")
    house.quotes(ETH_PERP, 2_000.0)
    house.holds(ETH_PERP, "400", "2000")
    for mark in (500.0, 2_000.0, 4_000.0, 9_000.0):
        house.now += 1
        house.quotes(ETH_PERP, mark)
        exact = house.engine.desk.valuation(ACCOUNT).maintenance_margin
        assert exact is not None
        assert house.engine.desk.figures(ACCOUNT).maintenance_margin == pytest.approx(float(exact), rel=1e-9)


def test_it_tells_once_that_an_account_moved(house: House) -> None:
    house.now += 1
    house.do(Derivative(ETH_PERP.id, house.now, house.now, mark=2_000.5))
    house.now += 1
    tick = Derivative(ETH_PERP.id, house.now, house.now, mark=2_001.0)
    assert [type(each) for each in house.do(tick)] == [Updated, Moved]
    house.now += 1
    same = Derivative(ETH_PERP.id, house.now, house.now, mark=2_001.0)
    assert house.do(same) == house.engine.watch(ETH_PERP.id).updated["derivative"]


def test_it_tells_nobody_of_what_nobody_holds(house: House) -> None:
    assert Moved(ACCOUNT) not in house.quotes(ETH, 2_001.0)
    house.close(ETH_PERP)
    order = next(iter(house.account.orders.values()))
    house.fills(house.accepts(order), price="2000")
    assert Moved(ACCOUNT) not in house.quotes(ETH_PERP, 2_002.0)


def test_it_marks_everybody_who_holds_it(house: House) -> None:
    house.do(
        OpenAccount(
            account=2, name="two", kind="paper", currency="USDT", cash=D(9_000), actor="b", ts=house.now
        )
    )
    assert house.engine.desk.figures(2).total_value == 9_000.0
    house.quotes(BTC, 50_500.0)
    assert Moved(2) not in house.last
    assert Moved(ACCOUNT) in house.last


def test_it_says_nothing_of_an_account_with_an_unknown_price(house: House) -> None:
    engine = house.recovered()
    assert engine.desk.figures(ACCOUNT).total_value is None
    assert engine.desk.figures(ACCOUNT).initial_margin is None
    for instrument, price in PRICES.items():
        engine.process(Quote(instrument.id, price, 1.0, price, 1.0, None, house.now, house.now))
    assert engine.desk.figures(ACCOUNT).total_value == pytest.approx(
        float(engine.desk.valuation(ACCOUNT).total_value or 0), abs=1e-6
    )


def test_it_marks_by_the_last_trade_where_there_is_no_quote(house: House) -> None:
    house.engine.watches[BTC.id].quote = None
    house.do(Trade(BTC.id, 1, 60_000.0, 1.0, "buy", house.now + 1, house.now + 1))
    assert house.engine.mark(BTC.id) == 60_000.0
    assert figure(house) == pytest.approx(exact(house), abs=1e-6)


def test_a_mark_is_the_venues_own_before_the_middle_before_the_last(house: House) -> None:
    watch = house.engine.watch("sim:X")
    assert house.engine.mark("sim:X") is None
    watch.last = 1.0
    assert house.engine.mark("sim:X") == 1.0
    watch.quote = Quote("sim:X", 2.0, 1.0, 4.0, 1.0, None, 0, 0)
    assert house.engine.mark("sim:X") == 3.0
    watch.derivative.mark = 5.0
    assert house.engine.mark("sim:X") == 5.0
    assert house.engine.mark("sim:nobody") is None

"""Margin and liquidation prices, against figures that Binance published and against the definition."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from candlewick.core.instrument import Instrument
from candlewick.ledger.contract import gain, worth
from candlewick.ledger.margin import Tiers, default_tiers, liquidation_price, maintenance, max_leverage, tiers
from candlewick.ledger.valuation import value
from tests.ledger.notation import D, certain, perp, run

# Brackets of the examples in Binance's FAQ "How to Calculate Liquidation Price of USDⓈ-M Futures Contracts"
BTC = tiers(
    [("0", "125", "0.004"), ("50000", "100", "0.005"), ("250000", "50", "0.01"), ("1000000", "20", "0.025")]
)
ETH = tiers(
    [
        ("0", "100", "0.005"),
        ("10000", "75", "0.0065"),
        ("100000", "50", "0.01"),
        ("500000", "25", "0.02"),
        ("1000000", "10", "0.05"),
        ("2000000", "5", "0.10"),
    ]
)
# … and of "… of COIN-M Futures Contracts", in BTC
COIN = tiers(
    [
        ("0", "125", "0.004"),
        ("5", "100", "0.005"),
        ("10", "50", "0.01"),
        ("20", "20", "0.025"),
        ("50", "10", "0.05"),
        ("100", "5", "0.10"),
        ("200", "4", "0.125"),
    ]
)


def test_the_amounts_of_tiers_are_the_published_ones() -> None:
    assert [tier.amount for tier in BTC] == [0, 50, 1300, 16300]
    assert ETH[-1].amount == 135365
    assert COIN[-1].amount == D("11.605")


@pytest.mark.parametrize(
    ("instrument", "quantity", "entry", "brackets", "wallet", "published"),
    [
        (perp("ETH"), "3683.979", "1456.84", ETH, "1535443.01", "1114.78"),
        (perp("BTC"), "109.488", "32481.98", BTC, "1535443.01", "18778.73"),
        # the calculator in Binance's user interface, by dev.binance.vision/t/6292
        (perp("BTC", "USD", inverse=100), "100000", "45000", COIN, "101", "33599.4"),
    ],
)
def test_an_isolated_position_is_liquidated_at_the_published_price(
    instrument: Instrument, quantity: str, entry: str, brackets: Tiers, wallet: str, published: str
) -> None:
    cost = worth(instrument, D(quantity), D(entry))
    price = liquidation_price(instrument, D(quantity), cost, D(wallet), brackets)
    exponent = D(published).as_tuple().exponent
    assert isinstance(exponent, int)
    assert round(certain(price), -exponent) == D(published)


def test_cross_positions_are_liquidated_at_the_published_prices() -> None:
    """The FAQ's example whole: two positions that share one wallet, at their marks."""
    history = run("""
        deposit 1535443.01 USDT
        leverage 20 cross on BTCUSDT-PERP
        buy 109.488  BTCUSDT-PERP @ 32481.98
        buy 3683.979 ETHUSDT-PERP @ 1456.84
    """)
    marks = {"binance:BTCUSDT-PERP": D("31967.27"), "binance:ETHUSDT-PERP": D("1335.18")}
    told = value(history.book, marks, tiers={"binance:BTCUSDT-PERP": BTC, "binance:ETHUSDT-PERP": ETH})
    prices = {it.instrument: round(certain(it.liquidation_price), 2) for it in told.positions}
    assert prices == {"binance:BTCUSDT-PERP": D("26316.89"), "binance:ETHUSDT-PERP": D("1153.26")}
    by_id = {it.instrument: it for it in told.positions}
    assert round(certain(by_id["binance:ETHUSDT-PERP"].maintenance_margin), 3) == D("356512.508")
    assert round(certain(by_id["binance:BTCUSDT-PERP"].maintenance_margin), 5) == D("71200.81144")
    assert round(certain(by_id["binance:ETHUSDT-PERP"].unrealised), 2) == D("-448192.89")


def test_the_maintenance_margin_of_an_inverse_contract_is_the_published_one() -> None:
    contract = perp("BTC", "USD", inverse=100)
    assert maintenance(COIN, worth(contract, D(100), D(25000))) == D("0.0016")


def test_what_cannot_be_liquidated_has_no_price() -> None:
    contract = perp("BTC")
    assert liquidation_price(contract, D(1), D(100), D(1000), BTC) is None
    assert liquidation_price(perp("BTC", "USD", inverse=100), D(-1), D("0.01"), D(1), COIN) is None


def test_leverage_falls_with_size_and_margin_grows_without_a_step() -> None:
    brackets = default_tiers(perp("BTC"))
    assert max_leverage(brackets, D(50000)) == 125
    assert max_leverage(brackets, D(50001)) == 100
    for tier in brackets[1:]:
        assert maintenance(brackets, tier.floor) == tier.floor * tier.rate - tier.amount


@pytest.mark.parametrize("base", ["BTC", "SOL", "WIF"])
@pytest.mark.parametrize("inverse", [None, 10])
def test_every_default_tier_lets_a_position_live_that_has_its_initial_margin(
    base: str, inverse: int | None
) -> None:
    brackets = default_tiers(perp(base, "USD" if inverse else "USDT", inverse=inverse))
    assert all(tier.rate < 1 / tier.max_leverage for tier in brackets)
    assert [tier.floor for tier in brackets] == sorted({tier.floor for tier in brackets})


@given(
    st.sampled_from([perp("BTC"), perp("BTC", "USD", inverse=100)]),
    st.booleans(),
    st.decimals(D(1), D(10**6), places=3),
    st.decimals(D("0.5"), D(10**6), places=2),
    st.decimals(D("0.001"), D(10**7), places=3),
)
def test_at_the_liquidation_price_margin_is_maintenance_margin(
    instrument: Instrument, long: bool, quantity: D, entry: D, wallet: D
) -> None:
    """The definition itself, in whichever tier it falls."""
    brackets = COIN if instrument.inverse else BTC
    cost = worth(instrument, quantity, entry)
    price = liquidation_price(instrument, quantity if long else -quantity, cost, wallet, brackets)
    assume(price is not None)
    notional = worth(instrument, quantity, certain(price))
    margin = wallet + gain(instrument, long=long, entered=cost, left=notional)
    assert abs(margin - maintenance(brackets, notional)) <= notional * D("1e-9")

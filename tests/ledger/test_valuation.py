"""What a book is worth: equity, margin, and what is not known."""

from __future__ import annotations

from candlewick.ledger.valuation import value
from tests.ledger.notation import D, certain, run

MARKS = {
    "binance:BTCUSDT": D(120),
    "binance:BTCUSDT-PERP": D(110),
    "binance:ETHUSDT": D(12),
    "binance:BTCUSD-PERP": D(125),
}


def test_equity_is_cash_and_what_was_invested_and_what_it_gained() -> None:
    told = value(
        run("""
            deposit 1000 USDT
            buy 2 BTCUSDT @ 100 fee 1 USDT
            sell 1 BTCUSDT @ 130
        """).book,
        MARKS,
    )
    assert (told.cash, told.invested, told.unrealised) == (D(929), D(100), D(20))
    assert (told.total_value, told.realised, told.fees) == (D(1049), D(30), D(1))


def test_a_position_without_a_mark_makes_the_total_unknown_not_zero() -> None:
    book = run("deposit 1000 USDT\nbuy 1 BTCUSDT @ 100\nbuy 1 ETHUSDT @ 10").book
    told = value(book, {"binance:ETHUSDT": D(11)})
    assert told.missing == ("binance:BTCUSDT",)
    assert (told.total_value, told.unrealised) == (None, None)
    assert told.cash == 890
    assert [it.unrealised for it in told.positions] == [None, 1]


def test_a_coin_that_was_never_traded_is_priced_at_the_venues_that_are_named() -> None:
    book = run("deposit 1000 USDT\ndeposit 2 BTC").book
    book.instruments.clear()
    assert value(book, MARKS).missing == ("BTC",)
    assert value(book, MARKS, venues=("binance",)).total_value == 1000 + 2 * 120


def test_a_currency_that_nothing_prices_makes_the_total_unknown() -> None:
    told = value(run("deposit 1 XYZ").book, {})
    assert told.missing == ("XYZ",)
    assert (told.total_value, told.cash) == (None, None)


def test_a_fee_owed_in_a_third_coin_is_worth_what_the_coin_is() -> None:
    book = run("deposit 1000 USDT\nbuy 1 BTCUSDT @ 100 fee 0.01 BNB").book
    assert value(book, MARKS).missing == ("BNB",)
    told = value(book, MARKS | {"binance:BNBUSDT": D(300)})
    assert (told.fees, told.total_value) == (D(3), D(1000 - 100 + 120 - 3))


def test_margin_of_a_cross_position_is_of_its_notional_at_the_mark() -> None:
    told = value(
        run("""
            deposit 1000 USDT
            leverage 10 cross on BTCUSDT-PERP
            buy 5 BTCUSDT-PERP @ 100
        """).book,
        MARKS,
    )
    assert (told.total_value, told.unrealised) == (D(1050), D(50))
    assert told.initial_margin == 55
    assert told.maintenance_margin == D("2.2")
    assert told.free_margin == 995
    (pool,) = told.pools
    assert (pool.wallet, pool.equity, pool.spendable) == (D(1000), D(1050), D(945))


def test_an_isolated_position_lends_its_margin_to_nobody() -> None:
    told = value(
        run("""
            deposit 1000 USDT
            leverage 10 isolated on BTCUSDT-PERP
            buy 5 BTCUSDT-PERP @ 100
        """).book,
        MARKS,
    )
    (pool,) = told.pools
    assert (pool.wallet, pool.isolated, pool.initial_margin, pool.free) == (D(950), D(50), D(0), D(950))
    assert (told.total_value, told.initial_margin) == (D(1050), D(55))
    (position,) = told.positions
    assert position.margin == 50
    # 50 + 5·(p − 100) = 0.004·5·p
    assert round(certain(position.liquidation_price), 4) == round(D(450) / D("4.98"), 4)


def test_an_inverse_position_has_a_pool_of_its_own() -> None:
    told = value(
        run("""
            deposit 1 BTC
            leverage 10 cross on BTCUSD-PERP
            buy 1 BTCUSD-PERP @ 100
        """).book,
        MARKS,
    )
    assert [pool.currency for pool in told.pools] == ["USDT", "BTC"]
    btc = told.pools[1]
    assert (btc.wallet, btc.unrealised, btc.initial_margin) == (D(1), D("0.2"), D("0.08"))
    assert told.total_value == D("1.2") * 120
    assert told.free_margin == 0


def test_the_same_coin_bought_with_two_currencies_is_two_positions_of_one_worth() -> None:
    told = value(
        run("""
            deposit 100 USDT
            buy 1 BTCUSDT @ 100
            buy 2 ETHBTC @ 0.1
        """).book,
        {"binance:BTCUSDT": D(120), "binance:ETHBTC": D("0.15")},
    )
    assert told.total_value == D("0.8") * 120 + 2 * D("0.15") * 120
    assert [it.currency for it in told.positions] == ["USDT", "BTC"]

"""One account's ledger: each kind of event, its postings and what it leaves."""

from __future__ import annotations

import pytest

from candlewick.core.errors import UnknownSymbol, UsageError
from candlewick.ledger.book import Book
from candlewick.ledger.exact import exact
from tests.ledger.notation import D, History, ledger, perp, run, written


def test_a_deposit_comes_from_capital() -> None:
    history = run("deposit 1000 USDT")
    assert written(history.transactions[-1].postings) == ledger("""
        cash:USDT         1000 USDT
        capital:deposit  -1000 USDT
    """)
    assert history.book.balances == {"USDT": 1000}


def test_buying_a_coin_exchanges_cash_for_it_and_the_fee_stands_apart() -> None:
    history = run("buy 2 BTCUSDT @ 100 fee 0.2 USDT")
    assert written(history.last.transaction.postings) == ledger("""
        cash:BTC                     2 BTC
        trading:binance:BTCUSDT     -2 BTC
        cash:USDT               -200.2 USDT
        trading:binance:BTCUSDT    200 USDT
        fees:binance:BTCUSDT       0.2 USDT
    """)
    position = history.book.positions["binance:BTCUSDT"]
    assert (position.quantity, position.cost, position.avg_price) == (D(2), D(200), D(100))


def test_selling_a_coin_realises_the_difference_to_its_cost() -> None:
    history = run("""
        buy  2 BTCUSDT @ 100
        sell 1 BTCUSDT @ 120 fee 0.12 USDT
    """)
    assert written(history.last.transaction.postings) == ledger("""
        cash:BTC                    -1 BTC
        trading:binance:BTCUSDT      1 BTC
        cash:USDT               119.88 USDT
        trading:binance:BTCUSDT   -100 USDT
        realised:binance:BTCUSDT   -20 USDT
        fees:binance:BTCUSDT      0.12 USDT
    """)
    assert history.last.realised == 20


def test_a_fee_in_the_coin_that_was_bought_is_so_much_less_of_it_at_the_price_of_the_fill() -> None:
    history = run("buy 1 BTCUSDT @ 100 fee 0.001 BTC")
    assert written(history.last.transaction.postings) == ledger("""
        cash:BTC                  0.999 BTC
        trading:binance:BTCUSDT  -0.999 BTC
        cash:USDT                  -100 USDT
        trading:binance:BTCUSDT    99.9 USDT
        fees:binance:BTCUSDT        0.1 USDT
    """)
    position = history.book.positions["binance:BTCUSDT"]
    assert (position.quantity, position.avg_price) == (D("0.999"), D(100))


def test_a_fee_in_a_third_coin_is_owed_in_that_coin() -> None:
    history = run("buy 1 BTCUSDT @ 100 fee 0.01 BNB")
    assert history.book.balances["BNB"] == D("-0.01")
    assert history.book.totals["fees:binance:BTCUSDT", "BNB"] == D("0.01")
    assert history.book.positions["binance:BTCUSDT"].cost == 100


def test_a_rebate_is_a_fee_below_zero() -> None:
    history = run("buy 1 BTCUSDT-PERP @ 100 fee -0.02 USDT")
    assert history.book.balances == {"USDT": D("0.02")}
    assert history.book.totals["fees:binance:BTCUSDT-PERP", "USDT"] == D("-0.02")


def test_opening_a_contract_moves_no_money_but_the_fee() -> None:
    history = run("buy 1 BTCUSDT-PERP @ 100 fee 0.05 USDT")
    assert written(history.last.transaction.postings) == ledger("""
        cash:USDT                 -0.05 USDT
        fees:binance:BTCUSDT-PERP  0.05 USDT
    """)


def test_closing_a_contract_pays_its_profit() -> None:
    history = run("""
        sell 2 BTCUSDT-PERP @ 100
        buy  2 BTCUSDT-PERP @ 90
    """)
    assert written(history.last.transaction.postings) == ledger("""
        cash:USDT                       20 USDT
        realised:binance:BTCUSDT-PERP  -20 USDT
    """)
    assert history.book.positions == {}


def test_an_inverse_contract_pays_in_its_coin() -> None:
    # 10 contracts of 100 USD: 1000 · (1/10000 − 1/12500) = 0.02 BTC
    history = run("""
        buy  10 BTCUSD-PERP @ 10000
        sell 10 BTCUSD-PERP @ 12500
    """)
    assert history.last.realised == D("0.02")
    assert history.last.currency == "BTC"
    assert history.book.balances == {"BTC": D("0.02")}


def test_an_inverse_position_enters_at_the_harmonic_mean() -> None:
    history = run("""
        buy 1 BTCUSD-PERP @ 10000
        buy 1 BTCUSD-PERP @ 40000
    """)
    assert history.book.positions["binance:BTCUSD-PERP"].avg_price == 16000


def test_a_reversal_closes_one_position_and_opens_another() -> None:
    history = run("""
        buy  1 BTCUSDT-PERP @ 100 fee 0.1 USDT
        sell 3 BTCUSDT-PERP @ 110 fee 0.3 USDT
    """)
    position = history.book.positions["binance:BTCUSDT-PERP"]
    assert (position.quantity, position.avg_price) == (D(-2), D(110))
    assert history.last.realised == 10
    assert (position.realised, position.fees) == (D(0), D("0.2"))
    assert position.opened_at == history.fills[-1].ts


def test_funding_is_received_or_paid_in_cash() -> None:
    history = run("""
        buy 1 BTCUSDT-PERP @ 100
        funding -0.5 USDT on BTCUSDT-PERP
        funding  0.2 USDT on BTCUSDT-PERP
    """)
    assert history.book.balances == {"USDT": D("-0.3")}
    assert history.book.positions["binance:BTCUSDT-PERP"].funding == D("-0.3")


def test_an_isolated_position_sets_its_margin_aside_and_gives_it_back_in_proportion() -> None:
    history = run("""
        deposit 1000 USDT
        leverage 10 isolated on BTCUSDT-PERP
        buy  4 BTCUSDT-PERP @ 100
        sell 1 BTCUSDT-PERP @ 100
    """)
    assert history.book.totals["margin:binance:BTCUSDT-PERP", "USDT"] == 30
    assert history.book.totals["cash:USDT", "USDT"] == 970
    assert history.book.balances == {"USDT": 1000}
    history.run("sell 3 BTCUSDT-PERP @ 100")
    assert history.book.totals["margin:binance:BTCUSDT-PERP", "USDT"] == 0


def test_funding_of_an_isolated_position_comes_out_of_its_margin() -> None:
    history = run("""
        leverage 10 isolated on BTCUSDT-PERP
        buy 1 BTCUSDT-PERP @ 100
        funding -0.5 USDT on BTCUSDT-PERP
    """)
    assert history.book.positions["binance:BTCUSDT-PERP"].margin == D("9.5")


def test_other_leverage_moves_the_margin_of_an_isolated_position() -> None:
    history = run("""
        leverage 10 isolated on BTCUSDT-PERP
        buy 1 BTCUSDT-PERP @ 100
        leverage 5 isolated on BTCUSDT-PERP
    """)
    assert written(history.transactions[-1].postings) == ledger("""
        cash:USDT                    -10 USDT
        margin:binance:BTCUSDT-PERP   10 USDT
    """)
    history.run("leverage 5 cross on BTCUSDT-PERP")
    assert history.book.totals["margin:binance:BTCUSDT-PERP", "USDT"] == 0


def test_a_liquidation_is_a_transaction_of_its_own_kind() -> None:
    history = run("""
        buy 1 BTCUSDT-PERP @ 100
        liquidated sell 1 BTCUSDT-PERP @ 80
    """)
    assert history.last.transaction.kind == "liquidation"
    assert history.last.realised == -20


def test_it_refuses_a_fill_of_an_instrument_it_does_not_know() -> None:
    with pytest.raises(UnknownSymbol):
        run("buy 1 DOGEUSDT @ 100")


@pytest.mark.parametrize(
    "line",
    [
        "buy 0 BTCUSDT @ 100",
        "buy 1 BTCUSDT @ -1",
        "buy 1 BTCUSD-PERP @ 0",
        "buy NaN BTCUSDT @ 100",
        "buy 1e15 BTCUSDT @ 100",
        "buy 1 BTCUSDT @ 1e-61",
        "buy 1 BTCUSDT @ 100 fee Infinity USDT",
        "deposit NaN USDT",
        "funding 1e99 USDT on BTCUSDT-PERP",
    ],
)
def test_it_refuses_numbers_that_cannot_be_and_changes_nothing(line: str) -> None:
    history = History()
    with pytest.raises(UsageError, match="cannot be booked"):
        history.run(line)
    assert (history.book.totals, history.book.positions) == ({}, {})


def test_a_restored_book_goes_on_as_if_nothing_had_been() -> None:
    before = """
        deposit 1000 USDT
        leverage 10 isolated on BTCUSDT-PERP
        buy  4 BTCUSDT-PERP @ 100 fee 0.1 USDT
        buy  1 BTCUSDT @ 100
        buy  1 BTCUSDT @ 110
        buy  5 BNBUSDT @ 300
    """
    after = """
        sell 1.5 BTCUSDT @ 130 fee 0.5 BNB
        sell 6 BTCUSDT-PERP @ 105
    """
    whole = run(before + after)
    halved = run(before)
    halved.book = Book.restore(halved.book.snapshot())
    halved.run(after)
    assert halved.book.snapshot() == whole.book.snapshot()
    assert halved.last.trips == whole.last.trips


def test_a_sale_of_more_than_is_held_is_a_short_lot_and_said_so() -> None:
    history = run("sell 1 BTCUSDT @ 100")
    position = history.book.positions["binance:BTCUSDT"]
    assert (position.quantity, position.cost, position.avg_price) == (D(-1), D(100), D(100))
    (fault,) = history.last.faults
    assert fault.code == "sold_more_than_held"
    assert "sold 1 BTC that it did not have" in fault.text
    history.run("buy 1 BTCUSDT @ 90")
    assert history.last.realised == 10
    assert history.book.balances == {"USDT": 10, "BTC": 0}


def test_a_coin_that_came_by_transfer_has_the_price_of_its_first_sale_as_its_cost() -> None:
    history = run("""
        deposit 2 BTC
        sell 0.5 BTCUSDT @ 100
    """)
    assert written(history.last.transaction.postings) == ledger("""
        cash:BTC         -0.5 BTC
        capital:in_kind   0.5 BTC
        cash:USDT          50 USDT
        capital:in_kind   -50 USDT
    """)
    assert history.last.realised == 0
    assert history.book.positions == {}
    assert history.last.trips == ()


def test_lots_are_sold_before_coins_that_came_by_transfer() -> None:
    history = run("""
        deposit 1 BTC
        buy  1 BTCUSDT @ 100
        sell 1.5 BTCUSDT @ 110
    """)
    assert history.last.realised == 10
    assert history.last.faults == ()
    assert history.book.balances["BTC"] == D("0.5")


def test_a_fee_in_a_coin_that_is_held_takes_its_lots_at_their_cost() -> None:
    history = run("""
        buy 10 BNBUSDT @ 300
        buy 1 BTCUSDT @ 60000 fee 0.2 BNB
    """)
    assert written(history.last.transaction.postings) == ledger("""
        cash:BNB                    -0.2 BNB
        trading:binance:BNBUSDT      0.2 BNB
        trading:binance:BNBUSDT      -60 USDT
        fees:binance:BTCUSDT          60 USDT
        cash:BTC                       1 BTC
        trading:binance:BTCUSDT       -1 BTC
        cash:USDT                 -60000 USDT
        trading:binance:BTCUSDT    60000 USDT
    """)
    assert history.last.also == ("binance:BNBUSDT",)
    assert history.book.positions["binance:BNBUSDT"].quantity == history.book.balances["BNB"] == D("9.8")
    assert history.book.positions["binance:BTCUSDT"].fees == 60


def test_coins_that_came_by_transfer_pay_fees_before_lots_do() -> None:
    history = run("""
        deposit 1 BNB
        buy 10 BNBUSDT @ 300
        buy 1 BTCUSDT @ 60000 fee 1.5 BNB
    """)
    assert history.book.positions["binance:BNBUSDT"].quantity == history.book.balances["BNB"] == D("9.5")
    assert history.book.totals["fees:binance:BTCUSDT", "BNB"] == 1
    assert history.book.totals["fees:binance:BTCUSDT", "USDT"] == 150


def test_a_purchase_first_buys_back_the_coin_that_fees_took_while_there_was_none() -> None:
    history = run("""
        buy 1 BTCUSDT @ 60000 fee 0.2 BNB
        buy 10 BNBUSDT @ 300
    """)
    assert history.book.positions["binance:BNBUSDT"].quantity == history.book.balances["BNB"] == D("9.8")
    fees = {key: amount for key, amount in history.book.totals.items() if key[0].startswith("fees:")}
    assert sum(amount for (_, coin), amount in fees.items() if coin == "BNB") == 0
    assert sum(amount for (_, coin), amount in fees.items() if coin == "USDT") == 60
    assert history.book.snapshot().owed == {}


@pytest.mark.parametrize(
    "came",
    [
        "deposit 1 BNB",
        "buy 1 ETHUSDT @ 3000 fee -1 BNB",
        "buy 1 BNBUSD-PERP @ 10\nsell 1 BNBUSD-PERP @ 10\nfunding 1 BNB on BNBUSD-PERP",
    ],
)
def test_what_is_owed_is_paid_by_coins_that_come_in_without_a_lot(came: str) -> None:
    history = History()
    history.book.know(perp("BNB", "USD", inverse=10))
    history.run("buy 1 BTCUSDT @ 60000 fee 1 BNB")
    history.run(came)
    assert history.book.snapshot().owed == {}
    before = fees_in(history, "BNB")
    # another debt of the same coin is no fee, and a purchase that covers it none either
    history.run("withdraw 1 BNB\nbuy 10 BNBUSDT @ 300")
    assert fees_in(history, "BNB") == before
    assert history.book.positions["binance:BNBUSDT"].quantity == 10


def fees_in(history: History, coin: str) -> D:
    totals = history.book.totals.items()
    return sum((amount for (name, of), amount in totals if name.startswith("fees:") and of == coin), D(0))


def test_a_fee_takes_the_lots_of_the_position_that_was_opened_first_and_a_reversal_opens_another() -> None:
    history = run("""
        sell 1 ETHBTC @ 0.05
        buy  2 ETHUSDT @ 3000
        buy  3 ETHBTC @ 0.05
        buy  1 BTCUSDT @ 60000 fee 0.1 ETH
    """)
    assert history.last.also == ("binance:ETHUSDT",)
    assert history.book.totals["fees:binance:BTCUSDT", "USDT"] == 300
    assert list(history.book.positions) == ["binance:ETHUSDT", "binance:ETHBTC", "binance:BTCUSDT"]


def test_a_withdrawal_takes_a_coins_lots_at_their_cost() -> None:
    history = run("""
        buy 2 BTCUSDT @ 100
        withdraw 0.5 BTC
    """)
    assert written(history.transactions[-1].postings) == ledger("""
        cash:BTC                   -0.5 BTC
        trading:binance:BTCUSDT     0.5 BTC
        trading:binance:BTCUSDT     -50 USDT
        capital:withdrawal           50 USDT
    """)
    assert history.book.positions["binance:BTCUSDT"].quantity == D("1.5")


def test_a_method_set_later_takes_the_lots_that_are_there_by_it() -> None:
    history = run("""
        buy 1 BTCUSDT @ 100
        buy 1 BTCUSDT @ 200
        buy 1 BTCUSDT @ 150
    """)
    history.book.set_method("hifo")
    history.run("sell 1 BTCUSDT @ 200")
    history.book.set_method("lifo")
    history.run("sell 1 BTCUSDT @ 200")
    history.book.set_method("average")
    history.run("sell 1 BTCUSDT @ 200")
    assert [booked.realised for booked in history.booked[-3:]] == [0, 50, 100]


def test_the_largest_and_the_finest_numbers_are_booked_exactly() -> None:
    least, most = D("1e-60"), D("999999999999999")
    with exact():
        all_of_it, top = most + least, most + 1 - least
        history = run(f"""
            buy  {least} BTCUSDT @ {most}
            buy  {most} BTCUSDT @ {least}
            sell {all_of_it} BTCUSDT @ {top}
        """)
        assert history.last.realised == all_of_it * top - 2 * least * most


def test_the_finest_numbers_can_be_averaged() -> None:
    history = run("buy 3e-60 BTCUSDT @ 999999999999999\nbuy 900000000000000 BTCUSDT @ 7e-60", "average")
    history.run("sell 1e-60 BTCUSDT @ 7e-60\nsell 900000000000000 BTCUSDT @ 7e-60")
    assert history.book.positions["binance:BTCUSDT"].quantity == D("2e-60")


def test_another_method_loses_no_digit_of_what_the_lots_cost() -> None:
    history = run("buy 1 BTCUSDT @ 123456789012345\nbuy 1 BTCUSDT @ 0.000000000000000001")
    history.book.set_method("average")
    position = history.book.positions["binance:BTCUSDT"]
    assert [lot.cost for lot in position.lots] == [position.cost]
    assert position.cost == D("123456789012345.000000000000000001")

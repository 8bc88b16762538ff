"""Fills from CSV: what is understood, what is assumed, and what is refused with its line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.instrument import Instrument
from candlewick.ledger.csv_fills import FillsRead, infer_instrument, read_fills
from tests.ledger.notation import D, spot

HEADER = "time,symbol,side,quantity,price,fee,fee_currency,order_id\n"
NOW = 1_800_000_000_000_000_000  # 2027-01-15
NOON = 1_769_428_800_000_000_000  # 2026-01-26T12:00:00Z


def read(text: str, **more: Callable[[str], Instrument | None]) -> FillsRead:
    return read_fills(text, account=7, primary="binance", now=NOW, **more)


def test_it_reads_a_line_with_all_columns() -> None:
    got = read(HEADER + "2026-01-26T12:00:00Z,BTCUSDT,BUY,0.5,46000.10,11.5,USDT,order-1\n")
    (fill,) = got.fills
    assert got.faults == ()
    assert (fill.account, fill.instrument, fill.side, fill.ts) == (7, "binance:BTCUSDT", "buy", NOON)
    assert (fill.quantity, fill.price, fill.fee) == (D("0.5"), D("46000.10"), D("11.5"))
    assert (fill.fee_currency, fill.order_id) == ("USDT", "order-1")


def test_columns_may_be_in_any_order_and_case_and_the_optional_ones_absent() -> None:
    got = read("\ufeffPrice, Side,TIME,Symbol,note,Quantity\n100,sell,2026-01-26 12:00:00,btc/usdt,x,1\n\n")
    (fill,) = got.fills
    assert (fill.side, fill.fee, fill.fee_currency, fill.order_id) == ("sell", D(0), "USDT", "")
    assert fill.ts == NOON


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-26T12:00:00Z",
        "2026-01-26T13:00:00+01:00",
        "2026-01-26 12:00:00",
        "1769428800",
        "1769428800000",
        "1769428800000000",
        "1769428800000000000",
    ],
)
def test_it_understands_times_of_many_kinds(time: str) -> None:
    assert read(f"{HEADER}{time},BTCUSDT,buy,1,1,,,\n").fills[0].ts == NOON


def test_a_fill_that_is_still_to_come_is_refused() -> None:
    got = read(f"{HEADER}2027-01-15T08:00:30Z,BTCUSDT,buy,1,1,,,\n2027-01-15T09:00:00Z,BTCUSDT,buy,1,1,,,\n")
    assert [(fault.line, "still to come" in fault.text) for fault in got.faults] == [(3, True)]
    assert len(got.fills) == 1


def test_it_keeps_fractions_of_a_second() -> None:
    got = read(f"{HEADER}1769428800.25,BTCUSDT,buy,1,1,,,\n2026-01-26T12:00:00.500Z,BTCUSDT,buy,1,1,,,\n")
    assert [fill.ts - NOON for fill in got.fills] == [250_000_000, 500_000_000]


@pytest.mark.parametrize(
    ("symbol", "id", "base", "quote", "settle"),
    [
        ("BTCUSDT", "binance:BTCUSDT", "BTC", "USDT", "USDT"),
        ("btc-usdt", "binance:BTCUSDT", "BTC", "USDT", "USDT"),
        ("ETH/BTC", "binance:ETHBTC", "ETH", "BTC", "BTC"),
        ("BTCFDUSD", "binance:BTCFDUSD", "BTC", "FDUSD", "FDUSD"),
        ("USDCUSDT", "binance:USDCUSDT", "USDC", "USDT", "USDT"),
        ("BTCUSDT-PERP", "binance:BTCUSDT-PERP", "BTC", "USDT", "USDT"),
        ("BTC/USDT:USDT", "binance:BTCUSDT-PERP", "BTC", "USDT", "USDT"),
        ("BTCUSD_PERP", "binance:BTCUSD-PERP", "BTC", "USD", "BTC"),
        ("BNBUSD_PERP", "binance:BNBUSD-PERP", "BNB", "USD", "BNB"),
        ("DOTUSD-PERP", "binance:DOTUSD-PERP", "DOT", "USD", "DOT"),
        ("kraken:USDTUSD", "kraken:USDTUSD", "USDT", "USD", "USD"),
        ("BTCBUSD", "binance:BTCBUSD", "BTC", "BUSD", "BUSD"),
        ("bybit:SOLUSDT", "bybit:SOLUSDT", "SOL", "USDT", "USDT"),
        ("FOO/XYZ", "binance:FOOXYZ", "FOO", "XYZ", "XYZ"),
    ],
)
def test_it_infers_an_instrument_that_nobody_told_of(
    symbol: str, id: str, base: str, quote: str, settle: str
) -> None:
    got = read(f"{HEADER}1769428800,{symbol},buy,1,1,,,\n")
    assert got.inferred == (id,)
    (instrument,) = got.instruments
    assert (instrument.id, instrument.base, instrument.quote, instrument.settle) == (id, base, quote, settle)
    assert got.fills[0].fee_currency == settle


def test_an_inverse_perpetual_is_of_100_dollars_for_btc_and_of_10_for_others() -> None:
    btc, eth = (infer_instrument(f"{base}USD-PERP", primary="binance") for base in ("BTC", "ETH"))
    assert btc is not None
    assert eth is not None
    assert (btc.inverse, btc.contract_size) == (True, D(100))
    assert (eth.inverse, eth.contract_size) == (True, D(10))


def test_it_takes_an_instrument_that_is_known() -> None:
    told = spot("BTC", lot=D("0.00001"))
    got = read(f"{HEADER}1769428800,BTCUSDT,buy,1,1,,,\n", known={told.id: told}.get)
    assert (got.instruments, got.inferred) == ((told,), ())


def test_fills_come_out_oldest_first_and_a_file_that_is_newest_first_is_turned_round() -> None:
    lines = ["1769428802,BTCUSDT,sell,2,1", "1769428801,BTCUSDT,sell,1,1", "1769428801,BTCUSDT,buy,1,1"]
    got = read("time,symbol,side,quantity,price\n" + "\n".join(lines))
    assert [(fill.side, fill.quantity) for fill in got.fills] == [
        ("buy", D(1)),
        ("sell", D(1)),
        ("sell", D(2)),
    ]


def test_the_same_file_gives_the_same_ids_and_lines_that_are_alike_are_two_fills() -> None:
    text = HEADER + "1769428800,BTCUSDT,buy,1,1,,,\n" * 2
    first, again = read(text), read(text.replace("buy,1,1", "BUY,1.0,1.00"))
    assert len({fill.id for fill in first.fills}) == 2
    assert {fill.id for fill in first.fills} == {fill.id for fill in again.fills}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("yesterday,BTCUSDT,buy,1,1,,,", "time 'yesterday' is neither ISO 8601"),
        ("1769428800,BTCUSDT,hold,1,1,,,", "side 'hold' is neither buy nor sell"),
        ("1769428800,BTCUSDT,buy,one,1,,,", "quantity 'one' is not a number"),
        ("1769428800,BTCUSDT,buy,1,1,,,a\0b", "order_id 'a\\x00b' has characters that cannot be printed"),
        ("1769428800,BTCUSDT,buy,-1,1,,,", "quantity '-1' must be above zero"),
        ("1769428800,BTCUSDT,buy,0,1,,,", "quantity '0' must be above zero"),
        ("1769428800,BTCUSDT,buy,NaN,1,,,", "quantity 'NaN' is out of range"),
        ("1769428800,BTCUSDT,buy,1e400,1,,,", "quantity '1e400' is out of range"),
        ("1769428800,BTCUSDT,buy,1,1e-400,,,", "price '1e-400' is out of range"),
        ("1769428800,BTCUSDT-PERP,buy,1,0,,,", "price '0' must be above zero"),
        ("1769428800,BTCUSDT,buy,1,1,free,,", "fee 'free' is not a number"),
        ("1769428800,WHATEVER,buy,1,1,,,", "symbol 'WHATEVER' is not known"),
        ("1769428800,,buy,1,1,,,", "symbol '' is not known"),
        ("1769428800,BTCUSDT,buy", "has 3 columns, but the first line names 8"),
    ],
)
def test_it_names_the_line_that_cannot_be_read_and_why(line: str, says: str) -> None:
    got = read(f"{HEADER}1769428800,BTCUSDT,buy,1,1,,,\n{line}\n")
    (fault,) = got.faults
    assert fault.line == 3
    assert says in fault.text


def test_it_says_which_columns_are_missing() -> None:
    (fault,) = read("time,symbol,amount\n").faults
    assert fault.line == 1
    assert fault.text.endswith("side, quantity, price is not there.")


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    read(text)
    read(HEADER + text)

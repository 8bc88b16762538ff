"""What one currency is worth in another."""

from __future__ import annotations

import pytest

from candlewick.ledger.convert import rate
from tests.ledger.notation import D

MARKS = {
    "binance:BTCUSDT": D(50000),
    "okx:SOLUSDC": D(150),
    "binance:USDTTRY": D(40),
    "binance:ETHBTC": D("0.05"),
}


@pytest.mark.parametrize(
    ("currency", "into", "worth"),
    [
        ("XYZ", "XYZ", D(1)),
        ("USDC", "USDT", D(1)),
        ("BTC", "USDT", D(50000)),
        ("BTC", "USD", D(50000)),
        ("USDT", "BTC", D("0.00002")),
        ("USDC", "BTC", D("0.00002")),
        ("SOL", "USDT", D(150)),
        ("TRY", "USDT", D("0.025")),
        ("ETH", "BTC", D("0.05")),
        ("ETH", "USDT", None),
        ("XYZ", "USDT", None),
    ],
)
def test_it_is_the_mark_that_trades_the_two_and_else_unknown(
    currency: str, into: str, worth: D | None
) -> None:
    assert rate(currency, into, MARKS, ("binance", "okx")) == worth


def test_the_first_venue_with_a_mark_decides() -> None:
    marks = {"binance:BTCUSDT": D(1), "okx:BTCUSDT": D(2)}
    assert rate("BTC", "USDT", marks, ("okx", "binance")) == 2

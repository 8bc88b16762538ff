"""Names of instruments: every spelling means one id, and each id has one public name."""

from __future__ import annotations

import pytest

from candlewick.core.instrument import parse_symbol, public_symbol


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("BTCUSDT", "sim:BTCUSDT"),
        ("btcusdt", "sim:BTCUSDT"),
        (" BTC/USDT ", "sim:BTCUSDT"),
        ("BTC-USDT", "sim:BTCUSDT"),
        ("BTCUSDT-PERP", "sim:BTCUSDT-PERP"),
        ("btc/usdt-perp", "sim:BTCUSDT-PERP"),
        ("BTC/USDT:USDT", "sim:BTCUSDT-PERP"),
        ("BTCUSD-241227", "sim:BTCUSD-241227"),
        ("sim-east:BTCUSDT", "sim-east:BTCUSDT"),
        ("Binance:btcusdt-perp", "binance:BTCUSDT-PERP"),
        ("binance:BTC/USDT:USDT", "binance:BTCUSDT-PERP"),
    ],
)
def test_every_spelling_means_one_id(text: str, id: str) -> None:
    assert parse_symbol(text, primary="sim") == id


@pytest.mark.parametrize(
    "id", ["sim:BTCUSDT", "sim:BTCUSDT-PERP", "sim-east:BTCUSDT", "binance:BTCUSD-241227"]
)
def test_a_public_name_means_its_id_again(id: str) -> None:
    assert parse_symbol(public_symbol(id, primary="sim"), primary="sim") == id


def test_only_the_primary_venues_names_are_bare() -> None:
    assert public_symbol("sim:BTCUSDT", primary="sim") == "BTCUSDT"
    assert public_symbol("binance:BTCUSDT", primary="sim") == "binance:BTCUSDT"

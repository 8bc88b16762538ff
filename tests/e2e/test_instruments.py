"""js/terminal/instruments.js: the search."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page


def _instrument(symbol: str, sector: str, kind: str = "spot") -> dict[str, Any]:
    venue, _, _ = symbol.rpartition(":")
    return {
        "symbol": symbol,
        "venue": venue or "sim",
        "venue_title": "Sim",
        "kind": kind,
        "sector": sector,
        "tick": 0.01,
    }


LISTED = [
    _instrument("sim-east:BTCUSDT", "Layer 1"),
    _instrument("ETHBTC", "Layer 1"),
    _instrument("BTCUSDT-PERP", "Layer 1", "perp"),
    _instrument("BTCUSDT", "Layer 1"),
    _instrument("WBTCUSDT", "Bridge"),
    _instrument("SHIBUSDT", "Meme"),
    _instrument("AAPL", "Technology", "equity"),
]


def _search(page: Page, text: str) -> list[str]:
    script = """async ([listed, text]) => {
        const { Instruments } = await import('/js/terminal/instruments.js');
        return new Instruments(listed).search(text).map(({ symbol }) => symbol);
    }"""
    found: list[str] = page.evaluate(script, [LISTED, text])
    return found


@pytest.mark.parametrize("text", ["btcusdt", "BTC/USDT", " btc usdt "])
def test_the_exact_symbol_comes_first_then_the_primary_venues_others(modules: Page, text: str) -> None:
    found = _search(modules, text)

    assert found[:2] == ["BTCUSDT", "BTCUSDT-PERP"]
    assert set(found) == {"BTCUSDT", "BTCUSDT-PERP", "sim-east:BTCUSDT", "WBTCUSDT"}


def test_letters_in_their_order_are_enough(modules: Page) -> None:
    assert _search(modules, "shbu") == ["SHIBUSDT"]


def test_a_beginning_wins_over_a_part_within(modules: Page) -> None:
    found = _search(modules, "BTC")

    assert found.index("BTCUSDT") < found.index("WBTCUSDT")
    assert found.index("BTCUSDT") < found.index("ETHBTC")


@pytest.mark.parametrize(
    ("text", "found"),
    [("meme", ["SHIBUSDT"]), ("equity", ["AAPL"]), ("sim-east", ["sim-east:BTCUSDT"]), ("zzz", [])],
)
def test_sectors_kinds_and_venues_are_found_too(modules: Page, text: str, found: list[str]) -> None:
    assert _search(modules, text) == found


def test_nothing_typed_shows_what_there_is(modules: Page) -> None:
    assert _search(modules, "") == [each["symbol"] for each in LISTED]

"""The watchlist component, over a real database."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from candlewick.store.models import Role, User
from candlewick.web.watchlist import keep
from tests.web import ground

TICKERS = [
    {
        "symbol": "BTCUSDT",
        "bid": 67412.4,
        "ask": 67412.5,
        "last": 67412.5,
        "change_pct": 2.31,
        "stale": False,
    },
    {"symbol": "ETHUSDT", "bid": None, "ask": None, "last": 3512.4, "change_pct": -1.12, "stale": True},
]


@pytest.fixture(autouse=True)
def _tickers(link: ground.FakeLink) -> None:
    link.answers["tickers"] = lambda: TICKERS


Browser = Callable[..., Client]
Person = Callable[[Role], User]


def _watching(person: Person, *symbols: str) -> User:
    user = person(Role.VIEWER)
    keep(user.pk, [f"sim:{symbol}" for symbol in symbols])
    return user


def _symbols(html: str) -> list[str]:
    return re.findall(r'data-row="([^"]+)"', html)


def test_it_shows_bid_ask_last_and_change(browser: Browser, person: Person) -> None:
    html = browser(_watching(person, "BTCUSDT", "ETHUSDT")).get("/components/watchlist/").content.decode()

    assert _symbols(html) == ["BTCUSDT", "ETHUSDT"]
    bitcoin, ether = re.findall(r"<tr data-row=.*?</tr>", html, re.DOTALL)
    for cell in (">67,412.4<", ">67,412.5<", 'class="dir up"', ">+2.31%<"):
        assert cell in bitcoin
    assert ">—<" in ether
    assert 'class="stale"' in ether
    assert ">−1.12%<" in ether


def test_it_adds_a_symbol_in_any_spelling(browser: Browser, person: Person) -> None:
    client = browser(_watching(person, "BTCUSDT"))

    answer = client.post("/components/watchlist/", {"event": "add_symbol", "symbol": "eth/usdt"})

    assert answer.status_code == 200
    assert _symbols(answer.content.decode()) == ["BTCUSDT", "ETHUSDT"]
    assert _symbols(client.get("/components/watchlist/").content.decode()) == ["BTCUSDT", "ETHUSDT"]


def test_it_removes_a_symbol(browser: Browser, person: Person) -> None:
    client = browser(_watching(person, "BTCUSDT", "ETHUSDT"))

    answer = client.post("/components/watchlist/", {"event": "remove", "symbol": "BTCUSDT"})

    assert _symbols(answer.content.decode()) == ["ETHUSDT"]


@pytest.mark.parametrize(
    ("symbol", "status", "words"),
    [
        ("NOPE", 404, "Unknown symbol"),
        ("BTCUSDT", 409, "in the watchlist already"),
        ("", 422, "Fill this in."),
        ("X" * 81, 422, "at most 80"),
    ],
)
def test_it_says_why_a_symbol_cannot_be_added_and_keeps_what_was_typed(
    browser: Browser, person: Person, symbol: str, status: int, words: str
) -> None:
    client = browser(_watching(person, "BTCUSDT"))

    answer = client.post("/components/watchlist/", {"event": "add_symbol", "symbol": symbol})

    html = answer.content.decode()
    assert answer.status_code == status
    assert words in html
    assert f'value="{symbol}"' in html
    assert _symbols(html) == ["BTCUSDT"]


def test_each_person_has_a_list_of_their_own(browser: Browser, person: Person) -> None:
    one, other = _watching(person, "BTCUSDT"), _watching(person, "ETHUSDT")

    browser(one).post("/components/watchlist/", {"event": "add_symbol", "symbol": "SOLUSDT"})

    assert _symbols(browser(other).get("/components/watchlist/").content.decode()) == ["ETHUSDT"]

"""A trader in front of the API, and an engine behind it."""

from __future__ import annotations

import pytest
from django.test import Client

from candlewick.store.models import Role, User
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink


@pytest.fixture
def engine_knows(link: FakeLink) -> None:
    """An engine that answers what is asked about markets."""
    link.answers = {
        "history": lambda symbol, **_: {"instrument": symbol, "tail": [], "fault": None},
        "tickers": lambda: [
            {"symbol": "ETHUSDT", "instrument": "sim:ETHUSDT", "last": 2.0},
            {"symbol": "BTCUSDT", "instrument": "sim:BTCUSDT", "last": 1.0},
        ],
        "book": lambda symbol, levels: {"symbol": symbol, "bids": [[1.0, 2.0]][:levels], "asks": []},
        "trades": lambda symbol, limit: [{"id": str(n)} for n in range(limit)],
        "funding": lambda symbol, start, end: [
            {"time": f"2026-01-0{day}T00:00:00.000Z", "rate": 0.0001} for day in range(1, 6)
        ],
        "open_interest": lambda symbol: {"symbol": symbol, "quantity": 3.0},
        "replay": lambda action, value=None: {"action": action, "value": value},
    }


@pytest.fixture
def trader(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser, trader: User) -> Client:
    return browser(trader)

"""`/api/market/`: instruments, prices, books, trades and funding."""

from __future__ import annotations

import orjson
import pytest
from django.test import Client

from tests.web.ground import FakeLink

pytestmark = pytest.mark.usefixtures("engine_knows")


def test_instruments_come_in_pages(client: Client, link: FakeLink) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = orjson.loads(client.get(f"/api/market/instruments/?limit=2{cursor}").content)
        seen += [each["symbol"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == sorted(each["symbol"] for each in link.instruments.values())


def test_instruments_can_be_searched(client: Client) -> None:
    page = orjson.loads(client.get("/api/market/instruments/?q=eth").content)
    assert [each["symbol"] for each in page["items"]] == ["ETHUSDT"]


def test_tickers_rise_by_symbol(client: Client) -> None:
    page = orjson.loads(client.get("/api/market/tickers/").content)
    assert [each["symbol"] for each in page["items"]] == ["BTCUSDT", "ETHUSDT"]
    assert page["next"] is None


@pytest.mark.parametrize(
    ("symbol", "told"), [("ETHUSDT", ["ETHUSDT"]), ("eth/usdt,sim:BTCUSDT", ["BTCUSDT", "ETHUSDT"])]
)
def test_tickers_of_some_symbols_alone(client: Client, symbol: str, told: list[str]) -> None:
    page = orjson.loads(client.get(f"/api/market/tickers/?symbol={symbol}").content)
    assert [each["symbol"] for each in page["items"]] == told
    assert client.get("/api/market/tickers/?symbol=ETHUSDT,NOTHING").status_code == 404


def test_the_book_is_passed_on(client: Client) -> None:
    book = orjson.loads(client.get("/api/market/book/?symbol=BTCUSDT").content)
    assert book["bids"] == [[1.0, 2.0]]


def test_trades_have_one_page(client: Client) -> None:
    page = orjson.loads(client.get("/api/market/trades/?symbol=BTCUSDT&limit=2").content)
    assert page == {"items": [{"id": "0"}, {"id": "1"}], "next": None}


def test_funding_goes_on_where_a_page_ended(client: Client, link: FakeLink) -> None:
    page = orjson.loads(client.get("/api/market/funding/?symbol=BTCUSDT-PERP&limit=2").content)
    assert len(page["items"]) == 2
    client.get("/api/market/funding/", {"symbol": "BTCUSDT-PERP", "cursor": page["next"]})
    assert link.asked[-1][1]["start"] == 1767398400  # 2026-01-03

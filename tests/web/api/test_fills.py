"""`/api/fills/`: what was traded, and the marks that a chart makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from candlewick.core.reports import Fill
from candlewick.store.journal.paging import Page
from candlewick.store.journal.records import FillRecord
from candlewick.store.models import Role, User
from candlewick.web.services import Services

Browser = Callable[..., Client]
Person = Callable[[Role], User]
MINUTE_NS = 60_000_000_000
BEGUN_NS = 1_769_428_800 * 1_000_000_000  # 2026-01-26 12:00 UTC


class Kept:
    """The ledger's records, as a test gives them: newest first."""

    def __init__(self, *records: FillRecord) -> None:
        self.records = records
        self.asked: list[dict[str, Any]] = []

    def fills(self, account: int, **asked: Any) -> Page[FillRecord]:
        self.asked.append({"account": account, **asked})
        return Page(list(self.records), "further")


def _fill(id: str, side: Any, price: str, quantity: str, *, minute: float, realised: str = "0") -> FillRecord:
    fill = Fill(
        account=1,
        id=id,
        order_id=f"order-{id}",
        instrument="sim:BTCUSDT",
        side=side,
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal("0.10000000000000000001"),
        fee_currency="USDT",
        liquidity="taker",
        ts=BEGUN_NS + int(minute * MINUTE_NS),
    )
    return FillRecord(fill, Decimal(realised))


@pytest.fixture
def kept(services: Services) -> Kept:
    records = Kept(
        _fill("4", "sell", "110", "2", minute=1.5, realised="18.5"),
        _fill("3", "sell", "108", "1", minute=1.2, realised="7.25"),
        _fill("2", "buy", "101", "1", minute=0.9),
        _fill("1", "buy", "100", "3", minute=0.1),
    )
    services.__dict__["records"] = records
    return records


def _get(browser: Browser, user: User, path: str) -> Any:
    answer = browser(user).get(path)
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content, parse_float=Decimal)


def test_fills_come_newest_first_with_every_digit(browser: Browser, person: Person, kept: Kept) -> None:
    trader = person(Role.TRADER)

    page = _get(browser, trader, "/api/fills/?symbol=BTC/USDT&limit=4")

    assert [each["id"] for each in page["items"]] == ["4", "3", "2", "1"]
    assert page["next"] == "further"
    newest = page["items"][0]
    assert newest["fee"] == Decimal("0.10000000000000000001")
    assert newest["realized_pnl"] == Decimal("18.5")
    assert (newest["symbol"], newest["time"]) == ("BTCUSDT", "2026-01-26T12:01:30.000Z")
    (asked,) = kept.asked
    assert (asked["account"], asked["symbol"]) == (trader.accounts.get().pk, "sim:BTCUSDT")


def test_marks_add_up_what_one_candle_saw_of_a_side(browser: Browser, person: Person, kept: Kept) -> None:
    marks = _get(browser, person(Role.TRADER), "/api/fills/marks/?symbol=BTCUSDT&interval=1m")

    begun = BEGUN_NS // 1_000_000_000
    assert marks == [
        {"time": begun, "side": "buy", "price": Decimal("100.25"), "quantity": 4, "realized_pnl": 0},
        {
            "time": begun + 60,
            "side": "sell",
            "price": Decimal("109.33333333"),
            "quantity": 3,
            "realized_pnl": Decimal("25.75"),
        },
    ]


def test_marks_of_a_longer_candle_keep_the_sides_apart(browser: Browser, person: Person, kept: Kept) -> None:
    marks = _get(browser, person(Role.TRADER), "/api/fills/marks/?symbol=BTCUSDT&interval=1h")

    assert [(each["side"], each["quantity"]) for each in marks] == [("buy", 4), ("sell", 3)]
    assert len({each["time"] for each in marks}) == 1


@pytest.mark.parametrize("query", ["symbol=BTCUSDT&interval=7m", "symbol=BTCUSDT", "interval=1m"])
def test_a_chart_that_does_not_exist_has_no_marks(
    browser: Browser, person: Person, kept: Kept, query: str
) -> None:
    answer = browser(person(Role.TRADER)).get(f"/api/fills/marks/?{query}")

    assert answer.status_code == 422
    assert kept.asked == []

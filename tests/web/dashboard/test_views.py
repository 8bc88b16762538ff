"""The dashboard: what the engine says, in words; what is not known is not invented."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from candlewick.core.errors import EngineAway
from candlewick.store.models import Role
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink

PORTFOLIO: dict[str, Any] = {
    "total_value": Decimal("100223.65"), "day_pnl": Decimal("-12.1"), "day_pnl_pct": Decimal("-0.0121"),
    "unrealized_pnl": Decimal("0.004"), "realized_pnl": Decimal("223.65"), "free_margin": None,
    "drawdown_pct": Decimal("1.25"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _engine(link: FakeLink) -> None:
    link.answers["account.portfolio"] = lambda account: PORTFOLIO


def test_it_shows_what_the_account_is_worth(browser: Browser, person: Person) -> None:
    page = browser(person(Role.TRADER)).get("/").content.decode()
    assert ">100,223.65</strong>" in page
    assert ">−12.10</strong>" in page
    assert ">+223.65</strong>" in page


def test_what_is_not_known_is_a_dash_and_what_rounds_to_nothing_has_no_sign(
    browser: Browser, person: Person
) -> None:
    page = browser(person(Role.TRADER)).get("/").content.decode()
    assert 'data-cell="free_margin" data-format="money">—</strong>' in page
    assert 'data-cell="unrealized_pnl" data-format="signed">0.00</strong>' in page


def test_before_any_engine_has_run_there_are_no_trades_and_no_win_rate(
    browser: Browser, person: Person
) -> None:
    page = browser(person(Role.TRADER)).get("/").content.decode()
    assert "No trade was closed yet" in page
    assert "nothing to compare with" in page


def test_it_holds_the_watchlist(browser: Browser, person: Person) -> None:
    page = browser(person(Role.TRADER)).get("/").content.decode()
    assert 'hx-get="/components/watchlist/" hx-trigger="load, refresh"' in page


def test_while_the_engine_is_away_it_says_so(browser: Browser, person: Person, link: FakeLink) -> None:
    def away(**arguments: Any) -> Any:
        raise EngineAway("The engine is away; it is being restarted.")

    link.answers["account.portfolio"] = away
    answer = browser(person(Role.TRADER)).get("/")
    assert answer.status_code == 503
    assert b"it is being restarted" in answer.content


def test_without_an_account_it_leads_to_one(browser: Browser, person: Person) -> None:
    assert b"You have no account yet" in browser(person(Role.VIEWER)).get("/").content


def test_somebody_elses_account_does_not_exist(browser: Browser, person: Person, link: FakeLink) -> None:
    number = person(Role.TRADER).accounts.get().pk
    stranger = browser(person(Role.TRADER))
    assert stranger.get(f"/dashboard/trades/?account={number}").status_code == 404
    assert stranger.get(f"/?account={number}").status_code == 404
    assert not link.asked

"""The risk page: limits are set as typed, by whom may, and a bad day is told or said to be unknown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from candlewick.core.errors import EngineAway, UsageError
from candlewick.store.models import Role
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink

LIMITS: dict[str, Any] = {
    "symbols": None, "max_order_notional": Decimal("50000"), "max_position_notional": None,
    "max_gross_notional": None, "max_leverage": Decimal(20), "max_margin_pct": Decimal(95),
    "price_band_pct": Decimal(10), "max_daily_loss": None, "max_daily_loss_pct": Decimal(10),
    "max_drawdown_pct": Decimal(25), "max_orders_per_minute": 60, "max_open_orders": 200,
    "max_sector_pct": None, "max_correlated_pct": None, "max_data_age_s": Decimal(30),
    "warn_pct": Decimal(80), "halt_on_breach": False,
}  # fmt: skip
GROUPS = [{"name": "BTCUSDT, ETHUSDT", "notional": Decimal("8000.5"), "pct": Decimal("8.1")}]
TAIL: dict[str, Any] = {
    "account": 1, "currency": "USDT", "days": 365, "least_days": 30, "without_history": [],
    "tails": [
        {"confidence": 0.95, "historical_var": 228.757, "historical_es": 299.7, "parametric_var": 228.7,
         "parametric_es": 286.8}
    ],
    "shocks": [
        {"name": "All prices -30%", "pnl": Decimal("-1405.81"), "equity": Decimal("98587.2"),
         "margin_pct": Decimal("0.88"), "liquidated": ["USDT"]}
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _engine(link: FakeLink) -> None:
    link.answers["account.risk"] = lambda account: {"groups": GROUPS, "limits": LIMITS}
    link.answers["risk.tail"] = lambda account: TAIL
    link.answers["risk.limits"] = lambda **arguments: LIMITS


def form(**typed: str) -> dict[str, str]:
    """What a person sends who changes nothing but `typed`."""
    stands = {name: "" if value is None else str(value) for name, value in LIMITS.items()}
    return {
        name: value for name, value in stands.items() if name not in {"symbols", "halt_on_breach"}
    } | typed


def test_it_shows_the_limits_and_what_moves_together(browser: Browser, person: Person) -> None:
    page = browser(person(Role.TRADER)).get("/risk/").content.decode()
    assert 'name="max_order_notional" value="50000"' in page
    assert 'name="max_daily_loss" value=""' in page
    assert "BTCUSDT, ETHUSDT" in page
    assert "8,000.50" in page


def test_it_sets_what_was_typed_exactly_and_switches_off_what_is_empty(
    browser: Browser, person: Person, link: FakeLink
) -> None:
    ann = person(Role.TRADER)
    number = ann.accounts.get().pk
    sent = form(max_order_notional="12,500.10", max_leverage="", halt_on_breach="on")
    answer = browser(ann).post(f"/risk/limits/?account={number}", sent)
    assert answer.status_code == 302
    assert answer["Location"] == f"/risk/?account={number}"  # and not whichever account was chosen
    verb, asked = link.asked[-1]
    assert verb == "risk.limits"
    assert asked["limits"]["max_order_notional"] == "12500.10"
    assert asked["limits"]["max_leverage"] is None
    assert asked["limits"]["halt_on_breach"] is True
    assert asked["limits"]["max_open_orders"] == 200


@pytest.mark.parametrize(
    ("field", "text"),
    [("max_order_notional", "much"), ("max_leverage", "-1"), ("max_open_orders", "1.5"), ("warn_pct", "")],
)
def test_it_tells_in_its_place_what_cannot_be_and_keeps_what_was_typed(
    browser: Browser, person: Person, link: FakeLink, field: str, text: str
) -> None:
    answer = browser(person(Role.TRADER)).post("/risk/limits/", form(**{field: text}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'name="{field}" value="{text}"' in page
    assert page.count('aria-invalid="true"') == 1
    assert "risk.limits" not in [verb for verb, _ in link.asked]


def test_it_passes_on_what_the_heart_finds_wrong(browser: Browser, person: Person, link: FakeLink) -> None:
    def refuse(**arguments: Any) -> Any:
        raise UsageError("max_leverage must be a number from 0 to 1000, but is 5000.")

    link.answers["risk.limits"] = refuse
    answer = browser(person(Role.TRADER)).post("/risk/limits/", form(max_leverage="5000"))
    assert answer.status_code == 422
    assert b"but is 5000" in answer.content


def test_a_bad_day_is_told_with_its_shocks(browser: Browser, person: Person) -> None:
    answer = browser(person(Role.TRADER)).get("/risk/tail/")
    page = answer.content.decode()
    assert answer["X-Component"] == "risk_tail"
    assert "228.76" in page
    assert "liquidated: USDT" in page


def test_without_an_engine_it_says_so(browser: Browser, person: Person, link: FakeLink) -> None:
    def away(**arguments: Any) -> Any:
        raise EngineAway("The engine is away.")

    link.answers["account.risk"] = away
    answer = browser(person(Role.TRADER)).get("/risk/")
    assert answer.status_code == 503
    assert b"The engine is away" in answer.content


def test_a_viewer_without_an_account_is_told_how_to_get_one(browser: Browser, person: Person) -> None:
    assert b"You have no account yet" in browser(person(Role.VIEWER)).get("/risk/").content


def test_a_stranger_is_asked_to_sign_in(browser: Browser) -> None:
    assert browser().get("/risk/").status_code == 302
    assert browser().post("/risk/limits/", form()).status_code == 302


def test_somebody_elses_account_does_not_exist(browser: Browser, person: Person, link: FakeLink) -> None:
    owner = person(Role.TRADER)
    number = owner.accounts.get().pk
    stranger = browser(person(Role.TRADER))
    assert stranger.get(f"/risk/tail/?account={number}").status_code == 404
    assert stranger.post(f"/risk/limits/?account={number}", form()).status_code == 404
    assert not link.asked

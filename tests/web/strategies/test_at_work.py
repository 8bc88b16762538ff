"""Strategies at work on their pages: put to work, paused, resumed, stopped; each of an account alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from candlewick.core.errors import NotYet, UsageError
from candlewick.runtime.jobs import desk as studies
from candlewick.store.models import AccountMember, Role, StrategyAtWork, StrategyLine, User
from tests.web.conftest import Browser, Person
from tests.web.ground import FakeLink

START = "/strategies/library/EmaCross/start/"
AT_WORK = "/api/dashboard/strategies/"
ASKED = {"strategy": "ema-cross", "symbols": ["BTCUSDT"], "timeframe": "1h", "fraction": 0.25}
FIGURES = {
    "capital": 2_500, "equity": 2_612.5, "pnl": 112.5, "pnl_pct": 4.5, "unrealized_pnl": 12.5,
    "trades": 3, "wins": 2, "win_rate": 0.6667, "net": 100, "fees": 1.25,
}  # fmt: skip


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.TRADER)


@pytest.fixture
def client(browser: Browser, ann: User, link: FakeLink) -> Client:
    """Ann's browser, with an engine that tells of each strategy what it makes."""
    link.answers |= {
        "strategy.list": lambda account, **_: [*map(_live, StrategyAtWork.objects.filter(account=account))],
        "strategy.state": lambda id, **_: _live(StrategyAtWork.objects.get(pk=id)),
        "strategy.look": lambda **_: None,
        "account.portfolio": lambda **_: {"total_value": None},
    }  # fmt: skip
    return browser(ann)


def _live(row: StrategyAtWork) -> dict[str, Any]:
    health = {
        "phase": "running", "waits_for": None, "last_bar": "2026-01-26T12:00:00Z", "lag_ms": 107.4,
        "answer_ms": 3.0, "missed": 2, "process_id": 7,
    }  # fmt: skip
    held = {"symbol": "BTCUSDT", "instrument": "sim:BTCUSDT", "quantity": 0.05, "avg_price": 50_000,
            "current_price": 50_250, "unrealized_pnl": 12.5}  # fmt: skip
    return {"id": row.pk, **FIGURES, "positions": [held], "orders": [], "health": health}


def typed(ann: User, **changes: str) -> dict[str, str]:
    account = str(ann.accounts.get().pk)
    return {
        "account": account,
        "symbols": "BTCUSDT",
        "timeframe": "1h",
        "share": "25",
        "p_fast": "9",
    } | changes


def begun(client: Client, ann: User) -> StrategyAtWork:
    client.post(START, typed(ann))
    return StrategyAtWork.objects.get(account__user=ann)


def said(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:500]
    return str(answer.content.decode())


def test_it_is_put_to_work_with_what_was_typed(client: Client, ann: User) -> None:
    row = begun(client, ann)
    assert (row.name, row.state) == ("EmaCross", "running")
    assert row.spec["symbols"] == ["sim:BTCUSDT"]
    assert (row.spec["timeframe"], row.spec["parameters"]["fast"]) == ("1h", 9)
    assert float(row.spec["fraction"]) == 0.25


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("p_fast", "99", "give a whole number from 5 to 50"),
        ("share", "150", "at most 100 per cent"),
        ("share", "much", "in per cent"),
        ("share", "33.33333333", "in per cent, to six places at most."),
        ("symbols", "", "Name what it trades, fifty markets at most: BTCUSDT."),
        ("symbols", "X " * 51, "Name what it trades, fifty markets at most: BTCUSDT."),
        ("timeframe", "a fortnight", "Choose which bars."),
        ("confirm_live", "x" * 61, "That is not the account"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_starts(
    client: Client, ann: User, field: str, text: str, told: str
) -> None:
    answer = client.post(START, typed(ann, **{field: text}))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not StrategyAtWork.objects.filter(account__user=ann).exists()


def test_a_program_that_sends_a_number_beyond_all_floats_is_told_so(client: Client, ann: User) -> None:
    asked = {"strategy": "EmaCross", "symbols": ["BTCUSDT"], "timeframe": "1h", "fraction": 0.25}
    asked["parameters"] = {"fast": 10**400}
    answer = client.post("/api/dashboard/strategies/", asked, content_type="application/json")
    assert answer.status_code == 422, answer.content
    assert "fast of EmaCross is 1000" in answer.json()["detail"]
    assert not StrategyAtWork.objects.filter(account__user=ann).exists()


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"strategy": "EmaCros"}, "strategy", "Did you mean EmaCross"),
        ({"symbols": ["BTCUSDT", "BTCUSDT"]}, "symbols", "more than once"),
        ({"timeframe": "7m"}, "timeframe", "Unknown interval '7m'"),
        ({"timeframe": ""}, "timeframe", "of which bars"),
        ({"parameters": {"fast": 99}}, "parameters", "from 5 to 50"),
        ({"amount": 100}, "fraction", "a fraction of the account, or an amount"),
        ({"fraction": None}, "fraction", "a fraction of the account, or an amount"),
    ],
)
def test_a_program_is_told_which_field_cannot_be(
    client: Client, ann: User, changes: dict[str, Any], field: str, told: str
) -> None:
    answer = client.post(AT_WORK, ASKED | changes, content_type="application/json")
    assert answer.status_code == 422
    ((named, (sentence,)),) = answer.json()["errors"].items()
    assert (named, sentence) == (field, answer.json()["detail"])
    assert told in sentence


def test_more_than_the_account_is_worth_is_refused_at_once_where_that_is_known(
    client: Client, ann: User, link: FakeLink
) -> None:
    def ask(amount: float) -> Any:
        asked = ASKED | {"fraction": None, "amount": amount}
        return client.post(AT_WORK, asked, content_type="application/json")

    link.answers["account.portfolio"] = lambda **_: {"total_value": 1_000.5}
    refused = ask(1_000.51)
    assert refused.status_code == 422
    assert refused.json()["errors"] == {
        "amount": ["amount: The account is worth 1,000.50, less than the 1,000.51 asked for."]
    }
    assert not StrategyAtWork.objects.filter(account__user=ann).exists()
    assert ask(1_000.5).status_code == 201
    link.answers["account.portfolio"] = lambda **_: {"total_value": None}
    StrategyAtWork.objects.all().delete()
    assert ask(1e9).status_code == 201, "nobody knows yet what it is worth"


def test_a_symbol_at_the_beginning_of_a_sentence_is_no_field(
    client: Client, ann: User, link: FakeLink
) -> None:
    def refuse(**_: Any) -> None:
        raise UsageError("sim:BTCUSDT is not to be had now: take another.")

    link.answers["strategy.drift"] = refuse
    answer = client.get(f"{AT_WORK}{begun(client, ann).pk}/drift/")
    assert answer.status_code == 422
    assert "errors" not in answer.json()


def test_its_page_shows_what_it_makes_holds_and_says(client: Client, ann: User) -> None:
    row = begun(client, ann)
    StrategyLine.objects.create(strategy=row, seq=1, at_ns=10**18, kind="print", text="hello <world>")
    page = said(client, f"/strategies/{row.pk}/")
    for text in ("+112.50", "+4.50%", "2,612.50", "of 2,500.00 given", "66.7%", "0.05", "50,250", "107 ms",
                 "hello &lt;world&gt;", "class EmaCross(Strategy)"):  # fmt: skip
        assert text in page, text


def test_the_list_shows_its_state_and_live_profit(client: Client, ann: User) -> None:
    row = begun(client, ann)
    page = said(client, "/strategies/")
    assert f"/strategies/{row.pk}/" in page
    assert "+112.50" in page
    assert "Running" in page


def test_it_is_paused_resumed_and_stopped(client: Client, ann: User) -> None:
    row = begun(client, ann)
    act = f"/strategies/{row.pk}/act/"
    for do, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopping")):
        client.post(act, {"do": do})
        assert StrategyAtWork.objects.get(pk=row.pk).state == state
    assert "cannot be" in client.post(act, {"do": "resume"}, follow=True).content.decode()


def test_what_it_holds_is_left_where_that_is_asked_for(client: Client, ann: User) -> None:
    row = begun(client, ann)
    client.post(f"/strategies/{row.pk}/act/", {"do": "stop", "keep": "on"})
    assert StrategyAtWork.objects.get(pk=row.pk).spec["keep_position"] is True


def test_the_page_says_so_while_the_engine_is_away(client: Client, ann: User, link: FakeLink) -> None:
    row = begun(client, ann)
    link.go()
    page = said(client, f"/strategies/{row.pk}/")
    assert "The engine is away" in page
    assert "+112.50" not in page


def test_a_study_fills_the_form(client: Client, ann: User) -> None:
    spec = {"symbols": ["sim:ETHUSDT"], "timeframe": "4h", "parameters": {"fast": 7}}
    job = studies.submit(ann.pk, "backtest", spec, draft=True)
    page = said(client, f"{START}?study={job.pk}")
    assert 'value="sim:ETHUSDT"' in page
    assert 'value="7"' in page
    assert '<option value="4h" selected>' in page


def test_a_member_who_may_only_look_finds_no_controls(
    client: Client, browser: Browser, person: Person, ann: User
) -> None:
    row = begun(client, ann)
    eve = person(Role.TRADER)
    AccountMember.objects.create(account=row.account, user=eve, may_trade=False)
    page = said(browser(eve), f"/strategies/{row.pk}/")
    assert "+112.50" in page
    assert 'value="stop"' not in page
    assert browser(eve).post(f"/strategies/{row.pk}/act/", {"do": "stop"}).status_code == 403


def test_its_drift_is_told_by_cause(client: Client, ann: User, link: FakeLink) -> None:
    row = begun(client, ann)
    trade = {"symbol": "BTCUSDT", "side": "long", "entry_time": 1_769_428_800, "pnl": 90.0}
    pair = {
        "expected": trade,
        "actual": trade | {"pnl": 80.0},
        "gap": -10.0,
        "causes": {"fee": -2.0, "latency": -8.0},
    }
    link.answers["strategy.drift"] = lambda **_: {
        "expected": 90.0, "actual": 80.0, "gap": -10.0, "causes": {"fee": -2.0, "latency": -8.0, "size": 0.0},
        "trades": [pair],
    }  # fmt: skip
    page = said(client, f"/strategies/{row.pk}/drift/")
    for text in (
        "+90.00",
        "−10.00",
        "−8.00",
        "the market moved until the order was sent",
        "2026-01-26 12:00",
    ):
        assert text in page, text
    assert "larger or smaller" not in page, "what explains nothing is left out"


def test_a_drift_that_is_still_being_worked_out_is_asked_for_again(
    client: Client, ann: User, link: FakeLink
) -> None:
    def working(**_: Any) -> None:
        raise NotYet("Its backtest is still running. Ask again in a moment.")

    link.answers["strategy.drift"] = working
    row = begun(client, ann)
    answer = client.get(f"{AT_WORK}{row.pk}/drift/")
    assert (answer.status_code, answer["Retry-After"]) == (409, "1")
    page = said(client, f"/strategies/{row.pk}/drift/")
    assert "still running" in page
    assert f'hx-get="/strategies/{row.pk}/drift/"' in page


def test_its_drift_is_not_told_where_there_is_none_to_tell(client: Client, ann: User, link: FakeLink) -> None:
    row = begun(client, ann)
    link.answers["strategy.drift"] = lambda **_: None
    assert "its drift is told while the engine has it at work" in said(client, f"/strategies/{row.pk}/drift/")

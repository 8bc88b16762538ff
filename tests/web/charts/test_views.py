"""The page of charts, as a browser gets it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from candlewick.store.models import Role, User
from candlewick.web.people import panes
from candlewick.web.people.panes import Pane, Panes
from candlewick.web.watchlist import keep
from tests.web import ground

Browser = Callable[..., Client]
Person = Callable[[Role], User]


def _page(client: Client) -> str:
    answer = client.get("/charts/")
    assert answer.status_code == 200
    return answer.content.decode()


def _start(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="start">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    start: dict[str, Any] = json.loads(found[1])
    return start


def test_a_stranger_is_sent_to_sign_in(browser: Browser) -> None:
    assert browser().get("/charts/").status_code == 302


@pytest.mark.parametrize("role", list(Role))
def test_everybody_who_is_signed_in_sees_charts(browser: Browser, person: Person, role: Role) -> None:
    assert _start(_page(browser(person(role))))["shown"] == 4


def test_the_first_charts_are_of_what_is_watched_each_in_turn(browser: Browser, person: Person) -> None:
    ann = person(Role.VIEWER)
    keep(ann.pk, ["sim:SOLUSDT", "sim-east:BTCUSDT"])

    start = _start(_page(browser(ann)))

    assert [each["symbol"] for each in start["panes"]] == ["SOLUSDT", "sim-east:BTCUSDT"] * 3
    assert [each["symbol"] for each in start["instruments"]] == ["SOLUSDT", "sim-east:BTCUSDT"]
    assert [each["key"] for each in start["panes"][5]["indicators"]] == ["ema:20", "rsi:14"]
    assert {each["name"] for each in start["kinds"]} == {"ema", "rsi"}


def test_charts_come_back_as_they_were_left_and_a_market_that_is_gone_gives_its_place_to_the_next(
    browser: Browser, person: Person
) -> None:
    ann = person(Role.VIEWER)
    keep(ann.pk, ["sim:SOLUSDT"])
    chosen = (Pane(symbol="sim:GONEUSDT", interval="1h"), Pane(symbol="sim:ETHUSDT", interval="4h"))
    panes.keep(ann.pk, Panes(shown=2, panes=chosen))

    start = _start(_page(browser(ann)))

    assert start["shown"] == 2
    assert [(each["symbol"], each["interval"]) for each in start["panes"][:2]] == [
        ("ETHUSDT", "4h"),
        ("SOLUSDT", "15m"),
    ]


def test_only_as_many_charts_as_were_chosen_can_be_seen_at_first(browser: Browser, person: Person) -> None:
    ann = person(Role.VIEWER)
    panes.keep(ann.pk, Panes(shown=1))

    page = _page(browser(ann))

    assert len(re.findall(r'data-pane="\d"[^>]* hidden>', page)) == 5


def test_the_page_waits_for_an_engine_that_was_never_seen(
    browser: Browser, person: Person, link: ground.FakeLink
) -> None:
    link.instruments.clear()

    answer = browser(person(Role.VIEWER)).get("/charts/")

    assert answer.status_code == 503
    assert answer["Refresh"] == "1"

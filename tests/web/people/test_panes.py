"""`/api/preferences/panes/`: the charts that a person has side by side."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from candlewick.store.models import Role, User
from candlewick.web.people import charted, panes, preferences
from candlewick.web.people.charted import USUAL
from candlewick.web.people.panes import Pane, Panes
from candlewick.web.people.preferences import Preferences
from tests.web.conftest import Browser, Person

PATH = "/api/preferences/panes/"
ONE = {"symbol": "BTCUSDT", "interval": "1h", "indicators": [{"key": "ema"}]}


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.VIEWER)


@pytest.fixture
def client(browser: Browser, ann: User) -> Client:
    return browser(ann)


def put(client: Client, **chosen: Any) -> Any:
    return client.put(PATH, chosen, content_type="application/json")


def test_who_never_chose_has_four_charts_that_are_still_open(client: Client) -> None:
    assert client.get(PATH).json() == {"shown": 4, "panes": []}


def test_what_is_chosen_is_kept_with_every_number_written_out(
    client: Client, browser: Browser, ann: User
) -> None:
    assert (
        put(client, shown=2, panes=[ONE, {"symbol": "sim-east:BTCUSDT", "interval": "1d"}]).status_code == 200
    )

    kept = browser(ann).get(PATH).json()
    assert kept["shown"] == 2
    assert [(each["symbol"], each["interval"]) for each in kept["panes"]] == [
        ("BTCUSDT", "1h"),
        ("sim-east:BTCUSDT", "1d"),
    ]
    assert [each["key"] for each in kept["panes"][0]["indicators"]] == ["ema:20"]


def test_each_person_has_their_own(client: Client, browser: Browser, person: Person) -> None:
    put(client, shown=1, panes=[ONE])

    assert browser(person(Role.OWNER)).get(PATH).json() == {"shown": 4, "panes": []}


@pytest.mark.parametrize(
    "chosen",
    [
        {"shown": 3, "panes": []},
        {"shown": 1, "panes": [ONE] * 7},
        {"shown": 1, "panes": [ONE | {"interval": "7m"}]},
        {"shown": 1, "panes": [ONE | {"indicators": [{"key": "ema:20"}, {"key": "ema"}]}]},
        {"shown": 1, "panes": [ONE | {"indicators": [{"key": f"ema:{n}"} for n in range(10, 19)]}]},
        {"shown": 1, "panes": [ONE | {"indicators": [{"key": "nonsense"}]}]},
        {"shown": 1, "panes": [ONE | {"colour": "red"}]},
    ],
)
def test_what_cannot_be_shown_is_refused_and_changes_nothing(client: Client, chosen: Any) -> None:
    put(client, shown=2, panes=[ONE])

    assert put(client, **chosen).status_code == 422

    assert client.get(PATH).json()["shown"] == 2


def test_a_market_that_nobody_lists_is_refused_by_name(client: Client) -> None:
    answer = put(client, shown=1, panes=[ONE | {"symbol": "NOPEUSDT"}])

    assert answer.status_code in {404, 422}
    assert "NOPEUSDT" in answer.json()["detail"]


def test_preferences_indicators_and_charts_leave_each_other_alone(ann: User) -> None:
    panes.keep(ann.pk, Panes(shown=6, panes=(Pane(symbol="sim:BTCUSDT", interval="1h"),)))
    charted.keep(ann.pk, USUAL)
    preferences.keep(ann.pk, Preferences(sounds=True))

    assert panes.of(ann.pk).shown == 6
    assert charted.of(ann.pk) == USUAL
    assert preferences.of(ann.pk).sounds


def test_an_indicator_that_is_not_known_any_more_is_left_out_and_the_chart_stays(ann: User) -> None:
    kept = {"symbol": "sim:BTCUSDT", "interval": "1h", "indicators": [{"key": "gone:3"}, {"key": "ema:20"}]}
    ann.preferences = {"panes": {"shown": 2, "panes": [kept]}}
    ann.save()

    found = panes.of(ann.pk)

    assert [each.key for each in found.panes[0].indicators] == ["ema:20"]


@pytest.mark.parametrize(
    "kept", [None, [], {"shown": 2}, {"shown": 9, "panes": []}, {"panes": [{"symbol": 1}]}]
)
def test_what_another_version_kept_otherwise_is_begun_anew(ann: User, kept: Any) -> None:
    ann.preferences = {"panes": kept}
    ann.save()

    assert panes.of(ann.pk) == Panes()

"""`/api/preferences/indicators/`: which indicators a person's charts show."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from candlewick.store.models import Role, User
from candlewick.web.people import charted, preferences
from candlewick.web.people.preferences import Preferences
from tests.web.conftest import Browser, Person

PATH = "/api/preferences/indicators/"


@pytest.fixture
def ann(person: Person) -> User:
    return person(Role.VIEWER)


@pytest.fixture
def client(browser: Browser, ann: User) -> Client:
    return browser(ann)


def put(client: Client, *indicators: Any) -> Any:
    return client.put(PATH, {"indicators": list(indicators)}, content_type="application/json")


def test_charts_begin_with_the_usual_indicators(client: Client) -> None:
    shown = client.get(PATH).json()["indicators"]

    assert [each["key"] for each in shown] == ["ema:20", "rsi:14"]


def test_what_a_person_chooses_is_kept_in_its_order_with_its_looks(
    client: Client, browser: Browser, ann: User
) -> None:
    put(
        client,
        {"key": "macd", "colors": {"signal": "#ff0000"}, "width": 3, "style": "dashed"},
        {"key": "ema:50", "hidden": True},
    )

    macd, ema = browser(ann).get(PATH).json()["indicators"]
    assert macd == {
        "key": "macd:12:26:9",
        "colors": {"signal": "#ff0000"},
        "width": 3,
        "style": "dashed",
        "hidden": False,
    }
    assert (ema["key"], ema["hidden"]) == ("ema:50", True)


def test_one_who_wants_none_gets_none(client: Client) -> None:
    assert put(client).status_code == 200

    assert client.get(PATH).json() == {"indicators": []}


def test_they_are_a_persons_own(client: Client, browser: Browser, person: Person) -> None:
    put(client, {"key": "sma:9"})

    assert browser(person(Role.VIEWER)).get(PATH).json()["indicators"][0]["key"] == "ema:20"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([{"key": "weather:3"}], "Unknown indicator 'weather'"),
        ([{"key": "ema:1"}], "give a whole number from 2 to 1000"),
        ([{"key": "macd:26:12:9"}], "macd"),
        ([{"key": "ema:20"}, {"key": "ema"}], "ema:20 is there twice"),
        ([{"key": "ema:20", "colors": {"signal": "#ff0000"}}], "ema:20 has no line 'signal'"),
        ([{"key": "ema:20", "colors": {"ema": "red"}}], "pattern"),
        ([{"key": "ema:20", "colors": 5}], "dictionary"),
        ([{"key": "ema:20", "width": 9}], "less than or equal to 4"),
        ([{"key": "ema:20", "glow": True}], "Extra"),
        ([{"key": f"ema:{n}"} for n in range(2, 19)], "at most 16"),
        ([5], "dictionary"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_kept(
    client: Client, given: list[Any], said: str
) -> None:
    answer = put(client, *given)

    assert answer.status_code == 422
    assert said in str(answer.json()["errors"])
    assert len(client.get(PATH).json()["indicators"]) == 2


def test_an_indicator_of_another_version_is_left_out_alone(client: Client, ann: User) -> None:
    kept = [{"key": "gone:3"}, {"key": "sma:9"}]
    User.objects.filter(pk=ann.pk).update(preferences={"indicators": kept})

    assert [each["key"] for each in client.get(PATH).json()["indicators"]] == ["sma:9"]


def test_preferences_and_indicators_leave_each_other_alone(client: Client, ann: User) -> None:
    put(client, {"key": "sma:9"})
    preferences.keep(ann.pk, Preferences(sounds=True))
    put(client, {"key": "sma:10"})

    assert preferences.of(ann.pk).sounds is True
    assert [each.key for each in charted.of(ann.pk).indicators] == ["sma:10"]


def test_the_terminal_begins_with_the_catalogue_of_what_it_draws(ann: User) -> None:
    charts = charted.Charts.model_validate({"indicators": [{"key": "macd"}, {"key": "sma:9"}]})

    assert {kind["name"] for kind in charted.kinds(charts.indicators)} == {"macd", "sma"}

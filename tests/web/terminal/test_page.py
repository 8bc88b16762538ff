"""What the terminal's page is told when it is made."""

from __future__ import annotations

import pytest

from candlewick.core.interval import SECONDS
from candlewick.web.terminal.page import STRIP, Page
from tests.web import ground


@pytest.mark.parametrize("asked", ["ETHUSDT", "ethusdt", "ETH/USDT", "sim:ETHUSDT"])
def test_it_shows_the_symbol_that_is_asked_for_in_any_spelling(link: ground.FakeLink, asked: str) -> None:
    assert Page.make(link, watchlist=[], symbol=asked).symbol == "ETHUSDT"


def test_it_names_another_venues_instrument_by_its_whole_id(link: ground.FakeLink) -> None:
    page = Page.make(link, watchlist=[], symbol="sim-east:BTCUSDT")

    assert page.symbol == "sim-east:BTCUSDT"
    assert page.instrument["venue"] == "sim-east"


@pytest.mark.parametrize("asked", ["", "NOSUCHUSDT", ":", "<script>"])
def test_it_shows_the_first_of_the_watchlist_instead_of_what_does_not_exist(
    link: ground.FakeLink, asked: str
) -> None:
    page = Page.make(link, watchlist=["sim:SOLUSDT", "sim:ETHUSDT"], symbol=asked)

    assert page.symbol == "SOLUSDT"


def test_it_shows_the_majors_perpetual_to_one_who_watches_nothing(link: ground.FakeLink) -> None:
    assert Page.make(link, watchlist=[]).symbol == "BTCUSDT-PERP"


def test_it_shows_something_where_the_majors_are_not_listed(link: ground.FakeLink) -> None:
    link.instruments = {"sim:SOLUSDT": ground.instrument("SOLUSDT")}

    assert Page.make(link, watchlist=[]).symbol == "SOLUSDT"


@pytest.mark.parametrize(("asked", "shown"), [("15m", "15m"), ("7m", "1m"), ("", "1m")])
def test_it_falls_back_to_minutes_where_there_is_no_such_interval(
    link: ground.FakeLink, asked: str, shown: str
) -> None:
    assert Page.make(link, watchlist=[], interval=asked).interval == shown


def test_its_scripts_know_the_instruments_of_all_that_they_draw_first(link: ground.FakeLink) -> None:
    start = Page.make(link, watchlist=["sim:SOLUSDT", "sim-east:BTCUSDT"], symbol="ETHUSDT").start()

    known = {each["symbol"] for each in start["instruments"]}
    assert start["watchlist"] == ["SOLUSDT", "sim-east:BTCUSDT"]
    assert known >= {start["symbol"], *start["watchlist"], *start["strip"]}
    assert start["intervals"] == SECONDS


def test_it_leaves_out_of_the_watchlist_what_is_not_listed_any_more(link: ground.FakeLink) -> None:
    assert Page.make(link, watchlist=["sim:GONEUSDT", "sim:ETHUSDT"]).start()["watchlist"] == ["ETHUSDT"]


def test_its_strip_holds_the_first_of_the_primary_venue_alone(link: ground.FakeLink) -> None:
    listed = [ground.instrument(f"A{number}USDT") for number in range(STRIP + 5)]
    foreign = ground.instrument("BTCUSDT", venue="sim-east")
    link.instruments = {each["instrument"]: each for each in [foreign, *listed]}

    strip = Page.make(link, watchlist=[]).start()["strip"]

    assert strip == [each["symbol"] for each in listed[:STRIP]]


def test_it_preloads_the_candles_that_its_chart_asks_for(link: ground.FakeLink) -> None:
    context = Page.make(link, watchlist=[], symbol="sim-east:BTCUSDT", interval="5m").context()

    # as URLSearchParams spells it: otherwise the browser would fetch the candles twice
    assert context["first_candles"] == (
        "/api/dashboard/charts/ohlcv/?symbol=sim-east%3ABTCUSDT&interval=5m&limit=1000"
    )


@pytest.mark.parametrize(("mode", "is_replay"), [("replay", True), ("sim", False), ("live", False)])
def test_it_knows_a_replay(link: ground.FakeLink, mode: str, is_replay: bool) -> None:
    link.mode = mode

    assert Page.make(link, watchlist=[]).context()["is_replay"] is is_replay

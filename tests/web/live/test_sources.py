"""Sources: newest wins, nothing that changed is lost, nothing is told twice."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.web.live.sources import KEYS_KEPT, TAPE_KEPT, TAPE_SHOWN, Source, source_of


def told(messages: list[bytes]) -> list[Any]:
    return [orjson.loads(each)["data"] for each in messages]


def say(source: Source, data: Any, key: str = "") -> None:
    source.apply(key, orjson.dumps(data))


def test_of_a_state_only_the_newest_is_told() -> None:
    source = source_of("book:BTCUSDT")
    say(source, {"data": 1})
    say(source, {"data": 2})
    assert told(source.since(0)) == [2]
    assert told(source.whole(source.version)) == [2]


def test_a_state_that_did_not_change_is_not_told_again() -> None:
    source = source_of("book:BTCUSDT")
    say(source, {"data": 1})
    assert source.since(source.version) == []


def test_the_end_of_a_bar_is_not_lost_behind_the_start_of_the_next() -> None:
    source = source_of("candles:BTCUSDT:1m")
    say(source, {"data": {"time": 60, "closed": False}}, key="60")
    served = source.version
    say(source, {"data": {"time": 60, "closed": True}}, key="60")
    say(source, {"data": {"time": 120, "closed": False}}, key="120")
    assert told(source.since(served)) == [{"time": 60, "closed": True}, {"time": 120, "closed": False}]
    assert told(source.whole(served)) == [{"time": 120, "closed": False}]


def test_old_keys_of_a_state_are_forgotten() -> None:
    source = source_of("candles:BTCUSDT:1s")
    for time in range(10):
        say(source, {"data": time}, key=str(time))
    assert told(source.since(0)) == list(range(10 - KEYS_KEPT, 10))


prices = st.dictionaries(st.sampled_from("ABCDEF"), st.floats(0.1, 1e6), min_size=1)


@given(st.lists(st.one_of(prices, st.none()), max_size=30))
def test_who_reads_changes_holds_what_a_newcomer_is_told(steps: list[dict[str, float] | None]) -> None:
    source, truth, held, version = source_of("prices"), dict[str, float](), dict[str, float](), 0
    for step in [*steps, None]:
        if step is not None:
            say(source, step)
            truth |= step
            continue
        for data in told(source.since(version)):
            held |= data
        version = source.version
    assert held == truth
    assert told(source.whole(version)) == ([truth] if truth else [])


def test_a_price_message_says_when_it_was_made() -> None:
    source = source_of("prices")
    say(source, {"BTCUSDT": 46_000.0})
    message = orjson.loads(source.since(0)[0])
    assert (message["type"], message["channel"], message["data"]) == (
        "price_tick",
        "prices",
        {"BTCUSDT": 46_000.0},
    )
    assert message["timestamp"].endswith("Z")


@pytest.mark.parametrize("channel", ["tickers", "funding"])
def test_a_list_of_objects_tells_whole_objects_of_those_that_changed(channel: str) -> None:
    source = source_of(channel)
    say(source, {"A": {"mark": 1.0, "index": 2.0}, "B": {"mark": 3.0}})
    served = source.version
    say(source, {"A": {"mark": 1.5, "index": 2.0}})
    message = orjson.loads(source.since(served)[0])
    assert message == {"type": channel, "channel": channel, "data": {"A": {"mark": 1.5, "index": 2.0}}}


def rows(*ids: int) -> list[dict[str, str]]:
    return [{"id": str(id)} for id in ids]


def test_a_newcomer_to_a_tape_and_those_before_it_see_each_row_once() -> None:
    source = source_of("tape:BTCUSDT")
    say(source, rows(1, 2))
    served = source.version
    say(source, rows(3))
    message = orjson.loads(source.whole(served)[0])
    assert message["snapshot"] is True
    assert message["data"] == rows(1, 2)
    assert told(source.since(served)) == [rows(3)]


def test_a_tape_that_the_engine_sends_again_is_not_told_again() -> None:
    source = source_of("tape:BTCUSDT")
    say(source, rows(1, 2, 3))
    served = source.version
    say(source, rows(1, 2, 3, 4))
    assert told(source.since(served)) == [rows(4)]


def test_a_tape_shows_its_newest_rows() -> None:
    source = source_of("tape:BTCUSDT")
    say(source, rows(*range(1000)))
    assert told(source.whole(source.version)) == [rows(*range(1000 - TAPE_SHOWN, 1000))]
    assert told(source.since(0)) == [rows(*range(1000 - TAPE_KEPT, 1000))]

"""`/api/dashboard/charts/`: candles, indicators, and volume by price."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest
from django.test import Client

from candlewick.core.errors import UnknownSymbol
from candlewick.web.api import history
from candlewick.web.services import Services
from tests.web.api.ground import candle, problem, put
from tests.web.ground import FakeLink, instrument, unique

pytestmark = pytest.mark.usefixtures("engine_knows")


def test_candles_come_from_the_lake_and_the_open_one_from_the_engine(
    client: Client, link: FakeLink, services: Services
) -> None:
    symbol = unique("LAKE")
    link.instruments[f"sim:{symbol}"] = instrument(symbol)
    services.lake.put_candles(
        [candle(60, 1.0, of=f"sim:{symbol}"), candle(120, 2.0, of=f"sim:{symbol}", closed=False)]
    )
    newer = {
        "time": 120,
        "open": 1.0,
        "high": 9.0,
        "low": 0.5,
        "close": 3.0,
        "volume": 7.000000000000001,
        "closed": False,
    }
    link.answers["history"] = lambda symbol, **_: {
        "instrument": symbol,
        "tail": [newer, newer | {"time": 180}],
    }
    answer = client.get(f"/api/dashboard/charts/ohlcv/?symbol={symbol}&interval=1m&start=60&end=240")
    assert orjson.loads(answer.content) == [
        {"time": 60, "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.0, "volume": 2.5},
        {"time": 120, "open": 1.0, "high": 9.0, "low": 0.5, "close": 3.0, "volume": 7.0},
        {"time": 180, "open": 1.0, "high": 9.0, "low": 0.5, "close": 3.0, "volume": 7.0},
    ]
    asked = {"symbol": f"sim:{symbol}", "interval": "1m", "start": 60, "end": 240, "limit": 500}
    assert link.asked == [("history", asked)]


def test_what_the_venue_would_not_tell_is_not_passed_off_as_no_candles(
    client: Client, link: FakeLink, services: Services
) -> None:
    symbol = unique("MUTE")
    link.instruments[f"sim:{symbol}"] = instrument(symbol)
    told = {"instrument": f"sim:{symbol}", "tail": [], "fault": "sim cannot be reached"}
    link.answers["history"] = lambda symbol, **_: told
    answer = client.get(f"/api/dashboard/charts/ohlcv/?symbol={symbol}&interval=1m")
    assert answer.status_code == 503
    assert "sim cannot be reached" in orjson.loads(answer.content)["detail"]
    services.lake.put_candles([candle(60, 1.0, of=f"sim:{symbol}")])
    assert client.get(f"/api/dashboard/charts/ohlcv/?symbol={symbol}&interval=1m").status_code == 200


@pytest.mark.parametrize(
    ("start", "seconds"),
    [
        ("1769428800", 1769428800),
        ("2026-01-26T12:00:00Z", 1769428800),
        ("2026-01-26T12:00:00", 1769428800),
        ("", None),
    ],
)
def test_a_time_is_iso_or_seconds(client: Client, link: FakeLink, start: str, seconds: int | None) -> None:
    client.get("/api/dashboard/charts/ohlcv/", {"symbol": "BTCUSDT", "start": start})
    assert link.asked[0][1]["start"] == seconds


def test_of_more_than_the_limit_the_newest_are_given(
    client: Client, link: FakeLink, services: Services
) -> None:
    symbol = unique("MANY")
    link.instruments[f"sim:{symbol}"] = instrument(symbol)
    services.lake.put_candles([candle(60 * n, 1.0, of=f"sim:{symbol}") for n in range(10)])
    tail = {"time": 600, "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 1.0, "closed": False}
    link.answers["history"] = lambda symbol, **_: {"instrument": symbol, "tail": [tail]}
    answer = client.get(f"/api/dashboard/charts/ohlcv/?symbol={symbol}&limit=3")
    assert [each["time"] for each in orjson.loads(answer.content)] == [480, 540, 600]


@pytest.mark.parametrize("symbol", ["BTCUSDT", "btc/usdt", "sim:BTCUSDT", "BTC-USDT"])
def test_a_symbol_is_understood_in_every_spelling(client: Client, symbol: str) -> None:
    assert client.get("/api/dashboard/charts/ohlcv/", {"symbol": symbol}).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({}, 422, "symbol"),
        ({"symbol": "NOPE"}, 404, None),
        ({"symbol": "../../etc/passwd"}, 404, None),
        ({"symbol": "BTCUSDT", "interval": "7m"}, 422, None),
        ({"symbol": "BTCUSDT", "start": "yesterday"}, 422, "start"),
        ({"symbol": "BTCUSDT", "end": "-5"}, 422, "end"),
        ({"symbol": "BTCUSDT", "end": "99999999999999999999"}, 422, "end"),
        ({"symbol": "BTCUSDT", "limit": "0"}, 422, "limit"),
        ({"symbol": "BTCUSDT", "limit": "5001"}, 422, "limit"),
        ({"symbol": "BTCUSDT", "limit": "x"}, 422, "limit"),
    ],
)
def test_what_is_asked_wrongly_is_named(
    client: Client, query: dict[str, str], status: int, field: str | None
) -> None:
    document = problem(client.get("/api/dashboard/charts/ohlcv/", query), status)
    if field is not None:
        assert list(document["errors"]) == [field]


def test_while_the_engine_is_away_the_lake_still_answers(
    client: Client, link: FakeLink, services: Services
) -> None:
    symbol = unique("AWAY")
    link.instruments[f"sim:{symbol}"] = instrument(symbol)
    link.connected = False
    path = f"/api/dashboard/charts/ohlcv/?symbol={symbol}"
    answer = client.get(path)
    problem(answer, 503)
    assert answer["Retry-After"] == "1"
    services.lake.put_candles([candle(60, 1.0, of=f"sim:{symbol}")])
    assert [each["time"] for each in orjson.loads(client.get(path).content)] == [60]


def test_before_the_engine_was_ever_seen_the_primary_venue_is_the_configured_one(
    client: Client, link: FakeLink, services: Services
) -> None:
    services.lake.put_candles([candle(60, 1.0)])
    link.connected, link.primary, link.instruments = False, "", {}
    assert client.get("/api/dashboard/charts/ohlcv/?symbol=BTCUSDT&end=120").status_code == 200
    problem(client.get("/api/market/instruments/"), 503)


def test_an_engine_that_has_just_begun_is_asked_again(
    client: Client, link: FakeLink, services: Services
) -> None:
    def not_yet(symbol: str, **_: Any) -> None:
        raise UnknownSymbol(symbol)

    link.answers |= {"history": not_yet, "book": not_yet}
    problem(client.get("/api/market/book/?symbol=BTCUSDT"), 503)
    symbol = unique("BEGUN")
    link.instruments[f"sim:{symbol}"] = instrument(symbol)
    problem(client.get(f"/api/dashboard/charts/ohlcv/?symbol={symbol}"), 503)
    services.lake.put_candles([candle(60, 1.0, of=f"sim:{symbol}")])
    assert client.get(f"/api/dashboard/charts/ohlcv/?symbol={symbol}").status_code == 200


def test_a_venue_that_has_not_listed_yet_is_waited_for(client: Client, link: FakeLink) -> None:
    link.instruments = {id: each for id, each in link.instruments.items() if not id.startswith("sim:")}
    problem(client.get("/api/market/book/?symbol=BTCUSDT"), 503)
    problem(put(client, "/api/watchlist/", {"symbols": ["BTCUSDT"]}), 503)
    problem(client.get("/api/dashboard/charts/ohlcv/?symbol=nowhere:BTCUSDT"), 404)


def imported(services: Services) -> str:
    """A market that no venue lists, with ten minutes of history."""
    id = f"elsewhere:{unique('OLD')}USDT"
    services.lake.put_candles([candle(60 * n, 1.0 + n, of=id) for n in range(10)])
    return id


def test_a_market_that_no_venue_lists_is_shown_out_of_the_lake(
    client: Client, link: FakeLink, services: Services
) -> None:
    id = imported(services)
    path = f"/api/dashboard/charts/ohlcv/?symbol={id}"
    assert [each["time"] for each in client.get(f"{path}&start=60&end=300").json()] == [60, 120, 180, 240]
    assert [each["time"] for each in client.get(f"{path}&limit=2").json()] == [480, 540]
    assert client.get(f"{path}&start=6000").json() == []
    assert link.asked == [], "nobody but the lake knows of it"
    lines = client.get(f"/api/dashboard/charts/indicators/?symbol={id}&indicators=sma:2&limit=1").json()
    assert [each["time"] for each in lines["sma:2"]] == [540]


def test_its_longer_bars_are_made_of_whole_ones(client: Client, services: Services) -> None:
    id = imported(services)
    path = f"/api/dashboard/charts/ohlcv/?symbol={id}&interval=3m"
    assert client.get(path).json() == [
        {"time": 180 * n, "open": 1.0, "high": 4.0 + 3 * n, "low": 0.5, "close": 3.0 + 3 * n, "volume": 7.5}
        for n in range(3)
    ]
    assert [each["time"] for each in client.get(f"{path}&start=100&limit=1").json()] == [360]
    refusal = problem(client.get(f"/api/dashboard/charts/ohlcv/?symbol={id}&interval=1s"), 422)
    assert "are of 1m; 1s is no multiple" in refusal["detail"]
    problem(client.get(f"/api/dashboard/charts/ohlcv/?symbol={id}&interval=7m"), 422)


def test_indicators_are_computed_over_what_lies_before_them_too(
    client: Client, link: FakeLink, services: Services
) -> None:
    symbol = unique("STUDY")
    link.instruments[f"sim:{symbol}"] = instrument(symbol)
    closes = [float(10 + n % 7) for n in range(400)]
    candles = [candle(60 * n, close, of=f"sim:{symbol}") for n, close in enumerate(closes)]
    services.lake.put_candles(candles)
    path = f"/api/dashboard/charts/indicators/?symbol={symbol}&interval=1m&indicators=sma:3,rsi:14,macd"
    lines = orjson.loads(client.get(f"{path}&start={60 * 390}&end={60 * 400}").content)
    assert list(lines) == [
        "sma:3",
        "rsi:14",
        "macd:12:26:9.macd",
        "macd:12:26:9.signal",
        "macd:12:26:9.histogram",
    ]
    for line in lines.values():
        assert [point["time"] for point in line] == [60 * n for n in range(390, 400)]
        assert None not in [point["value"] for point in line]
    assert lines["sma:3"][0]["value"] == pytest.approx(sum(closes[388:391]) / 3)
    everything = orjson.loads(client.get(f"{path}&end={60 * 400}&limit=400").content)
    assert everything["sma:3"][1]["value"] is None
    for name, line in lines.items():
        for point, whole in zip(line, everything[name][390:], strict=True):
            assert point["value"] == pytest.approx(whole["value"], rel=1e-8)


@pytest.mark.parametrize(
    "indicators",
    ["", "weather:3", "ema:0", "ema:x", "ema:2:3", "ema:99999", ",".join(f"ema:{n}" for n in range(2, 40))],
)
def test_an_indicator_that_cannot_be_is_refused(client: Client, indicators: str) -> None:
    problem(
        client.get("/api/dashboard/charts/indicators/", {"symbol": "BTCUSDT", "indicators": indicators}), 422
    )


def test_a_volume_that_nobody_tells_leaves_the_other_indicators_whole(
    client: Client, link: FakeLink, services: Services
) -> None:
    symbol = unique("QUIET")
    link.instruments[f"sim:{symbol}"] = instrument(symbol)
    candles = [candle(60 * n, 10.0 + n % 7, of=f"sim:{symbol}") for n in range(40)]
    candles[20] = msgspec.structs.replace(candles[20], volume=float("nan"))
    services.lake.put_candles(candles)
    path = f"/api/dashboard/charts/indicators/?symbol={symbol}&indicators=mfi:5,ema:5,bollinger&end=2400"
    lines = orjson.loads(client.get(path).content)
    assert {point["value"] for point in lines["mfi:5"]} == {None}
    for name in ("ema:5", "bollinger:20:2.upper"):
        assert lines[name][-1]["value"] is not None


def test_a_volume_profile_holds_what_was_traded_in_the_last_bars(
    client: Client, link: FakeLink, services: Services
) -> None:
    symbol = unique("PROFILE")
    link.instruments[f"sim:{symbol}"] = instrument(symbol)
    services.lake.put_candles([candle(60 * n, 10.0 + n % 7, of=f"sim:{symbol}") for n in range(40)])
    path = f"/api/dashboard/charts/volume-profile/?symbol={symbol}&end=2400"

    profile = orjson.loads(client.get(f"{path}&period=20&bins=5").content)
    line = f"/api/dashboard/charts/indicators/?symbol={symbol}&end=2400&indicators=volume_profile:20:5:0.7"
    last = {name: points[-1]["value"] for name, points in orjson.loads(client.get(line).content).items()}

    assert (profile["start"], len(profile["edges"])) == (60 * 20, 6)
    assert sum(profile["volume"]) == pytest.approx(20 * 2.5)
    for name in ("poc", "value_low", "value_high"):
        assert profile[name] == pytest.approx(last[f"volume_profile:20:5:0.7.{name}"])


def test_a_volume_profile_of_no_bars_is_empty(client: Client, link: FakeLink) -> None:
    symbol = unique("NOBARS")
    link.instruments[f"sim:{symbol}"] = instrument(symbol)

    profile = orjson.loads(client.get(f"/api/dashboard/charts/volume-profile/?symbol={symbol}").content)

    assert (profile["start"], profile["volume"], profile["poc"]) == (None, [], None)


def test_the_catalogue_tells_what_a_chart_can_show_and_how(client: Client) -> None:
    kinds = orjson.loads(client.get("/api/dashboard/charts/indicators/catalogue/").content)
    by_name = {kind["name"]: kind for kind in kinds}
    bollinger = by_name["bollinger"]
    assert (bollinger["pane"], bollinger["group"]) == ("price", "volatility")
    assert bollinger["key"] == "bollinger:20:2"
    assert bollinger["parameters"][0] == {
        "name": "period",
        "default": 20,
        "low": 2,
        "high": 1000,
        "fraction": False,
    }
    assert [line["draw"] for line in bollinger["outputs"]] == ["band", "line", "band"]
    assert len([kind for kind in kinds if kind["group"] == "patterns"]) == 61


def test_the_same_question_of_many_is_asked_of_the_engine_once_within_a_moment(
    client: Client, link: FakeLink, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbol = unique("OFTEN")
    link.instruments[f"sim:{symbol}"] = instrument(symbol)
    services.lake.put_candles([candle(each, 1.0, of=f"sim:{symbol}") for each in (60, 120)])
    link.answers["history"] = lambda symbol, **_: {"instrument": symbol, "tail": []}
    path = f"/api/dashboard/charts/ohlcv/?symbol={symbol}&interval=1m"
    monkeypatch.setattr(history, "AGAIN_S", 60.0)
    first = [client.get(each).content for each in (path, path, f"{path}&limit=1")]
    assert first[0] == first[1] != first[2]
    assert len(link.asked) == 2
    monkeypatch.setattr(history, "AGAIN_S", 0.0)
    assert client.get(path).content == first[0]
    assert len(link.asked) == 3

"""Binance's mapper: messages as recorded on the wire, the pairs of other projects, and hostile bytes."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import MalformedMessage
from candlewick.core.events import (
    BookChange,
    Candle,
    Derivative,
    Liquidation,
    OpenInterest,
    Quote,
    Ticker,
    Trade,
)
from candlewick.venues.binance.mapper import MAX_BYTES, MAX_SYMBOLS, Mapper, Market
from candlewick.venues.contract import VenueEvent

MS = 1_000_000
RECEIVED = 1_700_000_000_123_456_789

# One recorded message of each stream (2019 to 2024), and what it says.
AGG_TRADE = (
    b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1616176861895,"s":"BTCUSDT","a":640283266,'
    b'"p":"58942.01000000","q":"0.00035600","f":716849523,"l":716849523,"T":1616176861893,"m":false,"M":true}}'
)
SPOT_TRADE = (
    b'{"stream":"ethusdt@trade","data":{"e":"trade","E":1723161255612,"s":"ETHUSDT","t":1520538925,'
    b'"p":"2683.80000000","q":"0.00200000","T":1723161255611,"m":true,"M":true}}'
)
SPOT_QUOTE = (
    b'{"stream":"ethusdt@bookTicker","data":{"u":35346513501,"s":"ETHUSDT","b":"2683.80000000",'
    b'"B":"3.02920000","a":"2683.81000000","A":"31.43950000"}}'
)
COINM_QUOTE = (
    b'{"stream":"btcusd_perp@bookTicker","data":{"u":1007198632021,"e":"bookTicker","s":"BTCUSD_PERP",'
    b'"ps":"BTCUSD","b":"61804.7","B":"35","a":"61804.8","A":"1645","T":1723161257465,"E":1723161257476}}'
)
SPOT_DEPTH = (
    b'{"stream":"lrcbtc@depth@100ms","data":{"e":"depthUpdate","E":1633998516670,"s":"LRCBTC",'
    b'"U":259345536,"u":259345539,"b":[["0.00000636","10310.00000000"],["0.00000634","0.00000000"]],'
    b'"a":[["0.00000639","23417.00000000"]]}}'
)
COINM_DEPTH = (
    b'{"stream":"btcusd_perp@depth@0ms","data":{"e":"depthUpdate","E":1723161257460,"T":1723161257451,'
    b'"s":"BTCUSD_PERP","ps":"BTCUSD","U":1007198631580,"u":1007198631835,"pu":1007198631565,'
    b'"b":[["61777.6","0"]],"a":[["62004.8","64"]]}}'
)
COINM_PARTIAL_DEPTH = (
    b'{"stream":"btcusd_perp@depth20","data":{"e":"depthUpdate","E":1653865197260,"T":1653865197065,'
    b'"s":"BTCUSD_PERP","ps":"BTCUSD","U":462562184037,"u":462562184258,"pu":462562183567,'
    b'"b":[["29389.3","6014"]],"a":[["29389.4","3926"]]}}'
)
SPOT_PARTIAL_DEPTH = (
    b'{"stream":"btcusdt@depth5@100ms","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],'
    b'"asks":[["0.0026","100"]]}}'
)
DEPTH_REST = b'{"lastUpdateId":33933317943,"bids":[["23171.42","0.03"]],"asks":[["23171.68","0.00067"]]}'
USDM_DEPTH_REST = (
    b'{"lastUpdateId":1570255790655,"E":1654232606707,"T":1654232606695,"bids":[["30430.80","0.482"]],'
    b'"asks":[["30430.90","1.685"]]}'
)
USDM_KLINE = (
    b'{"stream":"ctkusdt@kline_1m","data":{"e":"kline","E":1626992741424,"s":"CTKUSDT","k":{"t":1626992700000,'
    b'"T":1626992759999,"s":"CTKUSDT","i":"1m","f":23961275,"L":23961322,"o":"1.01000","c":"1.01100",'
    b'"h":"1.01100","l":"1.01000","v":"3917","n":48,"x":false,"q":"3957.89900","V":"1729","Q":"1748.01900",'
    b'"B":"0"}}}'
)
COINM_KLINE = (
    b'{"stream":"btcusd_220624@kline_1m","data":{"e":"kline","E":1653818854836,"s":"BTCUSD_220624",'
    b'"k":{"t":1653818820000,"T":1653818879999,"s":"BTCUSD_220624","i":"1m","f":12373411,"L":12373422,'
    b'"o":"29105.5","c":"29107.9","h":"29107.9","l":"29096.9","v":"191","n":12,"x":false,"q":"0.65623556",'
    b'"V":"34","Q":"0.11681070","B":"0"}}}'
)
USDM_MARK = (
    b'{"stream":"btcusdt@markPrice","data":{"e":"markPriceUpdate","E":1617308820003,"s":"BTCUSDT",'
    b'"p":"58940.14924532","P":"58905.14663658","i":"58857.26693664","r":"0.00058455","T":1617321600000}}'
)
COINM_DATED_MARK = (
    b'{"stream":"btcusd_220624@markPrice","data":{"e":"markPriceUpdate","E":1617309477000,'
    b'"s":"BTCUSD_220624","p":"59012.56007222","P":"58896.00503145","r":"","T":0}}'
)
COINM_TICKER = (
    b'{"stream":"bnbusd_220624@ticker","data":{"e":"24hrTicker","E":1653814590778,"s":"BNBUSD_220624",'
    b'"ps":"BNBUSD","p":"1.134","P":"0.384","w":"299.21521423","c":"296.672","Q":"2","o":"295.538",'
    b'"h":"305.367","l":"293.303","v":"654348","q":"21868.80776371","O":1653728160000,"C":1653814590774,'
    b'"F":2127486,"L":2138545,"n":11060}}'
)
FORCE_ORDER = (
    b'{"stream":"btcusdt@forceOrder","data":{"e":"forceOrder","E":1584059031426,"o":{"s":"BTCUSDT",'
    b'"S":"BUY","o":"LIMIT","f":"IOC","q":"0.014","p":"4793.91","ap":"4706.04","X":"FILLED","l":"0.015",'
    b'"z":"0.014","T":1584059031421}}}'
)
OPEN_INTEREST = b'{"symbol":"BTCUSDT","openInterest":"84617.188","time":1654336844754}'
MINI_TICKERS = (
    b'{"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker","E":1700000000000,"s":"BTCUSDT",'
    b'"c":"37000.5","o":"36000.0","h":"37100.0","l":"35900.0","v":"1000.5","q":"36900000.0"},'
    b'{"e":"24hrMiniTicker","E":1700000000000,"s":"NEWUSDT","c":"0.0","o":"0.0","h":"0.0","l":"0.0",'
    b'"v":"0","q":"0"}]}'
)

MESSAGES: list[tuple[str, Market, bytes, str | None, tuple[VenueEvent, ...]]] = [
    (
        "aggTrade", "spot", AGG_TRADE, None,
        (Trade("v:BTCUSDT", 640283266, 58942.01, 0.000356, "buy", 1616176861893 * MS, RECEIVED,
               716849523, 716849523),),
    ),
    (
        "trade", "spot", SPOT_TRADE, None,
        (Trade("v:ETHUSDT", 1520538925, 2683.8, 0.002, "sell", 1723161255611 * MS, RECEIVED),),
    ),
    (
        "bookTicker without a time", "spot", SPOT_QUOTE, None,
        (Quote("v:ETHUSDT", 2683.8, 3.0292, 2683.81, 31.4395, 35346513501, RECEIVED, RECEIVED),),
    ),
    (
        "bookTicker with a time", "coinm", COINM_QUOTE, None,
        (Quote("v:BTCUSD-PERP", 61804.7, 35.0, 61804.8, 1645.0, 1007198632021, 1723161257476 * MS,
               RECEIVED),),
    ),
    (
        "depth diff", "spot", SPOT_DEPTH, None,
        (BookChange("v:LRCBTC", False, [(0.00000636, 10310.0), (0.00000634, 0.0)], [(0.00000639, 23417.0)],
                    259345536, 259345539, None, 1633998516670 * MS, RECEIVED),),
    ),
    (
        "depth diff chained by pu", "coinm", COINM_DEPTH, None,
        (BookChange("v:BTCUSD-PERP", False, [(61777.6, 0.0)], [(62004.8, 64.0)],
                    1007198631580, 1007198631835, 1007198631565, 1723161257460 * MS, RECEIVED),),
    ),
    (
        "best levels of a future are a snapshot", "coinm", COINM_PARTIAL_DEPTH, None,
        (BookChange("v:BTCUSD-PERP", True, [(29389.3, 6014.0)], [(29389.4, 3926.0)],
                    462562184037, 462562184258, 462562183567, 1653865197260 * MS, RECEIVED),),
    ),
    (
        "best levels of spot are a snapshot", "spot", SPOT_PARTIAL_DEPTH, None,
        (BookChange("v:BTCUSDT", True, [(0.0024, 10.0)], [(0.0026, 100.0)], None, 160, None, RECEIVED,
                    RECEIVED),),
    ),
    (
        "book over REST", "spot", DEPTH_REST, "BTCUSDT",
        (BookChange("v:BTCUSDT", True, [(23171.42, 0.03)], [(23171.68, 0.00067)], None, 33933317943, None,
                    RECEIVED, RECEIVED),),
    ),
    (
        "book over REST with a time", "usdm", USDM_DEPTH_REST, "BTCUSDT",
        (BookChange("v:BTCUSDT-PERP", True, [(30430.8, 0.482)], [(30430.9, 1.685)], None, 1570255790655,
                    None, 1654232606707 * MS, RECEIVED),),
    ),
    (
        "kline", "usdm", USDM_KLINE, None,
        (Candle("v:CTKUSDT-PERP", "1m", 1626992700, 1.01, 1.011, 1.01, 1.011, 3917.0, False,
                1626992741424 * MS, RECEIVED, 3957.899, 48),),
    ),
    (
        "kline of 191 contracts of 100 USD", "coinm", COINM_KLINE, None,
        (Candle("v:BTCUSD-220624", "1m", 1653818820, 29105.5, 29107.9, 29096.9, 29107.9, 0.65623556, False,
                1653818854836 * MS, RECEIVED, 19100.0, 12),),
    ),
    (
        "mark, index and funding", "usdm", USDM_MARK, None,
        (Derivative("v:BTCUSDT-PERP", 1617308820003 * MS, RECEIVED, None, 58940.14924532, 58857.26693664,
                    0.00058455, 1617321600000 * MS),),
    ),
    (
        "a dated future knows no funding", "coinm", COINM_DATED_MARK, None,
        (Derivative("v:BTCUSD-220624", 1617309477000 * MS, RECEIVED, None, 59012.56007222),),
    ),
    (
        "24hrTicker of contracts of 10 USD", "coinm", COINM_TICKER, None,
        (Ticker("v:BNBUSD-220624", 296.672, 295.538, 305.367, 293.303, 21868.80776371, 6543480.0,
                1653814590778 * MS, RECEIVED),),
    ),
    (
        "forceOrder", "usdm", FORCE_ORDER, None,
        (Liquidation("v:BTCUSDT-PERP", None, 4793.91, 0.014, "buy", 1584059031421 * MS, RECEIVED),),
    ),
    (
        "open interest", "usdm", OPEN_INTEREST, None,
        (OpenInterest("v:BTCUSDT-PERP", 84617.188, None, 1654336844754 * MS, RECEIVED),),
    ),
    (
        "an array, without what has never traded", "spot", MINI_TICKERS, None,
        (Ticker("v:BTCUSDT", 37000.5, 36000.0, 37100.0, 35900.0, 1000.5, 36900000.0, 1700000000000 * MS,
                RECEIVED),),
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("market", "raw", "symbol", "events"), [m[1:] for m in MESSAGES], ids=[m[0] for m in MESSAGES]
)
def test_it_maps(market: Market, raw: bytes, symbol: str | None, events: tuple[VenueEvent, ...]) -> None:
    assert Mapper("v", market).events(raw, RECEIVED, symbol) == events


@pytest.mark.parametrize(
    ("market", "raw", "events"),
    [(m[1], m[2], m[4]) for m in MESSAGES if b"@depth" not in m[2] and b'"stream"' in m[2]],
    ids=[m[0] for m in MESSAGES if b"@depth" not in m[2] and b'"stream"' in m[2]],
)
def test_it_maps_a_bare_payload_like_one_in_an_envelope(
    market: Market, raw: bytes, events: tuple[VenueEvent, ...]
) -> None:
    payload = bytes(msgspec.json.decode(raw, type=dict[str, msgspec.Raw])["data"])
    assert Mapper("v", market).events(payload, RECEIVED) == events


@pytest.mark.parametrize(("market", "raw"), [(m[1], m[2]) for m in MESSAGES], ids=[m[0] for m in MESSAGES])
def test_it_does_not_depend_on_spaces_or_the_order_of_keys(market: Market, raw: bytes) -> None:
    message = json.loads(raw)
    turned = json.dumps(dict(reversed(message.items())), indent=1).encode()
    mapper = Mapper("v", market)
    assert mapper.events(turned, RECEIVED, "BTCUSDT") == mapper.events(raw, RECEIVED, "BTCUSDT")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"result":null,"id":1}',
        b'{"error":{"code":2,"msg":"Invalid request"},"id":3}',
        b'{"code":-1121,"msg":"Invalid symbol."}',
        b'{"stream":"btcusd@indexPrice","data":{"e":"indexPriceUpdate","E":1,"i":"BTCUSD","p":"9636.5"}}',
        # insurance fund and unpriced prints are no trades of the market
        b'{"stream":"ethusdt@trade","data":{"e":"trade","E":1596034530241,"T":1596034530235,"s":"ETHUSDT",'
        b'"t":73701056,"p":"2366.55","q":"0.070","X":"INSURANCE_FUND","m":true}}',
        b'{"stream":"ethusdt@trade","data":{"e":"trade","E":1,"T":1,"s":"ETHUSDT","t":1,"p":"0","q":"0",'
        b'"X":"NA","m":true}}',
        # one side of the book is empty
        b'{"stream":"x@bookTicker","data":{"u":5,"s":"XUSDT","b":"0.0","B":"0.0","a":"1.0","A":"2.0"}}',
        FORCE_ORDER.replace(b"FILLED", b"NEW"),
    ],
)
def test_it_makes_nothing_of_what_is_not_the_markets(raw: bytes) -> None:
    assert Mapper("v", "spot").events(raw, RECEIVED) == ()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"null", "wrong_type"),
        (b"[1]", "wrong_type"),
        (AGG_TRADE[:100], "bad_json"),
        (AGG_TRADE + b"x", "bad_json"),
        (AGG_TRADE.replace(b'"BTCUSDT"', b'"\xff\xff"'), "bad_utf8"),
        (AGG_TRADE.replace(b'"p":"58942.01000000",', b""), "missing_field"),
        (AGG_TRADE.replace(b'"58942.01000000"', b"null"), "wrong_type"),
        (AGG_TRADE.replace(b"58942.01000000", b"abc"), "wrong_type"),
        (AGG_TRADE.replace(b"58942.01000000", b"NaN"), "out_of_range"),
        (AGG_TRADE.replace(b"58942.01000000", b"Infinity"), "out_of_range"),
        (AGG_TRADE.replace(b"58942.01000000", b"-1"), "out_of_range"),
        (AGG_TRADE.replace(b"58942.01000000", b"1e300"), "out_of_range"),
        (AGG_TRADE.replace(b"58942.01000000", b"1e999"), "out_of_range"),
        (AGG_TRADE.replace(b'"q":"0.00035600"', b'"q":"0"'), "out_of_range"),
        (AGG_TRADE.replace(b"1616176861893", b"99999999999999999999999"), "out_of_range"),
        (AGG_TRADE.replace(b'"BTCUSDT"', b'""'), "bad_symbol"),
        (AGG_TRADE.replace(b'"BTCUSDT"', b'"<script>"'), "bad_symbol"),
        (AGG_TRADE.replace(b'"e":"aggTrade"', b'"e":"surprise"'), "unknown_event"),
        (b'{"hello":"world"}', "unknown_event"),
        (SPOT_TRADE.replace(b"2683.80000000", b"0"), "out_of_range"),
        (SPOT_DEPTH.replace(b"23417.00000000", b"-5"), "out_of_range"),
        (SPOT_DEPTH.replace(b'["0.00000639","23417.00000000"]', b'["0.00000639"]'), "wrong_type"),
        (USDM_KLINE.replace(b'"h":"1.01100"', b'"h":"1.00000"'), "impossible_candle"),
        (USDM_KLINE.replace(b'"i":"1m"', b'"i":"7m"'), "bad_interval"),
        (USDM_MARK.replace(b"0.00058455", b"nan"), "out_of_range"),
        (USDM_MARK.replace(b"0.00058455", b"x"), "wrong_type"),
        (USDM_MARK.replace(b"0.00058455", b"0.0_1"), "wrong_type"),
        (USDM_MARK.replace(b"0.00058455", b"1.5"), "out_of_range"),
        (FORCE_ORDER.replace(b'"BUY"', b'"HOLD"'), "bad_side"),
        (DEPTH_REST, "no_symbol"),
        (b'{"x":' + b"[" * 200_000, "too_deep"),
        (b'{"x":"' + b"y" * 10_000_000 + b'"}', "too_large"),
    ],
)
def test_it_gives_a_stable_reason_for_what_it_cannot_read(raw: bytes, reason: str) -> None:
    with pytest.raises(MalformedMessage) as caught:
        Mapper("v", "spot").events(raw, RECEIVED)
    assert caught.value.reason == reason


def test_it_makes_nothing_of_an_unnumbered_aggregate_which_only_early_futures_sent() -> None:
    raw = AGG_TRADE.replace(b'"a":640283266,', b"")
    assert Mapper("v", "usdm").events(raw, RECEIVED) == ()
    with pytest.raises(MalformedMessage, match="missing_field"):
        Mapper("v", "spot").events(raw, RECEIVED)


def test_it_quotes_hostile_text_in_one_short_line() -> None:
    raw = AGG_TRADE.replace(b'"e":"aggTrade"', b'"e":"a\\nline 7: all is well' + b"x" * 5000 + b'"')
    with pytest.raises(MalformedMessage) as caught:
        Mapper("v", "spot").events(raw, RECEIVED)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_it_reads_a_message_of_the_largest_size_allowed() -> None:
    padding = b" " * (MAX_BYTES - len(AGG_TRADE))
    assert len(Mapper("v", "spot").events(AGG_TRADE + padding, RECEIVED)) == 1


def test_it_does_not_remember_symbols_without_end() -> None:
    mapper = Mapper("v", "spot")
    for n in range(MAX_SYMBOLS):
        mapper.events(AGG_TRADE.replace(b'"BTCUSDT"', b'"S%d"' % n), RECEIVED)
    with pytest.raises(MalformedMessage, match="too_many_symbols"):
        mapper.events(AGG_TRADE.replace(b'"BTCUSDT"', b'"ONEMORE"'), RECEIVED)
    assert mapper.events(AGG_TRADE.replace(b'"BTCUSDT"', b'"S1"'), RECEIVED)  # the known go on


@pytest.mark.parametrize(
    ("market", "native", "id"),
    [
        ("spot", "BTCUSDT", "v:BTCUSDT"),
        ("usdm", "BTCUSDT", "v:BTCUSDT-PERP"),
        ("usdm", "BTCUSDT_210625", "v:BTCUSDT-210625"),
        ("coinm", "BTCUSD_PERP", "v:BTCUSD-PERP"),
        ("coinm", "BTCUSD_210625", "v:BTCUSD-210625"),
    ],
)
def test_it_names_instruments_both_ways(market: Market, native: str, id: str) -> None:
    mapper = Mapper("v", market)
    assert mapper.instrument(native) == id
    assert mapper.native(id) == native


def _floats(event: VenueEvent) -> Iterator[float]:
    for value in msgspec.structs.astuple(event):
        if isinstance(value, float):
            yield value
        elif isinstance(value, list):
            yield from (number for level in value for number in level)


@given(data=st.data())
def test_no_byte_can_make_it_raise_anything_else_or_give_a_wrong_number(data: st.DataObject) -> None:
    market: Market = data.draw(st.sampled_from(("spot", "usdm", "coinm")))
    raw = bytearray(data.draw(st.sampled_from([m[2] for m in MESSAGES])))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        end = data.draw(st.sampled_from((at, at + 1, at + 2, at + 7)))
        raw[at:end] = data.draw(
            st.binary(max_size=3)
            | st.sampled_from((b"NaN", b"-", b"1e308", b"null", b'"', b"{", b"[", b"]", b"}", b"9" * 30))
        )
    try:
        events = Mapper("v", market).events(bytes(raw), RECEIVED, "BTCUSDT")
    except MalformedMessage:
        return
    for event in events:
        funding = event.funding_rate if isinstance(event, Derivative) else None
        for number in _floats(event):
            assert math.isfinite(number)
            assert number >= 0 or number == funding


KEYS = st.sampled_from(("e", "s", "data", "stream", "u", "U", "b", "a", "E", "k", "o", "p", "lastUpdateId"))
SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text()


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)))
def test_no_json_can_make_it_raise_anything_else(message: Any) -> None:
    with contextlib.suppress(MalformedMessage):
        Mapper("v", "spot").events(json.dumps(message).encode(), RECEIVED)


# What other projects made of the same messages.

_MARKETS: dict[str, Market] = {"binance": "spot", "binance-futures": "usdm", "binance-delivery": "coinm"}


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_it_agrees_with_another_project_about_contracts_sides_and_times(recordings: Path) -> None:
    """`cmp_dev.jsonl`: assertions of crypto-msg-parser's own tests, as `expected, expression`."""
    compared = 0
    for case in _lines(recordings / "derived/cmp_dev.jsonl"):
        if case["exchange"] != "binance" or case["fn"] == "option":
            continue
        kind = case["market_type"]
        market: Market = "spot" if kind == "Spot" else "usdm" if kind.startswith("Linear") else "coinm"
        (event,) = Mapper("v", market).events(case["raw"].encode(), RECEIVED, "BTCUSDT")
        seen = _as_asserted(event, market)
        for assertion in case["asserts"]:
            if "extract_timestamp(" in assertion and not isinstance(event, Trade):
                # (of a trade we tell when it happened, not when the message of it was sent)
                sent_ms = assertion.partition(",")[0]
                assert event.ts_exchange == (RECEIVED if sent_ms == "None" else int(sent_ms) * MS)
                compared += 1
            left, _, right = assertion.partition(", ")
            name, expected = (left, right) if left in seen else (right, left)
            if name in seen:
                assert _same(seen[name], expected), (case["fn"], assertion, seen[name])
                compared += 1
    assert compared > 90


def _same(value: Any, expected: str) -> bool:
    if value is None or isinstance(value, str):
        return str(value) == expected
    expected = expected.removeprefix("Some(").removesuffix(")")
    return float(value) == pytest.approx(float(expected), rel=1e-12)


def _as_asserted(event: VenueEvent, market: Market) -> dict[str, Any]:
    """Our event under the names that the other project's assertions use."""
    if isinstance(event, Trade):
        return {
            "trade.side": f"TradeSide::{event.side.title()}",
            "trade.quantity_base": event.quantity,
            "trade.quantity_contract": event.quantity if market != "spot" else None,
        }
    if isinstance(event, Quote):
        return {
            "bbo_msg.timestamp": event.ts_exchange // MS,
            "bbo_msg.id": event.update_id,
            "bbo_msg.ask_price": event.ask,
            "bbo_msg.ask_quantity_contract": event.ask_quantity,
            "bbo_msg.bid_price": event.bid,
            "bbo_msg.bid_quantity_contract": event.bid_quantity,
        }
    if isinstance(event, Candle):
        return {
            "candlestick_msg.timestamp": event.ts_exchange // MS,
            "candlestick_msg.begin_time": event.time,
            "candlestick_msg.open": event.open,
            "candlestick_msg.high": event.high,
            "candlestick_msg.low": event.low,
            "candlestick_msg.close": event.close,
            "candlestick_msg.volume": event.volume,
            "candlestick_msg.quote_volume": event.quote_volume,
        }
    if isinstance(event, Derivative):
        return {
            "funding_rates[0].funding_rate": event.funding_rate,
            "funding_rates[0].funding_time": (event.next_funding or 0) // MS,
            "funding_rates[0].timestamp": event.ts_exchange // MS,
        }
    if isinstance(event, BookChange):
        seen: dict[str, Any] = {
            "orderbook.timestamp": event.ts_exchange // MS
            if event.ts_exchange != RECEIVED
            else "received_at.unwrap()",
            "orderbook.seq_id": event.last_id,
            "orderbook.prev_seq_id": event.prev_id,
            "orderbook.asks.len()": len(event.asks),
            "orderbook.bids.len()": len(event.bids),
        }
        quantity = "quantity_contract.unwrap()" if market != "spot" else "quantity_base"
        for name, side in (("bids", event.bids), ("asks", event.asks)):
            for n, (price, size) in enumerate(side):
                seen[f"orderbook.{name}[{n}].price"] = price
                seen[f"orderbook.{name}[{n}].{quantity}"] = size
        return seen
    return {}


def test_it_agrees_with_another_project_about_whole_messages(recordings: Path) -> None:
    """`tardis_pairs_dev.jsonl`: raw message → normalised message, compared as far as one message goes.

    That project folds diffs into the snapshot that comes after them and gives nothing for the diffs
    themselves; we pass both on with their update ids, and the order book does the folding.
    """
    compared = 0
    for pair in _lines(recordings / "derived/tardis_pairs_dev.jsonl"):
        if pair["exchange"] not in _MARKETS:
            continue
        received = _ns(pair["local_timestamp"])
        mapper = Mapper("v", _MARKETS[pair["exchange"]])
        raw = json.dumps(pair["raw"]).encode()
        if not pair["expected"]:
            if pair["raw"]["data"]["e"] != "depthUpdate":
                assert mapper.events(raw, received) == ()
            continue
        (event,), (expected,) = mapper.events(raw, received), pair["expected"]
        assert mapper.native(event.instrument) == expected["symbol"]
        assert event.ts_received == received
        _equals(event, expected)
        compared += 1
    assert compared >= 10


def _ns(iso: str) -> int:
    return round(datetime.fromisoformat(iso).timestamp() * 1000) * MS


def _equals(event: VenueEvent, expected: dict[str, Any]) -> None:
    ts = _ns(expected["timestamp"])
    match event:
        case Trade() | Liquidation():
            assert event.price == expected["price"]
            assert event.quantity == expected["amount"]
            assert event.side == expected["side"]
            assert event.ts_exchange == ts
            if isinstance(event, Trade):
                assert str(event.id) == expected["id"]
        case Quote():
            assert (event.bid, event.bid_quantity) == (expected["bidPrice"], expected["bidAmount"])
            assert (event.ask, event.ask_quantity) == (expected["askPrice"], expected["askAmount"])
            assert event.ts_exchange == ts
        case Derivative():
            assert event.mark == expected["markPrice"]
            assert event.funding_rate == expected["fundingRate"]
            assert event.next_funding == _ns(expected["fundingTimestamp"])
            assert event.ts_exchange == ts
        case OpenInterest():
            assert event.quantity == expected["openInterest"]
        case BookChange():
            assert event.snapshot == expected["isSnapshot"]
            for ours, theirs in ((event.bids, expected["bids"]), (event.asks, expected["asks"])):
                folded = {level["price"]: level["amount"] for level in theirs}
                same = [level for level in ours if folded[level[0]] == level[1]]
                assert len(same) >= len(ours) - 1  # one level differs by a diff that came before
            assert event.ts_exchange == ts
        case _:
            pytest.fail(f"nothing to compare {event} with")

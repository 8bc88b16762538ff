"""What Binance is asked for, and how its answers are read."""

from __future__ import annotations

import json

import pytest

from candlewick.core.instrument import Instrument, Kind
from candlewick.venues.binance.dialect import BinanceDialect, streams
from candlewick.venues.connection import Answer
from candlewick.venues.contract import Topic

ALL: frozenset[Topic] = frozenset(("trades", "quotes", "book", "derivative", "ticker", "liquidations"))


def _instrument(kind: Kind) -> Instrument:
    return Instrument(
        id="v:X", venue="v", symbol="X", native="BTCUSDT", kind=kind, base="BTC", quote="USDT", settle="USDT"
    )


@pytest.mark.parametrize("kind", ["spot", "equity"])
def test_it_asks_spot_for_no_marks_and_liquidations(kind: Kind) -> None:
    assert streams(_instrument(kind), ALL) == [
        "btcusdt@aggTrade",
        "btcusdt@bookTicker",
        "btcusdt@depth@100ms",
    ]


@pytest.mark.parametrize("kind", ["perp", "future"])
def test_it_asks_futures_for_all(kind: Kind) -> None:
    assert set(streams(_instrument(kind), ALL)) == {
        "btcusdt@aggTrade",
        "btcusdt@bookTicker",
        "btcusdt@depth@100ms",
        "btcusdt@markPrice@1s",
        "btcusdt@forceOrder",
    }


def test_it_asks_for_no_more_than_is_wanted() -> None:
    assert streams(_instrument("perp"), frozenset({"trades"})) == ["btcusdt@aggTrade"]
    assert streams(_instrument("perp"), frozenset({"ticker"})) == []  # all tickers come anyway


def test_it_writes_control_messages() -> None:
    dialect = BinanceDialect()
    assert json.loads(dialect.subscribe(3, ["a", "b"])) == {
        "method": "SUBSCRIBE",
        "params": ["a", "b"],
        "id": 3,
    }
    assert json.loads(dialect.unsubscribe(4, ["a"])) == {"method": "UNSUBSCRIBE", "params": ["a"], "id": 4}


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b'{"result":null,"id":1}', Answer(1, None)),
        (b'{"id":1,"result":null}', Answer(1, None)),
        (b'{"error":{"code":2,"msg":"Invalid request"},"id":3}', Answer(3, "Invalid request (code 2)")),
        (b'{"code":3,"msg":"Invalid JSON","id":9}', Answer(9, "Invalid JSON (code 3)")),
        (b'{"error":{"code":3,"msg":"Invalid JSON: expected value"}}', None),
        (b'{"stream":"btcusdt@aggTrade","data":{"id":1}}', None),
        (b'{"result":', None),
        (b'{"result":null,"id":"x"}', None),
    ],
)
def test_it_knows_an_answer_from_a_message(raw: bytes, answer: Answer | None) -> None:
    assert BinanceDialect().answer(raw) == answer

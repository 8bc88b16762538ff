"""Recordings on disk become a player: who recorded them, what occurs in them, in which order."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from candlewick.core.clock import NS_PER_S, ManualClock
from candlewick.core.errors import UsageError
from candlewick.core.events import BookChange, MarketEvent, Trade
from candlewick.runtime.player import FASTEST
from candlewick.runtime.replay import guess_venue, player
from tests.runtime.test_player import played

BEGIN = 1_760_000_040


def line(second: float, stream: str, **data: Any) -> bytes:
    return b"%d %s\n" % ((BEGIN + second) * NS_PER_S, orjson.dumps({"stream": stream, "data": data}))


def trade(second: float, id: int, symbol: str = "BTCUSDT", price: str = "100.50") -> bytes:
    ms = round((BEGIN + second) * 1_000)
    return line(
        second, f"{symbol.lower()}@aggTrade",
        e="aggTrade", E=ms, s=symbol, a=id, p=price, q="0.5", f=id, l=id, T=ms, m=True,
    )  # fmt: skip


def file(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(lines))
    return path


async def events_of(*paths: Path, venue: str | None = None) -> list[MarketEvent]:
    return await played(player(list(paths), ManualClock(), venue=venue, speed=FASTEST))


async def test_several_recordings_are_merged_by_the_time_of_receipt(tmp_path: Path) -> None:
    btc = file(tmp_path / "btc", trade(0, 1), trade(2, 2))
    eth = file(tmp_path / "eth", trade(1, 7, "ETHUSDT"), trade(3, 8, "ETHUSDT"))
    trades = [each for each in await events_of(btc, eth) if isinstance(each, Trade)]
    assert [(each.instrument, each.id) for each in trades] == [
        ("binance:BTCUSDT", 1), ("binance:ETHUSDT", 7), ("binance:BTCUSDT", 2), ("binance:ETHUSDT", 8),
    ]  # fmt: skip


async def test_a_line_that_was_written_late_is_played_when_its_turn_in_the_file_comes(tmp_path: Path) -> None:
    recording = file(tmp_path / "r", trade(5, 1), trade(3, 2), trade(6, 3))
    assert [each.id for each in await events_of(recording) if isinstance(each, Trade)] == [1, 2, 3]


async def test_what_cannot_be_read_is_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recording = file(tmp_path / "r", trade(0, 1), b"rubbish\n", b"1760000041000000000 {broken\n", trade(2, 2))
    assert [each.id for each in await events_of(recording) if isinstance(each, Trade)] == [1, 2]
    assert "2 lines cannot be played" in caplog.text


async def test_a_recording_that_was_cut_off_is_played_as_far_as_it_goes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = gzip.compress(b"".join(trade(n / 10, n) for n in range(1, 3_000)))
    recording = file(tmp_path / "r.gz", whole[: len(whole) // 2])
    trades = [each for each in await events_of(recording) if isinstance(each, Trade)]
    assert 0 < len(trades) < 3_000
    assert "cannot be read to its end" in caplog.text


async def test_a_book_that_nothing_names_is_not_played(tmp_path: Path) -> None:
    snapshot = b'%d {"lastUpdateId":9,"bids":[["99.0","1"]],"asks":[["101.0","1"]]}\n' % (BEGIN * NS_PER_S)
    recording = file(tmp_path / "r", snapshot, trade(1, 1))
    assert not [each for each in await events_of(recording) if isinstance(each, BookChange)]


@pytest.mark.parametrize(
    ("mark", "venue"),
    [
        (b'{"e":"depthUpdate","s":"BTCUSDT"}', "binance"),
        (b'{"e":"depthUpdate","s":"BTCUSDT","pu":5}', "binance-futures"),
        (b'{"e":"depthUpdate","ps":"BTCUSD","pu":5}', "binance-delivery"),
    ],
)
def test_it_tells_whose_messages_they_are(tmp_path: Path, mark: bytes, venue: str) -> None:
    assert guess_venue(file(tmp_path / "r", mark)) == venue


async def test_an_instrument_is_quoted_as_finely_as_its_prices_were(tmp_path: Path) -> None:
    recording = file(tmp_path / "r", trade(0, 1, price="100.5"), trade(1, 2, price="100.625"))
    (instrument,) = await player([recording], ManualClock()).instruments()
    assert (instrument.id, instrument.native, instrument.kind) == ("binance:BTCUSDT", "BTCUSDT", "spot")
    assert (instrument.base, instrument.quote, instrument.tick) == ("BTC", "USDT", Decimal("0.001"))


def test_a_file_without_times_of_receipt_is_a_sentence(tmp_path: Path) -> None:
    recording = file(tmp_path / "r", b'{"e":"aggTrade"}\n')
    with pytest.raises(UsageError, match="no message with a time of receipt"):
        player([recording], ManualClock())

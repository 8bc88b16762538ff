"""What instruments are, for those who ask no venue."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from candlewick.core.instrument import Instrument
from candlewick.store.lake import Lake
from candlewick.store.lake.listed import FILE, instrument_of, known, remember
from candlewick.store.lake.reading import market_of
from tests.store.lake.samples import BTC, candle


def listing(id: str = BTC, tick: str = "0.10") -> Instrument:
    return Instrument(
        id=id, venue="sim", symbol=id.partition(":")[2], native="BTCUSDT", kind="spot", base="BTC",
        quote="USDT", settle="USDT", tick=Decimal(tick), lot=Decimal("0.001"), min_notional=Decimal(5),
    )  # fmt: skip


def test_what_a_venue_listed_is_known_exactly_and_the_rest_by_its_name(tmp_path: Path) -> None:
    remember(tmp_path, [listing()])
    assert instrument_of(tmp_path, BTC) == listing()
    inferred = instrument_of(tmp_path, "binance:ETHUSDT-PERP")
    assert inferred is not None
    assert (inferred.kind, inferred.base, inferred.tick) == ("perp", "ETH", None)
    assert instrument_of(tmp_path, "file:GOOG") is None


def test_a_list_adds_to_what_others_told_and_the_newest_holds(tmp_path: Path) -> None:
    remember(tmp_path, [listing(), listing("sim:ETHUSDT")])
    remember(tmp_path, [listing(tick="0.01")])
    assert set(known(tmp_path)) == {BTC, "sim:ETHUSDT"}
    assert known(tmp_path)[BTC].tick == Decimal("0.01")


def test_the_same_list_again_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    remember(tmp_path, [listing()])
    before = (tmp_path / FILE).stat().st_ino
    remember(tmp_path, [listing()])
    assert (tmp_path / FILE).stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_file_that_cannot_be_read_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("[{}]")
    assert known(tmp_path) == {}
    remember(tmp_path, [listing()])
    assert known(tmp_path) == {BTC: listing()}


def test_a_market_of_the_lake_has_its_venues_tick_and_lot(lake: Lake) -> None:
    lake.put_candles([candle(0), candle(60)])
    remember(lake.root, [listing()])
    assert market_of(lake, BTC, "1m").instrument == listing()

"""exchangeInfo as recorded becomes instruments."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candlewick.core.errors import MalformedMessage
from candlewick.core.instrument import Instrument
from candlewick.venues.binance.listing import instruments
from candlewick.venues.binance.mapper import Market


def _recorded(path: Path) -> bytes:
    """The exchangeInfo body in the first line of a cryptofeed recording."""
    with gzip.open(path) as lines:
        return lines.readline().split(b": ", 1)[1]


def _listed(market: Market, **symbol: Any) -> Instrument:
    given = {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "filters": [],
    }
    (found,) = instruments("v", market, json.dumps({"symbols": [given | symbol]}).encode())
    return found


def test_it_reads_all_that_spot_lists(recordings: Path) -> None:
    listed = {
        i.id: i for i in instruments("v", "spot", _recorded(recordings / "wire/cryptofeed/BINANCE.0.gz"))
    }
    assert len(listed) > 1000
    assert listed["v:BTCUSDT"] == Instrument(
        id="v:BTCUSDT",
        venue="v",
        symbol="BTCUSDT",
        native="BTCUSDT",
        kind="spot",
        base="BTC",
        quote="USDT",
        settle="USDT",
        tick=Decimal("0.01"),
        lot=Decimal("0.00001"),
        min_notional=Decimal("10"),
    )


def test_it_reads_all_that_futures_list(recordings: Path) -> None:
    body = _recorded(recordings / "wire/cryptofeed/BINANCE_FUTURES.0.gz")
    listed = {i.id: i for i in instruments("v", "usdm", body)}
    perpetual = listed["v:BTCUSDT-PERP"]
    assert (perpetual.kind, perpetual.native, perpetual.settle) == ("perp", "BTCUSDT", "USDT")
    assert (perpetual.tick, perpetual.lot) == (Decimal("0.01"), Decimal("0.001"))
    dated = [i for i in listed.values() if i.kind == "future"]
    assert dated
    assert all(i.symbol == i.native.replace("_", "-") for i in dated)


@pytest.mark.parametrize(
    ("market", "base"), [("spot", "/api/v3"), ("usdm", "/fapi/v1"), ("coinm", "/dapi/v1")]
)
def test_it_reads_what_the_venue_lists_in_newer_recordings(
    recordings: Path, market: Market, base: str
) -> None:
    file = recordings / "wire/gocryptotrader_recorded/binance/testdata/http.json.gz"
    (answer,) = json.loads(gzip.decompress(file.read_bytes()))["routes"][f"{base}/exchangeInfo"]["GET"]
    listed = instruments("v", market, json.dumps(answer["data"]).encode())
    assert listed
    assert len({instrument.id for instrument in listed}) == len(listed)
    for instrument in listed:
        assert instrument.tick
        assert instrument.lot
        assert instrument.inverse == (market == "coinm")
        assert instrument.settle == (instrument.base if instrument.inverse else instrument.settle)


def test_it_reads_a_coin_margined_contract() -> None:
    found = _listed(
        "coinm",
        symbol="BTCUSD_PERP",
        status="",
        contractStatus="TRADING",
        contractType="PERPETUAL",
        quoteAsset="USD",
        marginAsset="BTC",
        contractSize=100,
    )
    assert (found.id, found.kind, found.inverse) == ("v:BTCUSD-PERP", "perp", True)
    assert (found.settle, found.contract_size) == ("BTC", Decimal(100))


@pytest.mark.parametrize(
    ("filters", "tick", "lot", "least"),
    [
        ([], None, None, None),
        ([{"filterType": "PRICE_FILTER", "tickSize": "0.00000000"}], None, None, None),
        ([{"filterType": "PRICE_FILTER", "tickSize": "10.0"}], Decimal(10), None, None),
        ([{"filterType": "LOT_SIZE", "stepSize": "0.0010"}], None, Decimal("0.001"), None),
        ([{"filterType": "MIN_NOTIONAL", "notional": "5"}], None, None, Decimal(5)),
        ([{"filterType": "NOTIONAL", "minNotional": "5.00"}], None, None, Decimal(5)),
    ],
)
def test_it_reads_the_steps_and_leaves_open_what_is_not_stated(
    filters: list[dict[str, str]], tick: Decimal | None, lot: Decimal | None, least: Decimal | None
) -> None:
    found = _listed("spot", filters=filters)
    assert (found.tick, found.lot, found.min_notional) == (tick, lot, least)
    assert "E" not in str(found.tick)  # a step is shown to people: 10, not 1E+1


def test_it_knows_an_equity_and_its_sector() -> None:
    found = _listed("spot", underlyingType="EQUITY", underlyingSubType=["Technology"])
    assert (found.kind, found.sector) == ("equity", "Technology")
    assert _listed("spot", underlyingSubType=[]).sector is None


@pytest.mark.parametrize("status", ["BREAK", "HALT", "PENDING_TRADING", "SETTLING", ""])
def test_it_leaves_out_what_does_not_trade(status: str) -> None:
    body = {"symbol": "X", "status": status, "baseAsset": "X", "quoteAsset": "Y", "filters": []}
    assert instruments("v", "spot", json.dumps({"symbols": [body]}).encode()) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"symbols":[{}]}', b'{"symbols":[{"symbol":"\xff"}]}'])
def test_it_refuses_a_listing_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(MalformedMessage, match="bad_exchange_info"):
        instruments("v", "spot", body)

"""The paper venue over long runs of events: it repeats itself, and never gives what the market had not."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from candlewick.core.events import BookChange, Level, MarketEvent, Side, Trade
from candlewick.core.instrument import Instrument
from candlewick.core.reports import Fill, Report
from candlewick.venues.binance.mapper import Mapper, Market
from tests.venues.paper.ground import PERP, SETTINGS, House, S

actions = st.lists(
    st.one_of(
        st.tuples(st.just("book"), st.integers(950, 1050), st.integers(1, 5)),
        st.tuples(
            st.just("trade"), st.integers(950, 1050), st.integers(1, 500), st.sampled_from(["buy", "sell"])
        ),
        st.tuples(st.just("mark"), st.integers(900, 1100)),
        st.tuples(st.just("wait"), st.integers(1, 20_000)),
        st.tuples(
            st.just("place"),
            st.sampled_from(["buy", "sell"]),
            st.integers(1, 900),
            st.sampled_from(["market", "limit", "stop", "take_profit", "stop_limit", "trailing_stop"]),
            st.integers(950, 1050),
            st.booleans(),
            st.integers(1, 2),
        ),
        st.tuples(st.just("cancel"), st.integers(1, 12)),
        st.tuples(st.just("break")),
    ),
    min_size=5,
    max_size=40,
)


def play(script: list[Any], latency_ms: int) -> list[Report]:
    """The script's events and orders, in their order."""
    house = House(settings=replace(SETTINGS, latency_ms=latency_ms, slippage_bps=Decimal(3)), cash=50_000)
    house.book([(99.9, 2.0)], [(100.0, 2.0)], instrument=PERP)
    house.mark(100.0, rate=0.0001, next_funding=house.now + 30 * S)
    for step in script:
        match step:
            case ("book", tenths, levels):
                bids = [((tenths - 1 - n) / 10, 1.0 + n) for n in range(levels)]
                asks = [((tenths + n) / 10, 1.0 + n) for n in range(levels)]
                house.book(bids, asks, instrument=PERP, after_s=0.01)
            case ("trade", tenths, hundredths, taker):
                house.trade(tenths / 10, hundredths / 100, taker, instrument=PERP, after_s=0.01)
            case ("mark", tenths):
                house.mark(tenths / 10, rate=0.0001, next_funding=house.now + 30 * S, after_s=0.01)
            case ("wait", ms):
                house.wait(ms / 1000)
            case ("place", side, hundredths, kind, tenths, reduces, account):
                price = str(Decimal(tenths) / 10)
                terms: dict[str, Any] = {
                    "limit": {"limit_price": price},
                    "stop": {"stop_price": price},
                    "take_profit": {"stop_price": price},
                    "stop_limit": {"stop_price": price, "limit_price": price},
                    "trailing_stop": {"trail": "1.5"},
                }.get(kind, {})
                house.place(side, str(Decimal(hundredths) / 100), kind, account=account, instrument=PERP,
                            reduce_only=reduces, **terms)  # fmt: skip
            case ("cancel", number):
                house.cancel(f"o{number}", instrument=PERP)
            case _:
                house.disconnect()
                house.reconnect()
    return house.reports


@given(actions, st.sampled_from([0, 5]))
def test_the_same_events_bring_the_same_reports(script: list[Any], latency_ms: int) -> None:
    assert play(script, latency_ms) == play(script, latency_ms)


@given(actions)
def test_fills_have_names_of_their_own_whole_lots_and_prices_on_ticks(script: list[Any]) -> None:
    fills = [each for each in play(script, 0) if isinstance(each, Fill)]
    assert len({(each.account, each.id) for each in fills}) == len(fills)
    for fill in fills:
        assert fill.quantity > 0
        assert fill.quantity % Decimal("0.01") == 0
        assert fill.price % Decimal("0.1") == 0


# Real minutes: depth, trades and quotes as Binance sent them, of a spot pair and of an inverse perpetual

FOLDER = "ticks_l2/hftbacktest_binance_raw"
ETH = Instrument(
    id="binance:ETHUSDT", venue="binance", symbol="ETHUSDT", native="ETHUSDT", kind="spot",
    base="ETH", quote="USDT", settle="USDT", tick=Decimal("0.01"), lot=Decimal("0.0001"),
)  # fmt: skip
BTC = Instrument(
    id="binance:BTCUSD-PERP", venue="binance", symbol="BTCUSD-PERP", native="BTCUSD_PERP", kind="perp",
    base="BTC", quote="USD", settle="BTC", tick=Decimal("0.1"), lot=Decimal(1), contract_size=Decimal(100),
    inverse=True,
)  # fmt: skip
each_recording: Callable[[Any], Any] = pytest.mark.parametrize(
    ("file", "market", "instrument", "size"),
    [
        ("spot/ethusdt_20240808.gz", "spot", ETH, "3"),
        ("cm/btcusd_perp_20240808.gz", "coinm", BTC, "200"),
    ],
)


def recorded(path: Path, market: Market, instrument: Instrument) -> Iterator[MarketEvent]:
    mapper = Mapper("binance", market)
    with gzip.open(path) as lines:
        for line in lines:
            received, raw = line.split(b" ", 1)
            yield from mapper.events(raw, int(received), instrument.native)


@each_recording
def test_on_a_real_market_a_resting_order_is_filled_only_by_what_came_to_its_price(
    recordings: Path, file: str, market: Market, instrument: Instrument, size: str
) -> None:
    house = House(instrument)
    limits: dict[str, tuple[Side, float]] = {}
    by_prints, by_book, printed = Decimal(0), Decimal(0), 0.0
    for number, event in enumerate(recorded(recordings / FOLDER / file, market, instrument)):
        fills = [each for each in house.feed(event) if isinstance(each, Fill)]
        filled = sum(each.quantity for each in fills)
        book = house.market.books[instrument.id]
        for fill in fills:
            side, limit = limits[fill.order_id]
            assert (float(fill.price), fill.liquidity) == (limit, "maker")
            if isinstance(event, Trade):
                assert event.side != side
                assert event.price <= limit if side == "buy" else event.price >= limit
            else:
                assert isinstance(event, BookChange)
                facing = book.best_ask if side == "buy" else book.best_bid
                assert facing is not None
                assert facing[0] <= limit if side == "buy" else facing[0] >= limit
        if isinstance(event, Trade):
            printed += event.quantity
            assert filled <= Decimal(repr(event.quantity))
            by_prints += filled
        else:
            by_book += filled
        if number % 400 == 0 and book.best_bid and book.best_ask:
            sides: list[tuple[Side, Level]] = [("buy", book.best_bid), ("sell", book.best_ask)]
            for side, best in sides:
                id = f"{side}{number}"
                limits[id] = (side, best[0])
                house.place(side, size, "limit", id=id, instrument=instrument, post_only=True,
                            limit_price=repr(best[0]))  # fmt: skip
    assert len(limits) > 80
    assert 0 < by_prints < Decimal(repr(printed))
    placed = Decimal(size) * len(limits)
    assert by_prints + by_book < placed  # not all of them came to be: the queue is real


@each_recording
def test_on_a_real_market_a_market_order_gets_what_the_book_shows(
    recordings: Path, file: str, market: Market, instrument: Instrument, size: str
) -> None:
    house = House(instrument)
    done = 0
    for number, event in enumerate(recorded(recordings / FOLDER / file, market, instrument)):
        house.feed(event)
        book = house.market.books[instrument.id]
        if number % 2_000 or not book.synchronised:
            continue
        side: Any = "buy" if number % 4_000 else "sell"
        shown = book.asks(2_000) if side == "buy" else book.bids(2_000)
        account = number  # each its own, so that nobody has taken anything before
        got = [
            each
            for each in house.place(side, str(Decimal(size) * 20), account=account, instrument=instrument)
            if isinstance(each, Fill)
        ]
        left = Decimal(size) * 20
        expected = []
        for price, quantity in shown:
            take = min(left, Decimal(repr(quantity)))
            expected.append((Decimal(repr(price)), take))
            left -= take
            if not left:
                break
        assert [(each.price, each.quantity) for each in got] == expected
        done += 1
    assert done > 10

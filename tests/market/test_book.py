"""The order book: whole by the venue's rule, or not synchronised; never crossed, never invented."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.events import BookChange, Level, Quote
from candlewick.market.book import BEHIND_LIMIT, MOST_LEVELS, OrderBook
from candlewick.venues.binance.mapper import Mapper, Market

BIDS: list[Level] = [(99.0, 1.0), (98.0, 2.0), (97.0, 3.0)]
ASKS: list[Level] = [(100.0, 1.0), (101.0, 2.0), (102.0, 3.0)]


def snapshot(
    last_id: int | None, bids: list[Level] | None = None, asks: list[Level] | None = None
) -> BookChange:
    return BookChange(
        "sim:X",
        True,
        BIDS if bids is None else bids,
        ASKS if asks is None else asks,
        None,
        last_id,
        None,
        0,
        0,
    )


def spot(
    first: int, last: int, bids: list[Level] | None = None, asks: list[Level] | None = None
) -> BookChange:
    return BookChange("sim:X", False, bids or [], asks or [], first, last, None, 0, 0)


def futures(
    first: int, last: int, prev: int, bids: list[Level] | None = None, asks: list[Level] | None = None
) -> BookChange:
    return BookChange("sim:X", False, bids or [], asks or [], first, last, prev, 0, 0)


def synchronised_book() -> OrderBook:
    book = OrderBook()
    assert book.apply(snapshot(10)) == "synchronised"
    return book


# What is displayed at a price


def test_it_tells_what_stands_at_a_price_and_where_it_cannot_know() -> None:
    book = synchronised_book()
    assert book.quantity_at("buy", 98.0) == 2.0
    assert book.quantity_at("buy", 98.5) == 0.0
    assert book.quantity_at("buy", 99.5) == 0.0  # better than the best: nobody is there
    assert book.quantity_at("buy", 96.0) is None  # deeper than the deepest known level
    assert book.quantity_at("sell", 101.0) == 2.0
    assert book.quantity_at("sell", 103.0) is None
    assert OrderBook().quantity_at("sell", 100.0) is None


# Before and at the snapshot


def test_it_shows_nothing_before_a_snapshot() -> None:
    book = OrderBook()
    assert book.apply(spot(1, 2, [(99.0, 1.0)])) == "buffered"
    assert not book.synchronised
    assert book.reason == "no snapshot yet"
    assert (book.best_bid, book.best_ask, book.bids(5), book.asks(5)) == (None, None, [], [])


def test_it_joins_held_spot_diffs_to_the_snapshot() -> None:
    book = OrderBook()
    book.apply(spot(5, 8, [(99.0, 7.0)]))  # the snapshot already holds it
    book.apply(spot(9, 12, [(99.0, 9.0)]))
    book.apply(spot(13, 13, asks=[(100.0, 0.0)]))
    assert book.apply(snapshot(10)) == "synchronised"
    assert book.last_id == 13
    assert book.best_bid == (99.0, 9.0)
    assert book.best_ask == (101.0, 2.0)


def test_it_joins_held_futures_diffs_to_the_snapshot() -> None:
    book = OrderBook()
    book.apply(futures(1, 9, 0, [(99.0, 7.0)]))
    book.apply(futures(10, 14, 9, [(99.0, 9.0)]))
    book.apply(futures(20, 25, 14, asks=[(100.0, 0.0)]))
    assert book.apply(snapshot(10)) == "synchronised"
    assert book.last_id == 25
    assert book.best_bid == (99.0, 9.0)
    assert book.best_ask == (101.0, 2.0)


def test_it_applies_the_futures_diff_that_ends_at_the_snapshot() -> None:
    book = synchronised_book()
    assert book.apply(futures(8, 10, 7, [(99.0, 1.0)])) == "applied"
    assert book.apply(futures(15, 16, 10, [(99.0, 4.0)])) == "applied"
    assert book.last_id == 16
    assert book.apply(futures(15, 17, 14)) == "gap", "only the first diff may overlap the snapshot"


def test_it_accepts_a_futures_diff_that_follows_the_snapshot_directly() -> None:
    book = synchronised_book()
    assert book.apply(futures(15, 16, 10, [(99.0, 4.0)])) == "applied"


def test_it_refuses_a_snapshot_older_than_the_held_diffs() -> None:
    book = OrderBook()
    book.apply(spot(20, 22))
    assert book.apply(snapshot(10)) == "gap"
    assert not book.synchronised
    assert "too old" in book.reason
    assert book.apply(snapshot(21)) == "synchronised", "the held diffs must still be there for the next one"
    assert book.last_id == 22


def test_it_drops_the_oldest_held_diffs_when_the_snapshot_does_not_come() -> None:
    book = OrderBook(buffered_diffs=2)
    for id in (1, 2, 3):
        book.apply(spot(id, id))
    assert book.apply(snapshot(0)) == "gap"
    assert book.apply(snapshot(1)) == "synchronised"


def test_it_finds_a_gap_among_the_held_diffs() -> None:
    book = OrderBook()
    book.apply(spot(11, 12))
    book.apply(spot(15, 16, [(99.0, 5.0)]))
    assert book.apply(snapshot(10)) == "gap"
    assert book.reason == "update ids jump from 12 to 15"
    assert book.apply(snapshot(14)) == "synchronised"
    assert book.best_bid == (99.0, 5.0)


def test_one_nonsensical_id_does_not_keep_the_book_from_joining() -> None:
    book = synchronised_book()
    assert book.apply(spot(10**15, 10**15)) == "gap"
    for id in (11, 12, 13):
        assert book.apply(spot(id, id, [(99.0, float(id))])) == "buffered"
    assert book.apply(snapshot(11)) == "synchronised"
    assert (book.last_id, book.best_bid) == (13, (99.0, 13.0))


def test_it_joins_held_diffs_that_came_out_of_order() -> None:
    book = OrderBook()
    for id in (12, 11, 14, 13):
        book.apply(spot(id, id, [(99.0, float(id))]))
    assert book.apply(snapshot(10)) == "synchronised"
    assert (book.last_id, book.best_bid) == (14, (99.0, 14.0))


def test_it_skips_any_number_of_held_diffs_the_snapshot_already_holds() -> None:
    book = OrderBook()
    for id in range(2 * BEHIND_LIMIT):
        book.apply(spot(id, id))
    assert book.apply(snapshot(10_000)) == "synchronised"


# Continuity


def test_it_applies_changes_and_removals_in_order() -> None:
    book = synchronised_book()
    assert book.apply(spot(11, 11, [(99.0, 0.0), (98.5, 4.0)], [(100.0, 5.0), (103.0, 1.0)])) == "applied"
    assert book.bids(2) == [(98.5, 4.0), (98.0, 2.0)]
    assert book.asks(9) == [(100.0, 5.0), (101.0, 2.0), (102.0, 3.0), (103.0, 1.0)]
    assert book.depth() == (3, 4)


@pytest.mark.parametrize("diff", [spot(12, 13), futures(12, 13, 11)], ids=["spot", "futures"])
def test_it_shows_nothing_after_a_gap_until_a_new_snapshot(diff: BookChange) -> None:
    book = synchronised_book()
    assert book.apply(diff) == "gap"
    assert (book.synchronised, book.bids(5), book.best_ask) == (False, [], None)
    assert book.reason == "update ids jump from 10 to 12"
    assert book.apply(spot(14, 14, [(99.0, 8.0)])) == "buffered"
    assert book.apply(snapshot(13)) == "synchronised"
    assert book.best_bid == (99.0, 8.0)


def test_it_ignores_what_it_already_holds() -> None:
    book = synchronised_book()
    book.apply(spot(11, 12, [(99.0, 5.0)]))
    version = book.version
    assert book.apply(spot(11, 12, [(99.0, 1.0)])) == "ignored"
    assert book.apply(spot(11, 11, [(99.0, 2.0)])) == "ignored"
    assert book.apply(snapshot(11)) == "ignored"
    assert book.apply(snapshot(12)) == "ignored"
    assert (book.best_bid, book.version) == ((99.0, 5.0), version)


def test_it_takes_a_newer_snapshot_over_its_levels() -> None:
    book = synchronised_book()
    assert book.apply(snapshot(20, bids=[(50.0, 1.0)])) == "applied"
    assert book.bids(9) == [(50.0, 1.0)]
    assert book.last_id == 20


def test_it_follows_a_stream_of_whole_books_without_numbers() -> None:
    book = OrderBook()
    assert book.apply(snapshot(None)) == "synchronised"
    assert book.apply(snapshot(None, bids=[(90.0, 1.0)])) == "applied"
    assert book.bids(9) == [(90.0, 1.0)]
    assert book.apply(BookChange("sim:X", False, [(90.0, 0.0)], [], None, None, None, 0, 0)) == "applied"
    assert book.bids(9) == []


def test_it_does_not_apply_unnumbered_diffs_from_before_the_snapshot() -> None:
    book = OrderBook()
    book.apply(BookChange("sim:X", False, [(99.0, 0.0)], [], None, None, None, 0, 0))
    assert book.apply(snapshot(None)) == "synchronised"
    assert book.best_bid == (99.0, 1.0)


def test_it_forgets_everything_when_the_connection_is_lost() -> None:
    book = synchronised_book()
    book.desynchronise("connection lost")
    assert (book.synchronised, book.reason, book.bids(5)) == (False, "connection lost", [])
    assert book.apply(snapshot(3)) == "synchronised", "a venue that restarted numbers anew"


def test_it_asks_again_when_the_venue_began_to_number_anew_unsaid() -> None:
    book = synchronised_book()
    outcomes = [book.apply(spot(1, 2)) for _ in range(BEHIND_LIMIT)]
    assert outcomes == ["ignored"] * (BEHIND_LIMIT - 1) + ["gap"]


# Levels that cannot be


@pytest.mark.parametrize(
    "level",
    [
        (nan, 1.0),
        (99.0, nan),
        (-1.0, 1.0),
        (0.0, 1.0),
        (99.0, -1.0),
        (inf, 1.0),
        (99.0, inf),
        (55.0, nan),
        (55.0, inf),
        (55.0, -1.0),
    ],
)
def test_it_rejects_an_impossible_level(level: Level) -> None:
    book = synchronised_book()
    assert book.apply(spot(11, 11, [level])) == "gap"
    assert (book.synchronised, book.rejected) == (False, 1)
    assert book.apply(snapshot(11, bids=[level])) == "gap"
    assert book.apply(snapshot(11, asks=[level])) == "gap"
    assert (book.synchronised, book.rejected) == (False, 3)
    assert book.apply(snapshot(12)) == "synchronised"


def test_it_takes_a_crossed_result_for_a_gap() -> None:
    book = synchronised_book()
    assert book.apply(spot(11, 11, [(100.0, 1.0)])) == "gap"
    assert book.reason == "bid 100.0 met ask 100.0"
    for price in (100.0, 101.0):
        assert book.apply(snapshot(12, bids=[(price, 1.0)])) == "gap"
        assert not book.synchronised


def test_it_accepts_a_book_with_an_empty_side() -> None:
    book = OrderBook()
    assert book.apply(snapshot(1, asks=[])) == "synchronised"
    assert (book.best_bid, book.best_ask) == ((99.0, 1.0), None)


@pytest.mark.parametrize("side", [0, 1], ids=["bids", "asks"])
def test_it_keeps_no_more_removed_levels_than_live_ones(side: int) -> None:
    book = synchronised_book()
    for n in range(5_000):
        price = 50.0 + n / 1_000 if side == 0 else 150.0 + n / 1_000
        for last_id, quantity in ((11 + 2 * n, 1.0), (12 + 2 * n, 0.0)):
            change: list[list[Level]] = [[], []]
            change[side] = [(price, quantity)]
            assert book.apply(spot(last_id, last_id, *change)) == "applied"
    assert book.depth() == (3, 3)
    assert len(book._bids) + len(book._asks) < 600


def test_a_book_that_grows_beyond_all_measure_is_no_book() -> None:
    book = synchronised_book()
    bids = [(n / 10_000, 1.0) for n in range(1, MOST_LEVELS + 1)]
    half = len(bids) // 2
    assert book.apply(spot(11, 11, bids[:half])) == "applied"
    assert book.apply(spot(12, 12, bids[half:])) == "gap"
    assert book.reason == f"it grew beyond {MOST_LEVELS} levels"


def test_it_reads_as_many_levels_as_are_asked_for() -> None:
    book = OrderBook()
    bids = [(100.0 - n, 1.0) for n in range(50)]
    asks = [(101.0 + n, 1.0) for n in range(50)]
    book.apply(snapshot(1, bids[::-1], asks[::-1]))
    for n in (0, 1, 3, 25, 49, 50, 51):
        assert book.bids(n) == bids[:n]
        assert book.asks(n) == asks[:n]
    book.apply(spot(2, 2, [(90.0, 0.0)], [(110.0, 0.0)]))
    assert book.bids(12) == [*bids[:10], *bids[11:13]]
    assert book.asks(12) == [*asks[:9], *asks[10:13]]


def test_its_version_grows_with_every_change_of_what_can_be_read() -> None:
    book = OrderBook()
    seen = [book.version]
    for message in (snapshot(10), spot(11, 11, [(98.0, 4.0)]), snapshot(20), spot(30, 30), snapshot(31)):
        book.apply(message)
        seen.append(book.version)
    book.desynchronise("connection lost")
    seen.append(book.version)
    assert sorted(set(seen)) == seen
    assert book.gaps == 1


# Against a venue that loses, repeats and reorders


@dataclass(frozen=True)
class Session:
    """What a venue did, and what of it arrived: the book after every id, and messages in order of arrival."""

    truth: dict[int, tuple[dict[float, float], dict[float, float]]]
    messages: list[BookChange]


update_lists = st.lists(
    st.tuples(st.booleans(), st.integers(90, 110), st.integers(0, 3)), min_size=1, max_size=40
)


def play(updates: list[tuple[bool, int, int]], numbered_as_futures: bool) -> tuple[dict[int, Any], list[int]]:
    """The venue's own book after each update; an order that would cross removes what it meets."""
    bids: dict[float, float] = {90.0: 1.0}
    asks: dict[float, float] = {110.0: 1.0}
    id = 100
    truth: dict[int, Any] = {id: (dict(bids), dict(asks))}
    for index, (is_bid, price, quantity) in enumerate(updates):
        mine, theirs = (bids, asks) if is_bid else (asks, bids)
        if quantity:
            mine[float(price)] = float(quantity)
            for met in [p for p in theirs if (p <= price if is_bid else p >= price)]:
                del theirs[met]
        else:
            mine.pop(float(price), None)
        id += 1 + (index % 3 if numbered_as_futures else 0)
        truth[id] = (dict(bids), dict(asks))
    return truth, sorted(truth)


def levels_changed(before: dict[float, float], after: dict[float, float]) -> list[Level]:
    return [(p, after.get(p, 0.0)) for p in sorted({*before, *after}) if before.get(p) != after.get(p)]


def touched(truth: dict[int, Any], ids: list[int], side: int) -> set[float]:
    """Prices that changed on the way through `ids`, though they may end as they began."""
    return {price for a, b in pairwise(ids) for price, _ in levels_changed(truth[a][side], truth[b][side])}


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    is_futures = draw(st.booleans())
    truth, ids = play(draw(update_lists), is_futures)
    cuts = sorted({0, len(ids) - 1, *draw(st.lists(st.integers(0, len(ids) - 1), max_size=12))})
    diffs = []
    for begin, end in pairwise(cuts):
        bids, asks = (
            [(p, truth[ids[end]][side].get(p, 0.0)) for p in touched(truth, ids[begin : end + 1], side)]
            for side in (0, 1)
        )
        if is_futures:
            diffs.append(futures(ids[begin + 1], ids[end], ids[begin], bids, asks))
        else:
            diffs.append(spot(ids[begin + 1], ids[end], bids, asks))
    snapshots = [
        snapshot(id, sorted(truth[id][0].items()), sorted(truth[id][1].items()))
        for id in draw(st.lists(st.sampled_from(ids), max_size=4))
    ]
    arrivals = (
        draw(st.lists(st.sampled_from([*diffs, *snapshots]), max_size=30)) if diffs or snapshots else []
    )
    if draw(st.booleans()):  # mostly in order, so that long stretches stay synchronised
        arrivals = sorted(arrivals, key=lambda m: m.last_id or 0)
    return Session(truth, arrivals)


@given(sessions())
def test_it_is_never_wrong_when_it_says_synchronised(session: Session) -> None:
    book = OrderBook()
    for message in session.messages:
        outcome = book.apply(message)
        if not book.synchronised:
            assert (book.bids(99), book.asks(99)) == ([], [])
            assert book.reason
            continue
        assert outcome not in ("gap", "buffered")
        assert book.last_id is not None
        bids, asks = session.truth[book.last_id]
        assert book.bids(99) == sorted(bids.items(), reverse=True)
        assert book.asks(99) == sorted(asks.items())
        assert book.bids(2) == book.bids(99)[:2]
        assert book.best_bid == next(iter(book.bids(1)), None)
        assert book.best_ask == next(iter(book.asks(1)), None)
        assert book.depth() == (len(bids), len(asks))
        if bids and asks:
            assert max(bids) < min(asks)


@given(update_lists, st.booleans(), st.data())
def test_it_is_synchronised_to_the_end_when_nothing_is_lost(
    updates: list[tuple[bool, int, int]], is_futures: bool, data: st.DataObject
) -> None:
    truth, ids = play(updates, is_futures)
    book = OrderBook()
    snapshot_at = data.draw(st.integers(0, len(ids) - 1))
    arrives_after = data.draw(st.integers(snapshot_at, len(ids) - 1))
    taken = truth[ids[snapshot_at]]
    for index, (before, after) in enumerate(pairwise(ids)):
        if index == arrives_after:
            book.apply(snapshot(ids[snapshot_at], list(taken[0].items()), list(taken[1].items())))
        changes = [levels_changed(truth[before][side], truth[after][side]) for side in (0, 1)]
        diff = futures(before + 1, after, before, *changes) if is_futures else spot(after, after, *changes)
        assert book.apply(diff) != "gap"
    if arrives_after == len(ids) - 1:
        book.apply(snapshot(ids[snapshot_at], list(taken[0].items()), list(taken[1].items())))
    assert book.synchronised
    assert dict(book.bids(99)) == truth[ids[-1]][0]
    assert dict(book.asks(99)) == truth[ids[-1]][1]


# Recordings, read by the venue's own mapper

HFT = "ticks_l2/hftbacktest_binance_raw"


def recorded(path: Path, market: Market) -> Iterator[BookChange | Quote]:
    """Book changes and quotes of a recording whose lines are `local_ns json`."""
    mapper = Mapper("binance", market)
    with gzip.open(path) as lines:
        for line in lines:
            received, raw = line.split(b" ", 1)
            symbol = "ETHUSDT" if market == "spot" else "BTCUSD_PERP"
            for event in mapper.events(raw, int(received), symbol):
                if isinstance(event, BookChange | Quote):
                    yield event


@pytest.mark.parametrize(
    ("name", "market", "compared"),
    [("spot/ethusdt_20240808.gz", "spot", 577), ("cm/btcusd_perp_20240808.gz", "coinm", 1_124)],
)
def test_a_recorded_book_stays_whole_and_agrees_with_the_book_ticker(
    recordings: Path, name: str, market: Market, compared: int
) -> None:
    book = OrderBook()
    quotes: dict[int | None, Quote] = {}
    agreed = gaps = 0
    for event in recorded(recordings / HFT / name, market):
        if isinstance(event, Quote):
            quotes[event.update_id] = event
        else:
            gaps += book.apply(event) == "gap"
        if not book.synchronised or book.last_id not in quotes:
            continue
        quote = quotes.pop(book.last_id)
        assert book.best_bid == (quote.bid, quote.bid_quantity)
        assert book.best_ask == (quote.ask, quote.ask_quantity)
        agreed += 1
    assert book.synchronised
    assert gaps == 0
    assert agreed == compared


def test_a_recording_without_its_snapshot_is_never_called_synchronised(recordings: Path) -> None:
    book = OrderBook()
    for event in recorded(recordings / HFT / "spot/ethusdt_20240808.gz", "spot"):
        if isinstance(event, BookChange) and not event.snapshot:
            assert book.apply(event) == "buffered"
    assert not book.synchronised
    assert book.reason == "no snapshot yet"


def cryptofeed(path: Path) -> Iterator[tuple[float, bytes, str | None]]:
    """(received, payload, symbol); only the request of a REST answer names its symbol."""
    packed = path.read_bytes()
    for line in (gzip.decompress(packed) if path.suffix == ".gz" else packed).splitlines():
        head, _, body = line.partition(b": {")
        url, _, received = head.rpartition(b" ")
        if body and not url:
            yield float(received), b"{" + body, None
        elif body and b"/depth?symbol=" in url:
            yield float(received), b"{" + body, url.split(b"symbol=")[1].split(b"&")[0].decode()


@pytest.mark.parametrize(
    ("market", "rest", "wire"),
    [
        ("spot", "BINANCE.http.0.0.gz", "BINANCE.ws.1.0"),
        ("usdm", "BINANCE_FUTURES.http.0.0", "BINANCE_FUTURES.ws.1.0.gz"),
    ],
)
def test_recorded_books_of_many_symbols_join_their_rest_snapshots(
    recordings: Path, market: Market, rest: str, wire: str
) -> None:
    folder, mapper = recordings / "wire/cryptofeed", Mapper("binance", market)
    books: dict[str, OrderBook] = defaultdict(OrderBook)
    outcomes: list[str] = []
    for received, raw, symbol in sorted([*cryptofeed(folder / rest), *cryptofeed(folder / wire)]):
        events = mapper.events(raw, int(received * 1e9), symbol)
        changes = [event for event in events if isinstance(event, BookChange)]
        outcomes += [books[change.instrument].apply(change) for change in changes]
    assert len(books) == 4
    assert all(book.synchronised for book in books.values())
    assert outcomes.count("synchronised") == 4
    assert "gap" not in outcomes

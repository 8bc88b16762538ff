"""Records: what pages find in the ledger's database, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from candlewick.core.errors import StoreBusy, UsageError
from candlewick.ledger.trips import RoundTrip
from candlewick.store.databases import Place
from candlewick.store.journal import reader
from candlewick.store.journal.batch import Batch, EquityRow
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.reader import Records
from candlewick.store.journal.selection import TripFilter
from tests.store.journal import ground


@pytest.fixture
def records(place: Place, journal: Journal) -> Iterator[Records]:
    made = Records(place)
    yield made
    made.close()


def all_pages(list_page: Any, **asked: Any) -> list[Any]:
    """Every item of a list, a page at a time."""
    items: list[Any] = []
    cursor = None
    while True:
        page = list_page(cursor=cursor, **asked)
        items += page.items
        cursor = page.next
        if cursor is None:
            return items


def random_trips(journal: Journal, count: int) -> list[RoundTrip]:
    """Trips of every kind, some of them equal in what they are sorted by, booked."""
    random = Random(7)
    journal.commit([ground.opening()])
    made = []
    for number in range(1, count + 1):
        is_open = random.random() < 0.2
        entered = ground.T0 + random.randrange(5) * ground.DAY_NS
        batch = ground.filling(
            number,
            net=str(random.choice([-5, 0, 3, 7])),
            side=random.choice(["long", "short"]),
            status="open" if is_open else "closed",
            origin=(origin := random.choice(["manual", "strategy"])),
            tag=random.choice(["breakout-1h", "scalp"]) if origin == "strategy" else "",
            entered_at=entered,
            exited_at=None if is_open else entered + random.randrange(3) * 3_600_000_000_000,
        )
        journal.commit([batch])
        made += [trip for _, booked in batch.booked for trip in booked.trips]
    return made


def outcome(trip: RoundTrip) -> str:
    return "open" if trip.status == "open" else "win" if trip.net > 0 else "loss" if trip.net < 0 else "even"


SORTS: dict[str, Any] = {
    "entered": lambda trip: trip.entered_at,
    "exited": lambda trip: trip.exited_at,
    "net": lambda trip: trip.net,
    "return": lambda trip: trip.net / (trip.entry_price * trip.quantity),
    "held": lambda trip: None if trip.exited_at is None else trip.exited_at - trip.entered_at,
}
FILTERS: dict[str, tuple[TripFilter, Any]] = {
    "all": (TripFilter(), lambda trip: True),
    "symbol": (TripFilter(symbol="BTCUSDT"), lambda trip: True),
    "instrument": (TripFilter(symbol="sim:BTCUSDT"), lambda trip: True),
    "another symbol": (TripFilter(symbol="ETHUSDT"), lambda trip: False),
    "side": (TripFilter(side="long"), lambda trip: trip.side == "long"),
    "outcome": (TripFilter(outcome="loss"), lambda trip: outcome(trip) == "loss"),
    "closed": (TripFilter(status="closed"), lambda trip: trip.status == "closed"),
    "open": (TripFilter(status="open"), lambda trip: trip.status == "open"),
    "tag and side": (
        TripFilter(tag="scalp", side="short"), lambda trip: (trip.tag, trip.side) == ("scalp", "short")
    ),
    "span": (
        TripFilter(start=ground.T0 + ground.DAY_NS, end=ground.T0 + 3 * ground.DAY_NS),
        lambda trip: ground.DAY_NS <= trip.entered_at - ground.T0 < 3 * ground.DAY_NS,
    ),
    "ids": (TripFilter(ids=[3, 5, 9], origin="manual"), lambda trip: trip.id in (3, 5, 9)
            and trip.origin == "manual"),
}  # fmt: skip


@pytest.mark.parametrize("few", [0, 20_000], ids=["walking", "finding the rare first"])
def test_every_filter_in_every_order_gives_what_a_plain_look_gives(
    journal: Journal, records: Records, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "FEW_TRIPS", few)
    trips = random_trips(journal, 60)
    for sort, key in SORTS.items():
        for name, (filters, takes) in FILTERS.items():
            for rising in (False, True):
                found = all_pages(
                    partial(records.trips, 1),
                    filters=filters,
                    sort=sort,
                    rising=rising,
                    limit=7,
                )
                wanted = sorted(
                    (trip for trip in trips if takes(trip) and key(trip) is not None),
                    key=lambda trip: (key(trip), trip.id),
                    reverse=not rising,
                )
                assert [trip.id for trip in found] == [trip.id for trip in wanted], (sort, name, rising)
                assert found == wanted


@pytest.mark.parametrize(
    ("search", "takes"),
    [
        ("btc", lambda trip: True),
        ("USDT sim spot", lambda trip: True),
        ("long", lambda trip: trip.side == "long"),
        ("break short", lambda trip: trip.tag == "breakout-1h" and trip.side == "short"),
        ("breakout-1h", lambda trip: trip.tag == "breakout-1h"),
        ("btc-usdt", lambda trip: True),
        ("eth", lambda trip: False),
        ("reakout", lambda trip: False),
        ("%", lambda trip: False),
    ],
)
def test_a_search_finds_trips_by_the_beginnings_of_their_words(
    journal: Journal, records: Records, search: str, takes: Any
) -> None:
    trips = random_trips(journal, 40)
    found = all_pages(partial(records.trips, 1), search=search, limit=7)
    assert {trip.id for trip in found} == {trip.id for trip in trips if takes(trip)}


def test_what_notes_have_found_is_listed_among_what_the_search_finds(
    journal: Journal, records: Records
) -> None:
    trips = random_trips(journal, 40)
    asked = {"search": "scalp", "noted": [2, 3, 4], "sort": "net", "filters": TripFilter(side="long")}
    found = all_pages(partial(records.trips, 1), **asked, limit=3)
    wanted = [trip for trip in trips if trip.side == "long" and (trip.tag == "scalp" or trip.id in (2, 3, 4))]
    assert found == sorted(wanted, key=lambda trip: (trip.net, trip.id), reverse=True)


def test_a_page_knows_how_many_there_are_on_all(journal: Journal, records: Records) -> None:
    trips = random_trips(journal, 40)
    page = records.trips(1, filters=TripFilter(side="short"), limit=5)
    assert page.total == sum(trip.side == "short" for trip in trips)


def test_rows_that_come_meanwhile_do_not_shift_the_pages(journal: Journal, records: Records) -> None:
    trips = random_trips(journal, 20)
    first = records.trips(1, limit=10)
    journal.commit([ground.filling(99, days=9)])
    second = records.trips(1, cursor=first.next, limit=10)
    assert {trip.id for trip in (*first.items, *second.items)} == {trip.id for trip in trips}


def test_orders_and_fills_are_listed_newest_first(journal: Journal, records: Records) -> None:
    journal.commit([ground.opening(), *map(ground.placing, range(1, 8)), ground.filling(3)])
    orders = all_pages(partial(records.orders, 1), limit=2)
    assert [order.id for order in orders] == [f"o{number}" for number in range(7, 0, -1)]
    assert [order.id for order in records.orders(1, status="FILLED").items] == ["o3"]
    assert [order.id for order in records.orders(1, start=ground.T0 + 6).items] == ["o7", "o6"]
    assert records.orders(1, symbol="ETHUSDT").items == []
    [fill] = records.fills(1, symbol="BTCUSDT").items
    assert (fill.fill.id, fill.realised) == ("f3", Decimal("10.5"))
    order = records.order(1, "o3")
    assert order is not None
    assert order.status == "FILLED"


def test_one_account_sees_nothing_of_another(journal: Journal, records: Records) -> None:
    journal.commit([ground.opening(), ground.placing(1), ground.filling(1)])
    journal.commit([ground.opening(2)])
    assert records.orders(2).items == []
    assert records.order(2, "o1") is None
    assert records.fills(2).items == []
    assert records.trips(2).items == []
    assert records.trips(2, search="btc", noted=[1]).items == []
    assert records.trip(2, 1) is None
    assert records.trip_fills(2, 1) == []
    assert records.buckets(2) == []
    assert [day.flows for day in records.days(2)] == [Decimal(100_000)]
    assert [made.kind for made in records.transactions(2).items] == ["deposit"]


def test_a_trip_has_its_fills(journal: Journal, records: Records) -> None:
    journal.commit([ground.opening(), ground.filling(1), ground.filling(2, id=1), ground.filling(3)])
    assert [fill.fill.id for fill in records.trip_fills(1, 1)] == ["f1", "f2"]
    trip = records.trip(1, 1)
    assert trip is not None
    assert trip.id == 1


def test_the_days_sums_are_exact_and_per_currency(journal: Journal, records: Records) -> None:
    journal.commit([ground.opening(), ground.filling(1), ground.filling(2, net="-0.000000001")])
    journal.commit([ground.filling(3, net="1", days=1)])
    first, second = records.days(1)
    assert (first.day, first.currency, first.fills) == (date(2024, 10, 4), "USDT", 2)
    assert first.realised == Decimal("10.499999999")
    assert first.fees == Decimal("0.2002")
    assert first.volume == Decimal("200.20")
    assert first.flows == Decimal(100_000)
    assert (second.realised, second.flows) == (Decimal(1), Decimal(0))
    assert records.days(1, ground.T0 + ground.DAY_NS) == [second]
    assert records.days(1, end=ground.T0 + ground.DAY_NS) == [first]


def test_buckets_count_a_trip_once_it_is_closed_and_only_once(journal: Journal, records: Records) -> None:
    journal.commit([ground.opening(), ground.filling(1, status="open", exited_at=None)])
    assert records.buckets(1, by="all") == []
    journal.commit([ground.filling(2, id=1, net="4"), ground.filling(3, net="-6", side="short")])
    journal.commit([ground.filling(4, id=1, net="5")])  # another version of what was closed
    [total] = records.buckets(1, by="all")
    assert (total.trades, total.wins, total.losses) == (2, 1, 1)
    assert (total.net, total.profit, total.loss) == (Decimal(-1), Decimal(5), Decimal(-6))
    assert (total.best, total.worst) == (Decimal(5), Decimal(-6))
    assert {bucket.value: bucket.net for bucket in records.buckets(1, by="side")} == {
        "long": Decimal(5), "short": Decimal(-6),
    }  # fmt: skip
    assert [bucket.value for bucket in records.buckets(1, by="day")] == ["2024-10-04"]
    assert [bucket.value for bucket in records.buckets(1, by="weekday")] == ["4"]  # the entry's: Thursday
    assert records.buckets(1, start=ground.T0 + ground.DAY_NS) == []


def test_trips_are_summed_by_where_and_when_they_were_entered(journal: Journal, records: Records) -> None:
    day = ground.T0 // ground.DAY_NS
    later = {"entered_at": ground.T0 + ground.DAY_NS}
    journal.commit(
        [
            ground.opening(),
            ground.filling(1, net="4", days=2, entered_at=ground.T0),
            ground.filling(2, net="-1", days=2, entered_at=ground.T0 + 1),
            ground.filling(3, net="9", days=3, **later),
        ]
    )
    found = {bucket.value: (bucket.trades, bucket.net) for bucket in records.buckets(1, by="opening")}
    assert found == {
        f"{day} {ground.BTC.id}": (2, Decimal(3)),
        f"{day + 1} {ground.BTC.id}": (1, Decimal(9)),
    }


def test_trips_are_chosen_by_profit_however_they_are_sorted(journal: Journal, records: Records) -> None:
    made = random_trips(journal, 40)
    for sort, rising in (("entered", False), ("net", True), ("held", False)):
        filters = TripFilter(least=0, most=3)
        found = all_pages(records.trips, account=1, filters=filters, sort=sort, rising=rising, limit=7)
        wanted = {trip.id for trip in made if 0 <= trip.net <= 3 and (sort != "held" or trip.exited_at)}
        assert {trip.id for trip in found} == wanted
        assert len(found) == len(wanted)


def test_it_tells_when_anything_was_held(journal: Journal, records: Records) -> None:
    hour = 3_600_000_000_000
    spans = [(0, 5), (2, 9), (7, 8), (8, None)]
    journal.commit([ground.opening()])
    for number, (entered, exited) in enumerate(spans, start=1):
        over = None if exited is None else ground.T0 + exited * hour
        status = "open" if over is None else "closed"
        journal.commit(
            [ground.filling(number, status=status, entered_at=ground.T0 + entered * hour, exited_at=over)]
        )
    found = records.turns(1, ground.T0 + 6 * hour, ground.T0 + 9 * hour)
    assert found.held == 1
    assert found.entered == [ground.T0 + 7 * hour, ground.T0 + 8 * hour]
    assert found.exited == [ground.T0 + 8 * hour]


def test_the_equity_curve_is_thinned_without_losing_its_extremes(journal: Journal, records: Records) -> None:
    journal.commit([ground.opening()])
    worth = [Random(3).randrange(900, 1100) for _ in range(500)]
    samples = [
        EquityRow(
            account=1, ts=ground.T0 + number * 60_000_000_000, equity=Decimal(value), cash=Decimal(900),
            unrealised=Decimal(value - 900),
        )
        for number, value in enumerate(worth)
    ]  # fmt: skip
    journal.commit([Batch(equity=samples[:200])])
    journal.commit([Batch(equity=samples[200:])])
    fine = records.equity(1, points=1_000)
    assert [point.equity for point in fine] == worth
    coarse = records.equity(1, points=20)
    assert len(coarse) <= 21
    assert coarse[-1].equity == worth[-1]
    assert min(point.low for point in coarse) == min(worth)
    assert max(point.high for point in coarse) == max(worth)
    [day] = [day for day in records.days(1) if day.closing is not None]
    assert day.closing == worth[-1]


def test_a_long_curve_is_drawn_from_hours_that_know_their_extremes(
    journal: Journal, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "FINE_NS", 0)
    journal.commit([ground.opening()])
    for minute, value in enumerate(["100", "90", "1000", "95"]):
        row = EquityRow(
            account=1, ts=ground.T0 + minute * 60_000_000_000, equity=Decimal(value), cash=Decimal(0),
            unrealised=Decimal(0),
        )  # fmt: skip
        journal.commit([Batch(equity=[row])])
    [point] = records.equity(1)
    assert (point.equity, point.low, point.high) == (Decimal(95), Decimal(90), Decimal(1000))


def test_transactions_come_with_their_postings(journal: Journal, records: Records) -> None:
    journal.commit([ground.opening(), ground.filling(1), ground.filling(2)])
    made = all_pages(partial(records.transactions, 1), limit=1)
    assert [(one.kind, one.ref) for one in made] == [("fill", "f2"), ("fill", "f1"), ("deposit", "opening")]
    assert made[0] == ground.filling(2).booked[0][1].transaction
    assert [one.ref for one in records.transactions(1, kind="deposit").items] == ["opening"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "é", "WzFd", "W251bGwsMV0", "WzEwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwLDFd"]
)
def test_a_cursor_that_is_none_is_refused(journal: Journal, records: Records, cursor: str) -> None:
    random_trips(journal, 2)
    with pytest.raises(UsageError, match="cursor"):
        records.trips(1, cursor=cursor)


def test_what_no_list_can_do_is_refused_by_name(journal: Journal, records: Records) -> None:
    with pytest.raises(UsageError, match="sort"):
        records.trips(1, sort="luck")
    with pytest.raises(UsageError, match="limit"):
        records.orders(1, limit=0)
    with pytest.raises(UsageError, match="by"):
        records.buckets(1, by="moon")
    with pytest.raises(UsageError, match="symbol"):
        records.orders(1, symbol="\0")
    with pytest.raises(UsageError, match="ts"):
        records.fills(1, start=2**80)
    with pytest.raises(UsageError, match="search"):
        records.trips(1, search="a " * 11)


def test_without_a_ledger_it_says_that_there_is_none_yet(tmp_path: Path) -> None:
    records = Records(tmp_path / "ledger.sqlite3")
    with pytest.raises(StoreBusy, match="no ledger yet"):
        records.orders(1)


def test_a_trip_comes_back_as_it_was(journal: Journal, records: Records) -> None:
    [trip] = random_trips(journal, 1)
    assert msgspec.json.encode(records.trip(1, trip.id)) == msgspec.json.encode(trip)

"""The journal of a million trades and the performance page over 100,000 fills, as a browser asks for them.

CPU of the whole answer: who asks, the queries, the HTML. The database is SQLite, built here; its rows are of
the shapes that `store/journal/projections` writes, of 40 symbols and a year, with notes on every hundredth.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import msgspec

from benchmarks.report import Figure, cpu_seconds, show
from candlewick.core.instrument import Instrument
from candlewick.ledger.trips import RoundTrip
from candlewick.runtime.settings import load
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.rows import outcome, trip_row
from candlewick.store.journal.sums import BucketSums, bucket_keys

TRIPS: Final = 1_000_000
SYMBOLS: Final = 40
FILLS: Final = 100_000
PAGE_MS: Final = 50.0
PERFORMANCE_MS: Final = 300.0
DAYS: Final = 365
DAY_NS: Final = 86_400_000_000_000
FIRST_NS: Final = (date(2025, 1, 1) - date(1970, 1, 1)).days * DAY_NS
TAGS: Final = ("", "", "ema-cross", "mean-revert", "breakout")


def instruments() -> list[Instrument]:
    return [
        Instrument(
            id=f"sim:C{n:02d}USDT-PERP", venue="sim", symbol=f"C{n:02d}USDT-PERP", native=f"C{n:02d}USDT",
            kind="perp", base=f"C{n:02d}", quote="USDT", settle="USDT", tick=Decimal("0.01"),
            lot=Decimal("0.001"),
        )
        for n in range(SYMBOLS)
    ]  # fmt: skip


def trips(account: int, count: int, known: list[Instrument]) -> Iterator[tuple[RoundTrip, Instrument]]:
    """Closed trades, evenly over a year, each a few hours long."""
    chance = random.Random(account)
    step = DAYS * DAY_NS // count
    for number in range(1, count + 1):
        instrument = known[chance.randrange(SYMBOLS)]
        net = Decimal(chance.randrange(-50_000, 55_000)).scaleb(-2)
        tag = TAGS[chance.randrange(len(TAGS))]
        entered = FIRST_NS + number * step
        yield (
            RoundTrip(
                account=account, id=number, instrument=instrument.id,
                side="long" if chance.random() < 0.6 else "short", status="closed", quantity=Decimal("1.5"),
                open_quantity=Decimal(0), entry_price=Decimal("100.25"), exit_price=Decimal("101.75"),
                currency="USDT", gross=net + 1, fees=Decimal(1), funding=Decimal(0), net=net, fills=2,
                scale_ins=0, scale_outs=0, origin="strategy" if tag else "manual", tag=tag,
                entered_at=entered, exited_at=entered + chance.randrange(1, 8) * 3_600_000_000_000,
            ),
            instrument,
        )  # fmt: skip


def build(path: Path, accounts: dict[int, int]) -> None:
    """The ledger's database with so many trades of each account; indexes last, since that is quicker."""
    Journal.open(path, key=b"bench" * 8).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master "
        "WHERE type = 'index' AND tbl_name = 'ledger_trip' AND sql NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    known = instruments()
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO ledger_instrument VALUES (?, ?, ?)",
        [(one.id, one.symbol, msgspec.json.encode(one).decode()) for one in known],
    )
    classes: dict[tuple[Any, ...], list[int]] = {}
    for account, count in accounts.items():
        buckets: dict[Any, BucketSums] = {}
        sums_wanted = count <= FILLS

        def rows() -> Iterator[tuple[object, ...]]:
            for trip, instrument in trips(account, count, known):  # noqa: B023  used up within the loop
                shared = (
                    trip.account, trip.instrument, instrument.symbol, trip.side, outcome(trip), trip.origin,
                    trip.tag,
                )  # fmt: skip
                found = classes.setdefault(shared, [len(classes) + 1, 0])
                found[1] += 1
                if sums_wanted:  # noqa: B023
                    for key in bucket_keys(trip, instrument.symbol):
                        sums = buckets.setdefault(key, BucketSums())  # noqa: B023
                        sums.add(trip, 1)
                yield trip_row(trip, instrument, found[0])

        connection.executemany("INSERT INTO ledger_trip VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows())
        connection.executemany(
            "INSERT INTO ledger_bucket (account, dimension, day, value, currency, trades, wins, losses, "
            f"net, gross, fees, funding, profit, loss, best, worst, held) VALUES ({', '.join('?' * 17)})",
            [(*key, *sums.row()) for key, sums in buckets.items()],
        )
    connection.executemany(
        "INSERT INTO ledger_trip_class VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(id, *shared, many) for shared, (id, many) in classes.items()],
    )
    _worth(connection, min(accounts, key=lambda account: accounts[account]))
    for _, statement in indexes:
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.close()


def _worth(connection: sqlite3.Connection, account: int) -> None:
    """A year of days, and of hourly samples."""
    chance, worth = random.Random(9), Decimal(100_000)
    first = FIRST_NS // DAY_NS
    for day in range(DAYS):
        opening = worth
        for hour in range(24):
            worth += Decimal(chance.randrange(-9_000, 9_200)).scaleb(-2)
            ts = FIRST_NS + day * DAY_NS + hour * 3_600_000_000_000
            row = (account, ts // 3_600_000_000_000, ts, *[str(worth)] * 2, "0", *[str(worth)] * 2)
            connection.execute("INSERT INTO ledger_equity_hour VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute("INSERT INTO ledger_equity VALUES (?, ?, ?, ?, ?)", (account, *row[2:6]))
        flows = 100_000 if day == 0 else 0
        connection.execute(
            "INSERT INTO ledger_day VALUES (?, ?, 'USDT', ?, ?, '10', '274', '0', ?, '55000', ?)",
            (account, first + day, str(opening), str(worth), str(flows), FILLS // DAYS),
        )


def figures(folder: Path) -> Iterator[Figure]:
    """Every page as its owner sees it."""
    from candlewick.web.boot import boot, migrate

    settings = load(data_dir=folder)
    boot(settings)
    migrate()
    from django.test import Client

    from candlewick.store.models import Role, TradeNote, TradeWord
    from candlewick.web.people.first_owner import add_person
    from candlewick.web.people.ownership import open_paper_account
    from candlewick.web.services import ENVIRON_KEY, Services

    person = add_person("bench", Role.OWNER, "correct horse battery")
    big, small = person.accounts.get().pk, open_paper_account(person, "Small").pk
    build(settings.ledger if isinstance(settings.ledger, Path) else folder, {big: TRIPS, small: FILLS // 2})
    noted = range(100, TRIPS + 1, 100)
    TradeNote.objects.bulk_create(
        (
            TradeNote(account_id=big, trip=n, text="Held on too long", tags=["late"], rating=n % 5 + 1)
            for n in noted
        ),
        batch_size=5_000,
    )
    ids = dict(TradeNote.objects.values_list("trip", "id"))
    TradeWord.objects.bulk_create(
        (
            TradeWord(note_id=ids[n], account_id=big, word=word, trip=n)
            for n in noted
            for word in ("held", "on", "too", "long", "late", "#late")
        ),
        batch_size=5_000,
    )
    nobody = cast(Any, None)  # no page here asks the engine
    services = Services(
        engine=nobody,
        hub=nobody,
        market_dir=folder,
        ledger=settings.ledger,
        rows=settings.rows,
        primary="sim",
    )
    extras: Any = {ENVIRON_KEY: services, "SERVER_NAME": "127.0.0.1"}
    client = Client(**extras)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    def cost(address: str) -> float:
        def ask() -> None:
            answer = client.get(address)
            assert answer.status_code == 200, answer.content[:300]

        ask()
        return cpu_seconds(ask) * 1_000

    million = f"/trades/?account={big}"
    middle = (date(2025, 1, 1) + timedelta(180)).isoformat()
    for name, address in (
        ("first page", million),
        ("a search by symbol and strategy", f"{million}&q=c07+ema"),
        ("a search in notes", f"{million}&q=held+long"),
        ("a search that finds nothing", f"{million}&q=zebra"),
        ("a filter by side and result", f"{million}&side=short&outcome=loss"),
        ("a filter by profit, rare", f"{million}&min_pnl=549"),
        ("a filter by profit, common", f"{million}&min_pnl=100"),
        ("a filter by tag", f"{million}&tag=late&rating=3"),
        ("a filter by date, the best first", f"{million}&end={middle}&sort=net"),
        ("a page for programs", f"/api/dashboard/trades/?account={big}&limit=100"),
    ):
        yield Figure(f"journal of {TRIPS:,}: {name}", cost(address), "ms", PAGE_MS)
    note = f"{FILLS // 2:,} trades, {DAYS} days"
    yield Figure(
        f"performance over {FILLS:,} fills",
        cost(f"/performance/?account={small}"),
        "ms",
        PERFORMANCE_MS,
        note=note,
    )
    services.close()


def main() -> list[Figure]:
    """Build the database in a folder of its own, measure, and leave nothing behind."""
    with TemporaryDirectory(prefix="candlewick-bench-") as folder:
        return list(figures(Path(folder)))


if __name__ == "__main__":
    show(main())

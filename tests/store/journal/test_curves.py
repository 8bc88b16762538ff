"""Curves: samples of a week, then hours, then days; what is made of them stays the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from random import Random

import pytest

from candlewick.store.databases import Place, database_at
from candlewick.store.journal.batch import Batch, EquityRow
from candlewick.store.journal.curves import DAY_NS, HOUR_NS
from candlewick.store.journal.journal import Journal
from candlewick.store.journal.reader import Records
from candlewick.web.performance.span import Span
from candlewick.web.performance.study import study
from tests.store.journal import ground

EVERY_NS = HOUR_NS // 3
DAYS = 100
BEGUN = ground.T0 // DAY_NS * DAY_NS
NOW = BEGUN + DAYS * DAY_NS + 5 * HOUR_NS + 1


@pytest.fixture
def records(place: Place, journal: Journal) -> Iterator[Records]:
    made = Records(place)
    yield made
    made.close()


def sampled(journal: Journal) -> list[EquityRow]:
    """An account that was worth something else every 20 minutes, for 100 days and some hours."""
    random = Random(8)
    samples = []
    for ts in range(BEGUN + EVERY_NS, NOW, EVERY_NS):
        worth = Decimal(random.randrange(90_000, 110_000)) / 100
        samples.append(EquityRow(account=1, ts=ts, equity=worth, cash=worth, unrealised=Decimal(0)))
    journal.commit([ground.opening(), Batch(equity=samples)])
    return samples


def kept(place: Place) -> list[int]:
    connection = database_at(place).connect(read_only=True)
    try:
        return [ts for (ts,) in connection.read("SELECT ts FROM ledger_equity WHERE account = 1 ORDER BY ts")]
    finally:
        connection.close()


def test_of_old_samples_the_last_of_each_hour_stays_and_of_very_old_ones_of_each_day(
    journal: Journal, place: Place
) -> None:
    samples = [each.ts for each in sampled(journal)]
    journal.commit([Batch(thin=[(1, NOW)])])
    found = kept(place)
    week, quarter = NOW - 7 * DAY_NS, NOW - 90 * DAY_NS
    assert [ts for ts in found if ts >= week] == [ts for ts in samples if ts >= week]
    hours = Counter(ts // HOUR_NS for ts in found if quarter <= ts < week - HOUR_NS)
    assert set(hours.values()) == {1}
    assert len(hours) >= 82 * 24
    days = Counter(ts // DAY_NS for ts in found if ts < quarter - DAY_NS)
    assert set(days.values()) == {1}
    assert len(days) == 9
    for stretch, numbers in ((HOUR_NS, hours), (DAY_NS, days)):
        last = {ts // stretch: ts for ts in samples}  # the later one wins
        assert {last[number] for number in numbers} <= set(found)
    journal.commit([Batch(thin=[(1, NOW)])])
    assert kept(place) == found, "doing it again changes nothing"


def test_another_accounts_curve_is_left_alone(journal: Journal, place: Place) -> None:
    samples = sampled(journal)
    journal.commit([Batch(thin=[(2, NOW)])])
    assert len(kept(place)) == len(samples)


def test_performance_and_curves_are_what_they_were(journal: Journal, records: Records) -> None:
    samples = sampled(journal)

    def shown() -> object:
        found = study(records, 1, "USDT", Span())
        spans = [(None, None), (NOW - 5 * DAY_NS, NOW), (NOW - 12 * DAY_NS, NOW), (BEGUN, BEGUN + 3 * DAY_NS)]
        curves = [records.equity(1, start, end, points=10_000) for start, end in spans]
        return found.days, found.returns.tobytes(), curves

    before = shown()
    journal.commit([Batch(thin=[(1, NOW)])])
    assert shown() == before
    whole = records.equity(1, points=50)
    assert min(point.low for point in whole) == min(each.equity for each in samples)
    assert max(point.high for point in whole) == max(each.equity for each in samples)
    assert whole[-1].ts == samples[-1].ts

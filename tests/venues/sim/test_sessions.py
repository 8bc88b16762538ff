"""A session's prints, in memory and read back."""

from __future__ import annotations

from pathlib import Path

from candlewick.venues.sim.model import Print
from candlewick.venues.sim.prints import PrintStore
from candlewick.venues.sim.sessions import Session

HOUR = 3_600_000
START = 490_000 * HOUR + 50 * 60_000


def prints(count: int, step_ms: int = 60_000) -> list[Print]:
    return [Print(100 + n, START + n * step_ms, 5_000 + n, 1 + n, n % 3 == 0) for n in range(count)]


def test_it_gives_prints_by_time_and_time_by_id() -> None:
    session = Session(START, 100, 0, None)
    told = prints(200)
    for each in told:
        session.append(each)
    assert session.next_id == 300
    assert session.between(START, START + 500 * 60_000) == told
    assert session.between(told[20].ts_ms, told[90].ts_ms) == told[20:90]
    assert [session.time_of(each.id) for each in told] == [each.ts_ms for each in told]


def test_it_forgets_what_is_older_than_a_day_without_a_store() -> None:
    session = Session(START, 100, 0, None)
    told = prints(40, HOUR)
    for each in told:
        session.append(each)
    assert session.between(START, START + 40 * HOUR) == told[-25:]
    assert session.time_of(told[2].id) <= told[2].ts_ms


def test_it_reads_older_hours_back_from_the_store(tmp_path: Path) -> None:
    store = PrintStore(tmp_path, ["spot/A", "spot/B"])
    session = Session(START, 100, 1, store)
    told = prints(150)
    hour = -1
    for each in told:
        if each.ts_ms // HOUR != hour:
            hour = each.ts_ms // HOUR
            store.begin(START, each.ts_ms)
        session.append(each)
    assert len(session._columns) == 1
    assert session.between(START, START + 500 * 60_000) == told
    for _ in range(20):
        store.tidy()
    assert {file.suffix for file in tmp_path.glob("*/*")} == {".raw", ".z"}
    assert session.between(START, START + 500 * 60_000) == told
    assert session.time_of(told[3].id) == told[3].ts_ms
    store.close()


def test_it_answers_for_hours_in_which_nothing_printed() -> None:
    session = Session(START, 100, 0, None)
    session.append(Print(100, START, 1, 1, True))
    session.append(Print(101, START + 5 * HOUR, 1, 1, True))
    assert session.between(START + HOUR, START + 4 * HOUR) == []
    assert len(session.between(START, START + 6 * HOUR)) == 2

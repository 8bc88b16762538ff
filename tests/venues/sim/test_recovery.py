"""What an index of prints says about the time before."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.venues.sim.prints import JUMP, Ended, Hour, Interest, PrintStore, Settled, Started
from candlewick.venues.sim.recovery import recover

HOUR = 3_600_000
START = 490_000 * HOUR + 1000
NAMES = ["spot/A", "perp/A"]


@pytest.fixture
def store(tmp_path: Path) -> PrintStore:
    return PrintStore(tmp_path, NAMES)


def test_it_finds_nothing_in_a_new_folder(store: PrintStore) -> None:
    assert recover(store, NAMES).sessions == []
    store.close()


def test_it_finds_sessions_with_their_hours(store: PrintStore) -> None:
    store.note(Started(START, {"spot/A": 10, "perp/A": 20}))
    store.note(Hour(START + HOUR, {"spot/A": 15, "perp/A": 28}))
    store.note(Ended(START + HOUR + 5, {"spot/A": 16, "perp/A": 29}))
    (session,) = recover(store, NAMES).sessions
    part = session.of(1, store)
    assert (part.start_ms, part.end_ms) == (START, START + HOUR + 5)
    assert (part.first_id, part.next_id) == (20, 29)
    store.close()


def test_it_ends_a_session_that_was_cut_off_after_its_last_print(store: PrintStore) -> None:
    store.note(Started(START, {"spot/A": 10, "perp/A": 20}))
    store.begin(START, START)
    for n in range(3):
        store.append(0, START + n, 100, 1)
    store.append(1, START + 70, 100, -1)
    store.flush()
    (session,) = recover(store, NAMES).sessions
    assert session.end_ms == START + 71
    assert session.next_ids.tolist() == [13 + JUMP, 21 + JUMP]
    (again,) = recover(store, NAMES).sessions  # the end is written down once
    assert (again.end_ms, again.next_ids.tolist()) == (session.end_ms, session.next_ids.tolist())
    assert sum(isinstance(entry, Ended) for entry in store.entries()) == 1
    store.close()


def test_it_ends_a_session_that_was_cut_off_between_two_hours(store: PrintStore) -> None:
    store.note(Started(START, {"spot/A": 10, "perp/A": 20}))
    store.note(Hour(START - 1000 + HOUR, {"spot/A": 15, "perp/A": 28}))
    (session,) = recover(store, NAMES).sessions
    assert session.end_ms == START - 1000 + HOUR + 1
    assert session.next_ids.tolist() == [15 + JUMP, 28 + JUMP]
    store.close()


def test_it_leaves_out_a_line_that_was_cut_in_two(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = PrintStore(tmp_path, NAMES)
    store.note(Settled(START, {"perp/A": (0.0001, 50.5)}))
    store.note(Settled(START + 1, {"perp/A": (0.0002, 51.5)}))
    store.close()
    index = tmp_path / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-9])
    again = PrintStore(tmp_path, NAMES)
    again.note(Settled(START + 2, {"perp/A": (0.0003, 52.5)}))
    assert [each.ts_ms for each in recover(again, NAMES).settled] == [START, START + 2]
    assert "cannot be read" in caplog.text
    again.close()


def test_it_reads_the_open_interest_of_the_last_days_only(store: PrintStore) -> None:
    told = [Interest(START + n * 24 * HOUR, {"perp/A": 70 + n}) for n in range(9)]
    for each in told:
        store.note(each)
    assert recover(store, NAMES).interest == told[-4:]
    store.close()


def test_it_leaves_out_a_listing_that_was_not_there_yet(store: PrintStore) -> None:
    store.note(Started(START, {"spot/A": 10}))
    store.note(Ended(START + 5, {"spot/A": 11}))
    (session,) = recover(store, NAMES).sessions
    assert (session.lists(0), session.lists(1)) == (True, False)
    store.close()


def test_it_knows_a_listing_by_name_in_whatever_order_a_later_version_lists_it(tmp_path: Path) -> None:
    store = PrintStore(tmp_path, NAMES)
    store.begin(START, START)
    store.append(1, START, 123, 1)
    store.close()
    later = PrintStore(tmp_path, ["perp/A", "spot/B", "spot/A"])
    assert later.hour(0, START, START // HOUR).ticks.tolist() == [123]
    assert later.hour(2, START, START // HOUR).ticks.tolist() == []
    later.close()

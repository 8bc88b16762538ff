"""Which trades have been seen, and since when all are known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from candlewick.market.trade_ids import MAX_GAPS, RECENT_IDS, RENUMBERED_NS, TradeIds


def test_it_takes_each_id_once() -> None:
    ids = TradeIds()
    assert [ids.take(id, id) for id in (5, 6, 6, 5, 7)] == [True, True, False, False, True]


def test_it_notes_what_is_missing_and_when_it_came() -> None:
    ids = TradeIds()
    ids.take(5, 50)
    ids.take(8, 80)
    assert [(gap.first, gap.last, gap.after, gap.before) for gap in ids.gaps] == [(6, 7, 50, 80)]
    filled = []
    for id in (7, 6, 9):
        assert ids.take(id, 10 * id)
        filled.append(ids.filled is not None)
    assert filled == [False, True, False]
    assert ids.gaps == []


def test_it_covers_what_came_after_the_first_trade_but_for_gaps() -> None:
    ids = TradeIds()
    assert not ids.covers(0, 10)
    ids.take(1, 50)
    assert not ids.covers(50, 60), "trades before the first may have happened at the same moment"
    assert ids.covers(51, 60)
    ids.take(4, 80)
    assert not ids.covers(60, 70)
    assert not ids.covers(80, 90)
    assert ids.covers(81, 90)
    ids.forget_before(81)
    assert ids.gaps == []


def test_it_covers_more_when_older_trades_join_the_first() -> None:
    ids = TradeIds()
    ids.take(10, 100)
    ids.take(8, 80)
    assert not ids.covers(90, 110)
    ids.take(9, 90)
    assert ids.covers(81, 110)
    ids.know_from(20)
    assert ids.covers(20, 110)


def test_an_older_trade_that_joins_the_first_leaves_no_gap() -> None:
    ids = TradeIds()
    ids.take(10, 100)
    ids.take(9, 90)
    assert ids.gaps == []
    assert ids.covers(91, 110)


def test_no_gap_reaches_into_what_the_caller_knows() -> None:
    ids = TradeIds()
    for id, ts in ((1, 10), (5, 50), (8, 80)):
        ids.take(id, ts)
    ids.know_from(40)
    assert not ids.covers(20, 30)
    assert ids.covers(40, 90)
    assert [(gap.first, gap.after, gap.before) for gap in ids.gaps] == [(2, 10, 39)]
    assert ids.take(4, 40)


def test_it_begins_anew_when_the_venue_does() -> None:
    ids = TradeIds()
    ids.take(1_000, 50)
    later = 50 + RENUMBERED_NS
    assert not ids.take(1_000, later), "a repeated trade is not a new numbering"
    assert ids.take(3, later + 1)
    assert ids.next == 4
    assert not ids.covers(51, later)
    assert ids.covers(later + 2, later + 3)


def test_a_stream_broken_all_over_stays_bounded_and_is_not_called_whole() -> None:
    ids = TradeIds()
    for id in range(0, 4 * MAX_GAPS, 2):
        ids.take(id, id)
    assert len(ids.gaps) == MAX_GAPS
    assert not ids.covers(0, 1)
    assert not ids.covers(2 * MAX_GAPS - 1, 2 * MAX_GAPS)


def test_names_are_known_until_the_stream_breaks() -> None:
    ids = TradeIds(numbered=False)
    assert ids.take("a", 10)
    assert not ids.take("a", 10)
    assert ids.covers(11, 20)
    ids.interrupt()
    assert not ids.covers(11, 20)
    ids.take("b", 30)
    assert ids.covers(31, 40)
    assert ids.next == -1


def test_it_remembers_a_bounded_number_of_names() -> None:
    ids = TradeIds(numbered=False)
    names = [f"t{n}" for n in range(RECENT_IDS + 1)]
    assert all(ids.take(name, 10) for name in names)
    assert not any(ids.take(name, 10) for name in names[1:])
    assert ids.take(names[0], 10)


@given(st.permutations(range(100, 130)), st.integers(0, 30))
def test_gaps_are_exactly_the_ids_not_yet_seen(arrivals: list[int], upto: int) -> None:
    ids = TradeIds()
    seen = arrivals[:upto]
    for id in seen:
        assert ids.take(id, id)
    missing = {id for gap in ids.gaps for id in range(gap.first, gap.last + 1)}
    assert missing == (set(range(min(seen), max(seen))) - set(seen) if seen else set())
    assert not any(ids.take(id, id) for id in seen)

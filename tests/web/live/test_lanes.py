"""Lanes: a newcomer and a returner both end with every event, once, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from candlewick.web.live.channels import ACCOUNT_LANES
from candlewick.web.live.hub import Limits
from candlewick.web.live.lanes import KEPT, REFRESH_AFTER, REFRESH_BYTES, RESUMED_BYTES, Lane


def lane_with(snapshot: int, last: int) -> Lane:
    lane = Lane()
    lane.restart(snapshot, b"snapshot")
    for seq in range(snapshot + 1, last + 1):
        lane.append(seq, b"%d" % seq)
    return lane


@given(st.integers(0, 50), st.integers(0, 100), st.integers(-5, 110))
def test_who_returns_gets_exactly_what_was_missed(snapshot: int, events: int, offset: int) -> None:
    last = snapshot + events
    lane, seen = lane_with(snapshot, last), snapshot + offset
    missed = lane.after(seen)
    if seen < snapshot or seen > last:
        assert missed is None
    else:
        assert missed == [(seq, b"%d" % seq) for seq in range(seen + 1, last + 1)]


def test_a_newcomer_gets_the_snapshot_and_every_event_after_it() -> None:
    assert lane_with(7, 9).from_start() == [(7, b"snapshot"), (8, b"8"), (9, b"9")]


def test_without_a_snapshot_there_is_nothing_to_give() -> None:
    assert Lane().from_start() == []
    assert Lane().after(3) is None


def test_who_has_been_away_too_long_starts_again() -> None:
    lane = lane_with(0, KEPT + 10)
    assert lane.after(9) is None
    assert lane.after(10) is not None


def test_it_asks_for_a_newer_snapshot_in_time() -> None:
    assert not lane_with(0, REFRESH_AFTER - 1).wants_snapshot
    lane = lane_with(0, REFRESH_AFTER)
    assert lane.wants_snapshot
    lane.restart(REFRESH_AFTER, b"newer")
    assert lane.from_start() == [(REFRESH_AFTER, b"newer")]
    assert lane.after(REFRESH_AFTER - 2) is not None, "events before the newer snapshot stay resumable"


def test_a_jump_in_the_numbers_forgets_the_events_before() -> None:
    lane = lane_with(0, 5)
    lane.restart(40, b"after a restart")
    assert lane.after(5) is None
    assert lane.from_start() == [(40, b"after a restart")]


@given(st.lists(st.integers(1, 8_000), max_size=300))
def test_however_much_happens_a_newcomer_is_sent_little_enough_to_be_read(sizes: list[int]) -> None:
    lane = lane_with(0, 0)
    for seq, size in enumerate(sizes, 1):
        lane.append(seq, b"x" * size)
        assert sum(len(message) for _, message in lane.from_start()) < REFRESH_BYTES + max(sizes) + 1_000
        if lane.wants_snapshot:
            lane.restart(seq, b"newer")


@given(st.lists(st.integers(1, 8_000), max_size=300), st.integers(0, 300))
def test_who_missed_more_than_can_be_read_at_once_starts_again(sizes: list[int], seen: int) -> None:
    lane = lane_with(0, 0)
    for seq, size in enumerate(sizes, 1):
        lane.append(seq, b"x" * size)
    missed = lane.after(min(seen, len(sizes)))
    weight = sum(sizes[seen:])
    assert (missed is None) is (weight > RESUMED_BYTES)


def test_all_lanes_of_an_account_together_are_less_than_a_reader_may_have_queued() -> None:
    assert len(ACCOUNT_LANES) * max(REFRESH_BYTES, RESUMED_BYTES) < Limits().lane_bytes

"""Group commit off the event loop: bounded, nothing lost that was promised, faults told."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from candlewick.core.errors import StoreError
from candlewick.core.events import Funding, OpenInterest
from candlewick.store.lake import Lake, LakeWriter
from tests.store.lake.samples import BTC, candle, trade

NEVER_S = 3_600.0


class Told:
    """Stands before a lake's `put_batch`: tells of each call, and fails or breaks while told to."""

    def __init__(self, lake: Lake) -> None:
        self.called = threading.Event()
        self.fails = False
        self.breaks = False
        self._put = lake.put_batch
        lake.put_batch = self  # type: ignore[method-assign]

    def __call__(self, **rows: Any) -> int:
        try:
            if self.fails:
                raise StoreError("The lake: the disk is full.")
            if self.breaks:
                raise ZeroDivisionError
            return self._put(**rows)
        finally:
            self.called.set()


def test_closing_commits_everything_that_waits(lake: Lake) -> None:
    with LakeWriter(lake, interval_s=NEVER_S) as writer:
        writer.candles(candle(0), candle(60, closed=False))
        writer.trades(BTC, trade(1, 10), trade(2, 20))
        writer.funding(Funding(BTC, 0.1, None, 5, 6))
        writer.open_interest(OpenInterest(BTC, 1.0, None, 5, 6))
        assert writer.pending == 6
    assert (writer.pending, writer.committed, writer.dropped) == (0, 6, 0)
    assert lake.candle_events(BTC, "1m") == [candle(0), candle(60, closed=False)]
    assert lake.trades(BTC) == [trade(1, 10), trade(2, 20)]
    assert len(lake.funding(BTC)) == len(lake.open_interest(BTC)) == 1


def test_it_commits_by_itself(lake: Lake) -> None:
    told = Told(lake)
    with LakeWriter(lake, interval_s=0.01) as writer:
        writer.candles(candle(0))
        assert told.called.wait(30)
        assert len(lake.candles(BTC, "1m")) == 1


def test_a_full_batch_does_not_wait_for_the_interval(lake: Lake) -> None:
    told = Told(lake)
    with LakeWriter(lake, interval_s=NEVER_S, batch_rows=3) as writer:
        writer.candles(candle(0), candle(60))
        assert not told.called.is_set()
        writer.candles(candle(120))
        assert told.called.wait(30)


def test_versions_of_one_candle_wait_as_one_and_the_better_wins(lake: Lake) -> None:
    with LakeWriter(lake, interval_s=NEVER_S) as writer:
        for rev in range(1, 1_000):
            writer.candles(candle(0, float(rev), rev=rev, closed=False))
        writer.candles(candle(0, 7.0, rev=1_000), candle(0, 8.0, rev=2_000, closed=False))
        assert writer.pending == 1
    assert lake.candle_events(BTC, "1m") == [candle(0, 7.0, rev=1_000)]


def test_trades_beyond_what_may_wait_are_dropped_and_counted_and_candles_never(lake: Lake) -> None:
    with LakeWriter(lake, interval_s=NEVER_S, max_trades=5) as writer:
        for id in range(0, 8, 2):
            writer.trades(BTC, trade(id, id), trade(id + 1, id + 1))
        writer.candles(*(candle(60 * i) for i in range(50)))
        assert writer.dropped == 3
    assert [t.id for t in lake.trades(BTC)] == [0, 1, 2, 3, 4]
    assert len(lake.candles(BTC, "1m")) == 50


def test_what_cannot_be_kept_is_refused_and_holds_up_nothing(lake: Lake) -> None:
    with LakeWriter(lake, interval_s=NEVER_S) as writer:
        writer.candles(candle(0), candle(1_700_000_000_000), candle(60, interval="7m"))
        assert (writer.pending, writer.refused) == (1, 2)
        assert "'7m'" in str(writer.last_error)
        writer.trades(BTC, trade(1, 5), trade(2, -5), trade(2**63, 6), trade(3, 7))
        writer.trades("nowhere", trade(1, 5, instrument="nowhere"))
    assert (writer.pending, writer.committed, writer.refused) == (0, 3, 5)
    assert lake.candles(BTC, "1m").time.tolist() == [0]
    assert [t.id for t in lake.trades(BTC)] == [1, 3]


def test_when_the_disk_is_full_rows_wait_and_closing_says_why(lake: Lake) -> None:
    told = Told(lake)
    told.fails = True
    writer = LakeWriter(lake, interval_s=0.01)
    writer.candles(candle(60))
    writer.trades(BTC, trade(1, 5))
    assert told.called.wait(30)
    told.fails = False
    writer.close()
    assert lake.candles(BTC, "1m").time.tolist() == [60]
    assert lake.trades(BTC) == [trade(1, 5)]

    told.fails = True
    writer = LakeWriter(lake, interval_s=NEVER_S)
    writer.candles(candle(120))
    with pytest.raises(StoreError, match="disk is full"):
        writer.close()
    assert writer.pending == 1


def test_a_newer_version_that_came_during_a_failed_commit_is_not_overwritten_by_the_older(lake: Lake) -> None:
    told = Told(lake)
    told.fails = True
    writer = LakeWriter(lake, interval_s=0.01)
    writer.candles(candle(0, 1.0, rev=10))
    assert told.called.wait(30)
    writer.candles(candle(0, 9.0, rev=20))
    told.fails = False
    writer.close()
    assert lake.candles(BTC, "1m").close.tolist() == [9.0]


def test_a_thread_that_broke_is_told_to_whoever_hands_over_rows_next(lake: Lake) -> None:
    told = Told(lake)
    told.breaks = True
    writer = LakeWriter(lake, interval_s=0.01)
    writer.candles(candle(0))
    writer._thread.join(30)
    with pytest.raises(StoreError, match="ZeroDivisionError"):
        writer.candles(candle(60))
    with pytest.raises(StoreError, match="ZeroDivisionError"):
        writer.trades(BTC, trade(1, 5))
    with pytest.raises(StoreError, match="ZeroDivisionError"):
        writer.close()

"""One door for hot rows and cold files: what was put is read, whatever lies where."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from candlewick.core.clock import ManualClock
from candlewick.core.errors import StoreError, UnknownInterval, UsageError
from candlewick.core.events import Candle, Funding, OpenInterest, Trade
from candlewick.store.lake import Lake
from candlewick.store.lake.compact import compact
from tests.examples import examples
from tests.store.lake.samples import BTC, NS, candle, trade

DAY = 86_400
LATER = ManualClock(40 * DAY * NS)


def test_it_reads_candles_back_as_columns_oldest_first(lake: Lake) -> None:
    lake.put_candles([candle(120, 3.25), candle(0, 1.1), candle(60, 2.7)])
    bars = lake.candles(BTC, "1m")
    assert (bars.symbol, bars.timeframe) == (BTC, "1m")
    assert bars.time.tolist() == [0, 60, 120]
    assert bars.close.tolist() == [1.1, 2.7, 3.25]
    assert bars.volume.tolist() == [1.5, 1.5, 1.5]


def test_a_change_is_told_whoever_made_it_and_a_move_into_files_is_none(lake: Lake) -> None:
    assert lake.changes(BTC, "1m") is None
    told = []
    with Lake(lake.root) as another:
        for put in (
            [candle(0), candle(60)],  # new
            [candle(0)],  # the same again: nothing
            [candle(0, 3.0, rev=10**12)],  # bettered
            [candle(0, 4.0, interval="5m")],  # another series
            [candle(120, closed=False)],
            [candle(120)],  # closed now
        ):
            another.put_candles(put)
            told.append(lake.changes(BTC, "1m"))
    assert told == [1, 1, 2, 2, 3, 4]
    compact(lake, older_than_s=0, clock=LATER)
    assert lake.changes(BTC, "1m") == 4


def test_it_reads_candles_back_as_events_with_all_they_carried(lake: Lake) -> None:
    put = [candle(0, quote_volume=7.5, trades=3), candle(60), candle(120, closed=False)]
    lake.put_candles(put)
    assert lake.candle_events(BTC, "1m") == put
    compact(lake, older_than_s=0, clock=LATER)
    assert lake.candle_events(BTC, "1m") == put


def test_it_reads_a_half_open_range(lake: Lake) -> None:
    lake.put_candles(candle(60 * i) for i in range(10))
    for _ in ("hot", "cold"):
        assert lake.candles(BTC, "1m", 60, 180).time.tolist() == [60, 120]
        assert lake.candles(BTC, "1m", 0, 1).time.tolist() == [0]
        assert lake.candles(BTC, "1m", 540).time.tolist() == [540]
        assert lake.candles(BTC, "1m", 541).time.tolist() == []
        compact(lake, older_than_s=0, clock=LATER)


def test_a_limit_keeps_the_newest_within_the_range(lake: Lake) -> None:
    lake.put_candles(candle(60 * i) for i in range(10))
    assert lake.candles(BTC, "1m", limit=3).time.tolist() == [420, 480, 540]
    assert lake.candles(BTC, "1m", 0, 300, limit=2).time.tolist() == [180, 240]


def test_a_limit_reaches_from_hot_rows_into_as_many_files_as_it_needs(lake: Lake) -> None:
    times = [30 * DAY * month + 60 * i for month in range(3) for i in range(3)]
    lake.put_candles(candle(time) for time in times)
    compact(lake, older_than_s=0, clock=ManualClock(80 * DAY * NS))
    lake.put_candles([candle(70 * DAY)])
    expected = [*times, 70 * DAY]
    for limit in range(1, 11):
        assert lake.candles(BTC, "1m", limit=limit).time.tolist() == expected[-limit:]


def test_it_answers_nothing_for_a_series_it_never_saw(lake: Lake) -> None:
    assert len(lake.candles("sim:NOPE", "1m")) == 0
    assert lake.candle_events("sim:NOPE", "1m") == []
    assert lake.trades("sim:NOPE") == []
    assert lake.funding("sim:NOPE") == []
    assert lake.coverage("sim:NOPE", "1m") == []
    assert lake.series() == []


def test_putting_the_same_candles_again_changes_nothing(lake: Lake) -> None:
    put = [candle(0), candle(60)]
    assert lake.put_candles(put) == 2
    assert lake.put_candles(put) == 0
    assert lake.candle_events(BTC, "1m") == put


def test_a_later_correction_is_taken_and_an_earlier_one_is_not(lake: Lake) -> None:
    lake.put_candles([candle(0, 1.0, rev=5)])
    assert lake.put_candles([candle(0, 2.0, rev=6)]) == 1
    assert lake.put_candles([candle(0, 3.0, rev=5)]) == 0
    assert lake.candles(BTC, "1m").close.tolist() == [2.0]


def test_an_open_candle_never_replaces_a_closed_one(lake: Lake) -> None:
    lake.put_candles([candle(0, 1.0, rev=5)])
    assert lake.put_candles([candle(0, 2.0, rev=9, closed=False)]) == 0
    compact(lake, older_than_s=0, clock=LATER)
    lake.put_candles([candle(0, 2.0, rev=9, closed=False)])
    assert lake.candles(BTC, "1m").close.tolist() == [1.0]


def test_the_closed_candle_replaces_the_open_one_even_at_the_same_moment(lake: Lake) -> None:
    lake.put_candles([candle(0, 1.0, rev=5, closed=False)])
    assert lake.put_candles([candle(0, 2.0, rev=5)]) == 1


def test_a_correction_of_a_bar_that_lies_in_a_file_is_read_and_survives_compaction(lake: Lake) -> None:
    lake.put_candles(candle(60 * i, 1.0) for i in range(5))
    compact(lake, older_than_s=0, clock=LATER)
    lake.put_candles([candle(120, 7.0, rev=10**15)])
    assert lake.candles(BTC, "1m").close.tolist() == [1.0, 1.0, 7.0, 1.0, 1.0]
    compact(lake, older_than_s=0, clock=LATER)
    assert lake.candles(BTC, "1m").close.tolist() == [1.0, 1.0, 7.0, 1.0, 1.0]


def test_what_was_known_earlier_does_not_win_over_a_file_either(lake: Lake) -> None:
    lake.put_candles([candle(0, 1.0, rev=9)])
    compact(lake, older_than_s=0, clock=LATER)
    lake.put_candles([candle(0, 2.0, rev=5)])
    assert lake.candles(BTC, "1m").close.tolist() == [1.0]


def test_mark_prices_do_not_mix_with_traded_ones(lake: Lake) -> None:
    lake.put_candles([candle(0, 1.0)])
    lake.put_candles([candle(0, 2.0)], kind="mark")
    assert lake.candles(BTC, "1m").close.tolist() == [1.0]
    assert lake.candles(BTC, "1m", kind="mark").close.tolist() == [2.0]


@pytest.mark.parametrize("ids", [[3, 1, 2], ["c", "a", "b"], [1, "a", 2]])
def test_it_reads_each_trade_once_in_the_order_of_the_exchange(lake: Lake, ids: list[int | str]) -> None:
    put = [trade(id, 10 * at) for at, id in enumerate(ids)]
    lake.put_trades(BTC, put[1:])
    lake.put_trades(BTC, put)
    assert lake.trades(BTC) == put
    compact(lake, older_than_s=0, clock=LATER)
    assert lake.trades(BTC) == put
    lake.put_trades(BTC, put)
    assert lake.trades(BTC) == put
    assert lake.trades(BTC, 10, 20) == put[1:2]


def test_two_trades_in_one_nanosecond_stay_two(lake: Lake) -> None:
    put = [trade(1, 10), trade(2, 10)]
    lake.put_trades(BTC, put)
    compact(lake, older_than_s=0, clock=LATER)
    assert lake.trades(BTC) == put


def test_an_aggregate_keeps_the_single_trades_it_holds(lake: Lake) -> None:
    put = [Trade(BTC, 7, 1.5, 2.0, "sell", 10, 11, first_id=70, last_id=75)]
    lake.put_trades(BTC, put)
    assert lake.trades(BTC) == put
    compact(lake, older_than_s=0, clock=LATER)
    assert lake.trades(BTC) == put


def test_it_keeps_funding_and_open_interest_to_the_nanosecond(lake: Lake) -> None:
    rates = [Funding(BTC, -0.0006133368, None, 48_000_001, 5), Funding(BTC, 0.0001, 43_000.5, 7 * NS - 9, 6)]
    readings = [OpenInterest(BTC, 12_345.678, None, 7, 8), OpenInterest(BTC, 1.5, 2.5, 9, 10)]
    lake.put_funding(rates)
    lake.put_open_interest(readings)
    for _ in range(2):
        assert lake.funding(BTC) == rates
        assert lake.funding(BTC, 48_000_002) == lake.funding(BTC, 7 * NS - 9) == rates[1:]
        assert lake.funding(BTC, 0, 7 * NS - 9) == rates[:1]
        assert lake.funding(BTC, 0, 7 * NS - 8) == rates
        assert lake.funding(BTC, 7 * NS - 8) == []
        assert lake.open_interest(BTC) == readings
        compact(lake, older_than_s=0, clock=LATER)


def test_one_settlement_stamped_twice_is_kept_once(lake: Lake) -> None:
    lake.put_funding([Funding(BTC, 0.0001, None, 8 * NS, 1)])
    lake.put_funding([Funding(BTC, 0.0001, 100.0, 8 * NS + 5_000_000, 2)])
    assert lake.funding(BTC) == [Funding(BTC, 0.0001, 100.0, 8 * NS + 5_000_000, 2)]


def test_coverage_grows_together_and_missing_is_what_it_leaves_out(lake: Lake) -> None:
    lake.mark_covered(BTC, "1m", 600, 1200)
    lake.mark_covered(BTC, "1m", 0, 300)
    lake.mark_covered(BTC, "1m", 1200, 1500)
    assert lake.coverage(BTC, "1m") == [(0, 300), (600, 1500)]
    assert lake.missing(BTC, "1m", -60, 2000) == [(-60, 0), (300, 600), (1500, 2000)]
    assert lake.coverage(BTC, "5m") == []


def test_it_lists_its_series_with_their_span(lake: Lake) -> None:
    lake.put_candles(candle(60 * i) for i in range(3))
    compact(lake, older_than_s=0, clock=LATER)
    lake.put_candles([candle(180)])
    lake.put_trades(BTC, [trade(1, 5 * NS)])
    candles, trades = lake.series()
    assert candles[:6] == ("candles", BTC, "1m", 4, 0, 180)
    assert candles.bytes > 0
    assert trades[:6] == ("trades", BTC, "", 1, 5, 5)


@pytest.mark.parametrize(
    "put",
    [
        lambda lake: lake.put_candles([candle(0), candle(1_700_000_000_000)]),
        lambda lake: lake.put_candles([candle(0), candle(0, instrument="nowhere")]),
        lambda lake: lake.put_candles([candle(0, trades=10**400)]),
        lambda lake: lake.put_trades(BTC, [trade(1, 5), trade(2**63, 5)]),
        lambda lake: lake.put_trades(BTC, [trade("a", 5), trade(-(2**63) - 1, 5)]),
        lambda lake: lake.put_trades(BTC, [Trade(BTC, 1, 1.0, 1.0, "buy", 5, 5, 1, 2**63)]),
        lambda lake: lake.put_trades(BTC, [trade(1, 5), trade(2, -5)]),
        lambda lake: lake.put_funding([Funding(BTC, 0.1, None, -1, 5)]),
    ],
)
def test_it_refuses_what_it_cannot_keep_and_keeps_none_of_the_batch(
    lake: Lake, put: Callable[[Lake], object]
) -> None:
    with pytest.raises(UsageError):
        put(lake)
    assert lake.series() == []


def test_it_refuses_an_unknown_interval_by_name(lake: Lake) -> None:
    with pytest.raises(UnknownInterval, match="'7m'"):
        lake.candles(BTC, "7m")
    with pytest.raises(UsageError, match="'last'"):
        lake.candles(BTC, "1m", kind="last")  # type: ignore[arg-type]


def test_it_names_the_damaged_file_when_a_read_needs_it(lake: Lake) -> None:
    lake.put_candles(candle(60 * i) for i in range(100))
    compact(lake, older_than_s=0, clock=LATER)
    (path,) = lake.root.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(StoreError, match=path.name):
        lake.candles(BTC, "1m")


def test_many_threads_read_while_one_writes(lake: Lake) -> None:
    seen: list[bool] = []

    def read() -> None:
        for _ in range(50):
            times = lake.candles(BTC, "1m").time
            seen.append(bool(np.array_equal(times, np.arange(times.size) * 60)))

    readers = [Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for i in range(100):
        lake.put_candles([candle(60 * i)])
    for reader in readers:
        reader.join()
    assert len(seen) == 200
    assert all(seen)


def test_reading_hot_rows_loads_no_parquet_library(lake: Lake) -> None:
    lake.put_candles([candle(0)])
    code = (
        "import sys; from pathlib import Path; from candlewick.store.lake import Lake\n"
        f"with Lake(Path({str(lake.root)!r})) as lake: assert len(lake.candles({BTC!r}, '1m')) == 1\n"
        "sys.exit('pyarrow' in sys.modules or 'django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


TIMES = st.integers(0, 6).map(lambda n: n * 20 * DAY)
CANDLES = st.builds(candle, TIMES, st.floats(0.1, 1e6), closed=st.booleans(), rev=st.integers(0, 4))


class LakeAgainstDict(RuleBasedStateMachine):
    """The lake under puts and compactions in any order, against a dict and the rule in one line."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.lake = Lake(Path(self.folder.name))
        self.model: dict[int, Candle] = {}

    def teardown(self) -> None:
        self.lake.close()
        self.folder.cleanup()

    @rule(put=st.lists(CANDLES, max_size=6))
    def put(self, put: list[Candle]) -> None:
        self.lake.put_candles(put)
        for new in put:
            held = self.model.get(new.time)
            if held is None or (new.closed, new.ts_received) > (held.closed, held.ts_received):
                self.model[new.time] = new

    @rule(now_s=TIMES, grace_s=st.sampled_from([0, 600]))
    def compact(self, now_s: int, grace_s: int) -> None:
        compact(self.lake, older_than_s=0, grace_s=grace_s, clock=ManualClock(now_s * NS))

    @invariant()
    def everything_is_read_as_it_was_put(self) -> None:
        assert self.lake.candle_events(BTC, "1m") == [self.model[time] for time in sorted(self.model)]

    @rule(start=TIMES, end=TIMES, limit=st.integers(1, 4))
    def read_a_part(self, start: int, end: int, limit: int) -> None:
        expected = [time for time in sorted(self.model) if start <= time < end][-limit:]
        assert self.lake.candles(BTC, "1m", start, end, limit).time.tolist() == expected


TestLakeAgainstDict = LakeAgainstDict.TestCase
# each step opens, compacts and syncs: fewer examples than the default are many files already
TestLakeAgainstDict.settings = settings(max_examples=examples(25), stateful_step_count=20)


def test_closing_waits_for_what_other_threads_are_at(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    stop = Event()
    faults: list[BaseException] = []

    def work() -> None:
        while not stop.is_set():
            try:
                lake.mark_covered("sim:BTCUSDT", "1m", 0, 60)
                lake.missing("sim:BTCUSDT", "1m", 0, 600)
            except StoreError as error:
                faults.append(error)
                return

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    lake.close()
    stop.set()
    for thread in threads:
        thread.join()
    assert all("The lake is closed" in str(fault) for fault in faults)

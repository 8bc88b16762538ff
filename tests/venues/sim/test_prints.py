"""What printed is kept: through an orderly end, through a kill, and when the disk is full."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from candlewick.venues.sim.model import Listing, Print
from candlewick.venues.sim.prints import JUMP
from candlewick.venues.sim.world import World

HOUR = 3_600_000
MINUTE = 60_000
ORIGIN = 490_000 * HOUR + 58 * MINUTE + 31_000  # so that an hour ends soon
Told = dict[Listing, list[Print]]


def start(folder: Path, origin_ms: int, venue: str = "sim-west") -> World:
    return World(seed=5, venue=venue, data_dir=folder, origin_ms=origin_ms)


def run(world: World, minutes: float, told: Told | None = None) -> Told:
    told = {listing: [] for listing in world.listings} if told is None else told
    end = world.now_ms + round(minutes * MINUTE)
    while world.now_ms < end:
        world.advance(min(world.now_ms + 500, end))
        for listing, each in world.collect().prints:
            told[listing].append(each)
    return told


def abandon(world: World) -> None:
    """Leave the files as a kill would: nothing is pending after `advance`, and no end is noted."""
    assert world._store is not None
    world._store.close()


def all_trades(world: World, listing: Listing) -> list[Print]:
    return world.agg_trades(listing, start_ms=ORIGIN - MINUTE, limit=10**9)


def check_kept(world: World, told: Told, end_ms: int) -> None:
    for listing, prints in told.items():
        kept = [each for each in all_trades(world, listing) if ORIGIN <= each.ts_ms <= end_ms]
        assert kept == prints


def test_it_keeps_what_printed_over_an_orderly_end(tmp_path: Path) -> None:
    world = start(tmp_path, ORIGIN)
    told = run(world, 3)
    candles = {each: world.klines(each, MINUTE, limit=10)[:-1] for each in world.listings}
    end_ms = world.now_ms
    world.close()
    again = start(tmp_path, end_ms + 7 * MINUTE)
    check_kept(again, told, end_ms)
    for listing, before in candles.items():
        span = {"start_ms": before[0].open_ms, "end_ms": before[-1].open_ms}
        assert again.klines(listing, MINUTE, **span) == before
        trades = all_trades(again, listing)
        assert [each.id for each in trades] == list(range(trades[0].id, trades[0].id + len(trades)))
    run(again, 1)
    again.close()


def test_it_keeps_what_printed_in_the_last_millisecond(tmp_path: Path) -> None:
    world = start(tmp_path, ORIGIN)
    run(world, 0.2)
    listing = next(each for each in world.listings if each.market == "perp")
    world.collect()
    world._of(listing).market.force(True, 1, world.now_ms)
    ((_, printed),) = world.collect().prints
    world.close()
    again = start(tmp_path, world.now_ms + 30_000)
    assert printed in all_trades(again, listing)
    again.close()


def test_it_folds_the_minute_of_an_end_from_what_printed_and_what_would_have(tmp_path: Path) -> None:
    world = start(tmp_path, ORIGIN)
    run(world, 1.4)
    end_ms = world.now_ms
    assert end_ms % MINUTE
    world.close()
    again = start(tmp_path, end_ms + 3 * MINUTE)
    for listing in again.listings:
        (candle,) = again.klines(listing, MINUTE, start_ms=end_ms - end_ms % MINUTE, limit=1)
        inside = [
            each
            for each in all_trades(again, listing)
            if candle.open_ms <= each.ts_ms < candle.open_ms + MINUTE
        ]
        assert candle.count == len(inside)
        assert candle.volume == sum(each.lots for each in inside)
        assert candle.quote == sum(each.lots * each.ticks for each in inside)
    again.close()


def test_it_gives_no_id_twice_when_nobody_said_goodbye(tmp_path: Path) -> None:
    world = start(tmp_path, ORIGIN)
    told = run(world, 2)
    end_ms = max(each.ts_ms for prints in told.values() for each in prints)
    abandon(world)
    raw = max(tmp_path.glob("*/*/*.raw"), key=lambda file: int(file.stem))
    with raw.open("ab") as stream:
        stream.write(b"torn record")
    again = start(tmp_path, end_ms + MINUTE)
    check_kept(again, told, end_ms)
    for listing, prints in told.items():
        following = again.agg_trades(listing, from_id=prints[-1].id + 1, limit=1)[0]
        assert following.id == prints[-1].id + 1 + JUMP
        assert following.ts_ms >= prints[-1].ts_ms
    later = run(again, 0.5)
    assert all(later[listing][0].id > prints[-1].id for listing, prints in told.items() if later.get(listing))
    again.close()


def test_it_remembers_many_sessions(tmp_path: Path) -> None:
    told: Told = {}
    now = ORIGIN
    for length in (0.7, 0.4, 1.6):
        world = start(tmp_path, now)
        for listing, prints in run(world, length).items():
            told.setdefault(listing, []).extend(prints)
        now = world.now_ms + 20_000
        world.close()
    last = start(tmp_path, now)
    for listing, prints in told.items():
        trades = all_trades(last, listing)
        assert set(prints) <= set(trades)
        assert [each.id for each in trades] == list(range(trades[0].id, trades[0].id + len(trades)))
        assert [each.ts_ms for each in trades] == sorted(each.ts_ms for each in trades)
    last.close()


def test_it_compresses_hours_that_are_over_and_reads_them_back(tmp_path: Path) -> None:
    world = start(tmp_path, ORIGIN)
    told = run(world, 3)
    assert len(list(tmp_path.glob("*/*/*.z"))) == 1
    assert len(list(tmp_path.glob("*/*/*.raw"))) == 1
    end_ms = world.now_ms
    world.close()
    again = start(tmp_path, end_ms + MINUTE)
    check_kept(again, told, end_ms)
    again.close()


def test_it_does_not_go_back_behind_what_printed(tmp_path: Path) -> None:
    world = start(tmp_path, ORIGIN)
    run(world, 1)
    end_ms = world.now_ms
    world.close()
    again = start(tmp_path, ORIGIN)  # the machine's clock was set back
    assert again.now_ms == end_ms + 1
    again.close()


def test_it_repeats_the_funding_and_open_interest_it_told(tmp_path: Path) -> None:
    origin = 490_004 * HOUR - 90_000  # settlements fall on hours that 4 divides
    world = start(tmp_path, origin)
    run(world, 3)
    perp = next(each for each in world.listings if each.market == "perp")
    funding = world.funding_history(perp, limit=3)
    interest = world.open_interest_history(perp, 5 * MINUTE, limit=3)
    assert funding[-1][0] == 490_004 * HOUR
    assert interest[-1][0] == 490_004 * HOUR
    world.close()
    again = start(tmp_path, world.now_ms + MINUTE)
    assert again.funding_history(perp, limit=3) == funding
    assert again.open_interest_history(perp, 5 * MINUTE, limit=3) == interest
    again.close()


def test_it_goes_on_when_the_disk_refuses(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = start(tmp_path, ORIGIN)
    run(world, 0.3)
    store = world._store
    assert store is not None
    assert store._raw is not None
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, store._raw)
    os.close(full)
    told = run(world, 0.5)
    assert sum(len(prints) for prints in told.values()) > 50
    assert store.failed
    assert "Cannot keep the prints" in caplog.text
    world.close()


_CHILD = """
    import sys
    from pathlib import Path
    from candlewick.venues.sim.world import World
    now = int(sys.argv[2])
    world = World(seed=5, venue="sim-west", data_dir=Path(sys.argv[1]), origin_ms=now)
    while True:
        now += 500
        world.advance(now)
        for listing, each in world.collect().prints:
            print(listing.market, listing.symbol, *each[:4], int(each[4]))
        sys.stdout.flush()
"""


def test_it_loses_nothing_it_told_to_a_kill_at_any_moment(tmp_path: Path) -> None:
    told: dict[tuple[str, str], list[Print]] = {}
    now = ORIGIN
    for lines in (300, 2500, 40):
        command = [sys.executable, "-c", textwrap.dedent(_CHILD), str(tmp_path), str(now)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            heard = [child.stdout.readline() for _ in range(lines)]
            child.send_signal(signal.SIGKILL)
            heard += child.stdout.read().splitlines(keepends=True)
        for line in heard:
            if line.endswith("\n"):
                market, symbol, id, ts_ms, ticks, lots, sold = line.split()
                printed = Print(int(id), int(ts_ms), int(ticks), int(lots), sold == "1")
                told.setdefault((market, symbol), []).append(printed)
                now = max(now, printed.ts_ms)
        now += 30_000
    world = start(tmp_path, now)
    for (market, symbol), prints in told.items():
        listing = world.listing("perp" if market == "perp" else "spot", symbol)
        assert listing is not None
        ids = [each.id for each in prints]
        assert ids == sorted(set(ids))
        kept = set(all_trades(world, listing))
        assert kept.issuperset(prints)
        assert len(kept) == len({each.id for each in kept})
    world.close()

"""The account lane: numbers without a gap, whatever becomes of the log."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from candlewick.runtime.publish import lanes as module
from candlewick.runtime.publish.lanes import Lanes
from candlewick.store.lane_log import LaneLog


def opened(folder: Path) -> tuple[Lanes, LaneLog, list[int]]:
    log = LaneLog(folder / "lanes.sqlite3")
    lanes, sent = Lanes(log, ("alerts", "feeds")), list[int]()
    lanes.on_event = lambda channel, seq, message: sent.append(seq)
    return lanes, log, sent


async def test_events_are_sent_in_the_order_of_their_numbers_and_only_once_written(tmp_path: Path) -> None:
    lanes, log, sent = opened(tmp_path)
    written: list[list[int]] = []

    def note(channel: str, seq: int, message: bytes) -> None:
        sent.append(seq)
        written.append([each for each, _ in log.newest("alerts", 100)])

    lanes.on_event = note
    for n in range(20):
        lanes.notice("INFO", f"notice {n}", "text", 0)
    assert sent == []
    await lanes.close()
    assert sent == list(range(1, 21))
    assert all(seq in there for seq, there in zip(sent, written, strict=True))


async def test_the_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    lanes, _, _ = opened(tmp_path)
    lanes.notice("INFO", "before", "text", 0)
    await lanes.close()
    lanes, _, sent = opened(tmp_path)
    lanes.notice("INFO", "after", "text", 0)
    await lanes.close()
    assert sent == [2]


async def test_an_event_that_cannot_be_written_is_told_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lanes, log, sent = opened(tmp_path)
    with patch.object(log, "append", side_effect=OSError("no space left")):
        lanes.notice("INFO", "while the disk is full", "text", 0)
        await lanes.close()
    assert (sent, lanes.failed) == ([1], 1)
    assert "Event 1 of alerts could not be written: no space left" in caplog.text


async def test_the_log_keeps_so_many_events_of_a_channel_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOGGED_EVENTS", 3)
    lanes, _, _ = opened(tmp_path)
    for n in range(5):
        lanes.notice("INFO", f"notice {n}", "text", 0)
    await lanes.close()
    lanes, log, _ = opened(tmp_path)
    assert [seq for seq, _ in log.newest("alerts", 100)] == [3, 4, 5]
    assert lanes.last_seqs()["alerts"] == 5
    await lanes.close()

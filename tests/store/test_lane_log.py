"""The log of the account lanes: numbers and messages that survive us."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.core.errors import StoreError
from candlewick.store.lane_log import LaneLog


def test_a_damaged_log_is_a_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "lanes.sqlite3"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match=r"is damaged .* Move it away"):
        LaneLog(path)


def test_the_newest_events_come_oldest_first_and_each_channel_has_its_own(tmp_path: Path) -> None:
    log = LaneLog(tmp_path / "lanes.sqlite3")
    for seq in range(1, 6):
        log.append("alerts", seq, 0, b"a%d" % seq)
    log.append("feeds", 1, 0, b"f1")
    log.close()
    again = LaneLog(tmp_path / "lanes.sqlite3")
    assert again.newest("alerts", 3) == [(3, b"a3"), (4, b"a4"), (5, b"a5")]
    assert again.newest("feeds", 3) == [(1, b"f1")]
    again.close()


def test_it_forgets_what_is_older_in_one_channel_only(tmp_path: Path) -> None:
    log = LaneLog(tmp_path / "lanes.sqlite3")
    for seq in range(1, 6):
        log.append("alerts", seq, 0, b"a")
    log.append("feeds", 1, 0, b"f")
    log.forget_before("alerts", 4)
    assert [seq for seq, _ in log.newest("alerts", 10)] == [4, 5]
    assert [seq for seq, _ in log.newest("feeds", 10)] == [1]
    log.close()

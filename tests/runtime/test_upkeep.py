"""Housekeeping runs as a process of its own and says whether it went well."""

from __future__ import annotations

from pathlib import Path

import pytest

from candlewick.runtime.upkeep import compact_once
from candlewick.store.lake import Lake
from tests.runtime.ground import BTC, MINUTE, bar


async def test_old_rows_move_into_files_and_read_the_same(tmp_path: Path) -> None:
    with Lake(tmp_path / "lake") as lake:
        lake.put_candles([bar(MINUTE + 60 * n, 100.0 + n) for n in range(50)])
        before = lake.candles(BTC, "1m")
        assert await compact_once(tmp_path, keep_trades_days=7)
        assert list((tmp_path / "lake").rglob("*.parquet"))
        after = lake.candles(BTC, "1m")
        assert after.time.tolist() == before.time.tolist()
        assert after.close.tolist() == before.close.tolist()


async def test_a_run_that_fails_is_logged_and_not_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "lake").write_text("a file where a folder should be")
    assert not await compact_once(tmp_path, keep_trades_days=7)
    assert "could not be compacted" in caplog.text

"""Files out of the lake come back equal."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candlewick.core.errors import StoreError, UsageError
from candlewick.market.bars import COLUMNS, Bars
from candlewick.store.lake import Lake
from candlewick.store.lake.exporting import SUFFIXES, export_bars
from candlewick.store.lake.importing import import_file
from tests.examples import examples

prices = st.lists(st.floats(1e-8, 1e9), min_size=1, max_size=5)


def bars(closes: list[float]) -> Bars:
    return Bars.from_arrays(
        symbol="binance:BTCUSDT",
        timeframe="1h",
        time=np.arange(len(closes)) * 3600,
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume=closes,
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=examples(15))
@given(closes=prices)
def test_what_is_exported_comes_back_bit_for_bit(suffix: str, closes: list[float]) -> None:
    written = bars(closes)
    with TemporaryDirectory() as folder, Lake(Path(folder) / "lake") as lake:
        path = Path(folder) / f"BTC_USDT-1h{suffix}"
        export_bars(written, path)
        import_file(lake, path, venue="other")
        back = lake.candles("other:BTCUSDT", "1h")
    for name in ("time", *COLUMNS):
        np.testing.assert_array_equal(getattr(back, name), getattr(written, name))


def test_it_does_not_replace_a_file_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("mine")
    with pytest.raises(UsageError, match="--force"):
        export_bars(bars([1.0]), path)
    assert path.read_text() == "mine"
    export_bars(bars([1.0]), path, overwrite=True)
    assert path.read_text() == "date,open,high,low,close,volume\n1970-01-01T00:00:00Z,1.0,1.0,1.0,1.0,1.0\n"


def test_it_says_which_formats_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.csv, \.parquet, \.feather"):
        export_bars(bars([1.0]), tmp_path / "x.xlsx")


def test_a_folder_that_is_not_there_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        export_bars(bars([1.0]), tmp_path / "nowhere" / "x.csv")
    assert list(tmp_path.iterdir()) == []

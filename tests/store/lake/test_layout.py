"""Paths out of hostile names, partitions out of times."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.errors import UsageError
from candlewick.store.lake.layout import bounds, check_time, folder, partition, split_instrument


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_it_never_leaves_the_root_whatever_the_name(venue: str, symbol: str) -> None:
    try:
        path = folder("candles", f"{venue}:{symbol}", "1m")
    except UsageError:
        return
    parts = PurePosixPath(path).parts
    assert len(parts) == 4
    assert set("".join(parts)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_%")


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_it_gives_different_names_different_folders(one: str, other: str) -> None:
    try:
        paths = {folder("candles", f"sim:{symbol}", "1m") for symbol in (one, other)}
    except UsageError:
        return
    assert len(paths) == len({one, other})


@pytest.mark.parametrize("bad", ["", "BTCUSDT", "sim:", ":BTCUSDT", "sim:BTC\nUSDT", "sim:" + "X" * 100])
def test_it_refuses_what_is_no_instrument(bad: str) -> None:
    with pytest.raises(UsageError, match="not an instrument"):
        split_instrument(bad)


def test_it_refuses_a_parent_folder_as_a_symbol_by_spelling_it_harmlessly() -> None:
    assert folder("candles", "sim:..", "1m") == "candles/sim/%2E%2E/1m"


@pytest.mark.parametrize(
    ("interval", "name"),
    [("", "20240229"), ("1s", "20240229"), ("1m", "202402"), ("30m", "202402"), ("1h", "2024")],
)
def test_it_names_the_span_of_time_that_one_file_holds(interval: str, name: str) -> None:
    assert partition(interval, 1_709_208_000) == name


@given(st.sampled_from(["", "1s", "1m", "1h", "1d"]), st.integers(0, 7_000_000_000))
def test_a_partition_holds_exactly_the_times_that_name_it(interval: str, time: int) -> None:
    name = partition(interval, time)
    start, end = bounds(name)
    assert start <= time < end
    assert partition(interval, start) == partition(interval, end - 1) == name
    assert partition(interval, end) != name


@pytest.mark.parametrize(("time", "ns"), [(-1, False), (1_700_000_000_000, False), (2**63, True), (-1, True)])
def test_it_refuses_a_time_in_the_wrong_unit(time: int, ns: bool) -> None:
    with pytest.raises(UsageError, match="Check its unit"):
        check_time(time, ns=ns)

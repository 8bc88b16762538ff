"""Ranges of days as people write them."""

from __future__ import annotations

import pytest

from candlewick.core.errors import UsageError
from candlewick.core.timerange import timerange_of

JANUARY, JUNE = 1_704_067_200, 1_717_200_000


def test_it_reads_a_range_that_may_be_open_on_either_side() -> None:
    assert timerange_of("20240101-20240601") == (JANUARY, JUNE)
    assert timerange_of("20240101-") == (JANUARY, None)
    assert timerange_of("-20240601") == (None, JUNE)
    assert timerange_of(None) == timerange_of("") == (None, None)


@pytest.mark.parametrize(
    "text", ["20240101", "-", "2024-01-01", "20241301-", "2024011-", "20240101-20240601-1"]
)
def test_it_refuses_what_is_no_range(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no time range\. Write it as 20240101-20240601"):
        timerange_of(text)


def test_it_refuses_a_range_that_ends_before_it_starts() -> None:
    with pytest.raises(UsageError, match="20240601-20240101 ends before it starts"):
        timerange_of("20240601-20240101")

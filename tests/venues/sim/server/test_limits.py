"""Weights per address and messages per second."""

from __future__ import annotations

import pytest

from candlewick.venues.sim.server.errors import Refusal
from candlewick.venues.sim.server.limits import BAN_AFTER_REFUSALS, RateWindow, WeightLimiter

NOON = 1_700_000_040_000  # a whole minute


def test_it_counts_weight_until_the_minute_ends() -> None:
    limiter = WeightLimiter(100)
    assert limiter.spend("a", 60, NOON) == 60
    assert limiter.spend("a", 40, NOON + 59_999) == 100
    assert limiter.spend("a", 40, NOON + 60_000) == 40


def test_it_refuses_beyond_the_limit_and_says_how_long_to_wait() -> None:
    limiter = WeightLimiter(100)
    limiter.spend("a", 100, NOON)
    with pytest.raises(Refusal) as refused:
        limiter.spend("a", 1, NOON + 15_000)
    assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (429, -1003, 45)


def test_it_counts_each_address_for_itself() -> None:
    limiter = WeightLimiter(100)
    limiter.spend("a", 100, NOON)
    assert limiter.spend("b", 1, NOON) == 1


def test_it_bans_an_address_that_keeps_asking_and_longer_each_time() -> None:
    limiter = WeightLimiter(1)
    waits = []
    now = NOON
    for _ in range(2):
        limiter.spend("a", 1, now)
        for _ in range(BAN_AFTER_REFUSALS):
            with pytest.raises(Refusal) as refused:
                limiter.spend("a", 1, now)
            assert refused.value.status == 429
        with pytest.raises(Refusal) as refused:
            limiter.spend("a", 1, now)
        assert refused.value.status == 418
        wait = refused.value.retry_after_s
        assert wait is not None
        with pytest.raises(Refusal, match=f"until {now + wait * 1000}"):
            limiter.spend("a", 1, now + wait * 1000 - 1)
        waits.append(wait)
        now += wait * 1000
    assert waits == [120, 240]


def test_it_allows_so_many_messages_in_any_second() -> None:
    window = RateWindow(3)
    assert [window.allow(time) for time in (0.0, 0.5, 0.9, 0.95)] == [True, True, True, False]
    assert window.allow(1.01)
    assert not window.allow(1.4)

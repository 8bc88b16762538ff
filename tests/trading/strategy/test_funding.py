"""What was settled before a close is known at it, and nothing else."""

from __future__ import annotations

import pytest

from candlewick.trading.strategy.funding import Settled

HOUR = 3_600
EIGHT = 8 * HOUR


@pytest.fixture
def settled() -> Settled:
    return Settled([EIGHT, 2 * EIGHT, 3 * EIGHT, 6 * EIGHT], [0.0001, -0.0002, 0.0003, 0.0004])


@pytest.mark.parametrize(
    ("before", "rate", "due"),
    [
        (EIGHT, None, None),  # it is paid at the open of the next bar
        (EIGHT + 1, 0.0001, None),  # how far apart they are is not known yet
        (2 * EIGHT, 0.0001, None),
        (2 * EIGHT + 1, -0.0002, 3 * EIGHT),
        (3 * EIGHT, -0.0002, 3 * EIGHT),  # due at the coming open
        (3 * EIGHT + HOUR, 0.0003, 4 * EIGHT),
        (4 * EIGHT + HOUR, 0.0003, None),  # it has not come: venues are late, at times
        (5 * EIGHT + HOUR, None, None),  # two have not come: the newest known is not the newest
        (6 * EIGHT + HOUR, 0.0004, 9 * EIGHT),
    ],
)
def test_a_rate_is_known_once_it_was_settled(
    settled: Settled, before: int, rate: float | None, due: int | None
) -> None:
    assert (settled.rate(before), settled.due(before)) == (rate, due)


def test_where_nothing_was_settled_nothing_is_known() -> None:
    nothing = Settled([], [])
    assert (nothing.rate(EIGHT), nothing.due(EIGHT)) == (None, None)

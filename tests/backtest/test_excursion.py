"""How far a trade was behind and ahead."""

from __future__ import annotations

import math

import pytest

from candlewick.backtest.excursion import excursion

LOW, HIGH = [98.0, 90.0, 99.0], [103.0, 101.0, 120.0]


def test_it_takes_the_lowest_low_of_a_long_as_adverse() -> None:
    found = excursion(100.0, LOW, HIGH, long=True)
    assert found is not None
    assert found.adverse == pytest.approx(-0.10)
    assert found.favourable == pytest.approx(0.20)


def test_it_turns_a_short_round() -> None:
    found = excursion(100.0, LOW, HIGH, long=False)
    assert found is not None
    assert found.adverse == pytest.approx(-0.20)
    assert found.favourable == pytest.approx(0.10)


def test_it_was_never_behind_if_the_price_only_rose() -> None:
    found = excursion(100.0, [100.5], [101.0], long=True)
    assert found is not None
    assert found.adverse == 0.0


def test_it_knows_nothing_without_whole_bars() -> None:
    assert excursion(100.0, [], [], long=True) is None
    assert excursion(100.0, [math.nan], [101.0], long=True) is None
    assert excursion(0.0, LOW, HIGH, long=True) is None

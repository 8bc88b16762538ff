"""Numbers as people read them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from candlewick.web.components.figures import Figure, decimals, fixed, lasting, percent, share, signed


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (Decimal("67412.5"), 2, "67,412.50"),
        (Decimal("-151.875"), 2, "−151.88"),
        (Decimal("0.12345678912"), None, "0.12345679"),
        (Decimal("100000"), None, "100,000"),
        (Decimal("1E+2"), 0, "100"),
        (0.1, 1, "0.1"),
        (Decimal("-0.001"), 2, "0.00"),
        (Decimal("2.5"), 0, "3"),
        (None, 2, "—"),
    ],
)
def test_it_writes_a_number_with_its_decimals(value: Any, places: int | None, text: str) -> None:
    assert fixed(value, places) == text


@pytest.mark.parametrize(
    ("value", "figure"),
    [
        (Decimal("223.654"), Figure("+223.65", "up")),
        (Decimal("-258.3"), Figure("−258.30", "down")),
        (Decimal("0.004"), Figure("0.00")),
        (Decimal("-0.004"), Figure("0.00")),
        (None, Figure("—")),
    ],
)
def test_it_writes_a_gain_with_a_plus_and_a_loss_with_a_minus(value: Decimal | None, figure: Figure) -> None:
    assert signed(value) == figure


def test_it_writes_percent() -> None:
    assert percent(Decimal("2.31")) == Figure("+2.31%", "up")
    assert percent(None) == Figure("—")
    assert share(Decimal("41.04")) == "41.0%"
    assert share(None) == "—"


@pytest.mark.parametrize(
    ("step", "places"), [("0.01", 2), ("0.10", 1), (1e-05, 5), ("1", 0), ("100", 0), (None, None)]
)
def test_it_counts_the_decimals_of_a_step(step: Any, places: int | None) -> None:
    assert decimals(step) == places


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "—"),
        (0, "0 s"),
        (12, "12 s"),
        (249, "4 m 09 s"),
        (3_600, "1 h 00 m"),
        (11_532, "3 h 12 m"),
        (273_600, "3 d 4 h"),
    ],
)
def test_it_tells_a_duration_in_its_two_largest_units(seconds: int | None, text: str) -> None:
    assert lasting(seconds) == text

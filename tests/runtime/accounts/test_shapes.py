"""How figures are rounded for showing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from candlewick.runtime.accounts.shapes import percent, tidy


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("1.234567895", "1.2345679"),
        ("0.500", "0.5"),
        ("1200", "1200"),
        ("1e40", f"1{'0' * 40}"),
        ("0e5", "0"),
    ],
)
def test_it_rounds_to_eight_places_and_never_writes_an_exponent(exact: str, shown: str) -> None:
    assert str(tidy(Decimal(exact))) == shown


def test_a_part_of_nothing_is_unknown() -> None:
    assert percent(Decimal(1), Decimal(0)) is None
    assert percent(None, Decimal(5)) is None
    assert percent(Decimal(1), Decimal(3)) == Decimal("33.3333")

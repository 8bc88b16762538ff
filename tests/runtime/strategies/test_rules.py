"""How long a market rests after a loss."""

from __future__ import annotations

import pytest

from candlewick.runtime.strategies.rules import Rules, rests


@pytest.mark.parametrize(("opens", "expected"), [(60, True), (120, True), (180, False)])
def test_two_bars_of_rest_are_two_bars_without_an_entry(opens: int, expected: bool) -> None:
    assert rests(Rules(cooldown=2), 0, opens, 60) is expected

"""A parameter reads what is given as its kind, and refuses in a sentence what it is not."""

from __future__ import annotations

from typing import Any

import pytest

from candlewick.core.errors import UsageError
from candlewick.trading.strategy.param import Param
from candlewick.trading.strategy.strategy import Strategy


class Idea(Strategy):
    fast = Param(12, low=5, high=50)
    share = Param(0.5)


@pytest.mark.parametrize("name", ["fast", "share"])
@pytest.mark.parametrize(
    "value", [10**400, -(10**5_000), "1e400", "9" * 400], ids=["long", "longest", "infinite", "text"]
)
def test_a_number_beyond_all_floats_is_refused_in_a_line(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"^{name} of Idea is .*: give a (whole )?number") as caught:
        Idea(**{name: value})
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize(
    ("given", "read"),
    [({"fast": "9"}, 9), ({"fast": 9.0}, 9), ({"share": 1}, 1.0), ({"share": "0.25"}, 0.25)],
)
def test_a_value_is_read_as_its_kind(given: dict[str, Any], read: float) -> None:
    [name] = given
    value = getattr(Idea(**given), name)
    assert (value, type(value)) == (read, type(read))

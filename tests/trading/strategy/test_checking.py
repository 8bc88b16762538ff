"""A strategy that says nonsense about itself is told so by name."""

from __future__ import annotations

from typing import Any

import pytest

from candlewick.core.errors import UsageError
from candlewick.trading.strategy.checking import check_terms
from candlewick.trading.strategy.protections import Cooldown, DrawdownPause
from candlewick.trading.strategy.strategy import Strategy


class Plain(Strategy):
    """Nothing but attributes."""


def with_(name: str, value: Any) -> Strategy:
    made = Plain()
    setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("sizing", 0.5, r"sizing of Plain is 0\.5: give a rule"),
        ("time_exit", -1, r"time_exit of Plain is -1: give a whole number of bars, or None"),
        ("time_exit", 2.5, r"time_exit of Plain is 2\.5"),
        ("warm_up", "x", r"warm_up of Plain is 'x'"),
        ("warm_up", -5, r"warm_up of Plain is -5"),
        ("break_even", -0.1, r"break_even of Plain is -0\.1: give a profit as a fraction"),
        ("break_even", float("nan"), r"break_even of Plain is nan"),
        ("leverage", "3", r"leverage of Plain is '3': give a number"),
        ("leverage", 0, r"leverage of Plain is 0"),
        ("partial_exits", ((0.1,),), r"partial_exits of Plain are \(\(0\.1,\),\): give pairs"),
        ("partial_exits", "x", r"partial_exits of Plain are 'x'"),
        ("partial_exits", ((0.04, 0.5), (0.02, 0.5)), r"partial_exits of Plain .* rising profit"),
        ("partial_exits", ((0.04, 1.0),), r"a part between 0 and 1"),
        ("protections", (5,), r"protections of Plain are \(5,\): give a tuple"),
        ("protections", Cooldown(5), r"protections of Plain are Cooldown\(bars=5\): give a tuple"),
    ],
)
def test_it_names_what_makes_no_sense(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        check_terms(with_(name, value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_exit", 5),
        ("time_exit", None),
        ("time_exit", 0),
        ("break_even", 0),
        ("warm_up", 0),
        ("break_even", 0.02),
        ("leverage", 20),
        ("partial_exits", [[0.02, 0.5], (0.04, 0.25)]),
        ("protections", (Cooldown(3), DrawdownPause(0.1, 5))),
    ],
)
def test_it_accepts_what_can_be_used(name: str, value: Any) -> None:
    check_terms(with_(name, value))

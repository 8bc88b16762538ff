"""What a close's wishes come to, given what is held."""

from __future__ import annotations

import pytest

from candlewick.fills.signals import entry_side, wants_exit
from candlewick.fills.state import BUY, ENTER_LONG, ENTER_SHORT, EXIT_LONG, EXIT_SHORT, SELL


@pytest.mark.parametrize("held", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("flag", [ENTER_LONG | ENTER_SHORT, ENTER_LONG | EXIT_LONG, ENTER_SHORT | EXIT_SHORT])
def test_wishes_that_contradict_each_other_enter_nothing_whatever_is_held(flag: int, held: float) -> None:
    assert entry_side(flag, held) == 0


@pytest.mark.parametrize("held", [-1.0, 1.0])
def test_wanting_both_sides_leaves_what_is_held_alone(held: float) -> None:
    assert not wants_exit(ENTER_LONG | ENTER_SHORT, held)


@pytest.mark.parametrize(("flag", "held", "side"), [(ENTER_LONG, -1.0, BUY), (ENTER_SHORT, 1.0, SELL)])
def test_an_entry_the_other_way_ends_what_is_held_and_is_made(flag: int, held: float, side: int) -> None:
    assert wants_exit(flag, held)
    assert entry_side(flag, held) == side


@pytest.mark.parametrize(("flag", "held"), [(ENTER_LONG, 1.0), (ENTER_SHORT, -1.0)])
def test_what_is_held_already_is_not_entered_again(flag: int, held: float) -> None:
    assert entry_side(flag, held) == 0
    assert not wants_exit(flag, held)

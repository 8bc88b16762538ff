"""Sums that would round raise; shares always sum to the whole."""

from __future__ import annotations

from decimal import Inexact, getcontext

import pytest

from candlewick.ledger.exact import exact, mean, share
from tests.ledger.notation import D


def test_inside_exact_an_operation_that_would_round_raises_instead() -> None:
    with exact(), pytest.raises(Inexact):
        D(1) / D(3)


def test_it_leaves_the_context_of_everybody_else_alone() -> None:
    before = getcontext().copy()
    with exact():
        assert D("1e50") + D("1e-50") - D("1e50") == D("1e-50")
    assert (getcontext().prec, getcontext().traps) == (before.prec, before.traps)


def test_a_share_is_to_18_places_and_the_whole_is_itself() -> None:
    assert share(D(10), D(1), D(3)) == D("3.333333333333333333")
    assert share(D(10), D(3), D(3)) == 10
    with exact():
        assert share(D(10), D(1), D(3)) + (D(10) - share(D(10), D(1), D(3))) == 10


def test_a_mean_has_28_digits() -> None:
    assert mean(D(2), D(3)) == D("0.6666666666666666666666666667")

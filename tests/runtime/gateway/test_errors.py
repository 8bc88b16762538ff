"""Errors across the wire: raised again as what they were, so that each is answered as it should be."""

from __future__ import annotations

from decimal import Decimal

import pytest

from candlewick.core import errors as core
from candlewick.runtime.gateway import errors

SAME = [
    core.UsageError("quantity: give one."),
    core.UnknownSymbol("NOPE"),
    core.UnknownAccount(7),
    core.UnknownOrder("o-1"),
    core.OrderRefused("max_order_notional", "Too much.", Decimal("100.10"), Decimal("1e9"), "quantity"),
    core.OrderRefused("halted", "The account is halted."),
    core.Conflict("It is filled already."),
    core.NotYet("It is being worked out."),
    core.EngineAway("Try again in a moment."),
    core.RateLimited("Slow down.", 2.5),
    core.VenueUnavailable("No connection."),
]


@pytest.mark.parametrize("error", SAME, ids=lambda error: type(error).__name__)
def test_it_comes_out_as_it_went_in(error: core.CandlewickError) -> None:
    again = errors.decode(errors.encode(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (core.ConfigError("Not switched on."), core.Conflict),
        (core.StoreBusy("The disk is full."), core.EngineAway),
        (core.MalformedMessage("bad_answer", "no JSON"), core.VenueUnavailable),
        (core.StoreDamaged("It is damaged."), core.CandlewickError),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_a_page_need_not_tell_apart_is_the_nearest_kind(
    error: core.CandlewickError, kind: type[core.CandlewickError]
) -> None:
    again = errors.decode(errors.encode(error))
    assert type(again) is kind
    assert str(again) == str(error)

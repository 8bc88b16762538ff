"""Worth and gain of spot, linear and inverse instruments."""

from __future__ import annotations

import pytest

from candlewick.core.instrument import Instrument
from candlewick.ledger.contract import gain, is_spot, price_of, settles_in, worth
from tests.ledger.notation import D, perp, spot

INVERSE = perp("BTC", "USD", inverse=100)


@pytest.mark.parametrize(
    ("instrument", "spot_like", "currency", "of_two_at_50"),
    [
        (spot("BTC"), True, "USDT", D(100)),
        (spot("ETH", "BTC"), True, "BTC", D(100)),
        (perp("BTC"), False, "USDT", D(100)),
        (INVERSE, False, "BTC", D(4)),
    ],
)
def test_worth_is_in_the_currency_that_profit_is_paid_in(
    instrument: Instrument, spot_like: bool, currency: str, of_two_at_50: D
) -> None:
    assert is_spot(instrument) is spot_like
    assert settles_in(instrument) == currency
    assert worth(instrument, D(2), D(50)) == of_two_at_50
    assert price_of(instrument, D(2), of_two_at_50) == 50


@pytest.mark.parametrize(
    ("instrument", "long", "entry", "exit", "gained"),
    [
        (perp("BTC"), True, 100, 120, D(20)),
        (perp("BTC"), False, 100, 120, D(-20)),
        (INVERSE, True, 100, 125, D("0.2")),
        (INVERSE, False, 100, 125, D("-0.2")),
    ],
)
def test_a_long_gains_when_the_price_rises_and_a_short_loses_as_much(
    instrument: Instrument, long: bool, entry: int, exit: int, gained: D
) -> None:
    entered, left = worth(instrument, D(1), D(entry)), worth(instrument, D(1), D(exit))
    assert gain(instrument, long=long, entered=entered, left=left) == gained

"""Between Decimals and the core: nothing is lost on the way, and the core's money is the ledger's to 1e-9."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from candlewick.core.instrument import Instrument
from candlewick.fills import core
from candlewick.ledger.contract import gain, worth
from candlewick.venues.paper import terms
from tests.venues.paper.ground import PERP, SETTINGS, SPOT

INVERSE = replace(PERP, inverse=True, contract_size=Decimal(100), lot=Decimal(1), settle="X")
NO_STEPS = replace(SPOT, tick=None, lot=None)
instruments = st.sampled_from([SPOT, PERP, INVERSE])


@given(instruments, st.integers(1, 10**9))
def test_whole_lots_go_in_and_come_out_exactly(instrument: Instrument, lots: int) -> None:
    assert instrument.lot is not None
    quantity = lots * instrument.lot
    assert terms.out_of_units(terms.in_units(quantity, instrument), instrument) == quantity


@given(st.decimals("0.000001", "1000000", places=6))
def test_without_a_lot_a_quantity_goes_through_as_it_is(quantity: Decimal) -> None:
    assert terms.out_of_units(terms.in_units(quantity, NO_STEPS), NO_STEPS) == quantity


@given(instruments, st.integers(1, 10**6), st.integers(1, 10**7), st.booleans())
def test_the_cores_fee_is_the_ledgers(instrument: Instrument, lots: int, steps: int, maker: bool) -> None:
    assert instrument.lot is not None
    assert instrument.tick is not None
    price, quantity = steps * instrument.tick, lots * instrument.lot
    rules = terms.rules_of(instrument, SETTINGS)
    fees = terms.fees_of(instrument, SETTINGS)
    fee, currency = terms.fee_of(instrument, price, quantity, fees.maker if maker else fees.taker)
    value = core.notional(float(quantity), float(price), rules.contract_size, rules.inverse)
    assert value * (rules.maker if maker else rules.taker) == pytest.approx(float(fee), rel=1e-9)
    assert currency == ("X" if instrument is INVERSE else "Y")


@given(instruments, st.integers(1, 10**4), st.integers(100, 10**6), st.integers(100, 10**6), st.booleans())
def test_the_cores_profit_is_the_ledgers(
    instrument: Instrument, lots: int, entry_steps: int, steps: int, long: bool
) -> None:
    assert instrument.lot is not None
    assert instrument.tick is not None
    quantity = lots * instrument.lot
    entry, price = entry_steps * instrument.tick, steps * instrument.tick
    exact = gain(
        instrument, long=long,
        entered=worth(instrument, quantity, entry), left=worth(instrument, quantity, price),
    )  # fmt: skip
    held = float(quantity) * (1 if long else -1)
    size = float(instrument.contract_size)
    assert core.profit(held, float(entry), float(price), size, instrument.inverse) == pytest.approx(
        float(exact), rel=1e-9, abs=1e-9
    )


@given(instruments, st.integers(1, 10**4), st.integers(100, 10**6), st.booleans())
def test_the_cores_funding_is_the_ledgers(instrument: Instrument, lots: int, steps: int, long: bool) -> None:
    assert instrument.lot is not None
    assert instrument.tick is not None
    quantity, mark, rate = lots * instrument.lot, steps * instrument.tick, Decimal("0.0003")
    exact = rate * worth(instrument, quantity, mark) * (-1 if long else 1)
    held = float(quantity) * (1 if long else -1)
    size = float(instrument.contract_size)
    assert core.funding(held, float(mark), float(rate), size, instrument.inverse) == pytest.approx(
        float(exact), rel=1e-9
    )


def test_spot_and_perpetuals_have_fees_of_their_own() -> None:
    assert terms.fees_of(SPOT, SETTINGS) is SETTINGS.spot_fees
    assert terms.fees_of(PERP, SETTINGS) is SETTINGS.perp_fees


def test_slippage_in_basis_points_is_a_fraction_for_the_core() -> None:
    assert terms.rules_of(SPOT, replace(SETTINGS, slippage_bps=Decimal("2.5"))).slippage == 0.00025

"""What of an account is a strategy's own: its book follows the ledger's rules, and whose a fill was."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.core.instrument import Instrument
from candlewick.core.reports import Fill, FundingPaid
from candlewick.runtime.strategies.ownings import Ownings

PERP = Instrument(
    id="sim:BTCUSDT-PERP", venue="sim", symbol="BTCUSDT-PERP", native="BTCUSDT", kind="perp", base="BTC",
    quote="USDT", settle="USDT", tick=Decimal("0.1"), lot=Decimal("0.001"),
)  # fmt: skip


def ownings() -> Ownings:
    made = Ownings(1, "USDT", Decimal(1_000), Decimal(5), 0)
    made.know(PERP)
    return made


def fill(id: int, side: str, quantity: str, price: str = "100") -> Fill:
    return Fill(
        account=1, id=str(id), order_id=str(id), instrument=PERP.id, side=side,  # type: ignore[arg-type]
        price=Decimal(price), quantity=Decimal(quantity), fee=Decimal("0.1"), fee_currency="USDT",
        liquidity="taker", ts=id,
    )  # fmt: skip


def test_its_own_fills_are_its_trades() -> None:
    own = ownings()
    own.take(fill(1, "buy", "2"), own=True)
    own.take(fill(2, "sell", "2", "110"), own=True)
    assert (own.closed.trades, own.closed.wins, own.closed.net) == (1, 1, Decimal("19.8"))
    assert own.closed.won == 19.8 / 200
    assert not own.held(PERP.id)


def test_a_loss_counts_by_its_return() -> None:
    own = ownings()
    own.take(fill(1, "sell", "1"), own=True)
    own.take(fill(2, "buy", "1", "120"), own=True)
    assert not own.closed.wins
    assert own.closed.lost == pytest.approx(20.2 / 100)


def test_somebody_elses_fill_takes_from_what_is_theirs_first() -> None:
    own = ownings()
    own.take(fill(1, "buy", "2"), own=True)
    assert own.take(fill(2, "buy", "3"), own=False) == 0  # the account holds 5, of which 3 are a person's
    assert own.take(fill(3, "sell", "3"), own=False) == 0
    assert own.held(PERP.id) == 2
    assert own.take(fill(4, "sell", "1.5"), own=False) == Decimal("1.5")
    assert own.held(PERP.id) == Decimal("0.5")


def test_funding_is_shared_by_what_each_holds() -> None:
    own = ownings()
    own.take(fill(1, "buy", "1"), own=True)
    own.take(fill(2, "buy", "3"), own=False)
    paid = FundingPaid(
        account=1, id="f", instrument=PERP.id, rate=Decimal("0.0001"), mark=Decimal(100), quantity=Decimal(4),
        amount=Decimal(-2), currency="USDT", ts=9,
    )  # fmt: skip
    own.fund(paid)
    own.take(fill(3, "sell", "1"), own=True)
    assert own.closed.net == Decimal("-0.5") - Decimal("0.2")


moves = st.lists(st.tuples(st.booleans(), st.sampled_from(["buy", "sell"]), st.integers(1, 5)), max_size=20)


@given(moves)
def test_what_is_its_own_and_what_is_not_are_the_account_together(moves: list[tuple[bool, str, int]]) -> None:
    own, account = ownings(), Decimal(0)
    for number, (is_own, side, quantity) in enumerate(moves, start=1):
        before = own.held(PERP.id)
        lost = own.take(fill(number, side, str(quantity)), own=is_own)
        account += quantity if side == "buy" else -quantity
        assert own.held(PERP.id) + own.outside(PERP.id) == account
        if not is_own:
            assert abs(own.held(PERP.id)) == abs(before) - lost, "nobody else opens anything for it"

"""The same walk at a venue that keeps the money itself, where people trade by other means too."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test
from msgspec.structs import replace

from candlewick.core.reports import Fill, FundingPaid, VenueBalance, VenuePosition, VenueState
from candlewick.trading.effects import Alert
from tests.examples import examples
from tests.trading.ground import ACCOUNT, BTC, BTC_PERP, ETH, ETH_PERP, D, House
from tests.trading.slow_model import SlowAccount, SlowVenue
from tests.trading.test_whole import LIMITS, TRADED, Trading

TOLD = "The venue had something else"
CENT = Decimal("0.00000001")


def profits(account: SlowAccount, instrument: str) -> tuple[Fraction, Fraction, Fraction]:
    """A contract as a venue has it: (quantity, mean price, profit realised), fees left aside."""
    held = cost = profit = Fraction(0)
    for fill in account.fills:
        if fill.instrument != instrument:
            continue
        quantity = Fraction(fill.quantity) * (1 if fill.side == "buy" else -1)
        closed = min(abs(held), abs(quantity)) if held * quantity < 0 else Fraction(0)
        if closed:
            way = 1 if held > 0 else -1
            mean = cost / abs(held)
            profit += way * closed * (Fraction(fill.price) - mean)
            cost -= closed * mean
            held -= way * closed
            quantity += way * closed
        held += quantity
        cost += abs(quantity) * Fraction(fill.price)
    return held, cost / abs(held) if held else Fraction(0), profit


def wallet(account: SlowAccount) -> dict[str, Fraction]:
    """What a venue says it has of each coin: profit of contracts from when it was realised on."""
    has = {coin: account.quantity(instrument) for coin, instrument in (("BTC", BTC), ("ETH", ETH))}
    has["USDT"] = sum((Fraction(each) for each in account.deposits), Fraction(0))
    has["USDT"] += sum((Fraction(each.amount) for each in account.funding), Fraction(0))
    has["USDT"] += sum(profits(account, perp.id)[2] for perp in (BTC_PERP, ETH_PERP))
    for fill in account.fills:
        if fill.fee_currency == "USDT":
            has["USDT"] -= Fraction(fill.fee)
        if fill.instrument in (BTC.id, ETH.id):
            worth = Fraction(fill.quantity) * Fraction(fill.price)
            has["USDT"] += -worth if fill.side == "buy" else worth
    return has


def rounded(number: Fraction) -> Decimal:
    """As venues say it: to eight places."""
    return (Decimal(number.numerator) / Decimal(number.denominator)).quantize(CENT)


class KeepingVenue(SlowVenue):
    """It has a wallet, and positions of its own."""

    def state(self, asked: frozenset[str], ts: int) -> VenueState:
        has = {coin: rounded(amount) for coin, amount in wallet(self.account).items()}
        held = {perp.id: profits(self.account, perp.id) for perp in (BTC_PERP, ETH_PERP)}
        return replace(
            super().state(asked, ts),
            balances=tuple(VenueBalance(coin, amount, D(0)) for coin, amount in has.items()),
            positions=tuple(
                VenuePosition(instrument=id, quantity=rounded(quantity), avg_price=rounded(mean))
                for id, (quantity, mean, _) in held.items()
                if quantity
            ),
        )


class LiveTrading(Trading):
    """Nothing is booked for money from nowhere but what really was: deposits, and funding that was missed."""

    tolerance = Fraction(1, 10_000)

    def __init__(self) -> None:
        super().__init__()
        self.house = House(limits=LIMITS, kind="live")
        self.venue = KeepingVenue(ACCOUNT)
        self.venue.account.deposits.append(D(100_000))
        self.unexplained = False

    @initialize()
    def open(self) -> None:
        for instrument in TRADED:
            self.house.quotes(instrument, float(self.prices[instrument.id]))
        self.reconnect()

    @rule(amount=st.integers(-500, 5_000).filter(bool))
    def money_comes_or_goes_at_the_venue(self, amount: int) -> None:
        self.venue.account.deposits.append(D(amount))
        self.unexplained = True

    @rule(
        instrument=st.sampled_from(TRADED),
        side=st.sampled_from(["buy", "sell"]),
        lots=st.integers(1, 2_000),
        is_told=st.booleans(),
    )
    def somebody_trades_by_other_means(self, instrument: Any, side: Any, lots: int, is_told: bool) -> None:
        held = self.venue.account.quantity(instrument)
        if instrument.kind == "spot" and side == "sell":
            lots = min(lots, int(held / Fraction(instrument.lot)))
        if lots <= 0:
            return
        fill = Fill(
            account=ACCOUNT,
            id=self.venue.next_fill(),
            order_id="theirs",
            instrument=instrument.id,
            side=side,
            price=D(self.prices[instrument.id]),
            quantity=instrument.lot * lots,
            fee=D("0.5"),
            fee_currency="USDT",
            liquidity="taker",
            ts=self.house.now,
        )
        self.venue.account.fills.append(fill)
        if is_told:
            self.venue.said.append(fill)
            self.venue.outbox.append(fill)

    @rule()
    def the_connection_is_lost_for_a_moment(self) -> None:
        self.reconnect()

    def reconnect(self) -> None:
        """What was sent has arrived or never will. Funding that was not heard is never told again."""
        lost = [each for each in self.venue.outbox if isinstance(each, FundingPaid)]
        self.unexplained |= bool(lost)
        self.venue.said = [each for each in self.venue.said if each not in lost]
        self.venue.outbox.clear()
        before = len(self.house.all(Alert))
        for _ in range(4):
            self.asked_again = False
            while self.venue.inbox:
                self.venue.look(self.house.now, refuses=False)
            self.send(self.house.do(self.venue.state(frozenset(self.house.account.orders), self.house.now)))
            self.house.now += 1
            if not self.asked_again:
                break
        else:
            raise AssertionError("It asks its venue for ever.")
        told = [alert for alert in self.house.all(Alert)[before:] if alert.title == TOLD]
        assert self.unexplained or not told, told
        self.unexplained = False
        for coin, amount in wallet(self.venue.account).items():
            ours = self.house.account.book.balances.get(coin, D(0))
            assert abs(Fraction(ours) - amount) < Fraction(1, 500_000), coin

    def settle(self) -> None:
        self.hear_all()
        self.reconnect()
        self.hear_all()
        self.compare()


@pytest.mark.hypothesis
def test_it_trades_at_a_venue_that_keeps_the_money_as_the_slow_model_does() -> None:
    run_state_machine_as_test(
        LiveTrading,
        settings=settings(
            max_examples=examples(12),
            stateful_step_count=150,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )

"""How much the entries of a replay are for, by the compiled core's own rule and what the heart has."""

from __future__ import annotations

from decimal import Decimal

from candlewick.runtime.strategies.replay_heart import Heart
from candlewick.runtime.strategies.replay_market import NAN, Desk, levels
from candlewick.trading.strategy.intents import Place, Size


class Sizes:
    """Sizes entries; what Kelly's rule wants to know of closed trades is counted here."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart
        self._trades = self._wins = 0
        self._won = self._lost = 0.0

    def count(self, returned: float) -> None:
        """A trade was closed: what it made, as a part of what it was."""
        self._trades += 1
        if returned > 0.0:
            self._wins += 1
            self._won += returned
        else:
            self._lost -= returned

    def quantity(
        self, desk: Desk, place: Place, side: int, reference: float, price: float, against: Decimal
    ) -> Decimal:
        """Of an order that pays `reference` where the market is at `price`, and closes `against`."""
        if place.quantity is not None:
            wanted = desk.whole(place.quantity)
            if place.reduce_only or against:
                return wanted
            return self.sized_as(desk, 1, float(wanted), reference, NAN, price)
        assert place.size is not None
        stop, _ = levels(desk, place, side, reference)
        freed = self._heart.margin(desk.id) if against else 0.0
        return self.sized(desk, place.size, reference, stop, price, freed)

    def sized(
        self, desk: Desk, size: Size, paid: float, stop: float, price: float, freed: float = 0.0
    ) -> Decimal:
        """By a rule; `freed` is the margin that closing what is held will free."""
        from candlewick.fills import sizing

        amount = size.amount
        if size.mode == sizing.KELLY:
            amount = sizing.kelly(
                self._trades, self._wins, self._won, self._lost, size.least, size.part, amount
            )
        return self.sized_as(desk, size.mode, amount, paid, stop, price, freed)

    def sized_as(
        self, desk: Desk, mode: int, amount: float, paid: float, stop: float, price: float, freed: float = 0.0
    ) -> Decimal:
        """By a word of the compiled core, and no more than the heart has money for."""
        from candlewick.fills import sizing

        units = sizing.entry_units(mode, amount, paid, stop, self._heart.equity, self._heart.free + freed,
                                   desk.leverage, desk.rules, price)  # fmt: skip
        return desk.lots(units)

"""The money of an event-driven backtest: fills are booked here, and what they come to is known here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from candlewick.backtest.events_held import NOWHERE, Held, initial, notional, profit
from candlewick.fills import core, scan, state

NAN: Final = math.nan
Fill = tuple[int, int, int, int, bool, float, float, float, float, float, float, int]
"""As `fills.state.FILL` has it."""


class Money:
    """One account over all markets.

    Attributes:
        wallet: cash, and what is set aside as margin; funding: received in all.
        fills: every one, in order; equities: worth at the closes that were marked so far.
        trades, wins, won, lost: how many were closed and won, and the sums of their returns.
    """

    def __init__(
        self, markets: Sequence[Held], cash: float, terms: Any, rules: Any, close: NDArray[np.float64]
    ) -> None:
        self.wallet, self.funding = cash, 0.0
        self.fills: list[Fill] = []
        self.equities = np.empty(close.shape[1])
        self.trades = self.wins = 0
        self.won = self.lost = 0.0
        self._markets, self._rules, self._close = markets, rules, close
        self._cooldown = int(terms["cooldown"])
        self._pause_at, self._pause_for = float(terms["pause_at"]), int(terms["pause_for"])
        self._account = np.zeros(1, state.ACCOUNT)[0]
        self._account["peak"] = cash
        self._sizes, self._entries, self._values = (np.zeros(len(markets)) for _ in range(3))
        self._marked = 0

    def is_paused(self, i: int) -> bool:
        """Whether a drawdown keeps bar `i` from entries."""
        return bool(self._pause_at > 0.0 and i < self._account["paused_until"])

    def free(self) -> float:
        """What no position has as its margin, and no order holds."""
        return self.wallet - sum(at.margin + at.reserved for at in self._markets)

    def equity_at_close(self, i: int) -> float:
        """Worth at the close of bar `i`."""
        worth = self.wallet
        for at in self._markets:
            if at.units:
                row = i
                while at.closes[row] != at.closes[row]:
                    row -= 1  # it was entered in a bar that is there
                worth += at.profit(at.closes[row])
        return worth

    def equity_at_open(self, i: int) -> float:
        """Worth at the open of bar `i`."""
        worth = self.wallet
        for at in self._markets:
            if at.units:
                opened = at.opens[i]
                worth += at.profit(opened) if opened == opened else float(self._values[at.number])
        return worth

    def mark(self, i: int) -> None:
        """Write the equity at the closes before bar `i`."""
        if self._marked < i:
            self._account["wallet"] = self.wallet
            scan.mark(self.equities, self._marked, i, self._account, self._sizes, self._entries, self._values,
                      self._close, self._rules, self._pause_at, self._pause_for)  # fmt: skip
            self._marked = i

    def settle(self, at: Held, i: int, known: float, inside: bool) -> None:
        """Pay the funding of bar `i` that fell due at its open, or (`inside`) later.

        Args:
            known: the mark of the bar, for settlements that do not tell theirs.
        """
        row, due = at.funded, at.funding_due
        while row < len(due) and due[row][0] < i:
            row += 1
        while row < len(due) and due[row][0] == i:
            _, is_inside, rate, mark = due[row]
            mark = mark if mark == mark else known
            if is_inside == inside and mark == mark:
                paid = core.funding(at.size, mark, rate, at.contract_size, at.inverse)
                self.wallet += paid
                self.funding += paid
                at.funding += paid
                at.margin += paid
                at.judge()
            row += 1

    def take(self, at: Held, i: int, side: int, units: float, price: float, why: int, signal: int = -1,
             levels: tuple[float, float] = NOWHERE) -> None:  # fmt: skip
        """Book what a taker paid."""
        fee = float(notional(at.size_of(units), price, at.contract_size, at.inverse) * at.taker)
        self.book(at, i, side, units, price, fee, False, why, signal, levels)

    def book(
        self, at: Held, i: int, side: int, units: float, price: float, fee: float, maker: bool,
        why: int, signal: int = -1, levels: tuple[float, float] = NOWHERE,
    ) -> None:  # fmt: skip
        """Book a fill: what it closes, then what it opens. `levels`: where stop and target of that stand."""
        size, received = at.size_of(units), 0.0
        opening, opening_fee = units, fee
        if at.units * side < 0.0:
            closing = min(units, abs(at.units))
            opening = units - closing
            share = fee if opening <= 0.0 else fee * closing / units
            opening_fee = fee - share
            received = self._reduce(at, i, side, closing, price, share)
        if opening > 0.0:
            self._increase(at, i, side, opening, price, opening_fee)
        self.fills.append((i, at.number, side, why, maker, price, size, fee, received, *levels, signal))
        self._sizes[at.number], self._entries[at.number] = at.size, at.entry

    def _increase(self, at: Held, i: int, side: int, units: float, price: float, fee: float) -> None:
        size = at.size_of(units)
        self.wallet -= fee
        if at.units == 0.0:
            at.units, at.size, at.entry = side * units, side * size, price
            at.paid, at.funding, at.made = fee, 0.0, 0.0
            at.notional = notional(size, price, at.contract_size, at.inverse)
            at.opened, at.even = i, NAN
            self._values[at.number] = 0.0
        else:
            whole = abs(at.size) + size
            at.entry = (abs(at.size) * at.entry + size * price) / whole
            at.units += side * units
            at.size = at.size_of(at.units)
            at.paid += fee
            at.notional += notional(size, price, at.contract_size, at.inverse)
        at.margin += initial(size, price, at.leverage, at.named_rules)
        if side < 0 or at.leverage > 1.0 or at.size != size:  # who has paid all cannot lose more
            at.judge()

    def _reduce(self, at: Held, i: int, side: int, units: float, price: float, fee: float) -> float:
        """Close some or all of what is held; the funding that all of it received, once it is gone."""
        whole = units >= abs(at.units)
        size = at.size if whole else -side * at.size_of(units)
        gained = profit(size, at.entry, price, at.contract_size, at.inverse)
        self.wallet += gained - fee
        if not whole:
            at.made += gained
            at.paid += fee
            at.margin -= at.margin * units / abs(at.units)
            at.units += side * units
            at.size = at.size_of(at.units)
            at.judge()
            return 0.0
        net = at.made + gained + at.funding - at.paid - fee
        self.trades += 1
        if net > 0.0:
            self.wins += 1
            self.won += net / at.notional
        else:
            self.lost -= net / at.notional
            if net < 0.0 and self._cooldown > 0:
                at.rests_until = i + 1 + self._cooldown
        at.units = at.size = at.margin = 0.0
        at.end = at.even = NAN
        self._values[at.number] = 0.0
        return at.funding

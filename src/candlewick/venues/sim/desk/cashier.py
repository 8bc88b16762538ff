"""Futures wallets: what comes in and goes out, noted with its reason and told."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, NamedTuple

from candlewick.venues.sim.desk.desk import Desk
from candlewick.venues.sim.desk.margin import Mark, PerpTrader, Position
from candlewick.venues.sim.desk.orders import ZERO
from candlewick.venues.sim.refusal import Refusal

_KEPT_INCOME = 20_000

Reason = Literal["ORDER", "FUNDING_FEE", "DEPOSIT", "WITHDRAW", "MARGIN_TRANSFER", "INSURANCE_CLEAR"]


class Income(NamedTuple):
    """A change of the wallet, and why."""

    id: int
    kind: str
    asset: str
    change: Decimal
    symbol: str
    ts_ms: int
    trade_id: int | None = None


class AccountChanged(NamedTuple):
    """A wallet or positions changed. `change` is what came in or went out other than by trading."""

    trader: PerpTrader
    reason: Reason
    asset: str
    positions: tuple[Position, ...]
    change: Decimal = ZERO


class Cashier:
    """Moves the money of all accounts of a desk."""

    def __init__(self, desk: Desk, mark: Mark) -> None:
        self._desk = desk
        self._mark = mark
        self.incomes: dict[PerpTrader, list[Income]] = {}

    def enlist(self, trader: PerpTrader) -> None:
        """An account that begins."""
        self.incomes[trader] = []

    def deposit(self, trader: PerpTrader, asset: str, change: Decimal) -> None:
        """Bring money in, or take it out.

        Raises:
            Refusal: more would go out than is available.
        """
        if change < 0 and trader.available(asset, self._mark) + change < 0:
            raise Refusal(-2018, "Balance is insufficient.")
        self.pay(trader, "TRANSFER", asset, change, "")
        self.tell(trader, "DEPOSIT" if change >= 0 else "WITHDRAW", asset, (), change)

    def pay(
        self,
        trader: PerpTrader,
        kind: str,
        asset: str,
        change: Decimal,
        symbol: str,
        trade_id: int | None = None,
    ) -> None:
        """Change a wallet, and note why."""
        trader.pay(asset, change)
        rows = self.incomes[trader]
        now_ms = self._desk.now_ms
        rows.append(Income(self._desk.next_id(), kind, asset, change, symbol, now_ms, trade_id))
        if len(rows) > _KEPT_INCOME:
            del rows[: _KEPT_INCOME // 10]

    def tell(
        self,
        trader: PerpTrader,
        reason: Reason,
        asset: str,
        positions: Iterable[Position],
        change: Decimal = ZERO,
    ) -> None:
        """Tell what a wallet and positions have become."""
        trader.updated_ms = self._desk.now_ms
        self._desk.tell(AccountChanged(trader, reason, asset, tuple(positions), change))

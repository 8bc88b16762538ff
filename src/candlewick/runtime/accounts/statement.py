"""An account's statement: balances, lots, and what was realised, paid and earned; exact, nothing rounded.

`docs/accounting.md` says what each figure means and how it is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from candlewick.core.clock import iso
from candlewick.core.instrument import public_symbol
from candlewick.ledger.valuation import PositionValue
from candlewick.trading.account import AccountState
from candlewick.trading.engine import Engine

ZERO = Decimal(0)


def statement(
    engine: Engine, account: int, *, primary: str, marked_by: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """All that the account's book says. `marked_by` tells by instrument where a mark came from."""
    state, value = engine.desk.accounts[account], engine.desk.valuation(account)
    book = state.book
    return {
        "account": account,
        "name": state.name,
        "kind": state.kind,
        "currency": state.currency,
        "method": book.method,
        "total_value": value.total_value,
        "cash": value.cash,
        "invested": value.invested,
        "realized_pnl": value.realised,
        "unrealized_pnl": value.unrealised,
        "fees": value.fees,
        "funding": value.funding,
        "without_price": list(value.missing),
        "balances": [
            {"currency": currency, "total": total}
            for currency, total in sorted(book.balances.items())
            if total
        ],
        "positions": [
            _position(state, each, primary, (marked_by or {}).get(each.instrument, "market"))
            for each in value.positions
        ],
        "realized": _by_instrument(state, "realised", -1, primary),
        "fees_paid": _by_instrument(state, "fees", 1, primary),
        "funding_received": _by_instrument(state, "funding", -1, primary),
        "transfers": [
            {"kind": name.removeprefix("capital:"), "currency": currency, "amount": -amount}
            for (name, currency), amount in sorted(book.totals.items())
            if name.startswith("capital:") and amount
        ],
    }


def _position(state: AccountState, value: PositionValue, primary: str, marked_by: str) -> dict[str, Any]:
    held = state.book.positions[value.instrument]
    return {
        "symbol": public_symbol(value.instrument, primary=primary),
        "instrument": value.instrument,
        "quantity": value.quantity,
        "avg_price": value.avg_price,
        "cost": value.cost,
        "currency": value.currency,
        "mark": value.mark,
        "marked_by": None if value.mark is None else marked_by,
        "unrealized_pnl": value.unrealised,
        "liquidation_price": value.liquidation_price,
        "opened_at": iso(held.opened_at),
        "lots": [
            {"quantity": lot.quantity, "price": lot.price, "cost": lot.cost, "time": iso(lot.ts)}
            for lot in held.lots
        ],
    }


def _by_instrument(state: AccountState, kind: str, sign: int, primary: str) -> list[dict[str, Any]]:
    """Totals of the book accounts `kind:<instrument>`, signed as a person reads them."""
    return [
        {
            "symbol": public_symbol(name.partition(":")[2], primary=primary),
            "currency": currency,
            "amount": sign * amount,
        }
        for (name, currency), amount in sorted(state.book.totals.items())
        if name.startswith(f"{kind}:") and amount != ZERO
    ]

"""Postings, and the transactions they make: per currency every transaction sums to zero."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

TransactionKind = Literal["deposit", "withdrawal", "transfer", "correction", "fill", "liquidation", "funding"]


class Posting(msgspec.Struct, frozen=True):
    """An amount that comes to (positive) or leaves a book account such as `cash:USDT`.

    `docs/accounting.md` lists the book accounts and the sign of each.
    """

    book: str
    currency: str
    amount: Decimal


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to the money: one event, its postings, and what it refers to (a fill's id, …)."""

    kind: TransactionKind
    ref: str
    postings: tuple[Posting, ...]
    ts: int

"""What follows from an entry by itself, before anybody else has a say."""

from __future__ import annotations

from candlewick.trading.account import AccountState
from candlewick.trading.entries import Entry
from candlewick.trading.marks import Market
from candlewick.trading.steps import Step


def react(account: AccountState, market: Market, entry: Entry) -> list[Step]:
    """Further entries and news that an applied entry leads to."""
    return []

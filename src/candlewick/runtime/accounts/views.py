"""The heart as the paper venue reads it: the market that it has folded, the accounts that it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from candlewick.core.events import Quote
from candlewick.core.instrument import Instrument
from candlewick.ledger.margin import tiers_of
from candlewick.ledger.position import Position
from candlewick.market.book import OrderBook
from candlewick.trading.engine import Engine
from candlewick.trading.settings import AccountSettings
from candlewick.venues.paper.views import Holding, Tier

NOTHING: Final = (0.0, 0.0)


class HeartMarket:
    """`MarketView` of the heart."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def instrument(self, id: str) -> Instrument | None:
        listed = self._engine.market.instruments.get(id)
        if listed is not None:
            return listed
        # before its venue has listed it again, the journal knows what it was
        books = (account.book for account in self._engine.desk.accounts.values())
        return next((book.instruments[id] for book in books if id in book.instruments), None)

    def is_fresh(self, id: str) -> bool:
        watch = self._engine.watches.get(id)
        return watch is not None and not watch.stale

    def book(self, id: str) -> OrderBook | None:
        watch = self._engine.watches.get(id)
        return watch.book if watch is not None and watch.book.synchronised else None

    def quote(self, id: str) -> Quote | None:
        watch = self._engine.watches.get(id)
        return None if watch is None else watch.quote

    def last(self, id: str) -> float | None:
        watch = self._engine.watches.get(id)
        return None if watch is None else watch.last

    def mark(self, id: str) -> float | None:
        return self._engine.mark(id)

    def funding(self, id: str) -> tuple[float, int] | None:
        watch = self._engine.watches.get(id)
        if watch is None:
            return None
        rate, at = watch.derivative.funding_rate, watch.derivative.next_funding
        return None if rate is None or at is None else (rate, at)


class HeartAccounts:
    """`AccountView` of the heart's paper accounts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def accounts(self) -> Iterable[int]:
        return [each.number for each in self._engine.desk.accounts.values() if each.kind == "paper"]

    def settings(self, account: int) -> AccountSettings:
        return self._engine.desk.accounts[account].settings

    def position(self, account: int, instrument: str) -> Holding | None:
        held = self._engine.desk.accounts[account].book.positions.get(instrument)
        return None if held is None else _holding(held)

    def positions(self, account: int) -> Iterable[Holding]:
        return [_holding(each) for each in self._engine.desk.accounts[account].book.positions.values()]

    def cross(self, account: int, currency: str) -> tuple[float, float]:
        return self._engine.desk.cross(account, currency) or NOTHING

    def tiers(self, instrument: str) -> Sequence[Tier]:
        known = HeartMarket(self._engine).instrument(instrument)
        if known is None:
            return ()
        return [(float(each.floor), float(each.rate), float(each.amount)) for each in tiers_of(known)]


def _holding(held: Position) -> Holding:
    return Holding(
        instrument=held.instrument.id,
        quantity=held.quantity,
        entry=held.avg_price,
        margin=held.margin if held.margin_mode == "isolated" and not held.is_spot else None,
    )

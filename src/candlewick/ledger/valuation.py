"""What a book is worth at given marks: equity, margin, and each position. Unknown is None, never zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from candlewick.ledger.book import Book
from candlewick.ledger.convert import rate
from candlewick.ledger.exact import ONE, ZERO, exact, share
from candlewick.ledger.margin import Tiers, liquidation_price, maintenance, tiers_of
from candlewick.ledger.position import Position


class PositionValue(msgspec.Struct, frozen=True, kw_only=True):
    """A position at its mark. Amounts are in `currency`, what the instrument settles in.

    Attributes:
        mark, notional, unrealised, initial_margin, maintenance_margin: None while there is no mark.
        margin: isolated margin set aside; None for spot and cross.
        liquidation_price: None for spot, where no price liquidates it, or where it is not known.
    """

    instrument: str
    quantity: Decimal
    avg_price: Decimal
    cost: Decimal
    currency: str
    mark: Decimal | None
    notional: Decimal | None
    unrealised: Decimal | None
    initial_margin: Decimal | None
    maintenance_margin: Decimal | None
    margin: Decimal | None
    liquidation_price: Decimal | None


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """The margin of the contracts that settle in one currency. Amounts are in that currency.

    Attributes:
        wallet: balance less isolated margins. Coins held as a position are part of it.
        unrealised, initial_margin, maintenance_margin: of cross positions.
        isolated: set aside for isolated positions.
        equity: wallet + unrealised.
        free: equity − initial margin: what may be bound by new contracts; negative when too much is bound.
        spendable: what may leave the pool, for spot or outside: free, without profit that is not realised.
    """

    currency: str
    wallet: Decimal
    isolated: Decimal
    unrealised: Decimal | None
    initial_margin: Decimal | None
    maintenance_margin: Decimal | None
    equity: Decimal | None
    free: Decimal | None
    spendable: Decimal | None


class Valuation(msgspec.Struct, frozen=True, kw_only=True):
    """A book at given marks, in the account's currency.

    Attributes:
        total_value: equity: cash + invested + unrealised.
        cash: balances, less the coins that are held as positions.
        invested: cost of the spot positions.
        unrealised: of all positions.
        realised, fees, funding: since the account began; fees paid and funding received are positive.
        initial_margin, maintenance_margin: of all contracts, isolated ones included.
        free_margin: of the pool in the account's own currency.
        missing: instruments and currencies without a mark; while there is one, what depends on it is None.
    """

    currency: str
    total_value: Decimal | None
    cash: Decimal | None
    invested: Decimal | None
    unrealised: Decimal | None
    realised: Decimal | None
    fees: Decimal | None
    funding: Decimal | None
    initial_margin: Decimal | None
    maintenance_margin: Decimal | None
    free_margin: Decimal | None
    positions: tuple[PositionValue, ...]
    pools: tuple[Pool, ...]
    missing: tuple[str, ...]


def value(book: Book, marks: Mapping[str, Decimal], *, tiers: Mapping[str, Tiers] | None = None) -> Valuation:
    """What `book` is worth. `marks` by instrument id; `tiers` where a venue told its own."""
    with exact():
        return _Valuer(book, marks, tiers or {}).value()


class _Valuer:
    def __init__(self, book: Book, marks: Mapping[str, Decimal], tiers: Mapping[str, Tiers]) -> None:
        self.book, self.marks, self.tiers = book, marks, tiers
        self.venues = tuple(dict.fromkeys(instrument.venue for instrument in book.instruments.values()))
        self.missing: dict[str, None] = {}
        self.rates: dict[str, Decimal | None] = {}

    def value(self) -> Valuation:
        book = self.book
        held = tuple(book.positions.values())
        coins = dict(book.balances)
        for position in held:
            if position.is_spot:
                base = position.instrument.base
                coins[base] = coins.get(base, ZERO) - position.quantity
        cash = self.sum(coins.items())
        invested = self.sum(
            (position.currency, position.signed_cost) for position in held if position.is_spot
        )
        unrealised = self.sum((position.currency, self.unrealised(position)) for position in held)
        contracts = [position for position in held if not position.is_spot]
        pools = self.pools(contracts)
        own = next(pool for pool in pools if pool.currency == book.currency)
        return Valuation(
            currency=book.currency,
            total_value=_plus(cash, invested, unrealised),
            cash=cash,
            invested=invested,
            unrealised=unrealised,
            realised=self.total("realised", -1),
            fees=self.total("fees", 1),
            funding=self.total("funding", -1),
            initial_margin=self.sum((it.currency, self.initial(it)) for it in contracts),
            maintenance_margin=self.sum((it.currency, self.maintenance(it)) for it in contracts),
            free_margin=own.free,
            positions=tuple(self.position(position, pools) for position in held),
            pools=pools,
            missing=tuple(self.missing),
        )

    def pools(self, contracts: list[Position]) -> tuple[Pool, ...]:
        """One for the account's own currency, and one for each other that a contract settles in."""
        currencies = dict.fromkeys([self.book.currency, *(position.currency for position in contracts)])
        return tuple(
            self.pool(currency, [position for position in contracts if position.currency == currency])
            for currency in currencies
        )

    def pool(self, currency: str, contracts: list[Position]) -> Pool:
        cross = [position for position in contracts if position.margin_mode == "cross"]
        isolated = sum((position.margin for position in contracts), ZERO)
        wallet = self.book.balances.get(currency, ZERO) - isolated
        unrealised = _plus(*(self.unrealised(position) for position in cross))
        initial = _plus(*(self.initial(position) for position in cross))
        bound = None if initial is None else -initial
        return Pool(
            currency=currency,
            wallet=wallet,
            isolated=isolated,
            unrealised=unrealised,
            initial_margin=initial,
            maintenance_margin=_plus(*(self.maintenance(position) for position in cross)),
            equity=_plus(wallet, unrealised),
            free=_plus(wallet, unrealised, bound),
            spendable=_plus(wallet, None if unrealised is None else min(unrealised, ZERO), bound),
        )

    def position(self, position: Position, pools: tuple[Pool, ...]) -> PositionValue:
        mark = self.mark(position)
        isolated = not position.is_spot and position.margin_mode == "isolated"
        return PositionValue(
            instrument=position.instrument.id,
            quantity=position.quantity,
            avg_price=position.avg_price,
            cost=position.cost,
            currency=position.currency,
            mark=mark,
            notional=None if mark is None else position.notional(mark),
            unrealised=self.unrealised(position),
            initial_margin=self.initial(position),
            maintenance_margin=self.maintenance(position),
            margin=position.margin if isolated else None,
            liquidation_price=None if position.is_spot else self.liquidation(position, pools),
        )

    def liquidation(self, position: Position, pools: tuple[Pool, ...]) -> Decimal | None:
        wallet = position.margin
        if position.margin_mode == "cross":
            pool = next(pool for pool in pools if pool.currency == position.currency)
            own, needed = self.unrealised(position), self.maintenance(position)
            if own is None or needed is None or pool.equity is None or pool.maintenance_margin is None:
                return None
            wallet = (pool.equity - own) - (pool.maintenance_margin - needed)
        brackets = tiers_of(position.instrument, self.tiers)
        return liquidation_price(position.instrument, position.quantity, position.cost, wallet, brackets)

    def mark(self, position: Position) -> Decimal | None:
        mark = self.marks.get(position.instrument.id)
        if mark is None:
            self.missing[position.instrument.id] = None
        return mark

    def unrealised(self, position: Position) -> Decimal | None:
        mark = self.mark(position)
        return None if mark is None else position.unrealised(mark)

    def initial(self, position: Position) -> Decimal | None:
        mark = self.mark(position)
        if position.is_spot:
            return ZERO
        return None if mark is None else share(position.notional(mark), ONE, position.leverage)

    def maintenance(self, position: Position) -> Decimal | None:
        mark = self.mark(position)
        if position.is_spot:
            return ZERO
        if mark is None:
            return None
        return maintenance(tiers_of(position.instrument, self.tiers), position.notional(mark))

    def total(self, book: str, sign: int) -> Decimal | None:
        return self.sum(
            (currency, sign * amount)
            for (name, currency), amount in self.book.totals.items()
            if name.partition(":")[0] == book
        )

    def sum(self, amounts: Iterable[tuple[str, Decimal | None]]) -> Decimal | None:
        """The sum in the account's currency; every amount is looked at, so that `missing` is complete."""
        return _plus(*[self.worth(currency, amount) for currency, amount in amounts])

    def worth(self, currency: str, amount: Decimal | None) -> Decimal | None:
        if not amount:
            return amount
        if currency not in self.rates:
            self.rates[currency] = rate(currency, self.book.currency, self.marks, self.venues)
        known = self.rates[currency]
        if known is None:
            self.missing[currency] = None
            return None
        return amount * known


def _plus(*amounts: Decimal | None) -> Decimal | None:
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total

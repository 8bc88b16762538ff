"""What must always hold of a book: each function returns the faults it finds, and none is the good answer.

Tests, `candlewick audit verify` and the engine at its start call the same ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from candlewick.core.reports import Fill
from candlewick.ledger.book import Book
from candlewick.ledger.contract import is_spot
from candlewick.ledger.convert import rate
from candlewick.ledger.exact import ZERO, exact
from candlewick.ledger.fault import Fault
from candlewick.ledger.posting import Posting, Transaction
from candlewick.ledger.totals import OWNED
from candlewick.ledger.valuation import value


def postings_balance(transactions: Iterable[Transaction]) -> list[Fault]:
    """Every transaction sums to zero in every currency."""
    faults = []
    with exact():
        for transaction in transactions:
            for currency, left in _sums(transaction.postings).items():
                if left:
                    what = f"{transaction.kind} {transaction.ref}"
                    text = f"The postings of {what} do not sum to zero: {left:f} {currency} over."
                    faults.append(Fault("postings_do_not_balance", text))
    return faults


def totals_are_postings(book: Book, transactions: Iterable[Transaction]) -> list[Fault]:
    """Every book account, and so every balance, is the sum of its postings since the account began."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    coins: dict[str, Decimal] = defaultdict(Decimal)
    with exact():
        for transaction in transactions:
            for posting in transaction.postings:
                sums[posting.book, posting.currency] += posting.amount
                if posting.book.partition(":")[0] in OWNED:
                    coins[posting.currency] += posting.amount
    faults = [
        Fault(
            "total_is_not_its_postings",
            f"{name} should hold {sums.get((name, currency), ZERO):f} {currency} by its postings, "
            f"but holds {book.totals.get((name, currency), ZERO):f}.",
        )
        for name, currency in dict.fromkeys([*sums, *book.totals])
        if sums.get((name, currency), ZERO) != book.totals.get((name, currency), ZERO)
    ]
    faults += [
        Fault(
            "balance_is_not_its_postings",
            f"The balance should be {coins.get(currency, ZERO):f} {currency} by its postings, "
            f"but is {book.balances.get(currency, ZERO):f}.",
        )
        for currency in dict.fromkeys([*coins, *book.balances])
        if coins.get(currency, ZERO) != book.balances.get(currency, ZERO)
    ]
    return faults


def positions_are_postings(book: Book) -> list[Fault]:
    """What the lots of a spot position hold and cost is what its trading book was given and paid.

    And per position: quantity and cost are the sums of its lots.
    """
    faults = []
    with exact():
        for instrument in book.instruments.values():
            position = book.positions.get(instrument.id)
            quantity, cost = (position.quantity, position.signed_cost) if position else (ZERO, ZERO)
            sides = [("the lots", *_in_lots(book, instrument.id))]
            if is_spot(instrument):
                name = f"trading:{instrument.id}"
                given = -book.totals.get((name, instrument.base), ZERO)
                sides.append((name, given, book.totals.get((name, instrument.quote), ZERO)))
            faults += [
                Fault(
                    "position_is_not_its_postings",
                    f"The position in {instrument.id} is {quantity:f} at a cost of {cost:f}, "
                    f"but by {source} it is {other:f} at {other_cost:f}.",
                )
                for source, other, other_cost in sides
                if (quantity, cost) != (other, other_cost)
            ]
    return faults


def positions_are_fills(
    book: Book, fills: Iterable[Fill], transactions: Iterable[Transaction]
) -> list[Fault]:
    """Contracts are the sum of their fills, and coins the sum of fills, fees and transfers.

    Coins are counted by balance: a fee may be paid out of another instrument's lots.
    """
    contracts: dict[str, Decimal] = defaultdict(Decimal)
    coins: dict[str, Decimal] = defaultdict(Decimal)
    with exact():
        for transaction in transactions:
            if transaction.kind not in ("fill", "liquidation"):
                for posting in transaction.postings:
                    if posting.book.partition(":")[0] in OWNED:
                        coins[posting.currency] += posting.amount
        for fill in fills:
            instrument = book.instruments[fill.instrument]
            signed = fill.quantity if fill.side == "buy" else -fill.quantity
            coins[fill.fee_currency] -= fill.fee
            if is_spot(instrument):
                coins[instrument.base] += signed
                coins[instrument.quote] -= signed * fill.price
            else:
                contracts[instrument.id] += signed
        for (name, currency), amount in book.totals.items():
            kind, _, id = name.partition(":")
            if kind == "realised" and not is_spot(book.instruments[id]):
                coins[currency] -= amount
    faults = []
    for id, instrument in book.instruments.items():
        held = book.positions[id].quantity if id in book.positions else ZERO
        if not is_spot(instrument) and held != contracts[id]:
            text = f"The position in {id} is {held:f}, but its fills sum to {contracts[id]:f}."
            faults.append(Fault("position_is_not_its_fills", text))
    for currency in dict.fromkeys([*coins, *book.balances]):
        has = book.balances.get(currency, ZERO)
        if has != coins[currency]:
            by_fills = f"fills, fees, funding and transfers sum to {coins[currency]:f}"
            text = f"The balance is {has:f} {currency}, but {by_fills}."
            faults.append(Fault("balance_is_not_its_fills", text))
    return faults


def equity_is_explained(book: Book, marks: Mapping[str, Decimal]) -> list[Fault]:
    """Capital + realised − fees + funding + unrealised is cash + invested + unrealised: the equity.

    Nothing is said of a book for which marks are missing.
    """
    told = value(book, marks)
    venues = tuple(dict.fromkeys(instrument.venue for instrument in book.instruments.values()))
    if told.total_value is None or told.realised is None or told.fees is None:
        return []
    if told.funding is None or told.unrealised is None:
        return []
    with exact():
        came = ZERO
        for (kind, currency), amount in book.kinds.items():
            if kind == "capital" and amount:
                worth = rate(currency, book.currency, marks, venues)
                if worth is None:
                    return []
                came -= amount * worth
        explained = came + told.realised - told.fees + told.funding + told.unrealised
    if explained == told.total_value:
        return []
    text = (
        f"Equity is {told.total_value:f} {book.currency}, but capital {came:f}, realised {told.realised:f}, "
        f"fees {told.fees:f}, funding {told.funding:f} and unrealised {told.unrealised:f} make {explained:f}."
    )
    return [Fault("equity_is_not_explained", text)]


def check(book: Book) -> list[Fault]:
    """What can be told from the book alone: for the engine at its start."""
    with exact():
        left = _sums(Posting(name, currency, amount) for (name, currency), amount in book.totals.items())
    faults = [
        Fault("totals_do_not_balance", f"The books do not sum to zero: {amount:f} {currency} over.")
        for currency, amount in left.items()
        if amount
    ]
    return faults + positions_are_postings(book)


def _sums(postings: Iterable[Posting]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for posting in postings:
        sums[posting.currency] += posting.amount
    return sums


def _in_lots(book: Book, id: str) -> tuple[Decimal, Decimal]:
    position = book.positions.get(id)
    if position is None:
        return ZERO, ZERO
    sign = 1 if position.is_long else -1
    quantity = sum((lot.quantity for lot in position.lots), ZERO)
    return sign * quantity, sign * sum((lot.cost for lot in position.lots), ZERO)

"""What the postings of an account sum to, and what of its coins stands in lots."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from candlewick.ledger.exact import ZERO
from candlewick.ledger.posting import Posting

OWNED = ("cash", "margin")  # kinds of book accounts that balances are made of


class Totals:
    """The sums of all postings so far.

    Attributes:
        by_book: every book account's balance by `(book, currency)`; per currency they sum to zero.
        by_kind: the same, added up by what stands before the colon: `("fees", "USDT")`.
        balances: what the account has of each currency.
    """

    def __init__(self) -> None:
        self.by_book: dict[tuple[str, str], Decimal] = {}
        self.by_kind: dict[tuple[str, str], Decimal] = {}
        self.balances: dict[str, Decimal] = {}

    def add(self, postings: Iterable[Posting]) -> None:
        """Count postings in."""
        for posting in postings:
            book, currency, amount = posting.book, posting.currency, posting.amount
            self.by_book[book, currency] = self.by_book.get((book, currency), ZERO) + amount
            kind = book.partition(":")[0]
            self.by_kind[kind, currency] = self.by_kind.get((kind, currency), ZERO) + amount
            if kind in OWNED:
                self.balances[currency] = self.balances.get(currency, ZERO) + amount


class Coins:
    """Of each coin, what spot positions hold, and what fees took while the account had none.

    Attributes:
        in_lots: by coin; what all spot positions in it hold together, signed.
        owed: by coin; never zero.
    """

    def __init__(self, balances: dict[str, Decimal], owed: dict[str, Decimal] | None = None) -> None:
        self._balances = balances
        self.in_lots: dict[str, Decimal] = {}
        self.owed: dict[str, Decimal] = {} if owed is None else owed

    def count(self, coin: str, change: Decimal) -> None:
        """Lots of a coin grew or shrank."""
        self.in_lots[coin] = self.in_lots.get(coin, ZERO) + change

    def owe(self, coin: str, amount: Decimal) -> None:
        """A fee took coins that are not there, or (negative) they were bought back."""
        left = self.owed.get(coin, ZERO) + amount
        if left:
            self.owed[coin] = left
        else:
            self.owed.pop(coin, None)

    def settle(self) -> None:
        """Coins that came in without lots (by transfer, as a rebate or as money) pay what is owed."""
        for coin, owed in list(self.owed.items()):
            self.owe(coin, min(max(-self._free(coin), ZERO) - owed, ZERO))

    def beyond_lots(self, coin: str, amount: Decimal) -> Decimal:
        """How much of `amount` is more than the coins that no lot holds."""
        free = self._free(coin)
        return max(amount - max(free, ZERO), ZERO)

    def without_lots(self, coin: str, opened: Decimal) -> Decimal:
        """How much of `opened` (signed) makes no lot.

        A sale beyond the lots first takes coins that came in by transfer; a purchase first buys back what
        is owed.
        """
        if opened < 0:
            return -min(-opened, max(self._free(coin), ZERO))
        owed = self.owed.get(coin)
        return min(opened, owed, max(-self._free(coin), ZERO)) if owed else ZERO

    def _free(self, coin: str) -> Decimal:
        return self._balances.get(coin, ZERO) - self.in_lots.get(coin, ZERO)

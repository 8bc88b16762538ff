"""What one currency is worth in another, by the marks at hand.

Coins that are pegged to the US dollar count as one dollar each: a convention, stated in docs/accounting.md.
Everything else needs a mark of a spot instrument that trades the two, or of one that trades it against a
pegged coin where the other is pegged. There are no longer ways round, and where none is there the answer is
None: unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from candlewick.core.instrument import instrument_id
from candlewick.ledger.exact import ONE, mean

PEGGED = ("USDT", "USD", "USDC", "FDUSD", "TUSD", "BUSD", "USDP", "DAI", "USDE", "PYUSD", "USD1")


def rate(currency: str, into: str, marks: Mapping[str, Decimal], venues: Iterable[str]) -> Decimal | None:
    """What one `currency` is worth in `into`; the first of `venues` that has a mark decides."""
    if currency == into or (currency in PEGGED and into in PEGGED):
        return ONE
    quotes = PEGGED if into in PEGGED else (into,)
    bases = PEGGED if currency in PEGGED else (currency,)
    for venue in venues:
        for quote in (into, *quotes):
            if mark := marks.get(instrument_id(venue, f"{currency}{quote}")):
                return mark
        for base in (currency, *bases):
            if mark := marks.get(instrument_id(venue, f"{into}{base}")):
                return mean(ONE, mark)
    return None

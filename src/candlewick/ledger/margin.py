"""Margin of contracts: tiers of notional, what they ask for, and the price at which it is used up.

Formulas: Binance, "How to Calculate Liquidation Price of USDⓈ-M Futures Contracts" and "… of COIN-M Futures
Contracts" (support FAQ), whose worked examples are in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from candlewick.core.instrument import Instrument
from candlewick.ledger.contract import price_of
from candlewick.ledger.convert import PEGGED
from candlewick.ledger.exact import ONE, ZERO, mean


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """A bracket of notional, in the currency that the contract settles in.

    Attributes:
        floor: the notional from which it holds, up to the next one's floor.
        max_leverage: of a position of this size.
        rate: maintenance margin as a fraction of notional,
        amount: less this much, so that the margin grows without steps.
    """

    floor: Decimal
    max_leverage: Decimal
    rate: Decimal
    amount: Decimal


Tiers = tuple[Tier, ...]


def tiers(rows: Sequence[tuple[str, str, str]]) -> Tiers:
    """Tiers from `(floor, max_leverage, rate)`, lowest first.

    The amount of each is the floor × what the rate grew by, and the amount of the one before (Binance's
    "maintenance amount").
    """
    made: list[Tier] = []
    for floor, leverage, rate in rows:
        above = Decimal(floor) * (Decimal(rate) - made[-1].rate) + made[-1].amount if made else ZERO
        made.append(
            Tier(floor=Decimal(floor), max_leverage=Decimal(leverage), rate=Decimal(rate), amount=above)
        )
    return tuple(made)


_BROAD_BASES = ("ADA", "AVAX", "BCH", "BNB", "DOGE", "DOT", "LINK", "LTC", "SOL", "TRX", "XRP")

# Ours, for contracts whose venue told none; docs/accounting.md prints them. By how deep the market is, in
# dollars of notional where a contract settles in dollars and in its coin where it settles in that; of further
# coins a number of them says little, so those have one tier.
DEFAULTS: Mapping[str, Tiers] = {
    "BTC, ETH": tiers(
        [
            ("0", "125", "0.004"),
            ("50000", "100", "0.005"),
            ("500000", "50", "0.01"),
            ("5000000", "20", "0.025"),
            ("50000000", "10", "0.05"),
            ("200000000", "5", "0.1"),
            ("500000000", "2", "0.25"),
        ]
    ),
    ", ".join(_BROAD_BASES): tiers(
        [
            ("0", "75", "0.0065"),
            ("25000", "50", "0.01"),
            ("250000", "25", "0.02"),
            ("1000000", "10", "0.05"),
            ("5000000", "5", "0.1"),
            ("20000000", "2", "0.25"),
        ]
    ),
    "others": tiers(
        [
            ("0", "25", "0.02"),
            ("10000", "20", "0.025"),
            ("50000", "10", "0.05"),
            ("250000", "5", "0.1"),
            ("1000000", "2", "0.25"),
        ]
    ),
    "settles in BTC": tiers(
        [
            ("0", "125", "0.004"),
            ("5", "100", "0.005"),
            ("10", "50", "0.01"),
            ("50", "20", "0.025"),
            ("200", "10", "0.05"),
            ("500", "5", "0.1"),
            ("1000", "2", "0.25"),
        ]
    ),
    "settles in ETH": tiers(
        [
            ("0", "100", "0.005"),
            ("150", "50", "0.01"),
            ("750", "20", "0.025"),
            ("3000", "10", "0.05"),
            ("7500", "5", "0.1"),
            ("15000", "2", "0.25"),
        ]
    ),
    "settles in another coin": tiers([("0", "20", "0.025")]),
}


def default_tiers(instrument: Instrument) -> Tiers:
    """The tiers of a contract whose venue told none."""
    if instrument.settle not in PEGGED:
        own = f"settles in {instrument.settle}"
        return DEFAULTS[own if own in DEFAULTS else "settles in another coin"]
    for bases in ("BTC, ETH", ", ".join(_BROAD_BASES)):
        if instrument.base in bases.split(", "):
            return DEFAULTS[bases]
    return DEFAULTS["others"]


def tiers_of(instrument: Instrument, told: Mapping[str, Tiers] | None = None) -> Tiers:
    """What was `told` of the instrument, or its default."""
    return (told or {}).get(instrument.id) or default_tiers(instrument)


def tier_at(brackets: Tiers, notional: Decimal) -> Tier:
    """The tier that a position of `notional` is in; a bracket includes its upper end."""
    found = brackets[0]
    for tier in brackets[1:]:
        if notional <= tier.floor:
            break
        found = tier
    return found


def maintenance(brackets: Tiers, notional: Decimal) -> Decimal:
    """The margin below which a position of `notional` is liquidated."""
    tier = tier_at(brackets, notional)
    return notional * tier.rate - tier.amount


def max_leverage(brackets: Tiers, notional: Decimal) -> Decimal:
    """The highest leverage that a position of `notional` may have."""
    return tier_at(brackets, notional).max_leverage


def liquidation_price(
    instrument: Instrument, quantity: Decimal, cost: Decimal, wallet: Decimal, brackets: Tiers
) -> Decimal | None:
    """The mark at which the margin of a position falls to its maintenance margin; None if no price does that.

    With x the notional, C the cost at entry, r and a the tier's rate and amount, and s = 1 where profit is
    x − C (a linear long, an inverse short) and −1 where it is C − x:

        wallet + s·(x − C) = r·x − a   ⇒   x = (s·C − wallet − a) / (s − r)

    The tier is the one of x itself, not of today's notional: this is the price at which it will happen.

    Args:
        quantity: signed.
        cost: unsigned worth at entry, in the currency it settles in.
        wallet: isolated: the margin set aside for it. Cross: the balance in that currency, less isolated
            margins, plus the unrealised profit of the other cross positions, less their maintenance margin.
    """
    side = ONE if (quantity > 0) is not instrument.inverse else -ONE
    for number, tier in enumerate(brackets):
        notional = mean(side * cost - wallet - tier.amount, side - tier.rate)
        ceiling = brackets[number + 1].floor if number + 1 < len(brackets) else None
        if notional > tier.floor and (ceiling is None or notional <= ceiling):
            return price_of(instrument, abs(quantity), notional)
    return None

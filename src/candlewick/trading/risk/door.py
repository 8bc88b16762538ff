"""The one door: an order passes every rule, in this order, or is refused by the first that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from candlewick.trading.risk import account, market, size, terms
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.verdict import Approved, Refused, Verdict

Rule = Callable[[Ask], Refused | None]

RULES: Final[tuple[Rule, ...]] = (
    # whether it can be read at all
    terms.numbers,
    terms.known_instrument,
    terms.complete,
    terms.lasting,
    terms.stepped,
    # whether the account may
    account.allowed_state,
    account.permitted_symbol,
    account.something_to_reduce,
    account.not_too_often,
    account.not_too_many,
    # whether the market is one to judge it by
    market.priced,
    market.fresh,
    terms.least,
    market.waits,
    market.within_band,
    market.not_with_oneself,
    market.bracket,
    # whether the account can bear it
    account.no_broken_limit,
    size.order_notional,
    size.position_notional,
    size.gross_notional,
    size.leverage,
    size.covered,
    size.margin,
    size.margin_use,
    size.sector,
    size.correlated,
)


def judge(ask: Ask) -> Verdict:
    """Let an order through, or say which rule refuses it."""
    for rule in RULES:
        refused = rule(ask)
        if refused is not None:
            return refused
    return estimate(ask)


def estimate(ask: Ask) -> Approved:
    """What an order on a listed instrument would come to, whether it may go or not."""
    return Approved(
        mark=ask.mark, notional=ask.notional, margin=ask.value(ask.binds, ask.settles_in), fee=ask.fee
    )

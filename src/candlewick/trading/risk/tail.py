"""What the present positions may lose in a day: value at risk, expected shortfall, and stated shocks.

Historical figures ask what the positions of now would have made on each past day; parametric ones take the
profit of a day as normal with a mean of zero (delta-normal: P. Jorion, Value at Risk, 3rd ed. 2006, ch. 10;
expected shortfall: A. McNeil, R. Frey, P. Embrechts, Quantitative Risk Management, 2015, section 2.3.4).
Losses are positive. With fewer than `LEAST_DAYS` days nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil, fsum, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

from candlewick.ledger.valuation import Valuation, value
from candlewick.trading.account import AccountState

LEAST_DAYS: Final = 30
_NORMAL: Final = NormalDist()


class Tail(NamedTuple):
    """Losses of one day that are exceeded with probability 1 − `confidence`, and their mean beyond that."""

    confidence: float
    historical_var: float
    historical_es: float
    parametric_var: float
    parametric_es: float


class Shock(NamedTuple):
    """What a change of prices would leave. Money in the account's currency; None: a mark is missing.

    `liquidated`: the currencies whose contracts the margin would not hold any more.
    """

    name: str
    pnl: Decimal | None
    equity: Decimal | None
    margin_pct: Decimal | None
    liquidated: tuple[str, ...]


def daily_pnl(exposure: Mapping[str, float], returns: Mapping[str, Mapping[int, float]]) -> list[float]:
    """What each past day would have made of the positions of now, oldest first.

    Args:
        exposure: signed worth of each position, by instrument.
        returns: simple return (close over close, less one) of each instrument by day. Only those days count
            that all of them have.
    """
    if not exposure or exposure.keys() - returns.keys():
        return []
    days = set.intersection(*(set(returns[id]) for id in exposure))
    return [fsum(worth * returns[id][day] for id, worth in exposure.items()) for day in sorted(days)]


def tail(pnl: Sequence[float], confidence: float) -> Tail | None:
    """Value at risk and expected shortfall of a day's profit; None: too few days.

    The historical figures are the k-th worst day and the mean of the k worst, k = ⌈(1 − confidence) · days⌉.
    """
    if len(pnl) < LEAST_DAYS:
        return None
    worst = sorted(pnl)[: max(1, ceil((1 - confidence) * len(pnl) - 1e-9))]
    deviation = sqrt(fsum(each * each for each in pnl) / len(pnl))
    z = _NORMAL.inv_cdf(confidence)
    return Tail(
        confidence=confidence,
        historical_var=max(0.0, -worst[-1]),
        historical_es=max(0.0, -fsum(worst) / len(worst)),
        parametric_var=z * deviation,
        parametric_es=deviation * _NORMAL.pdf(z) / (1 - confidence),
    )


def shocked(
    account: AccountState, marks: Mapping[str, Decimal], name: str, moves: Mapping[str, Decimal]
) -> Shock:
    """The account after each instrument of `moves` has moved by that fraction at once, and nothing else.

    Orders do not fire and nobody is liquidated on the way: this is what a gap leaves.
    """
    before = value(account.book, marks)
    after = value(
        account.book, {id: mark * (1 + moves[id]) if id in moves else mark for id, mark in marks.items()}
    )
    equity = after.total_value
    known = equity is not None and before.total_value is not None
    return Shock(
        name=name,
        pnl=equity - before.total_value if known else None,  # type: ignore[operator]
        equity=equity,
        margin_pct=_margin_pct(after),
        liquidated=_liquidated(after),
    )


def _margin_pct(value: Valuation) -> Decimal | None:
    if value.initial_margin is None or value.total_value is None or value.total_value <= 0:
        return None
    return value.initial_margin / value.total_value * 100


def _liquidated(value: Valuation) -> tuple[str, ...]:
    return tuple(
        pool.currency
        for pool in value.pools
        if pool.equity is not None and pool.maintenance_margin and pool.equity < pool.maintenance_margin
    )

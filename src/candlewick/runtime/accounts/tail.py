"""The tail of an account's risk: past days and stated shocks, applied to what it holds now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from candlewick.core.errors import UnknownAccount, VenueError
from candlewick.core.instrument import public_symbol
from candlewick.ledger.contract import is_spot
from candlewick.market.bars import Bars
from candlewick.runtime.accounts.shapes import encode, tidy
from candlewick.runtime.history import Historian
from candlewick.trading.account import AccountState
from candlewick.trading.engine import Engine
from candlewick.trading.risk.tail import LEAST_DAYS, Shock, daily_pnl, shocked, tail
from candlewick.trading.valuing import rate

DAYS: Final = 365
CONFIDENCES: Final = (0.95, 0.99)
CRASHES: Final = (Decimal("-0.1"), Decimal("-0.2"), Decimal("-0.3"), Decimal("0.2"))
TOGETHER_SIGMAS: Final = 3
FUNDING_SPIKE: Final = Decimal("0.003")  # 0.3 % at one settlement, about what crowded days have seen


class TailRisk:
    """Answers `risk.tail`."""

    def __init__(self, engine: Engine, historian: Historian, primary: str) -> None:
        self._engine = engine
        self._historian = historian
        self._primary = primary

    async def answer(self, account: int) -> bytes:
        """Value at risk, expected shortfall and shocks of what the account holds now.

        Raises:
            UnknownAccount: there is none of that number.
        """
        state = self._engine.desk.accounts.get(account)
        if state is None:
            raise UnknownAccount(account)
        exposure = self._exposure(state)
        found = await asyncio.gather(*(self._returns(id) for id in exposure))
        returns = dict(zip(exposure, found, strict=True))
        pnl = daily_pnl(exposure, returns)
        tails = [each for each in (tail(pnl, confidence) for confidence in CONFIDENCES) if each is not None]
        return encode(
            {
                "account": account,
                "currency": state.currency,
                "days": len(pnl),
                "least_days": LEAST_DAYS,
                "without_history": [
                    public_symbol(id, primary=self._primary)
                    for id, days in returns.items()
                    if len(days) < LEAST_DAYS
                ],
                "tails": [each._asdict() for each in tails],
                "shocks": [self._shock(each) for each in self._shocks(state, returns)],
            }
        )

    def _exposure(self, state: AccountState) -> dict[str, float]:
        """Signed worth of each position that has a mark, in the account's currency."""
        market, found = self._engine.market, {}
        for id, position in state.book.positions.items():
            mark, per_unit = market.exact(id), rate(state, market, position.currency)
            if mark is not None and per_unit is not None:
                worth = position.notional(mark) * per_unit
                found[id] = float(worth if position.is_long else -worth)
        return found

    async def _returns(self, instrument: str) -> dict[int, float]:
        """Daily returns by day; empty where the venue gives no history."""
        try:
            bars: Bars = await self._historian.closed_bars(instrument, "1d", DAYS + 1)
        except VenueError:
            return {}
        times, closes = bars.time.tolist(), bars.close.tolist()
        return {
            times[i]: closes[i] / closes[i - 1] - 1
            for i in range(1, len(times))
            if times[i] - times[i - 1] == 86_400 and closes[i - 1] > 0
        }

    def _shocks(self, state: AccountState, returns: Mapping[str, Mapping[int, float]]) -> list[Shock]:
        book = state.book
        marks = {id: mark for id in book.positions if (mark := self._engine.market.exact(id)) is not None}
        marks |= {
            id: mark
            for id in book.instruments
            if id not in marks and (mark := self._engine.market.exact(id)) is not None
        }
        found = [
            shocked(
                state, marks, f"All prices {move:+.0%}".replace("-", "−"), dict.fromkeys(book.positions, move)
            )
            for move in CRASHES
        ]
        against = {
            id: Decimal(repr(-_sign(book.positions[id].is_long) * TOGETHER_SIGMAS * _deviation(days)))
            for id, days in returns.items()
            if len(days) >= LEAST_DAYS and id in book.positions  # it may have been closed meanwhile
        }
        if against:
            name = f"Each {TOGETHER_SIGMAS} of its daily deviations against you, together"
            found.append(shocked(state, marks, name, against))
            double = {id: 2 * move for id, move in against.items()}
            found.append(shocked(state, marks, f"{name}, volatility doubled", double))
        spike = self._funding_spike(state)
        if spike is not None:
            found.append(spike)
        return found

    def _funding_spike(self, state: AccountState) -> Shock | None:
        """One settlement at a rate as on crowded days, against each position."""
        market, paid = self._engine.market, Decimal(0)
        contracts = [each for each in state.book.positions.values() if not is_spot(each.instrument)]
        for position in contracts:
            mark = market.exact(position.instrument.id)
            per_unit = rate(state, market, position.currency)
            if mark is None or per_unit is None:
                return None
            paid += position.notional(mark) * per_unit * FUNDING_SPIKE
        equity = self._engine.desk.valuation(state.number).total_value
        if not contracts or equity is None:
            return None
        return Shock(f"Funding of {FUNDING_SPIKE:.1%} against you", -paid, equity - paid, None, ())

    def _shock(self, shock: Shock) -> dict[str, Any]:
        return {
            "name": shock.name,
            "pnl": tidy(shock.pnl),
            "equity": tidy(shock.equity),
            "margin_pct": tidy(shock.margin_pct),
            "liquidated": list(shock.liquidated),
        }


def _deviation(days: Mapping[int, float]) -> float:
    return float((sum(each * each for each in days.values()) / len(days)) ** 0.5)


def _sign(is_long: bool) -> int:
    return 1 if is_long else -1

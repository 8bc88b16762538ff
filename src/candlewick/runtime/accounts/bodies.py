"""The JSON of orders, positions, portfolios and risk, read from the heart at the moment it is told.

Numbers are exact Decimals, written as JSON numbers. What a price moves is rounded to eight places, and a
figure that cannot be stood behind is None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from candlewick.core.clock import Clock, iso
from candlewick.core.errors import OrderRefused
from candlewick.core.instrument import public_symbol
from candlewick.core.order import Order
from candlewick.ledger.valuation import PositionValue, Valuation
from candlewick.runtime.accounts.shapes import PERCENT, fill_json, order_json, percent, tidy
from candlewick.store.journal.batch import EquityRow
from candlewick.trading.account import AccountState
from candlewick.trading.commands import Place
from candlewick.trading.effects import OrderChanged
from candlewick.trading.engine import Engine
from candlewick.trading.risk import door
from candlewick.trading.risk.ask import Ask
from candlewick.trading.risk.funds import free_of
from candlewick.trading.risk.terms import numbers
from candlewick.trading.risk.use import summarise
from candlewick.trading.risk.verdict import Approved, Refused, Verdict
from candlewick.trading.valuing import rate

ZERO: Final = Decimal(0)
_PREVIEWED: Final = (
    "quantity", "mark", "notional", "cost", "margin", "fee", "leverage", "risk", "risk_pct", "reward",
    "reward_risk",
)  # fmt: skip


class Bodies:
    """What can be told of the heart's accounts."""

    def __init__(self, engine: Engine, primary: str, clock: Clock) -> None:
        self._engine = engine
        self._primary = primary
        self._clock = clock
        self.strategies: Callable[[int], list[dict[str, Any]]] = lambda account: []  # who runs them says so

    # --- snapshots of lanes

    def snapshot(self, account: int, channel: str) -> Any:
        """The state that a lane's snapshot carries; None: its newest events are its state."""
        match channel:
            case "portfolio":
                return self.portfolio(account)
            case "positions":
                return self.positions(account)
            case "orders":
                return self.orders(account)
            case "risk":
                return self.risk(account)
            case "strategies":
                return self.strategies(account)
        return None

    def whole(self, account: int) -> dict[str, Any]:
        """Everything at once, for a page that begins."""
        return {
            "portfolio": self.portfolio(account),
            "positions": self.positions(account),
            "orders": self.orders(account),
            "balances": self.balances(account),
            "risk": self.risk(account),
        }

    # --- orders

    def order(self, order: Order) -> dict[str, Any]:
        """One order."""
        return order_json(order, primary=self._primary)

    def orders(self, account: int) -> list[dict[str, Any]]:
        """Those that can still be filled, newest first."""
        return [self.order(each) for each in reversed(self._account(account).orders.values())]

    def order_news(self, news: OrderChanged) -> dict[str, Any]:
        """An event of the lane: as `order`, with the side as the contract spells it there, and the fill."""
        order = news.order
        data = self.order(order) | {"side": order.terms.side.upper()}
        if news.why:
            data["reason"] = news.why
        if news.fill is not None:
            data["fill"] = fill_json(news.fill)
        return data

    def refused(self, refusal: Refused) -> dict[str, Any]:
        """A preview that ends at the door."""
        return {"ok": False, **dict.fromkeys(_PREVIEWED), "refusal": msgspec.structs.asdict(refusal)}

    def as_error(self, refusal: Refused) -> OrderRefused:
        """The refusal as whoever placed the order gets it."""
        return OrderRefused(refusal.code, refusal.reason, refusal.limit, refusal.value, refusal.field)

    def preview(self, asked: Place, verdict: Verdict) -> dict[str, Any]:
        """What an order would cost, bind, and put at risk."""
        terms, account = asked.terms, self._account(asked.account)
        found = self.refused(verdict) if isinstance(verdict, Refused) else {"ok": True, "refusal": None}
        ask = Ask(account, self._engine.market, terms, ts=asked.ts, order_id=asked.order_id)
        if numbers(ask) is not None:
            return found  # nothing can be counted with what is no number, or nothing
        estimate = verdict if isinstance(verdict, Approved) else door.estimate(ask)
        mark = estimate.mark
        entry = terms.limit_price or terms.stop_price or mark
        risk = self._distance(asked, entry, asked.stop_loss)
        reward = self._distance(asked, entry, asked.take_profit)
        equity = self._engine.desk.valuation(asked.account).total_value
        leverage, _ = account.book.leverage_of(terms.instrument)
        is_perp = self._engine.market.instruments[terms.instrument].kind in ("perp", "future")
        cost = None if estimate.margin is None or estimate.fee is None else estimate.margin + estimate.fee
        return found | {
            "quantity": terms.quantity,
            "mark": mark,
            "notional": tidy(estimate.notional),
            "cost": tidy(cost),
            "margin": tidy(estimate.margin),
            "fee": tidy(estimate.fee),
            "leverage": leverage if is_perp else None,
            "risk": tidy(risk),
            "risk_pct": percent(risk, equity),
            "reward": tidy(reward),
            "reward_risk": tidy(reward / -risk, PERCENT) if risk and reward is not None else None,
        }

    def _distance(self, asked: Place, entry: Decimal | None, exit: Decimal | None) -> Decimal | None:
        """What the way from entry to exit brings, in quote, before fees."""
        if entry is None or exit is None:
            return None
        instrument = self._engine.market.instruments[asked.terms.instrument]
        signed = asked.terms.quantity if asked.terms.side == "buy" else -asked.terms.quantity
        if instrument.inverse:
            return signed * instrument.contract_size * (1 / entry - 1 / exit) if exit else None
        return signed * (exit - entry)

    # --- positions and balances

    def positions(self, account: int) -> list[dict[str, Any]]:
        """Everything held, by symbol."""
        found = [self._position(account, each) for each in self._engine.desk.valuation(account).positions]
        return sorted(found, key=lambda each: str(each["symbol"]))

    def position(self, account: int, instrument: str) -> dict[str, Any]:
        """One position; one that is gone has quantity 0."""
        for each in self._engine.desk.valuation(account).positions:
            if each.instrument == instrument:
                return self._position(account, each)
        symbol = public_symbol(instrument, primary=self._primary)
        return {"account": account, "symbol": symbol, "instrument": instrument, "quantity": ZERO}

    def _position(self, account: int, value: PositionValue) -> dict[str, Any]:
        state = self._account(account)
        held = state.book.positions[value.instrument]
        legs = self._legs(state, value)
        return {
            "account": account,
            "symbol": public_symbol(value.instrument, primary=self._primary),
            "instrument": value.instrument,
            "kind": held.instrument.kind,
            "side": "long" if held.is_long else "short",
            "quantity": value.quantity,
            "avg_price": tidy(value.avg_price),
            "current_price": tidy(value.mark),
            "notional": tidy(value.notional),
            "unrealized_pnl": tidy(value.unrealised),
            "unrealized_pct": percent(value.unrealised, self._bound(value, held.is_spot, held.leverage)),
            "realized_pnl": tidy(held.realised),
            "fees": tidy(held.fees),
            "funding": tidy(held.funding),
            "leverage": None if held.is_spot else held.leverage,
            "margin_mode": None if held.is_spot else held.margin_mode,
            "initial_margin": None if held.is_spot else tidy(value.initial_margin),
            "maintenance_margin": None if held.is_spot else tidy(value.maintenance_margin),
            "liquidation_price": tidy(value.liquidation_price),
            "opened_at": iso(held.opened_at),
            "stop_loss": legs.get("stop_loss"),
            "take_profit": legs.get("take_profit"),
        }

    def _bound(self, value: PositionValue, is_spot: bool, leverage: Decimal) -> Decimal:
        """What a position was entered with: its cost, or of a perpetual the margin for it."""
        return value.cost if is_spot else value.cost / leverage

    def _legs(self, state: AccountState, value: PositionValue) -> Mapping[str, Decimal]:
        """The nearest stop and target at work for a position."""
        closing = "sell" if value.quantity > 0 else "buy"
        found: dict[str, list[Decimal]] = {}
        for order in state.orders.values():
            terms = order.terms
            if terms.instrument != value.instrument or terms.side != closing:
                continue
            if order.leg == "take_profit" or terms.order_type == "take_profit":
                price = terms.stop_price or terms.limit_price
                found.setdefault("take_profit", []).extend([price] if price else [])
            elif order.leg == "stop_loss" or terms.order_type in ("stop", "stop_limit"):
                found.setdefault("stop_loss", []).extend([terms.stop_price] if terms.stop_price else [])
        reference = value.mark if value.mark is not None else value.avg_price
        return {leg: min(prices, key=lambda p: abs(p - reference)) for leg, prices in found.items() if prices}

    def balances(self, account: int) -> list[dict[str, Any]]:
        """Cash by currency."""
        state, market = self._account(account), self._engine.market
        value = self._engine.desk.valuation(account)
        found = []
        for currency, total in sorted(state.book.balances.items()):
            funds = free_of(state, market, currency, valuation=value)
            locked = ZERO if funds.spendable is None else max(ZERO, total - max(ZERO, funds.spendable))
            worth = rate(state, market, currency)
            found.append(
                {
                    "currency": currency,
                    "total": total,
                    "free": tidy(total - locked),
                    "locked": tidy(locked),
                    "value": None if worth is None else tidy(total * worth),
                }
            )
        return found

    # --- the account

    def portfolio(self, account: int) -> dict[str, Any]:
        """The account at a glance."""
        state, value = self._account(account), self._engine.desk.valuation(account)
        total, day, peak = value.total_value, state.day_equity, state.peak_equity
        top = _top(total, peak)
        return {
            "account": account,
            "name": state.name,
            "kind": state.kind,
            "currency": state.currency,
            "state": state.state,
            "total_value": tidy(total),
            "cash": tidy(value.cash),
            "unrealized_pnl": tidy(value.unrealised),
            "realized_pnl": tidy(value.realised),
            "day_pnl": _less(total, day),
            "day_pnl_pct": percent(_less(total, day), day),
            "initial_margin": tidy(value.initial_margin),
            "maintenance_margin": tidy(value.maintenance_margin),
            "free_margin": tidy(value.free_margin),
            "margin_pct": percent(value.initial_margin, total),
            "drawdown_pct": percent(_less(top, total), top),
            "peak_value": tidy(top),
            "positions": len(state.book.positions),
            "orders": len(state.orders),
            "timestamp": iso(self._clock.now_ns()),
        }

    def limits(self, account: int) -> dict[str, Any]:
        """The limits in force, symbols by their public names."""
        found = msgspec.structs.asdict(self._account(account).limits)
        if found["symbols"] is not None:
            found["symbols"] = [public_symbol(each, primary=self._primary) for each in found["symbols"]]
        return found

    def risk(self, account: int) -> dict[str, Any]:
        """Limits with their use, margin, exposures, and the kill switch."""
        state, value = self._account(account), self._engine.desk.valuation(account)
        summary = summarise(state, self._engine.market, self._clock.now_ns())
        total = value.total_value
        top = _top(total, state.peak_equity)
        return {
            "account": account,
            "state": state.state,
            "reason": state.reason,
            "limits": self.limits(account),
            "uses": [
                {
                    "code": use.code,
                    "title": use.title,
                    "value": tidy(use.value),
                    "limit": tidy(use.limit),
                    "pct": percent(use.value, use.limit),
                }
                for use in summary.uses
            ],
            "equity": tidy(total),
            "margin_pct": percent(value.initial_margin, total),
            "initial_margin": tidy(value.initial_margin),
            "maintenance_margin": tidy(value.maintenance_margin),
            "free_margin": tidy(value.free_margin),
            "gross_notional": tidy(summary.gross),
            "net_notional": tidy(summary.net),
            "leverage": None if summary.gross is None or not total else tidy(summary.gross / total, PERCENT),
            "sectors": [self._exposure(each.name, each.notional, value) for each in summary.sectors],
            "groups": [self._exposure(each.name, each.notional, value) for each in summary.groups],
            "drawdown_pct": percent(_less(top, total), top),
            "day_pnl": _less(total, state.day_equity),
            "open_orders": len(state.orders),
            "open_positions": len(state.book.positions),
            "orders_last_minute": state.orders_in_last_minute(self._clock.now_ns()),
            "kill": {
                "active": state.kill,
                "flatten": state.flatten,
                "remaining_orders": len(state.orders) if state.kill else 0,
                "remaining_positions": len(state.book.positions) if state.flatten else 0,
            },
        }

    def equity(self, account: int, ts: int) -> EquityRow | None:
        """A point of the account's curve; None while what it is worth is not known."""
        value = self._engine.desk.valuation(account)
        if value.total_value is None or value.cash is None or value.unrealised is None:
            return None
        return EquityRow(
            account=account,
            ts=ts,
            equity=value.total_value,
            cash=value.cash,
            unrealised=value.unrealised,
        )

    def _exposure(self, name: str, notional: Decimal | None, value: Valuation) -> dict[str, Any]:
        return {"name": name, "notional": tidy(notional), "pct": percent(notional, value.total_value)}

    def _account(self, account: int) -> AccountState:
        return self._engine.desk.accounts[account]


def _top(total: Decimal | None, peak: Decimal | None) -> Decimal | None:
    """The most that an account was ever worth, this moment included."""
    return peak if total is None or peak is None else max(peak, total)


def _less(value: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if value is None or other is None else tidy(value - other)

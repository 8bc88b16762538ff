"""Strategies at work as people see them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from candlewick.core.clock import NS_PER_S, iso
from candlewick.core.instrument import public_symbol
from candlewick.runtime.accounts.shapes import order_json, percent, tidy
from candlewick.runtime.strategies.at_work import AtWork
from candlewick.runtime.strategies.ownings import Ownings
from candlewick.runtime.strategies.rows import Wanted
from candlewick.trading.engine import Engine

CENT: Final = Decimal("0.01")


def body(wanted: Wanted, at_work: AtWork | None, engine: Engine, primary: str) -> dict[str, Any]:
    """A strategy as it is now; what is not known yet is null."""
    spec = wanted.spec
    told: dict[str, Any] = {
        "id": wanted.id,
        "account": wanted.account,
        "name": wanted.name,
        "tag": wanted.tag,
        "state": wanted.state,
        "reason": wanted.reason,
        "symbols": [public_symbol(each, primary=primary) for each in spec["symbols"]],
        "timeframe": spec["timeframe"],
        "parameters": spec.get("parameters", {}),
        "started_at": iso(wanted.created_ns),
        "begun_at": iso(wanted.begun_ns) if wanted.begun_ns is not None else None,
        "restarts": wanted.restarts,
    }
    ownings = None if at_work is None else at_work.ownings
    figures = _figures(ownings, engine, primary)
    figures["pnl_today"] = _today(at_work, figures["equity"])
    return told | _health(at_work) | figures | _orders(at_work, primary)


def _health(at_work: AtWork | None) -> dict[str, Any]:
    if at_work is None:
        return {"health": None}
    health = at_work.health
    return {
        "health": {
            "phase": health.phase,
            "waits_for": health.waits_for or None,
            "last_bar": iso(health.last_bar * NS_PER_S) if health.last_bar is not None else None,
            "lag_ms": _rounded(health.lag_ms),
            "answer_ms": _rounded(health.answer_ms),
            "missed": health.missed,
            "process_id": health.pid,
        }
    }


def _figures(ownings: Ownings | None, engine: Engine, primary: str) -> dict[str, Any]:
    names = (
        "capital",
        "equity",
        "pnl",
        "pnl_pct",
        "unrealized_pnl",
        "trades",
        "wins",
        "win_rate",
        "net",
        "fees",
    )
    if ownings is None:
        return dict.fromkeys(names) | {"positions": []}
    value, closed = ownings.value(engine.market), ownings.closed
    equity = value.total_value
    pnl = None if equity is None else equity - ownings.capital
    return {
        "capital": tidy(ownings.capital),
        "equity": tidy(equity),
        "pnl": tidy(pnl),
        "pnl_pct": percent(pnl, ownings.capital),
        "unrealized_pnl": tidy(value.unrealised),
        "trades": closed.trades,
        "wins": closed.wins,
        "win_rate": round(closed.wins / closed.trades, 4) if closed.trades else None,
        "net": tidy(closed.net),
        "fees": tidy(value.fees),
        "positions": [
            {
                "symbol": public_symbol(each.instrument, primary=primary),
                "instrument": each.instrument,
                "quantity": each.quantity,
                "avg_price": tidy(each.avg_price),
                "current_price": tidy(each.mark),
                "unrealized_pnl": tidy(each.unrealised),
            }
            for each in value.positions
        ],
    }


def _today(at_work: AtWork | None, equity: Decimal | None) -> Decimal | None:
    began = None if at_work is None or at_work.closes is None else at_work.closes.day_equity
    return None if began is None or equity is None else tidy(equity - Decimal(repr(began)), CENT)


def final_figures(ownings: Ownings | None, engine: Engine) -> dict[str, Any]:
    """What a strategy came to, to be kept: as in `body`, but for what it holds."""
    return {name: each for name, each in _figures(ownings, engine, "").items() if name != "positions"}


def _orders(at_work: AtWork | None, primary: str) -> dict[str, Any]:
    if at_work is None or at_work.orders is None:
        return {"orders": []}
    return {"orders": [order_json(each, primary=primary) for each in at_work.orders.working()]}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)

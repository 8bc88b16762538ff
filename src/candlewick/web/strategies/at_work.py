"""Strategies at work as their pages show them: what REST answers, in words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.http import HttpRequest

from candlewick.core.clock import iso
from candlewick.runtime.strategies import desk
from candlewick.store.models import StrategyAtWork
from candlewick.web.api import strategies as rest
from candlewick.web.components import figures as text
from candlewick.web.people.accounts import AccountAccess
from candlewick.web.research.shown.words import value_of
from candlewick.web.services import services_of

LINES: Final = 200
WORDS: Final = {"running": "Running", "paused": "Paused", "stopping": "Stopping", "stopped": "Stopped"}
PHASES: Final = {
    "waiting": "waits for its markets", "starting": "is starting", "warming": "reads its history",
    "running": "at work", "paused": "stands still", "stopping": "is ending",
}  # fmt: skip


def of_account(request: HttpRequest, access: AccountAccess) -> list[dict[str, Any]]:
    """The strategies of an account, the newest first."""
    found = rest.ask_engine(request, access, "strategy.list") or ()
    live = {each["id"]: each for each in found}
    known = services_of(request).hub.directory.instruments
    return [_told(rest.body_of(request, row, live.get(row.pk)), known) for row in desk.of_account(access.id)]


def one(request: HttpRequest, row: StrategyAtWork, access: AccountAccess) -> dict[str, Any]:
    """One strategy, with all that its page shows."""
    live = rest.ask_engine(request, access, "strategy.state", id=row.pk)
    told = _told(rest.body_of(request, row, live), services_of(request).hub.directory.instruments)
    return told | {"is_known": live is not None or row.ended_ns is not None, "lines": log(row)}


def log(row: StrategyAtWork) -> list[dict[str, str]]:
    """The newest lines of a strategy's log, the newest first."""
    return [
        {"time": _moment(iso(each.at_ns)), "kind": each.kind, "text": each.text}
        for each in reversed(desk.lines(row, limit=LINES))
    ]


def _told(body: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    rate = body["win_rate"]
    return {
        **body,
        "word": WORDS[body["state"]],
        "markets": ", ".join(body["symbols"]),
        "values": [(name, value_of(value)) for name, value in body["parameters"].items()],
        "since": _moment(body["begun_at"] or body["started_at"]),
        "ended": _moment(body["ended_at"]),
        "head": [
            _figure("P&L", text.signed(body["pnl"]), text.percent(body["pnl_pct"]).text),
            _figure("Equity", text.fixed(body["equity"], 2), f"of {text.fixed(body['capital'], 2)} given"),
            _figure("Unrealised", text.signed(body["unrealized_pnl"])),
            _figure("Trades", _count(body["trades"]), "closed"),
            _figure("Win rate", text.share(None if rate is None else 100 * rate)),
            _figure("Fees", text.fixed(body["fees"], 2)),
        ],
        "pnl_figure": text.signed(body["pnl"]),
        "pnl_part": text.percent(body["pnl_pct"]),
        "equity_text": text.fixed(body["equity"], 2),
        "trades_text": _count(body["trades"]),
        "positions": [_position(each, known) for each in body["positions"]],
        "orders": [_order(each) for each in body["orders"]],
        "health_facts": _health(body["health"], body["restarts"]),
        "may_pause": body["state"] == "running",
        "may_resume": body["state"] == "paused",
        "may_stop": body["state"] in ("running", "paused"),
        "is_ended": body["state"] == "stopped",
    }


def _figure(label: str, value: text.Figure | str, note: str = "") -> dict[str, str]:
    figure = value if isinstance(value, text.Figure) else text.Figure(value)
    return {"label": label, "text": figure.text, "tone": figure.way, "note": note}


def _position(told: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    places = text.price_places(known.get(told["instrument"]))
    quantity = Decimal(str(told["quantity"]))
    return {
        "symbol": told["symbol"],
        "side": "Long" if quantity > 0 else "Short",
        "quantity": text.fixed(abs(quantity), None),
        "entry": text.fixed(told["avg_price"], places),
        "mark": text.fixed(told["current_price"], places),
        "pnl": text.signed(told["unrealized_pnl"]),
    }


def _order(told: Mapping[str, Any]) -> dict[str, Any]:
    price = next((told[name] for name in ("limit_price", "stop_price") if told.get(name) is not None), None)
    return {
        "symbol": told["symbol"],
        "side": str(told["side"]).capitalize(),
        "type": str(told["order_type"]).replace("_", " "),
        "quantity": text.fixed(told["quantity"], None),
        "price": "market" if price is None else text.fixed(price, None),
        "status": str(told["status"]).replace("_", " ").lower(),
    }


def _health(told: Mapping[str, Any] | None, restarts: int) -> list[tuple[str, str]]:
    if told is None:
        return []
    waits = f", for {told['waits_for']}" if told["waits_for"] else ""
    return [
        ("Its process", f"{PHASES[told['phase']]}{waits}"),
        ("Last bar", _moment(told["last_bar"]) or text.UNKNOWN),
        ("From a bar’s end to its orders", _milliseconds(told["lag_ms"])),
        ("It took to answer", _milliseconds(told["answer_ms"])),
        ("Bars that came too late", f"{told['missed']:,}"),
        ("Begun anew", text.counted(restarts, "time")),
    ]


def _count(number: int | None) -> str:
    return text.UNKNOWN if number is None else f"{number:,}"


def _milliseconds(value: float | None) -> str:
    return text.UNKNOWN if value is None else f"{value:,.0f} ms"


def _moment(at: str | None) -> str:
    return "" if at is None else at[:16].replace("T", " ")

"""Margin, limits and their use, exposure by sector, and the kill switch."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from candlewick.web.components.component import Component, Event, Notice, Params, Schema
from candlewick.web.components.figures import amount, counted, fixed, share, signed
from candlewick.web.components.permissions import MayManageRisk, SeesAccount
from candlewick.web.components.registry import registry

WARN_PCT: Final = 80
CRITICAL_PCT: Final = 95
_MONEY: Final = 2
_Reason = Annotated[str, Field(max_length=200)]


class Kill(Schema):
    """The kill switch. `confirmed` is what a person says a second time."""

    flatten: bool = False
    reason: _Reason = "by hand"
    confirmed: Literal[True]


class Shown(Params):
    """What is shown beside the figures; the terminal has a feed of its own."""

    feed: bool = True


class State(Schema):
    """What the account may do from now on."""

    state: Literal["ACTIVE", "REDUCING", "HALTED"]
    reason: _Reason = "by hand"


@registry.register("risk_metrics")
class RiskMetrics(Component):
    """How near an account is to its limits."""

    template_name = "components/risk_metrics.html"
    permission_classes = (SeesAccount,)
    params_schema = Shown
    events: ClassVar = {
        "kill": Event(Kill, (MayManageRisk,), rate_limit=10),
        "set_state": Event(State, (MayManageRisk,), rate_limit=10),
    }

    def mount(self) -> None:
        risk = self.visit.ask("account.risk")
        self.state = {
            "risk": risk,
            "trading_state": risk["state"],
            "margin": gauge(risk["margin_pct"]),
            "uses": [self._use(each) for each in risk["uses"]],
            "sectors": [
                {
                    "sector": each["name"],
                    "notional": fixed(each["notional"], _MONEY),
                    "gauge": gauge(each["pct"]),
                }
                for each in risk["sectors"]
            ],
            "drawdown": share(risk["drawdown_pct"]),
            "day_pnl": signed(risk["day_pnl"], _MONEY),
            "leverage": fixed(risk["leverage"], 2),
            "gross": fixed(risk["gross_notional"], _MONEY),
            "free_margin": fixed(risk["free_margin"], _MONEY),
            "standing": _standing(risk),
            "drawn_at": _drawn_at(risk),
            "feed": self.params.feed,
            "may_kill": self.visit.account.may_manage_risk,
            "warn_pct": WARN_PCT,
            "critical_pct": CRITICAL_PCT,
        }

    def get_optimistic_patch(self, event: str) -> dict[str, str]:
        return {"notice": "Halting…"} if event == "kill" else {}

    def on_kill(self, data: Kill) -> None:
        self.visit.command("risk.kill", flatten=data.flatten, reason=data.reason)
        rest = "Every order is being cancelled" + (" and every position closed." if data.flatten else ".")
        self.notice = Notice("warn", f"Trading is halted. {rest}")

    def on_set_state(self, data: State) -> None:
        self.visit.command("risk.state", state=data.state, reason=data.reason)
        self.notice = Notice("ok", f"The account is {data.state.lower()} now.")

    def _use(self, use: dict[str, Any]) -> dict[str, Any]:
        return {
            "code": use["code"],
            "title": use["title"],
            "value": amount(use["value"]),
            "limit": amount(use["limit"]),
            "gauge": gauge(use["pct"]),
        }


def gauge(pct: Decimal | None) -> dict[str, Any]:
    """A use in percent, as a meter shows it: its text, its length, and how grave it is."""
    if pct is None:
        return {"text": "—", "value": 0, "level": "unknown"}
    level = "crit" if pct >= CRITICAL_PCT else "warn" if pct >= WARN_PCT else "calm"
    return {"text": share(pct), "value": f"{min(Decimal(100), max(Decimal(0), pct)):.2f}", "level": level}


def _standing(risk: dict[str, Any]) -> str:
    """What the kill switch has still to do; of an account that is halted, why it is, and what is left."""
    kill = risk["kill"]
    if kill["active"]:
        orders, positions = kill["remaining_orders"], kill["remaining_positions"]
        if not orders and not positions:
            return "Nothing remains to be done."
        return f"{counted(orders, 'order')} and {counted(positions, 'position')} remain."
    if risk["state"] != "HALTED":
        return ""
    orders, positions = risk["open_orders"], risk["open_positions"]
    works = f"{counted(orders, 'order')} working" if orders else "No order is working"
    is_open = f"{counted(positions, 'position')} open" if positions else "no position is open"
    why = risk["reason"].strip().rstrip(".")
    return f"Halted{f': {why}' if why else ''}. {works}, {is_open}."


def _drawn_at(risk: dict[str, Any]) -> str:
    """What the sentence was made of: where that has changed, the page asks for it again (`ties.js`)."""
    if risk["state"] == "ACTIVE" and not risk["kill"]["active"]:
        return ""
    return f"{'at work' if risk['kill']['active'] else 'done'} {risk['open_orders']}/{risk['open_positions']}"

"""The ticket: an order of any type, what it would cost and risk, and the sending of it once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field

from candlewick.core.errors import OrderRefused
from candlewick.core.order import OrderType, TimeInForce
from candlewick.web.components.component import Event, FormComponent, Notice, Params, Schema
from candlewick.web.components.figures import Figure, fixed, price_places, quantity_places, share, signed
from candlewick.web.components.permissions import MayTrade, SeesAccount
from candlewick.web.components.registry import registry
from candlewick.web.limits import count_order

_Number = Annotated[Decimal, Field(gt=0, max_digits=28, decimal_places=12)]
_Key = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
SizeIn = Literal["quantity", "notional", "equity_pct"]

TYPES: Final[tuple[tuple[OrderType, str], ...]] = (
    ("market", "Market"),
    ("limit", "Limit"),
    ("stop", "Stop"),
    ("stop_limit", "Stop limit"),
    ("take_profit", "Take profit"),
    ("trailing_stop", "Trailing"),
)
# Which fields belong to which type; what does not belong is neither shown nor sent.
FIELDS: Final[Mapping[OrderType, frozenset[str]]] = {
    "market": frozenset(),
    "limit": frozenset({"limit_price", "time_in_force", "good_till", "post_only"}),
    "stop": frozenset({"stop_price", "time_in_force", "good_till"}),
    "stop_limit": frozenset({"stop_price", "limit_price", "time_in_force", "good_till"}),
    "take_profit": frozenset({"stop_price", "time_in_force", "good_till"}),
    "trailing_stop": frozenset({"trail", "trail_in", "stop_price", "time_in_force", "good_till"}),
}
_NEEDED: Final[Mapping[OrderType, tuple[str, ...]]] = {
    "market": (),
    "limit": ("limit_price",),
    "stop": ("stop_price",),
    "stop_limit": ("stop_price", "limit_price"),
    "take_profit": ("stop_price",),
    "trailing_stop": ("trail",),
}
_MONEY: Final = 2
# The engine's words for what the form calls otherwise.
_FORM_FIELD: Final = {"quantity": "size", "notional": "size", "equity_pct": "size"}


def _as_utc(text: str) -> str:
    """A browser's `2026-01-26T12:00` is a moment in UTC, as every time on the page."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("Write a time, such as 2026-01-26T12:00.") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Ticket(Schema):
    """An order as it is written into the ticket."""

    side: Literal["buy", "sell"]
    order_type: OrderType
    size: _Number | None = None
    size_in: SizeIn = "quantity"
    limit_price: _Number | None = None
    stop_price: _Number | None = None
    trail: _Number | None = None
    trail_in: Literal["quote", "percent"] = "quote"
    time_in_force: TimeInForce = "GTC"
    good_till: Annotated[str, Field(max_length=40), AfterValidator(_as_utc)] | None = None
    post_only: bool = False
    reduce_only: bool = False
    stop_loss: _Number | None = None
    take_profit: _Number | None = None
    key: _Key | None = None

    def missing(self) -> dict[str, list[str]]:
        """What this type of order cannot do without."""
        wanted = ["size", *_NEEDED[self.order_type]]
        if self.time_in_force == "GTD" and "good_till" in FIELDS[self.order_type]:
            wanted.append("good_till")
        return {name: ["Fill this in."] for name in wanted if getattr(self, name) is None}

    def request(self) -> dict[str, Any]:
        """The order as the engine is asked for it; what does not belong to its type stays away."""
        belongs = FIELDS[self.order_type]
        asked: dict[str, Any] = {
            "side": self.side,
            "order_type": self.order_type,
            self.size_in: _text(self.size),
            "reduce_only": self.reduce_only,
            "stop_loss": _text(self.stop_loss),
            "take_profit": _text(self.take_profit),
        }
        if "limit_price" in belongs:
            asked["limit_price"] = _text(self.limit_price)
        if "stop_price" in belongs:
            asked["stop_price"] = _text(self.stop_price)
        if "trail" in belongs:
            unit = "%" if self.trail_in == "percent" else ""
            asked["trail"] = None if self.trail is None else f"{self.trail:f}{unit}"
        if "time_in_force" in belongs:
            asked["time_in_force"] = self.time_in_force
            asked["good_till"] = self.good_till if self.time_in_force == "GTD" else None
        if "post_only" in belongs:
            asked["post_only"] = self.post_only
        return {name: value for name, value in asked.items() if value is not None}


class Submission(Ticket):
    """A ticket that is to be sent. `key` was drawn with it: the same ticket never makes a second order."""

    key: _Key


class OfSymbol(Params):
    """The instrument that the ticket is for, and the unit that its size begins with."""

    symbol: Annotated[str, Field(max_length=80)] = "BTCUSDT"
    size_in: SizeIn = "quantity"


@registry.register("order")
class OrderTicket(FormComponent):
    """A ticket for one instrument and one account."""

    template_name = "components/order.html"
    permission_classes = (SeesAccount,)
    params_schema = OfSymbol
    schema = Submission
    events: ClassVar = {
        "submit": Event(Submission, (MayTrade,)),
        "preview": Event(Ticket, part="components/_order_preview.html"),
    }

    def mount(self) -> None:
        instrument = self.instrument
        chosen: Any = self.values.get("order_type", "market")
        order_type: OrderType = chosen if chosen in FIELDS else "market"
        self.state |= {
            "symbol": self.params.symbol,
            "instrument": instrument,
            "types": [(value, title, " ".join(sorted(FIELDS[value]))) for value, title in TYPES],
            "order_type": order_type,
            "side": "sell" if self.values.get("side") == "sell" else "buy",
            "size_in": self.values.get("size_in") or self.params.size_in,
            "shown": FIELDS[order_type],
            "key": self.values.get("key") or secrets.token_urlsafe(16),
            "may_trade": self.visit.account.may_trade,
        }

    def get_optimistic_patch(self, event: str) -> dict[str, str]:
        return {"notice": "Sending order…"} if event == "submit" else {}

    def on_preview(self, ticket: Ticket) -> None:
        """What the order would cost and risk. Says nothing while the ticket is not filled in."""
        if ticket.missing():
            return
        self.state["preview"] = self._preview(ticket)

    def on_submit(self, ticket: Submission) -> None:
        """Send the order, once: the key makes a second click, or a second try, the same order."""
        self.errors = ticket.missing()
        if self.errors:
            return
        count_order(self.visit.account)
        try:
            order = self.visit.command(
                "order.place",
                symbol=self.instrument["instrument"],
                key=ticket.key,
                origin=self.visit.origin,
                tag="ticket",
                **ticket.request(),
            )
        except OrderRefused as refusal:
            refusal.field = _FORM_FIELD.get(refusal.field or "", refusal.field)
            if refusal.field not in Submission.model_fields:
                refusal.field = None
            raise
        self.notice = _told(order, self.instrument)
        self.values.pop("key", None)  # the next order is another one
        self.triggers = {"candlewick:order": {"id": order["id"], "status": order["status"]}}

    @property
    def instrument(self) -> dict[str, Any]:
        """The instrument as the engine lists it.

        Raises:
            UnknownSymbol: there is none.
            EngineAway: what there is, is not known yet.
        """
        directory = self.visit.directory
        found = directory.instruments[directory.instrument(self.params.symbol)]
        return dict(found)

    def _preview(self, ticket: Ticket) -> dict[str, Any]:
        instrument = self.instrument
        answer = self.visit.ask("order.preview", symbol=instrument["instrument"], **ticket.request())
        risk, leverage = answer["risk"], answer["leverage"]
        risked = signed(None if risk is None else -abs(risk), _MONEY)
        if risk is not None and answer["risk_pct"] is not None:
            risked = Figure(f"{risked} ({share(abs(answer['risk_pct']), 2)})", risked.way)
        return {
            "quantity": fixed(answer["quantity"], quantity_places(instrument)),
            "base": instrument["base"],
            "mark": fixed(answer["mark"], price_places(instrument)),
            "notional": fixed(answer["notional"], _MONEY),
            "cost": fixed(answer["cost"], _MONEY),
            "margin": fixed(answer["margin"], _MONEY),
            "is_spot": instrument["kind"] == "spot",
            "leverage": "" if leverage is None else fixed(leverage, None),
            "fee": fixed(answer["fee"], _MONEY),
            "risk": risked,
            "reward": signed(answer["reward"], _MONEY),
            "reward_risk": fixed(answer["reward_risk"], 2),
            "refusal": answer["refusal"],
        }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _told(order: Mapping[str, Any], instrument: Mapping[str, Any]) -> Notice:
    """What became of an order, in a sentence."""
    prices, lots = price_places(instrument), quantity_places(instrument)
    side = "Buy" if order["side"].lower() == "buy" else "Sell"
    what = f"{side} {fixed(order['quantity'], lots)} {order['symbol']}"
    status, average = order["status"], order["price"]
    match status:
        case "FILLED":
            return Notice("ok", f"{what}: filled at {fixed(average, prices)}.")
        case "PARTLY_FILLED":
            done = fixed(order["filled_quantity"], lots)
            return Notice("ok", f"{what}: {done} filled at {fixed(average, prices)}, the rest is at work.")
        case "REJECTED" | "EXPIRED" | "CANCELLED":
            word = status.lower()
            return Notice("error", f"{what}: {word}. {order.get('reason') or ''}".strip())
        case "OPEN":
            return Notice("ok", f"{what}: open.")
    return Notice("ok", f"{what}: sent.")

"""Positions, their profit, and what can be done with them: close, reverse, add a stop or a target."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final

import orjson
from pydantic import Field

from candlewick.core.instrument import parse_symbol
from candlewick.web.components.component import Component, Event, Notice, Schema
from candlewick.web.components.figures import counted, fixed, percent, price_places, quantity_places, signed
from candlewick.web.components.permissions import MayTrade, SeesAccount
from candlewick.web.components.registry import registry
from candlewick.web.limits import count_order

Symbol = Annotated[str, Field(min_length=1, max_length=80)]
Price = Annotated[Decimal, Field(gt=0, max_digits=28, decimal_places=12)]
_MONEY: Final = 2


class OfSymbol(Schema):
    """One position."""

    symbol: Symbol


class Protection(Schema):
    """A stop loss or a take profit for a whole position."""

    symbol: Symbol
    price: Price
    key: Annotated[str, Field(min_length=1, max_length=64)]


@registry.register("portfolio")
class Portfolio(Component):
    """The positions of one account, with the total at the foot."""

    template_name = "components/portfolio.html"
    permission_classes = (SeesAccount,)
    events: ClassVar = {
        "close": Event(OfSymbol, (MayTrade,), rate_limit=60),
        "reverse": Event(OfSymbol, (MayTrade,), rate_limit=60),
        "close_all": Event(permission_classes=(MayTrade,), rate_limit=20),
        "add_stop": Event(Protection, (MayTrade,), rate_limit=60),
        "add_target": Event(Protection, (MayTrade,), rate_limit=60),
    }

    def mount(self) -> None:
        found = self.visit.ask("account.snapshot")
        portfolio = found["portfolio"]
        self.state = {
            "positions": found["positions"],
            "portfolio": portfolio,
            "rows": [self._row(each) for each in found["positions"]],
            "total": signed(portfolio["unrealized_pnl"], _MONEY),
            "realized": signed(portfolio["realized_pnl"], _MONEY),
            "value": fixed(portfolio["total_value"], _MONEY),
            "margin": fixed(portfolio["initial_margin"], _MONEY),
            "may_trade": self.visit.account.may_trade,
        }

    def get_optimistic_patch(self, event: str) -> dict[str, str]:
        sent = {"close": "Closing…", "reverse": "Reversing…", "close_all": "Closing all…"}
        return {"notice": sent[event]} if event in sent else {"notice": "Sending order…"}

    def on_close(self, data: OfSymbol) -> None:
        self._close(data.symbol, reverse=False)

    def on_reverse(self, data: OfSymbol) -> None:
        count_order(self.visit.account)
        self._close(data.symbol, reverse=True)

    def on_close_all(self, data: Schema) -> None:
        orders = self.visit.command("position.close", origin=self.visit.origin)
        sent = f"{counted(len(orders), 'closing order')} sent."
        self.notice = Notice("ok", sent) if orders else Notice("warn", "Nothing is open.")

    def on_add_stop(self, data: Protection) -> None:
        self._protect(data, "stop", "Stop")

    def on_add_target(self, data: Protection) -> None:
        self._protect(data, "take_profit", "Target")

    def _close(self, symbol: str, *, reverse: bool) -> None:
        orders = self.visit.command(
            "position.close", symbol=self._instrument(symbol), reverse=reverse, origin=self.visit.origin
        )
        what = "reverse" if reverse else "close"
        self.notice = (
            Notice("ok", f"Order to {what} {symbol} sent.")
            if orders
            else Notice("warn", f"There is no position in {symbol}.")
        )

    def _protect(self, data: Protection, order_type: str, word: str) -> None:
        """An order at the far side of a price that only ever reduces the position."""
        instrument = self._instrument(data.symbol)
        held = [each for each in self.visit.ask("account.positions") if each["instrument"] == instrument]
        if not held:
            self.notice = Notice("warn", f"There is no position in {data.symbol}.")
            return
        quantity = held[0]["quantity"]
        count_order(self.visit.account)
        self.visit.command(
            "order.place",
            symbol=instrument,
            side="sell" if quantity > 0 else "buy",
            quantity=str(abs(quantity)),
            order_type=order_type,
            stop_price=str(data.price),
            reduce_only=True,
            oco=f"{instrument}@{held[0]['opened_at']}",
            key=data.key,
            origin=self.visit.origin,
            tag=word.lower(),
        )
        self.notice = Notice("ok", f"{word} for {data.symbol} at {data.price} sent.")

    def _instrument(self, symbol: str) -> str:
        return parse_symbol(symbol, primary=self.visit.directory.primary)

    def _row(self, position: dict[str, Any]) -> dict[str, Any]:
        known = self.visit.directory.instruments.get(position["instrument"])
        prices, lots = price_places(known), quantity_places(known)
        pnl, pct = signed(position["unrealized_pnl"], _MONEY), percent(position["unrealized_pct"])
        symbol = position["symbol"]
        return {
            "symbol": symbol,
            "id": symbol.replace(":", "-"),
            "close": orjson.dumps({"event": "close", "symbol": symbol}).decode(),
            # what is spot is not sold short: the engine would refuse it
            "reverse": orjson.dumps({"event": "reverse", "symbol": symbol}).decode()
            if position["kind"] != "spot"
            else "",
            "key": secrets.token_urlsafe(12),
            "side": position["side"],
            "quantity": fixed(abs(position["quantity"]), lots),
            "entry": fixed(position["avg_price"], prices),
            "mark": fixed(position["current_price"], prices),
            "liquidation": fixed(position["liquidation_price"], prices),
            "margin": fixed(position["initial_margin"], _MONEY),
            "leverage": position["leverage"],
            "margin_mode": position["margin_mode"],
            "pnl": pnl,
            "pct": pct,
            "stop_loss": fixed(position["stop_loss"], prices),
            "take_profit": fixed(position["take_profit"], prices),
            "price_places": "" if prices is None else prices,
        }

"""Spot orders, fills, balances and lists as the venue writes them: in answers and on the user stream."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from candlewick.venues.sim.desk.desk import Reported
from candlewick.venues.sim.desk.orders import Fill, Order
from candlewick.venues.sim.desk.spot import BalancesChanged, Deposited, ListReported, OrderList, SpotTrader
from candlewick.venues.sim.server.figures import Figures
from candlewick.venues.sim.server.front import Front

NO_TRADE = -1


def money(value: Decimal) -> str:
    """An amount of an asset, with eight decimals."""
    return f"{value:.8f}"


class SpotReports:
    """Writes what concerns one venue's spot orders."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def figures(self, order: Order) -> Figures:
        """How the order's listing writes its numbers."""
        return self._front.lines[order.listing.symbol].figures

    def stamp(self, time_ms: int) -> int:
        """A true time as the venue's clock shows it."""
        return self._front.stamp(time_ms)

    # answers -----------------------------------------------------------------------------------

    def placed(self, order: Order, detail: str) -> dict[str, Any]:
        """The answer to a new order: ACK, RESULT or FULL."""
        answer: dict[str, Any] = {
            "symbol": order.listing.symbol,
            "orderId": order.id,
            "orderListId": order.list_id,
            "clientOrderId": order.client_id,
            "transactTime": self.stamp(order.updated_ms),
        }
        if detail == "ACK":
            return answer
        answer |= self._terms(order)
        answer["workingTime"] = self.stamp(order.working_ms) if order.working_ms else -1
        answer["selfTradePreventionMode"] = order.prevention
        if detail == "FULL":
            answer["fills"] = [self._part(fill) for fill in order.fills]
        return answer

    def _part(self, fill: Fill) -> dict[str, Any]:
        figures = self.figures(fill.order)
        return {
            "price": figures.price(fill.ticks),
            "qty": figures.quantity(fill.lots),
            "commission": money(fill.commission),
            "commissionAsset": fill.asset,
            "tradeId": fill.id,
        }

    def _terms(self, order: Order) -> dict[str, Any]:
        figures = self.figures(order)
        terms: dict[str, Any] = {
            "price": figures.price(order.ticks),
            "origQty": figures.quantity(order.lots),
            "executedQty": figures.quantity(order.filled),
            "origQuoteOrderQty": money(order.asked_quote),
            "cummulativeQuoteQty": figures.quote(order.value),
            "status": order.status,
            "timeInForce": order.time_in_force,
            "type": order.type,
            "side": "SELL" if order.sells else "BUY",
        }
        if order.stop_ticks:
            terms["stopPrice"] = figures.price(order.stop_ticks)
        if order.trailing_delta:
            terms["trailingDelta"] = order.trailing_delta
        if order.strategy_id is not None:
            terms["strategyId"] = order.strategy_id
        if order.strategy_type is not None:
            terms["strategyType"] = order.strategy_type
        return terms

    def order(self, order: Order) -> dict[str, Any]:
        """The answer to a question about an order."""
        figures = self.figures(order)
        return {
            "symbol": order.listing.symbol,
            "orderId": order.id,
            "orderListId": order.list_id,
            "clientOrderId": order.client_id,
            **self._terms(order),
            "stopPrice": figures.price(order.stop_ticks),
            "icebergQty": figures.quantity(0),
            "time": self.stamp(order.created_ms),
            "updateTime": self.stamp(order.updated_ms),
            "isWorking": order.trigger is None,
            "workingTime": self.stamp(order.working_ms) if order.working_ms else -1,
            "selfTradePreventionMode": order.prevention,
        }

    def cancelled(self, order: Order, asked_as: str) -> dict[str, Any]:
        """The answer to a cancellation."""
        return {
            "symbol": order.listing.symbol,
            "origClientOrderId": order.client_id,
            "orderId": order.id,
            "orderListId": order.list_id,
            "clientOrderId": asked_as,
            "transactTime": self.stamp(order.updated_ms),
            **self._terms(order),
            "selfTradePreventionMode": order.prevention,
        }

    def amended(self, order: Order, was: str) -> dict[str, Any]:
        """An order whose quantity was reduced, and which was called `was`."""
        figures = self.figures(order)
        return {
            "symbol": order.listing.symbol,
            "orderId": order.id,
            "orderListId": order.list_id,
            "origClientOrderId": was,
            "clientOrderId": order.client_id,
            "price": figures.price(order.ticks),
            "qty": figures.quantity(order.lots),
            "executedQty": figures.quantity(order.filled),
            "preventedQty": figures.quantity(0),
            "quoteOrderQty": money(order.asked_quote),
            "cumulativeQuoteQty": figures.quote(order.value),
            "status": order.status,
            "timeInForce": order.time_in_force,
            "type": order.type,
            "side": "SELL" if order.sells else "BUY",
            "workingTime": self.stamp(order.working_ms) if order.working_ms else -1,
            "selfTradePreventionMode": order.prevention,
        }

    def trade(self, fill: Fill) -> dict[str, Any]:
        """A row of `myTrades`."""
        order, figures = fill.order, self.figures(fill.order)
        return {
            "symbol": order.listing.symbol,
            "id": fill.id,
            "orderId": order.id,
            "orderListId": order.list_id,
            "price": figures.price(fill.ticks),
            "qty": figures.quantity(fill.lots),
            "quoteQty": figures.quote(fill.ticks * fill.lots),
            "commission": money(fill.commission),
            "commissionAsset": fill.asset,
            "time": self.stamp(fill.ts_ms),
            "isBuyer": not order.sells,
            "isMaker": fill.maker,
            "isBestMatch": True,
        }

    def list(self, pair: OrderList) -> dict[str, Any]:
        """A list of orders."""
        return {
            "orderListId": pair.id,
            "contingencyType": "OCO",
            "listStatusType": pair.status_type,
            "listOrderStatus": pair.state,
            "listClientOrderId": pair.client_id,
            "transactionTime": self.stamp(pair.changed_ms),
            "symbol": pair.orders[0].listing.symbol,
            "orders": [
                {
                    "symbol": order.listing.symbol,
                    "orderId": order.id,
                    "clientOrderId": order.client_id,
                }
                for order in pair.orders
            ],
        }

    # events ------------------------------------------------------------------------------------

    def event(self, happened: object, now_ms: int) -> tuple[str, dict[str, Any]] | None:
        """The account, and the user stream's message, of what happened on the desk."""
        event_ms = self.stamp(now_ms)
        if isinstance(happened, Reported):
            return happened.order.trader.name, self._execution(happened, event_ms)
        if isinstance(happened, BalancesChanged):
            return happened.trader.name, self._position(happened.trader, happened.assets, event_ms)
        if isinstance(happened, Deposited):
            return happened.trader.name, {
                "e": "balanceUpdate",
                "E": event_ms,
                "a": happened.asset,
                "d": money(happened.change),
                "T": event_ms,
            }
        if isinstance(happened, ListReported):
            return happened.trader.name, self._list_status(happened.list, event_ms)
        return None

    def _position(self, trader: SpotTrader, assets: Iterable[str], event_ms: int) -> dict[str, Any]:
        balances = [(asset, trader.balance(asset)) for asset in assets]
        return {
            "e": "outboundAccountPosition",
            "E": event_ms,
            "u": self.stamp(trader.updated_ms),
            "B": [{"a": name, "f": money(each.free), "l": money(each.locked)} for name, each in balances],
        }

    def _list_status(self, pair: OrderList, event_ms: int) -> dict[str, Any]:
        orders = self.list(pair)["orders"]
        return {
            "e": "listStatus",
            "E": event_ms,
            "s": pair.orders[0].listing.symbol,
            "g": pair.id,
            "c": "OCO",
            "l": pair.status_type,
            "L": pair.state,
            "r": "NONE",
            "C": pair.client_id,
            "T": self.stamp(pair.changed_ms),
            "O": [{"s": each["symbol"], "i": each["orderId"], "c": each["clientOrderId"]} for each in orders],
        }

    def _execution(self, report: Reported, event_ms: int) -> dict[str, Any]:
        order, fill, figures = report.order, report.fill, self.figures(report.order)
        quote = figures.quote(fill.ticks * fill.lots if fill else 0)
        ended_by_client = report.execution == "CANCELED"
        before = order.client_id if ended_by_client else report.asked_as  # of an amended one, its old name
        event: dict[str, Any] = {
            "e": "executionReport",
            "E": event_ms,
            "s": order.listing.symbol,
            "c": (report.asked_as or order.client_id) if ended_by_client else order.client_id,
            "S": "SELL" if order.sells else "BUY",
            "o": order.type,
            "f": order.time_in_force,
            "q": figures.quantity(order.lots),
            "p": figures.price(order.ticks),
            "P": figures.price(order.stop_ticks),
            "F": figures.quantity(0),
            "g": order.list_id,
            "C": before,
            "x": report.execution,
            "X": order.status,
            "r": "NONE",
            "i": order.id,
            "l": figures.quantity(fill.lots if fill else 0),
            "z": figures.quantity(order.filled),
            "L": figures.price(fill.ticks if fill else 0),
            "n": money(fill.commission) if fill else "0",
            "N": fill.asset if fill else None,
            "T": self.stamp(order.updated_ms),
            "t": fill.id if fill else NO_TRADE,
            "I": order.id,
            "w": order.open and order.trigger is None,
            "m": fill.maker if fill else False,
            "M": False,
            "O": self.stamp(order.created_ms),
            "Z": figures.quote(order.value),
            "Y": quote,
            "Q": money(order.asked_quote),
            "V": order.prevention,
        }
        if order.working_ms:
            event["W"] = self.stamp(order.working_ms)
        if order.trailing_delta:
            event["d"] = order.trailing_delta
        if order.strategy_id is not None:
            event["j"] = order.strategy_id
        if order.strategy_type is not None:
            event["J"] = order.strategy_type
        return event

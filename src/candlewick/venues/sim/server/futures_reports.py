"""USDⓈ-M orders, fills, positions and wallets as the venue writes them: in answers and on the user stream."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from candlewick.venues.sim.desk.algo import AlgoOrder, AlgoReported
from candlewick.venues.sim.desk.cashier import AccountChanged, Income
from candlewick.venues.sim.desk.desk import Reported
from candlewick.venues.sim.desk.margin import PerpTrader, Position
from candlewick.venues.sim.desk.orders import ZERO, Fill, Order
from candlewick.venues.sim.desk.perp import LeverageChanged, PerpDesk
from candlewick.venues.sim.desk.upkeep import MarginCalled
from candlewick.venues.sim.server.figures import Figures, fixed
from candlewick.venues.sim.server.front import Front
from candlewick.venues.sim.server.spot_reports import money

NO_TRADE = 0


def side_of(sells: bool) -> str:
    """How a side is written."""
    return "SELL" if sells else "BUY"


class FuturesReports:
    """Writes what concerns one venue's perpetual orders and positions."""

    def __init__(self, front: Front, desk: PerpDesk) -> None:
        self._front = front
        self._desk = desk

    def _figures(self, symbol: str) -> Figures:
        return self._front.lines[symbol].figures

    def stamp(self, time_ms: int) -> int:
        """A true time as the venue's clock shows it."""
        return self._front.stamp(time_ms)

    # orders ------------------------------------------------------------------------------------

    def average(self, order: Order) -> str:
        """The mean price of an order's fills."""
        figures = self._figures(order.listing.symbol)
        if not order.filled:
            return fixed(0, figures.price_decimals)
        # one digit more than the tick has, as the venue gives it
        mean = Decimal(order.value) / order.filled * order.listing.tick
        return f"{mean:.{figures.price_decimals + 1}f}"

    def order(self, order: Order) -> dict[str, Any]:
        """An order, in every answer that has one."""
        figures = self._figures(order.listing.symbol)
        quote = figures.quote(order.value)
        return {
            "orderId": order.id,
            "symbol": order.listing.symbol,
            "status": order.status,
            "clientOrderId": order.client_id,
            "price": figures.price(order.ticks),
            "avgPrice": self.average(order),
            "origQty": figures.quantity(order.lots),
            "executedQty": figures.quantity(order.filled),
            "cumQty": figures.quantity(order.filled),
            "cumQuote": quote,
            "timeInForce": order.time_in_force,
            "type": order.type,
            "reduceOnly": order.reduce_only,
            "closePosition": order.close_position,
            "side": side_of(order.sells),
            "positionSide": "BOTH",
            "stopPrice": figures.price(order.stop_ticks),
            "workingType": order.working_type,
            "priceProtect": False,
            "origType": order.original_type,
            "priceMatch": "NONE",
            "selfTradePreventionMode": order.prevention,
            "goodTillDate": self.stamp(order.good_till_ms) if order.good_till_ms else 0,
            "time": self.stamp(order.created_ms),
            "updateTime": self.stamp(order.updated_ms),
        }

    def algo(self, algo: AlgoOrder) -> dict[str, Any]:
        """A conditional order."""
        figures = self._figures(algo.listing.symbol)
        trailing = algo.callback_rate != 0
        answer: dict[str, Any] = {
            "algoId": algo.id,
            "clientAlgoId": algo.client_id,
            "algoType": "CONDITIONAL",
            "orderType": algo.type,
            "symbol": algo.listing.symbol,
            "side": side_of(algo.sells),
            "positionSide": "BOTH",
            "timeInForce": algo.time_in_force,
            "quantity": figures.quantity(algo.lots),
            "algoStatus": algo.status,
            "triggerPrice": figures.price(algo.stop_ticks),
            "price": figures.price(algo.ticks),
            "icebergQuantity": None,
            "selfTradePreventionMode": algo.prevention,
            "workingType": algo.working_type,
            "priceMatch": "NONE",
            "closePosition": algo.close_position,
            "priceProtect": algo.price_protect,
            "reduceOnly": algo.reduce_only,
            "activatePrice": figures.price(algo.activate_ticks) if trailing else "",
            "callbackRate": f"{algo.callback_rate.normalize():f}" if trailing else "",
            "createTime": self.stamp(algo.created_ms),
            "updateTime": self.stamp(algo.updated_ms),
            "triggerTime": self.stamp(algo.triggered_ms) if algo.triggered_ms else 0,
            "goodTillDate": self.stamp(algo.good_till_ms) if algo.good_till_ms else 0,
            "actualOrderId": "",
            "actualPrice": figures.price(0),
        }
        if algo.actual is not None:
            answer |= {
                "actualOrderId": str(algo.actual.id),
                "actualPrice": self.average(algo.actual),
                "actualType": algo.actual.type,
                "actualQty": figures.quantity(algo.actual.filled),
            }
        return answer

    def trade(self, fill: Fill) -> dict[str, Any]:
        """A row of `userTrades`."""
        order, figures = fill.order, self._figures(fill.order.listing.symbol)
        return {
            "symbol": order.listing.symbol,
            "id": fill.id,
            "orderId": order.id,
            "side": side_of(order.sells),
            "price": figures.price(fill.ticks),
            "qty": figures.quantity(fill.lots),
            "realizedPnl": money(fill.realized),
            "quoteQty": figures.quote(fill.ticks * fill.lots),
            "commission": money(fill.commission),
            "commissionAsset": fill.asset,
            "time": self.stamp(fill.ts_ms),
            "positionSide": "BOTH",
            "maker": fill.maker,
            "buyer": not order.sells,
        }

    def income(self, income: Income) -> dict[str, Any]:
        """A row of `income`."""
        return {
            "symbol": income.symbol,
            "incomeType": income.kind,
            "income": money(income.change),
            "asset": income.asset,
            "info": str(income.trade_id) if income.trade_id is not None else income.kind,
            "time": self.stamp(income.ts_ms),
            "tranId": income.id,
            "tradeId": str(income.trade_id) if income.trade_id is not None else "",
        }

    # positions ---------------------------------------------------------------------------------

    def quantity(self, position: Position) -> str:
        """A position's quantity with its sign."""
        return self._figures(position.listing.symbol).quantity(position.lots)

    def risk(self, trader: PerpTrader, position: Position) -> dict[str, Any]:
        """A row of `positionRisk`, version 3."""
        mark = self._desk.mark(position.listing)
        orders = trader.orders_margin(position.listing, mark)
        initial = position.initial(mark)
        shown = money(position.wallet + position.unrealized(mark)) if position.isolated else money(ZERO)
        return {
            "symbol": position.listing.symbol,
            "positionSide": "BOTH",
            "positionAmt": self.quantity(position),
            "entryPrice": money(position.entry),
            "breakEvenPrice": money(position.entry),
            "markPrice": money(mark),
            "unRealizedProfit": money(position.unrealized(mark)),
            "liquidationPrice": money(trader.liquidation_price(position, self._desk.mark)),
            "isolatedMargin": shown,
            "notional": money(position.value(mark)),
            "marginAsset": position.listing.quote,
            "isolatedWallet": money(position.wallet),
            "initialMargin": money(initial + orders),
            "maintMargin": money(position.maintenance(mark)),
            "positionInitialMargin": money(initial),
            "openOrderInitialMargin": money(orders),
            "adl": 0,
            "bidNotional": money(ZERO),
            "askNotional": money(ZERO),
            "updateTime": self.stamp(position.updated_ms) if position.updated_ms else 0,
        }

    def risk_with_settings(self, trader: PerpTrader, position: Position) -> dict[str, Any]:
        """A row of `positionRisk`, version 2."""
        row = self.risk(trader, position)
        return row | {
            "leverage": str(position.leverage),
            "maxNotionalValue": str(self._desk.most_value(position)),
            "marginType": "isolated" if position.isolated else "cross",
            "isAutoAddMargin": "false",
        }

    # events ------------------------------------------------------------------------------------

    def event(self, happened: object, now_ms: int) -> tuple[str, dict[str, Any]] | None:
        """The account, and the user stream's message, of what happened on the desk."""
        event_ms = self.stamp(now_ms)
        if isinstance(happened, Reported):
            return happened.order.trader.name, self._execution(happened, event_ms)
        if isinstance(happened, AccountChanged):
            return happened.trader.name, self._account(happened, event_ms)
        if isinstance(happened, AlgoReported):
            return happened.algo.trader.name, self._algo_update(happened.algo, event_ms)
        if isinstance(happened, LeverageChanged):
            return happened.trader.name, {
                "e": "ACCOUNT_CONFIG_UPDATE",
                "E": event_ms,
                "T": event_ms,
                "ac": {"s": happened.position.listing.symbol, "l": happened.position.leverage},
            }
        if isinstance(happened, MarginCalled):
            return happened.trader.name, self._call(happened, event_ms)
        return None

    def _account(self, changed: AccountChanged, event_ms: int) -> dict[str, Any]:
        trader, asset = changed.trader, changed.asset
        return {
            "e": "ACCOUNT_UPDATE",
            "E": event_ms,
            "T": event_ms,
            "a": {
                "m": changed.reason,
                "B": [
                    {
                        "a": asset,
                        "wb": money(trader.wallet(asset)),
                        "cw": money(trader.cross_wallet(asset)),
                        "bc": money(changed.change),
                    }
                ],
                "P": [self._position(each) for each in changed.positions],
            },
        }

    def _position(self, position: Position) -> dict[str, Any]:
        mark = self._desk.mark(position.listing)
        return {
            "s": position.listing.symbol,
            "pa": self.quantity(position),
            "ep": money(position.entry),
            "bep": money(position.entry),
            "cr": money(position.realized),
            "up": money(position.unrealized(mark)),
            "mt": "isolated" if position.isolated else "cross",
            "iw": money(position.wallet),
            "ps": "BOTH",
            "ma": position.listing.quote,
        }

    def _call(self, called: MarginCalled, event_ms: int) -> dict[str, Any]:
        trader, rows = called.trader, []
        for position in called.positions:
            mark = self._desk.mark(position.listing)
            rows.append(
                {
                    "s": position.listing.symbol,
                    "ps": "BOTH",
                    "pa": self.quantity(position),
                    "mt": "ISOLATED" if position.isolated else "CROSSED",
                    "iw": money(position.wallet),
                    "mp": money(mark),
                    "up": money(position.unrealized(mark)),
                    "mm": money(position.maintenance(mark)),
                }
            )
        asset = called.positions[0].listing.quote
        return {"e": "MARGIN_CALL", "E": event_ms, "cw": money(trader.cross_wallet(asset)), "p": rows}

    def _execution(self, report: Reported, event_ms: int) -> dict[str, Any]:
        order, fill = report.order, report.fill
        figures = self._figures(order.listing.symbol)
        execution = "CALCULATED" if order.liquidation and fill else report.execution
        row: dict[str, Any] = {
            "s": order.listing.symbol,
            "c": order.client_id,
            "S": side_of(order.sells),
            "o": order.type,
            "f": order.time_in_force,
            "q": figures.quantity(order.lots),
            "p": figures.price(order.ticks),
            "ap": self.average(order),
            "sp": figures.price(order.stop_ticks),
            "x": execution,
            "X": order.status,
            "i": order.id,
            "l": figures.quantity(fill.lots if fill else 0),
            "z": figures.quantity(order.filled),
            "L": figures.price(fill.ticks if fill else 0),
        }
        if fill:
            row |= {"n": money(fill.commission), "N": fill.asset}
        row |= {
            "T": self.stamp(order.updated_ms),
            "t": fill.id if fill else NO_TRADE,
            "b": "0",
            "a": "0",
            "m": fill.maker if fill else False,
            "R": order.reduce_only,
            "wt": order.working_type,
            "ot": order.original_type,
            "ps": "BOTH",
            "cp": order.close_position,
            "rp": money(fill.realized) if fill else "0",
            "pP": False,
            "si": 0,
            "ss": 0,
            "V": order.prevention,
            "pm": "NONE",
            "gtd": self.stamp(order.good_till_ms) if order.good_till_ms else 0,
            "er": str(order.expiry_reason),
        }
        return {"e": "ORDER_TRADE_UPDATE", "E": event_ms, "T": self.stamp(order.updated_ms), "o": row}

    def _algo_update(self, algo: AlgoOrder, event_ms: int) -> dict[str, Any]:
        figures = self._figures(algo.listing.symbol)
        actual = algo.actual
        row: dict[str, Any] = {
            "caid": algo.client_id,
            "aid": algo.id,
            "at": "CONDITIONAL",
            "o": algo.type,
            "s": algo.listing.symbol,
            "S": side_of(algo.sells),
            "ps": "BOTH",
            "f": algo.time_in_force,
            "q": figures.quantity(algo.lots),
            "X": algo.status,
            "ai": str(actual.id) if actual else "",
            "ap": self.average(actual) if actual else figures.price(0),
            "aq": figures.quantity(actual.filled if actual else 0),
            "act": actual.type if actual else "0",
            "tp": figures.price(algo.stop_ticks),
            "p": figures.price(algo.ticks),
            "V": algo.prevention,
            "wt": algo.working_type,
            "pm": "NONE",
            "cp": algo.close_position,
            "pP": algo.price_protect,
            "R": algo.reduce_only,
            "tt": self.stamp(algo.triggered_ms) if algo.triggered_ms else 0,
            "gtd": self.stamp(algo.good_till_ms) if algo.good_till_ms else 0,
            "rm": algo.why,
        }
        if algo.callback_rate:
            row |= {
                "AP": figures.price(algo.activate_ticks),
                "cr": f"{algo.callback_rate.normalize():f}",
            }
        return {"e": "ALGO_UPDATE", "T": self.stamp(algo.updated_ms), "E": event_ms, "o": row}

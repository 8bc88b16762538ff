"""The private side's messages become what they say of an order or of money. Pure: no socket, no clock.

Whose an order is the mapper does not know: it reads names as the venue writes them (`Said`), and the
`tracker` finds the order that they belong to. The numbers are the venue's, without their trailing zeros.

A conditional order of USDⓈ-M lives twice: as an algo order until its trigger, and from then on as an
ordinary order in the matching engine, with another venue id. `ALGO_UPDATE` tells both ids (`actual_id`).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final, Literal

import msgspec

from candlewick.core.clock import NS_PER_MS
from candlewick.core.errors import MalformedMessage
from candlewick.core.events import Side
from candlewick.core.instrument import instrument_id
from candlewick.core.order import OrderType, Terms, TimeInForce
from candlewick.core.reports import Liquidity
from candlewick.venues.binance.mapper import native_symbol
from candlewick.venues.binance.orders import wire
from candlewick.venues.binance.orders.endpoints import PrivateMarket

What = Literal[
    "new", "trade", "cancelled", "expired", "rejected", "amended", "waits", "triggered", "finished"
]
Status = Literal["OPEN", "PARTLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"]
Notice = Literal["funding", "money", "settings", "ended"]

# Client ids under which the venue itself sends orders (Binance, "Event: Order Update").
FORCED: Final = ("autoclose-", "adl_autoclose", "settlement_autoclose-", "delivery_autoclose-")
_STATUS: Final[dict[str, Status]] = {
    "NEW": "OPEN",
    "PENDING_NEW": "OPEN",
    "PENDING_CANCEL": "OPEN",
    "PARTIALLY_FILLED": "PARTLY_FILLED",
    "FILLED": "FILLED",
    "CANCELED": "CANCELLED",
    "REJECTED": "REJECTED",
    "EXPIRED": "EXPIRED",
    "EXPIRED_IN_MATCH": "EXPIRED",
}
_WHAT: Final[dict[str, What]] = {
    "NEW": "new",
    "TRADE": "trade",
    "CALCULATED": "trade",  # a liquidation that the insurance fund took over
    "CANCELED": "cancelled",
    "EXPIRED": "expired",
    "REJECTED": "rejected",
    "REPLACED": "amended",
    "AMENDMENT": "amended",
}
_ALGO_WHAT: Final[dict[str, What]] = {
    "NEW": "waits",
    "TRIGGERING": "triggered",
    "TRIGGERED": "triggered",
    "FINISHED": "finished",
    "CANCELED": "cancelled",
    "EXPIRED": "expired",
    "REJECTED": "rejected",
}
_TYPES: Final[dict[str, OrderType]] = {
    "MARKET": "market",
    "LIQUIDATION": "market",
    "LIMIT": "limit",
    "LIMIT_MAKER": "limit",
    "STOP_LOSS": "stop",
    "STOP_MARKET": "stop",
    "STOP_LOSS_LIMIT": "stop_limit",
    "STOP": "stop_limit",
    "TAKE_PROFIT": "take_profit",
    "TAKE_PROFIT_LIMIT": "take_profit",
    "TAKE_PROFIT_MARKET": "take_profit",
    "TRAILING_STOP_MARKET": "trailing_stop",
}
_TIMES: Final[dict[str, TimeInForce]] = {"IOC": "IOC", "FOK": "FOK", "GTD": "GTD"}


class Deal(msgspec.Struct, frozen=True):
    """One trade of an order. `id` None: the venue gave this execution none, and it must be asked for."""

    id: str | None
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str | None
    liquidity: Liquidity


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue says of an order, under the names that it has there.

    Attributes:
        client_id: the order's, not its cancellation's.
        venue_id: of an algo order the algo service's id, prefixed `algo-`: its numbers are their own.
        actual_id: the order that an algo order's trigger sent, once there is one.
        filled: all of it, this trade included; None where the message does not tell (algo service).
        is_forced: the venue closed a position by it.
    """

    market: PrivateMarket
    symbol: str
    client_id: str
    venue_id: str
    what: What
    status: Status
    terms: Terms
    filled: Decimal | None
    average: Decimal | None
    ts: int
    deal: Deal | None = None
    actual_id: str | None = None
    is_triggered: bool = False
    is_forced: bool = False
    reason: str = ""


class Dealt(msgspec.Struct, frozen=True, kw_only=True):
    """A trade of ours from the venue's list: it names the order by venue id alone."""

    symbol: str
    venue_id: str
    side: Side
    number: int
    deal: Deal
    ts: int


class Mapper:
    """Maps the messages of one market's private side."""

    def __init__(self, venue_id: str, market: PrivateMarket) -> None:
        self.market = market
        self._venue_id = venue_id

    def instrument(self, native: str) -> str:
        """The internal id of the venue's `native` name."""
        return instrument_id(self._venue_id, native_symbol(self.market, native))

    def event(self, raw: bytes) -> Said | Notice | None:
        """What a message of the user stream says; None: nothing of ours.

        `funding` and `money`: balances changed by other means than a trade, and are to be asked for.
        `settings`: so did the leverage or the margin mode of a contract.
        `ended`: nothing further will come over this stream.

        Raises:
            MalformedMessage: it cannot be read.
        """
        try:
            envelope = wire.decode_envelope(raw)
            payload = raw if envelope.e else envelope.event or envelope.data
            if not payload:
                return None  # an answer to a request
            event = wire.decode_event(payload)
        except msgspec.ValidationError as error:
            if str(error).startswith("Invalid value"):
                return None  # an event type that says nothing of orders or money: TRADE_LITE, MARGIN_CALL, …
            raise MalformedMessage("bad_user_event", _printable(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedMessage("bad_user_event", _printable(error)) from None
        match event:
            case wire.ExecutionReport():
                return self._from_report(event)
            case wire.OrderTradeUpdate():
                return self._from_futures(event.o)
            case wire.AlgoUpdate():
                return self._from_algo(event.o, event.T)
            case wire.AccountUpdate():
                return _reason_of(event.a.m)
            case wire.AccountConfigUpdate():
                return "settings"
            case wire.BalanceUpdate():
                return "money"
            case wire.ListenKeyExpired() | wire.EventStreamTerminated():
                return "ended"
        return None

    def order(self, row: wire.OrderRow) -> Said:
        """An order as a REST answer tells it."""
        filled, average = tidy(row.executed_qty), row.avg_price
        if not average and filled:
            average = row.cummulative_quote_qty / filled
        status = _status(row.status or "NEW")
        return Said(
            market=self.market,
            symbol=row.symbol,
            client_id=row.orig_client_order_id or row.client_order_id,
            venue_id=str(row.order_id),
            what=_what_of(status),
            status=status,
            terms=self._terms(
                row.symbol,
                row.side,
                row.orig_type or row.type,
                row.time_in_force,
                row.orig_qty,
                price=row.price,
                trigger=row.stop_price,
                bips=row.trailing_delta,
                reduce_only=row.reduce_only,
                good_till_ms=row.good_till_date,
            ),
            filled=filled,
            average=tidy(average) if filled else None,
            ts=(row.transact_time or row.update_time or row.time) * NS_PER_MS,
            is_forced=row.client_order_id.startswith(FORCED),
        )

    def algo(self, row: wire.AlgoRow) -> Said:
        """A conditional order as the algo service tells it."""
        what = _algo_what(row.algo_status)
        trailing = row.order_type == "TRAILING_STOP_MARKET"
        return Said(
            market=self.market,
            symbol=row.symbol,
            client_id=row.client_algo_id,
            venue_id=f"algo-{row.algo_id}",
            what=what,
            status=_algo_status(what),
            terms=self._terms(
                row.symbol,
                row.side,
                row.order_type,
                row.time_in_force,
                row.quantity,
                price=_number(row.price),
                trigger=_number(row.activate_price if trailing else row.trigger_price),
                percent=_number(row.callback_rate) if trailing else None,
                reduce_only=row.reduce_only,
                good_till_ms=row.good_till_date,
            ),
            filled=None,
            average=None,
            ts=(row.update_time or row.create_time) * NS_PER_MS,
            actual_id=_id(row.actual_order_id),
            is_triggered=what in ("triggered", "finished"),
        )

    def deal(self, row: wire.TradeRow) -> Dealt:
        """A trade from the venue's list."""
        buys = row.is_buyer if row.is_buyer is not None else row.buyer
        made = row.is_maker if row.is_maker is not None else row.maker
        if buys is None or made is None:
            raise MalformedMessage("missing_field", f"trade {row.id} of {row.symbol} does not tell its side")
        return Dealt(
            symbol=row.symbol,
            venue_id=str(row.order_id),
            side="buy" if buys else "sell",
            number=row.id,
            deal=Deal(
                str(row.id),
                tidy(row.price),
                tidy(row.qty),
                tidy(row.commission),
                row.commission_asset,
                "maker" if made else "taker",
            ),
            ts=row.time * NS_PER_MS,
        )

    def _from_report(self, m: wire.ExecutionReport) -> Said:
        what = _what(m.x, m.X)
        # a triggered stop is told as NEW once more, then in the book; a stop is never there before that
        triggered = _TYPES.get(m.o, "market") not in ("market", "limit") and m.w
        filled = tidy(m.z)
        return Said(
            market=self.market,
            symbol=m.s,
            client_id=m.C if what in ("cancelled", "amended") and m.C else m.c,
            venue_id=str(m.i),
            what=what,
            status=_status(m.X),
            terms=self._terms(m.s, m.S, m.o, m.f, m.q, price=m.p, trigger=m.P, bips=m.d),
            filled=filled,
            average=tidy(m.Z / filled) if filled else None,
            ts=m.T * NS_PER_MS,
            deal=_deal(m.t, m.L, m.l, m.n, m.N, is_maker=m.m) if what == "trade" else None,
            is_triggered=triggered,
            reason="" if m.r == "NONE" else m.r,
        )

    def _from_futures(self, m: wire.FuturesOrder) -> Said:
        what, filled = _what(m.x, m.X), tidy(m.z)
        kind = m.ot or m.o
        trailing = kind == "TRAILING_STOP_MARKET"
        return Said(
            market=self.market,
            symbol=m.s,
            client_id=m.c,
            venue_id=str(m.i),
            what=what,
            status=_status(m.X),
            terms=self._terms(
                m.s,
                m.S,
                kind,
                m.f,
                m.q,
                price=m.p,
                trigger=_number(m.AP) if trailing else m.sp,
                percent=_number(m.cr) if trailing else None,
                reduce_only=m.R,
                good_till_ms=m.gtd,
            ),
            filled=filled,
            average=tidy(m.ap) if filled and m.ap else None,
            ts=m.T * NS_PER_MS,
            deal=_deal(m.t, m.L, m.l, m.n, m.N, is_maker=m.m) if what == "trade" else None,
            is_forced=m.c.startswith(FORCED),
            reason="closed by the venue" if m.c.startswith(FORCED) else "",
        )

    def _from_algo(self, m: wire.AlgoOrder, at_ms: int) -> Said:
        what = _algo_what(m.X)
        trailing = m.o == "TRAILING_STOP_MARKET"
        return Said(
            market=self.market,
            symbol=m.s,
            client_id=m.caid,
            venue_id=f"algo-{m.aid}",
            what=what,
            status=_algo_status(what),
            terms=self._terms(
                m.s,
                m.S,
                m.o,
                m.f,
                m.q,
                price=_number(m.p),
                trigger=_number(m.AP if trailing else m.tp),
                percent=_number(m.cr) if trailing else None,
                reduce_only=m.R,
                good_till_ms=m.gtd,
            ),
            filled=None,
            average=None,
            ts=at_ms * NS_PER_MS,
            actual_id=_id(m.ai),
            is_triggered=what in ("triggered", "finished"),
            reason=m.rm if what in ("rejected", "expired") else "",
        )

    def _terms(
        self,
        native: str,
        side: str,
        kind: str,
        time_in_force: str,
        quantity: Decimal,
        *,
        price: Decimal | None,
        trigger: Decimal | None,
        bips: int | None = None,
        percent: Decimal | None = None,
        reduce_only: bool = False,
        good_till_ms: int = 0,
    ) -> Terms:
        """Terms in our words. Prices of 0 are the venue's way to say that there is none."""
        if bips:
            percent = Decimal(bips) / 100
        order_type = "trailing_stop" if percent else _TYPES.get(kind, "limit" if price else "market")
        return Terms(
            instrument=self.instrument(native),
            side="sell" if side == "SELL" else "buy",
            quantity=tidy(quantity),
            order_type=order_type,
            limit_price=tidy(price) if price and order_type not in ("market", "stop") else None,
            stop_price=tidy(trigger) if trigger and order_type not in ("market", "limit") else None,
            trail_percent=tidy(percent) if percent else None,
            time_in_force=_TIMES.get(time_in_force, "GTC"),
            good_till=good_till_ms * NS_PER_MS if good_till_ms and time_in_force == "GTD" else None,
            post_only=kind == "LIMIT_MAKER" or time_in_force == "GTX",
            reduce_only=reduce_only,
        )


def tidy(value: Decimal) -> Decimal:
    """The same number without zeros at its end.

    Raises:
        MalformedMessage: it is none that can be an amount.
    """
    if not value.is_finite():
        raise MalformedMessage("out_of_range", f"{value} is no amount")
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    return plain.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else plain


def _number(text: str | None) -> Decimal | None:
    if not text:
        return None
    try:
        return tidy(Decimal(text)) or None
    except InvalidOperation:
        raise MalformedMessage("wrong_type", f"{text[:20]!r} is no number") from None


def _id(text: str | None) -> str | None:
    return text if text and text != "0" else None


def _deal(
    number: int, price: Decimal, quantity: Decimal, fee: Decimal, currency: str | None, *, is_maker: bool
) -> Deal:
    known = str(number) if number > 0 else None
    liquidity: Liquidity = "maker" if is_maker else "taker"
    return Deal(known, tidy(price), tidy(quantity), tidy(fee), currency, liquidity)


def _reason_of(reason: str) -> Notice | None:
    if reason == "FUNDING_FEE":
        return "funding"
    if reason == "MARGIN_TYPE_CHANGE":
        return "settings"
    # what an order changed is told by its fills; margin that moves between positions is still the account's
    return None if reason in ("ORDER", "MARGIN_TRANSFER") else "money"


def _what(execution: str, status: str) -> What:
    # an execution type that is not known (self-trade prevention, or one to come) still tells the status
    return _WHAT.get(execution) or _what_of(_status(status))


def _algo_what(text: str) -> What:
    try:
        return _ALGO_WHAT[text]
    except KeyError:
        raise MalformedMessage("unknown_event", f"{text[:30]!r} is no algo status that is known") from None


def _status(text: str) -> Status:
    try:
        return _STATUS[text]
    except KeyError:
        raise MalformedMessage("unknown_event", f"{text[:30]!r} is no order status that is known") from None


_ENDED: Final[dict[What, Status]] = {
    "cancelled": "CANCELLED",
    "expired": "EXPIRED",
    "rejected": "REJECTED",
}
_BEGAN: Final[dict[Status, What]] = {
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
    "REJECTED": "rejected",
}


def _algo_status(what: What) -> Status:
    """An algo order that was triggered works on under another id, or has ended under it."""
    return _ENDED.get(what, "OPEN")


def _what_of(status: Status) -> What:
    return _BEGAN.get(status, "new")


def _printable(error: Exception) -> str:
    return "".join(c if c.isprintable() else "?" for c in str(error)[:200])

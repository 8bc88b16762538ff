"""What we ask of the venue → the request that asks it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from candlewick.core.instrument import Instrument
from candlewick.core.order import Order, Terms
from candlewick.venues.binance.orders.endpoints import PrivateMarket
from candlewick.venues.binance.orders.terms import Said, Unsupported, is_algo, market_of, parameters, plain

Method = Literal["GET", "POST", "PUT", "DELETE"]

TRADES_A_PAGE: Final = 1000
INCOME_A_PAGE: Final = 1000
# how long a window of trades may be: 24 hours on spot, 7 days on futures
TRADES_WINDOW_MS: Final[dict[PrivateMarket, int]] = {"spot": 86_400_000, "usdm": 7 * 86_400_000}


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        signed: with the key's signature; else with the key alone, or (`public`) with neither.
        waits: until the minute's weight allows for it. An order does not: it would be another one by then.
    """

    method: Method
    path: str
    parameters: Said = field(default_factory=dict)
    weight: int = 1
    signed: bool = True
    public: bool = False
    waits: bool = True


def place(instrument: Instrument, order: Order, now_ns: int) -> Request:
    """Send an order.

    Raises:
        Unsupported: the market has no such order.
    """
    said, market = parameters(instrument, order, now_ns), market_of(instrument)
    if market == "spot":
        return Request("POST", "/api/v3/order", said, waits=False)
    path = "/fapi/v1/algoOrder" if is_algo(market, order.terms) else "/fapi/v1/order"
    return Request("POST", path, said, weight=0, waits=False)


def cancel(instrument: Instrument, names: Said, *, algo: bool) -> Request:
    """Ask for an order's end; `names` as `by_id` or `by_client_id` give them."""
    if algo:
        return Request("DELETE", "/fapi/v1/algoOrder", names)
    path = "/api/v3/order" if market_of(instrument) == "spot" else "/fapi/v1/order"
    return Request("DELETE", path, {"symbol": instrument.native, **names})


def query(instrument: Instrument, names: Said, *, algo: bool) -> Request:
    """Ask what an order is; `names` as `by_id` or `by_client_id` give them."""
    if algo:
        return Request("GET", "/fapi/v1/algoOrder", names)
    if market_of(instrument) == "spot":
        return Request("GET", "/api/v3/order", {"symbol": instrument.native, **names}, weight=4)
    return Request("GET", "/fapi/v1/order", {"symbol": instrument.native, **names})


def by_id(venue_id: str) -> Said:
    """The venue's own id of an order."""
    prefix, _, number = venue_id.rpartition("-")
    return {"algoId" if prefix else "orderId": number}


def by_client_id(client_id: str, *, algo: bool) -> Said:
    """The id that we gave it."""
    return {"clientAlgoId" if algo else "origClientOrderId": client_id}


def amend(instrument: Instrument, order: Order, terms: Terms, names: Said, *, waits: bool) -> Request:
    """Ask for new terms of an order; `waits`: it stands in the algo service, untriggered.

    Raises:
        Unsupported: the market cannot change that.
    """
    market, old = market_of(instrument), order.terms
    if waits:
        raise Unsupported(
            "conditional",
            "Binance cannot change a futures order that waits for its trigger. Cancel it and send another.",
        )
    changed = {
        name
        for name in ("limit_price", "stop_price", "trail", "trail_percent")
        if getattr(terms, name) != getattr(old, name)
    }
    if market == "spot":
        if changed or terms.quantity >= old.quantity:
            raise Unsupported(
                "amend", "Binance spot can only make an order smaller. Cancel it and send another instead."
            )
        said = {"newQty": plain(terms.quantity), "newClientOrderId": order.id}
        path = "/api/v3/order/amend/keepPriority"
        return Request("PUT", path, {"symbol": instrument.native, **names, **said}, weight=4)
    if changed - {"limit_price"} or terms.limit_price is None:
        raise Unsupported("amend", "Binance futures can change a limit order's price and quantity alone.")
    said = {
        "side": terms.side.upper(),
        "quantity": plain(terms.quantity),
        "price": plain(terms.limit_price),
    }
    return Request("PUT", "/fapi/v1/order", {"symbol": instrument.native, **names, **said})


def open_orders(market: PrivateMarket, native: str | None = None) -> tuple[Request, ...]:
    """Everything open, or that of one symbol: ordinary orders first, then those in the algo service."""
    named: Said = {} if native is None else {"symbol": native}
    if market == "spot":
        return (Request("GET", "/api/v3/openOrders", named, weight=80 if native is None else 6),)
    weight = 40 if native is None else 1
    return (
        Request("GET", "/fapi/v1/openOrders", named, weight),
        Request("GET", "/fapi/v1/openAlgoOrders", named, weight),
    )


# of so many symbols it costs less to ask for all
MANY_SYMBOLS: Final[dict[PrivateMarket, int]] = {"spot": 13, "usdm": 40}


def account(market: PrivateMarket) -> Request:
    """Balances."""
    if market == "spot":
        return Request("GET", "/api/v3/account", {"omitZeroBalances": "true"}, weight=20)
    return Request("GET", "/fapi/v3/account", weight=5)


def positions() -> Request:
    """Positions of USDⓈ-M."""
    return Request("GET", "/fapi/v3/positionRisk", weight=5)


def symbol_config(native: str | None = None) -> Request:
    """Leverage and margin mode of every USDⓈ-M contract, or of one."""
    return Request("GET", "/fapi/v1/symbolConfig", {} if native is None else {"symbol": native}, weight=5)


def trades(market: PrivateMarket, native: str, window: Said) -> Request:
    """Trades of ours in one symbol, from an id on or in a time window."""
    parameters = {"symbol": native, "limit": TRADES_A_PAGE, **window}
    if market == "spot":
        return Request("GET", "/api/v3/myTrades", parameters, weight=20)
    return Request("GET", "/fapi/v1/userTrades", parameters, weight=5)


def income(start_ms: int, end_ms: int) -> Request:
    """What came to and left the futures wallet, of all symbols: funding, and which symbols were traded."""
    window: Said = {"startTime": start_ms, "endTime": end_ms, "limit": INCOME_A_PAGE}
    return Request("GET", "/fapi/v1/income", window, weight=30)


def funding_rates(native: str, start_ms: int, end_ms: int) -> Request:
    """Settled rates of one symbol, with the marks at which they were settled."""
    window: Said = {"symbol": native, "startTime": start_ms, "endTime": end_ms, "limit": 100}
    return Request("GET", "/fapi/v1/fundingRate", window, signed=False, public=True)


def time(market: PrivateMarket) -> Request:
    """The venue's clock."""
    path = "/api/v3/time" if market == "spot" else "/fapi/v1/time"
    return Request("GET", path, signed=False, public=True)


def listen_key(method: Method) -> Request:
    """Begin (POST), keep (PUT) or end (DELETE) a futures user stream."""
    return Request(method, "/fapi/v1/listenKey", signed=False)


def leverage(native: str, times: int) -> Request:
    """Leverage of one contract."""
    return Request("POST", "/fapi/v1/leverage", {"symbol": native, "leverage": times})


def margin_type(native: str, *, isolated: bool) -> Request:
    """Margin mode of one contract; the venue changes it only while there is neither position nor order."""
    kind = "ISOLATED" if isolated else "CROSSED"
    return Request("POST", "/fapi/v1/marginType", {"symbol": native, "marginType": kind})

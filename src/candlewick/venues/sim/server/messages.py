"""The venue's stream messages as bytes, one function a message, fields in the venue's own order.

Written out by hand because every value is an integer, a decimal string or a listed symbol: nothing
needs escaping, and formatting costs a quarter of building a dict and serialising it.
`E` is when the message leaves, `T` when the thing happened.
"""

from __future__ import annotations

from collections.abc import Iterable

from candlewick.venues.sim.live import Best
from candlewick.venues.sim.model import DepthDiff, ForcedOrder, Kline, Premium, Print
from candlewick.venues.sim.server.figures import Figures, percent
from candlewick.venues.sim.world import Day

Levels = Iterable[tuple[int, int]]


def levels(figures: Figures, pairs: Levels) -> str:
    """A side of a book: `[["price","quantity"],…]`."""
    price, quantity = figures.price, figures.quantity
    return "[" + ",".join([f'["{price(ticks)}","{quantity(lots)}"]' for ticks, lots in pairs]) + "]"


def aggregate_trade(
    figures: Figures, symbol: str, spot: bool, trade: Print, event_ms: int, ts_ms: int
) -> bytes:
    """`<symbol>@aggTrade`. Every print is an aggregate of one."""
    maker = "true" if trade.seller_is_taker else "false"
    id = trade.id
    names = f'"s":"{symbol}","a":{id}' if spot else f'"a":{id},"s":"{symbol}"'
    ignore = ',"M":true' if spot else ""
    return (
        f'{{"e":"aggTrade","E":{event_ms},{names},"p":"{figures.price(trade.ticks)}",'
        f'"q":"{figures.quantity(trade.lots)}","f":{id},"l":{id},"T":{ts_ms},"m":{maker}{ignore}}}'
    ).encode()


def trade(figures: Figures, symbol: str, spot: bool, trade: Print, event_ms: int, ts_ms: int) -> bytes:
    """`<symbol>@trade`."""
    maker = "true" if trade.seller_is_taker else "false"
    price, quantity = figures.price(trade.ticks), figures.quantity(trade.lots)
    if spot:
        text = (
            f'{{"e":"trade","E":{event_ms},"s":"{symbol}","t":{trade.id},"p":"{price}","q":"{quantity}",'
            f'"T":{ts_ms},"m":{maker},"M":true}}'
        )
    else:
        text = (
            f'{{"e":"trade","E":{event_ms},"T":{ts_ms},"s":"{symbol}","t":{trade.id},"p":"{price}",'
            f'"q":"{quantity}","X":"MARKET","m":{maker}}}'
        )
    return text.encode()


def book_ticker(figures: Figures, symbol: str, spot: bool, best: Best, event_ms: int, ts_ms: int) -> bytes:
    """`<symbol>@bookTicker`."""
    price, quantity = figures.price, figures.quantity
    head = f'{{"u":{best.update_id}' if spot else f'{{"e":"bookTicker","u":{best.update_id}'
    tail = "}" if spot else f',"T":{ts_ms},"E":{event_ms}}}'
    return (
        f'{head},"s":"{symbol}","b":"{price(best.bid)}","B":"{quantity(best.bid_lots)}",'
        f'"a":"{price(best.ask)}","A":"{quantity(best.ask_lots)}"{tail}'
    ).encode()


def depth_update(
    figures: Figures, symbol: str, spot: bool, diff: DepthDiff, event_ms: int, ts_ms: int
) -> bytes:
    """`<symbol>@depth`: levels that changed in updates `U`..`u`; on futures `pu` names the `u` before."""
    bids, asks = levels(figures, diff.bids), levels(figures, diff.asks)
    times = f'"E":{event_ms}' if spot else f'"E":{event_ms},"T":{ts_ms}'
    previous = "" if spot else f',"pu":{diff.prev_id}'
    return (
        f'{{"e":"depthUpdate",{times},"s":"{symbol}","U":{diff.first_id},"u":{diff.last_id}{previous},'
        f'"b":{bids},"a":{asks}}}'
    ).encode()


def partial_depth(
    figures: Figures,
    symbol: str,
    spot: bool,
    ids: tuple[int, int, int],
    sides: tuple[Levels, Levels],
    event_ms: int,
    ts_ms: int,
) -> bytes:
    """`<symbol>@depth<5|10|20>`. `ids` are first, last and previous; spot states the last alone."""
    bids, asks = levels(figures, sides[0]), levels(figures, sides[1])
    if spot:
        return f'{{"lastUpdateId":{ids[1]},"bids":{bids},"asks":{asks}}}'.encode()
    return (
        f'{{"e":"depthUpdate","E":{event_ms},"T":{ts_ms},"s":"{symbol}","U":{ids[0]},"u":{ids[1]},'
        f'"pu":{ids[2]},"b":{bids},"a":{asks}}}'
    ).encode()


def kline(
    figures: Figures,
    symbol: str,
    interval: str,
    candle: Kline,
    close_ms: int,
    ids: tuple[int, int],
    closed: bool,
    event_ms: int,
) -> bytes:
    """`<symbol>@kline_<interval>`. `ids` are its first and last trade, -1 where nothing traded."""
    return (
        f'{{"e":"kline","E":{event_ms},"s":"{symbol}","k":'
        f"{_kline_body(figures, symbol, interval, candle, close_ms, ids, closed)}}}"
    ).encode()


def continuous_kline(
    figures: Figures,
    pair: str,
    interval: str,
    candle: Kline,
    close_ms: int,
    ids: tuple[int, int],
    closed: bool,
    event_ms: int,
) -> bytes:
    """`<pair>_perpetual@continuousKline_<interval>`."""
    body = _kline_body(figures, None, interval, candle, close_ms, ids, closed)
    return (f'{{"e":"continuous_kline","E":{event_ms},"ps":"{pair}","ct":"PERPETUAL","k":{body}}}').encode()


def _kline_body(
    figures: Figures,
    symbol: str | None,
    interval: str,
    candle: Kline,
    close_ms: int,
    ids: tuple[int, int],
    closed: bool,
) -> str:
    price, quantity, quote = figures.price, figures.quantity, figures.quote
    name = "" if symbol is None else f'"s":"{symbol}",'
    return (
        f'{{"t":{candle.open_ms},"T":{close_ms},{name}"i":"{interval}","f":{ids[0]},"L":{ids[1]},'
        f'"o":"{price(candle.open)}","c":"{price(candle.close)}","h":"{price(candle.high)}",'
        f'"l":"{price(candle.low)}","v":"{quantity(candle.volume)}","n":{candle.count},'
        f'"x":{"true" if closed else "false"},"q":"{quote(candle.quote)}",'
        f'"V":"{quantity(candle.taker_volume)}","Q":"{quote(candle.taker_quote)}","B":"0"}}'
    )


def mini_ticker(figures: Figures, symbol: str, day: Day, event_ms: int) -> bytes:
    """`<symbol>@miniTicker`: the rolling 24 hours in short."""
    price = figures.price
    return (
        f'{{"e":"24hrMiniTicker","E":{event_ms},"s":"{symbol}","c":"{price(day.last)}",'
        f'"o":"{price(day.open)}","h":"{price(day.high)}","l":"{price(day.low)}",'
        f'"v":"{figures.quantity(day.volume)}","q":"{figures.quote(day.quote)}"}}'
    ).encode()


def ticker(
    figures: Figures,
    symbol: str,
    day: Day,
    event_ms: int,
    times: tuple[int, int],
    best: Best | None,
) -> bytes:
    """`<symbol>@ticker`: the rolling 24 hours in full, between `times`.

    Spot adds the price before them and the best prices now; futures give no `best`.
    """
    price, quantity = figures.price, figures.quantity
    change = day.last - day.open
    before = quotes = ""
    if best is not None:
        before = f'"x":"{price(day.previous)}",'
        quotes = (
            f'"b":"{price(best.bid)}","B":"{quantity(best.bid_lots)}",'
            f'"a":"{price(best.ask)}","A":"{quantity(best.ask_lots)}",'
        )
    return (
        f'{{"e":"24hrTicker","E":{event_ms},"s":"{symbol}","p":"{price(change)}",'
        f'"P":"{percent(change, day.open)}","w":"{figures.mean_price(day.quote, day.volume)}",{before}'
        f'"c":"{price(day.last)}","Q":"{quantity(day.last_lots)}",{quotes}"o":"{price(day.open)}",'
        f'"h":"{price(day.high)}","l":"{price(day.low)}","v":"{quantity(day.volume)}",'
        f'"q":"{figures.quote(day.quote)}","O":{times[0]},"C":{times[1]},"F":{day.first_id},'
        f'"L":{day.last_id},"n":{day.count}}}'
    ).encode()


def average_price(
    figures: Figures, symbol: str, minutes: int, quote: int, volume: int, event_ms: int, last_ms: int
) -> bytes:
    """`<symbol>@avgPrice`: volume-weighted over the last minutes."""
    return (
        f'{{"e":"avgPrice","E":{event_ms},"s":"{symbol}","i":"{minutes}m",'
        f'"w":"{figures.mean_price(quote, volume)}","T":{last_ms}}}'
    ).encode()


def mark_price(figures: Figures, symbol: str, premium: Premium, event_ms: int) -> bytes:
    """`<symbol>@markPrice`."""
    fine = figures.fine_price
    # the settle estimate equals the index until the last hour before a delivery, which a perpetual never has
    return (
        f'{{"e":"markPriceUpdate","E":{event_ms},"s":"{symbol}","p":"{fine(premium.mark)}",'
        f'"P":"{fine(premium.index)}","i":"{fine(premium.index)}","r":"{premium.funding_rate:.8f}",'
        f'"T":{premium.next_funding_ms}}}'
    ).encode()


def forced_order(figures: Figures, symbol: str, order: ForcedOrder, event_ms: int, ts_ms: int) -> bytes:
    """`<symbol>@forceOrder`: a liquidation that was filled."""
    quantity = figures.quantity(order.lots)
    return (
        f'{{"e":"forceOrder","E":{event_ms},"o":{{"s":"{symbol}","S":"{"SELL" if order.sells else "BUY"}",'
        f'"o":"LIMIT","f":"IOC","q":"{quantity}","p":"{figures.price(order.ticks)}",'
        f'"ap":"{figures.fine_price(order.average, figures.price_decimals)}","X":"FILLED","l":"{quantity}",'
        f'"z":"{quantity}","T":{ts_ms}}}}}'
    ).encode()


def array(items: Iterable[bytes]) -> bytes:
    """The `@arr` form: many payloads in one message."""
    return b"[" + b",".join(items) + b"]"


def wrapped(stream: str, payload: bytes) -> bytes:
    """The combined form."""
    return b'{"stream":"%b","data":%b}' % (stream.encode(), payload)

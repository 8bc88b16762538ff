"""Binance's REST market data of one market, page by page, as our events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from candlewick.core.clock import NS_PER_MS, Clock
from candlewick.core.errors import MalformedMessage
from candlewick.core.events import BookChange, Candle, Funding, OpenInterest, Trade
from candlewick.core.interval import seconds
from candlewick.venues.binance.endpoints import MarketEndpoints
from candlewick.venues.binance.mapper import Mapper, contract_usd
from candlewick.venues.binance.wire import Absent, Id, Levels, Millis, Positive, Price, Quantity, Rate
from candlewick.venues.http import Parameters, Rest, WeightBudget

TRADES_A_PAGE: Final = 1000
FUNDINGS_A_PAGE: Final = 1000
TRADES_WINDOW_MS: Final = 3_600_000  # futures answer for at most an hour
KLINES_WINDOW_S: Final = 200 * 86_400  # COIN-M answers for at most 200 days
_KLINES_A_PAGE: Final = {"spot": (1000, 2), "usdm": (1500, 10), "coinm": (1500, 10)}  # (bars, weight)
_DEPTH: Final = {"spot": (1000, 50), "usdm": (1000, 20), "coinm": (1000, 20)}  # (levels, weight)
_TRADES_WEIGHT: Final = {"spot": 4, "usdm": 20, "coinm": 20}


class AggTradeRow(msgspec.Struct, gc=False):
    """A row of `GET aggTrades`."""

    a: Id
    p: Price
    q: Positive
    f: Id
    l: Id  # noqa: E741 (the venue's name)
    T: Millis
    m: bool


class FundingRow(msgspec.Struct, gc=False, rename="camel"):
    """A row of `GET fundingRate`; `mark_price` is empty for old ones."""

    funding_time: Millis
    funding_rate: Rate
    mark_price: Price | Absent = ""


class OpenInterestBody(msgspec.Struct, gc=False, rename="camel"):
    """The body of `GET openInterest`."""

    open_interest: Quantity
    time: Millis | None = None


class DepthBody(msgspec.Struct, rename="camel"):
    """The body of `GET depth`; spot states no time."""

    last_update_id: Id
    bids: Levels
    asks: Levels
    E: Millis | None = msgspec.field(default=None, name="E")


class ServerTime(msgspec.Struct, rename="camel"):
    """The body of `GET time`."""

    server_time: Millis


class ErrorBody(msgspec.Struct):
    """What the venue says when it refuses."""

    code: int
    msg: str


KlineRow = tuple[
    Millis, Price, Price, Price, Price, Quantity, Millis, Quantity, Id, Quantity, Quantity, msgspec.Raw
]
_KLINES: Final = msgspec.json.Decoder(list[KlineRow], strict=False)
_TRADES: Final = msgspec.json.Decoder(list[AggTradeRow], strict=False)
_FUNDINGS: Final = msgspec.json.Decoder(list[FundingRow], strict=False)
_OPEN_INTEREST: Final = msgspec.json.Decoder(OpenInterestBody, strict=False)
_DEPTH_BODY: Final = msgspec.json.Decoder(DepthBody, strict=False)
_TIME: Final = msgspec.json.Decoder(ServerTime)
_ERROR: Final = msgspec.json.Decoder(ErrorBody)


def explain(body: bytes) -> str:
    """The venue's error body as a sentence: `Invalid symbol. (code -1121)`."""
    try:
        error = _ERROR.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "no reason that can be read."
    return f"{error.msg} (code {error.code})"


class RestHistory:
    """One market's REST side. `instrument` is the internal id throughout, `native` the venue's name.

    Attributes:
        behind_ns: how far the venue's clock is behind ours, 0 if it is not; its candles end by its clock.
    """

    def __init__(self, endpoints: MarketEndpoints, mapper: Mapper, clock: Clock) -> None:
        self.rest = Rest(
            endpoints.rest,
            WeightBudget(endpoints.weight_per_minute, clock),
            weight_header="X-MBX-USED-WEIGHT-1M",
            explain=explain,
        )
        self.behind_ns = 0
        self._market = endpoints.market
        self._mapper = mapper
        self._clock = clock

    async def listing(self) -> bytes:
        """The body of `exchangeInfo`."""
        return await self.rest.get("/exchangeInfo", weight=20 if self._market == "spot" else 1)

    async def time_ms(self) -> int:
        """The venue's clock."""
        body: ServerTime = await self._get(_TIME, "/time", {}, 1)
        return body.server_time

    async def book(self, native: str) -> BookChange:
        limit, weight = _DEPTH[self._market]
        body = await self._get(_DEPTH_BODY, "/depth", {"symbol": native, "limit": limit}, weight)
        now_ns = self._clock.now_ns()
        ts = now_ns if body.E is None else body.E * NS_PER_MS
        return BookChange(
            self._mapper.instrument(native),
            True,
            body.bids,
            body.asks,
            None,
            body.last_update_id,
            None,
            ts,
            now_ns,
        )

    async def candles(self, native: str, interval: str, start_s: int, end_s: int) -> list[Candle]:
        """Candles opening in [start_s, end_s). One that still forms is there too, not closed."""
        limit, weight = _KLINES_A_PAGE[self._market]
        length = seconds(interval)
        found: list[Candle] = []
        while start_s < end_s:
            page_end_s = min(end_s, start_s + min(limit * length, KLINES_WINDOW_S))
            parameters: Parameters = {
                "symbol": native,
                "interval": interval,
                "startTime": start_s * 1000,
                "endTime": page_end_s * 1000 - 1,
                "limit": limit,
            }
            rows: list[KlineRow] = await self._get(_KLINES, "/klines", parameters, weight)
            now_ns = self._clock.now_ns()
            found += [self._candle(native, interval, length, row, now_ns) for row in rows]
            start_s = page_end_s
        return found

    def _candle(self, native: str, interval: str, length: int, row: KlineRow, now_ns: int) -> Candle:
        opens_ms, o, h, l, c, v, closes_ms, q, count, *_ = row  # noqa: E741
        if not (l <= o <= h and l <= c <= h):
            raise MalformedMessage("impossible_candle", f"{native} {interval} at {opens_ms}")
        volume, quote_volume = (q, v * contract_usd(native)) if self._market == "coinm" else (v, q)
        ends_ns = (opens_ms + length * 1000) * NS_PER_MS
        closed = ends_ns <= now_ns - self.behind_ns
        ts = min(closes_ms * NS_PER_MS, now_ns)
        id = self._mapper.instrument(native)
        return Candle(
            id, interval, opens_ms // 1000, o, h, l, c, volume, closed, ts, now_ns, quote_volume, count
        )

    async def trades(self, native: str, from_id: int, to_id: int) -> list[Trade]:
        """Aggregate trades with from_id <= id <= to_id."""
        found: list[Trade] = []
        while from_id <= to_id:
            page = await self._trades(native, {"fromId": from_id})
            found += [trade for trade in page if int(trade.id) <= to_id]
            if len(page) < TRADES_A_PAGE:
                break
            from_id = int(page[-1].id) + 1
        return found

    async def trades_between(self, native: str, start_ns: int, end_ns: int) -> list[Trade]:
        """Aggregate trades in [start_ns, end_ns)."""
        found: list[Trade] = []
        start_ms, end_ms = -(-start_ns // NS_PER_MS), -(-end_ns // NS_PER_MS)
        while start_ms < end_ms:
            window_end_ms = min(end_ms, start_ms + TRADES_WINDOW_MS)
            page = await self._trades(native, {"startTime": start_ms, "endTime": window_end_ms - 1})
            # a full page is followed by number: two trades of one millisecond may stand on two pages
            while page:
                inside = [trade for trade in page if trade.ts_exchange < window_end_ms * NS_PER_MS]
                found += inside
                if len(inside) < TRADES_A_PAGE:
                    break
                page = await self._trades(native, {"fromId": int(page[-1].id) + 1})
            start_ms = window_end_ms
        return found

    async def _trades(self, native: str, window: Parameters) -> list[Trade]:
        parameters: Parameters = {"symbol": native, "limit": TRADES_A_PAGE, **window}
        rows: list[AggTradeRow] = await self._get(
            _TRADES, "/aggTrades", parameters, _TRADES_WEIGHT[self._market]
        )
        id, now_ns = self._mapper.instrument(native), self._clock.now_ns()
        return [
            Trade(id, r.a, r.p, r.q, "sell" if r.m else "buy", r.T * NS_PER_MS, now_ns, r.f, r.l)
            for r in rows
        ]

    async def funding(self, native: str, start_s: int, end_s: int) -> list[Funding]:
        """Settled rates in [start_s, end_s)."""
        return [funding async for funding in self._fundings(native, start_s * 1000, end_s * 1000)]

    async def _fundings(self, native: str, start_ms: int, end_ms: int) -> AsyncIterator[Funding]:
        id = self._mapper.instrument(native)
        while start_ms < end_ms:
            parameters: Parameters = {
                "symbol": native,
                "startTime": start_ms,
                "endTime": end_ms - 1,
                "limit": FUNDINGS_A_PAGE,
            }
            rows: list[FundingRow] = await self._get(_FUNDINGS, "/fundingRate", parameters, 1)
            now_ns = self._clock.now_ns()
            for row in rows:
                ts = row.funding_time * NS_PER_MS
                yield Funding(id, row.funding_rate, row.mark_price or None, ts, now_ns)
            if len(rows) < FUNDINGS_A_PAGE:
                return
            start_ms = rows[-1].funding_time + 1

    async def open_interest(self, native: str) -> OpenInterest:
        body = await self._get(_OPEN_INTEREST, "/openInterest", {"symbol": native}, 1)
        now_ns = self._clock.now_ns()
        ts = now_ns if body.time is None else body.time * NS_PER_MS
        return OpenInterest(self._mapper.instrument(native), body.open_interest, None, ts, now_ns)

    async def _get(self, decoder: Any, path: str, parameters: Parameters, weight: int) -> Any:
        body = await self.rest.get(path, parameters, weight=weight)
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedMessage("bad_answer", f"the body of {path} cannot be read: {error}") from None

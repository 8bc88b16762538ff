"""Fills from CSV: `time,symbol,side,quantity,price,fee,fee_currency,order_id`.

The first five columns are needed, in any order and case; others are ignored. docs/accounting.md states what
is understood, and what is assumed of an instrument that nobody told of.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from io import StringIO

import msgspec

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import Side
from candlewick.core.instrument import Instrument, parse_symbol
from candlewick.core.reports import Fill
from candlewick.ledger.contract import settles_in
from candlewick.ledger.exact import BOOKABLE, is_bookable

NEEDED = ("time", "symbol", "side", "quantity", "price")
OPTIONAL = ("fee", "fee_currency", "order_id")
# what a symbol without a separator may end in, longest first
QUOTES = (
    "FDUSD",
    "USDT",
    "USDC",
    "TUSD",
    "BUSD",
    "USD",
    "EUR",
    "GBP",
    "TRY",
    "BRL",
    "DAI",
    "BTC",
    "ETH",
    "BNB",
)
# whose last letter would make another quote of USD: BNBUSD is not BN in BUSD
BEFORE_USD = ("APT", "BAT", "BNB", "DOT", "FET", "GMT", "GRT", "MNT", "QNT", "SHIB", "USDT")
SIDES: dict[str, Side] = {"buy": "buy", "sell": "sell", "b": "buy", "s": "sell"}

CLOCKS_APART_NS = 60 * NS_PER_S
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LineFault(msgspec.Struct, frozen=True):
    """A line that cannot be read, and why; the header is line 1."""

    line: int
    text: str


class FillsRead(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds.

    Attributes:
        fills: oldest first. Their ids are made of their content, so that the same file read again gives the
            same ids; lines that are alike in everything are counted.
        instruments: every instrument they name, known or inferred; `inferred` the ids of the latter.
        faults: empty, or nothing of the file should be booked.
    """

    fills: tuple[Fill, ...]
    instruments: tuple[Instrument, ...]
    inferred: tuple[str, ...]
    faults: tuple[LineFault, ...]


def read_fills(
    text: str,
    *,
    account: int,
    primary: str,
    now: int,
    known: Callable[[str], Instrument | None] = lambda id: None,
) -> FillsRead:
    """The fills in `text`, none of which can be of a time after `now` (UTC ns).

    `known` finds an instrument by id; `primary` is the venue of bare symbols.
    """
    return _Reader(account, primary, now, known).read(text)


def infer_instrument(symbol: str, *, primary: str) -> Instrument | None:
    """What `symbol` most likely is; None where base and quote cannot be told apart.

    `BTC/USDT` and `BTC-USDT` say it, `BTCUSDT` is divided at a well-known quote. `-PERP` and `:USDT` make a
    perpetual that settles in its quote, or, quoted in USD itself, an inverse one of 100 USD (BTC) or 10 USD
    a contract, as on Binance.
    """
    id = parse_symbol(symbol, primary=primary)
    venue, _, ours = id.partition(":")
    pair = ours.removesuffix("-PERP")
    if not pair.isalnum():
        return None
    quotes = ("USD", *QUOTES) if pair in {f"{base}USD" for base in BEFORE_USD} else QUOTES
    for quote in (_stated_quote(symbol), *quotes):
        if quote and pair.endswith(quote) and pair != quote:
            break
    else:
        return None
    base, is_perp = pair.removesuffix(quote), pair != ours
    inverse = is_perp and quote == "USD"
    return Instrument(
        id=id,
        venue=venue,
        symbol=ours,
        native=f"{pair}_PERP" if inverse else pair,
        kind="perp" if is_perp else "spot",
        base=base,
        quote=quote,
        settle=base if inverse else quote,
        contract_size=Decimal(100 if base == "BTC" else 10) if inverse else Decimal(1),
        inverse=inverse,
    )


def _stated_quote(symbol: str) -> str:
    pair = symbol.strip().upper().removesuffix("-PERP")
    head, colon, tail = pair.partition(":")
    if colon and "/" not in head:
        pair = tail
    for mark in "/-":
        if mark in pair:
            return pair.split(mark)[1].partition(":")[0]
    return ""


class _Reader:
    def __init__(
        self, account: int, primary: str, now: int, known: Callable[[str], Instrument | None]
    ) -> None:
        self.account, self.primary, self.now, self.known = account, primary, now, known
        self.instruments: dict[str, Instrument] = {}  # by the text of the symbol
        self.inferred: dict[str, None] = {}
        self.alike: dict[str, int] = {}
        self.faults: list[LineFault] = []

    def read(self, text: str) -> FillsRead:
        rows = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""))
        fills: list[Fill] = []
        columns = self._columns(next(rows, []))
        if columns is not None:
            fills = list(self._rows(rows, columns))
        if len(fills) > 1 and fills[0].ts > fills[-1].ts:
            fills.reverse()  # newest first, as exports often are: what is of one time is turned round too
        fills.sort(key=lambda fill: fill.ts)
        return FillsRead(
            fills=tuple(fills),
            instruments=tuple({it.id: it for it in self.instruments.values()}.values()),
            inferred=tuple(self.inferred),
            faults=tuple(self.faults),
        )

    def _columns(self, header: list[str]) -> dict[str, int] | None:
        names = [name.strip().lower().replace(" ", "_") for name in header]
        missing = [name for name in NEEDED if name not in names]
        if missing:
            text = f"The first line must name the columns {','.join(NEEDED + OPTIONAL)}; "
            self.faults.append(LineFault(1, text + f"{', '.join(missing)} is not there."))
            return None
        return {name: names.index(name) for name in NEEDED + OPTIONAL if name in names}

    def _rows(self, rows: Iterator[list[str]], columns: dict[str, int]) -> Iterator[Fill]:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            number = rows.line_num  # type: ignore[attr-defined]
            try:
                cells = {name: row[at].strip() for name, at in columns.items()}
            except IndexError:
                text = f"has {len(row)} columns, but the first line names {max(columns.values()) + 1}."
                self.faults.append(LineFault(number, f"The line {text}"))
                continue
            try:
                yield self._named(self._fill(cells))
            except ValueError as fault:
                self.faults.append(LineFault(number, str(fault)))

    def _fill(self, cells: dict[str, str]) -> Fill:
        instrument = self._instrument(cells["symbol"])
        side = SIDES.get(cells["side"].lower())
        if side is None:
            raise ValueError(f"side {cells['side']!r} is neither buy nor sell.")
        quantity, price = _number("quantity", cells["quantity"]), _number("price", cells["price"])
        fee = _number("fee", cells.get("fee") or "0")
        if quantity <= 0:
            raise ValueError(f"quantity {cells['quantity']!r} must be above zero; side tells the direction.")
        if price <= 0:
            raise ValueError(f"price {cells['price']!r} must be above zero.")
        moment = _time(cells["time"])
        if moment > self.now + CLOCKS_APART_NS:
            raise ValueError(f"time {cells['time']!r} is still to come; name its zone if it is not UTC.")
        if not (order_id := cells.get("order_id", "")).isprintable():
            raise ValueError(f"order_id {order_id!r} has characters that cannot be printed.")
        return Fill(
            account=self.account,
            id="",
            order_id=order_id,
            instrument=instrument.id,
            side=side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_currency=cells.get("fee_currency", "").upper() or settles_in(instrument),
            liquidity="taker",
            ts=moment,
        )

    def _instrument(self, symbol: str) -> Instrument:
        if found := self.instruments.get(symbol):
            return found
        ours = symbol.upper().replace("_PERP", "-PERP")  # as COIN-M writes it
        found = self.known(parse_symbol(ours, primary=self.primary)) if symbol else None
        if found is None:
            found = infer_instrument(ours, primary=self.primary)
            if found is None:
                raise ValueError(
                    f"symbol {symbol!r} is not known, and its base and quote cannot be told apart: "
                    "write it as BASE/QUOTE."
                )
            self.inferred[found.id] = None
        self.instruments[symbol] = found
        return found

    def _named(self, fill: Fill) -> Fill:
        """`fill` with an id made of its content and of how many like it came before."""
        numbers = "|".join(str(number.normalize()) for number in (fill.quantity, fill.price, fill.fee))
        content = f"{fill.ts}|{fill.instrument}|{fill.side}|{numbers}|{fill.fee_currency}|{fill.order_id}"
        digest = sha256(content.encode()).hexdigest()[:24]
        self.alike[digest] = alike = self.alike.get(digest, 0) + 1
        return msgspec.structs.replace(fill, id=f"csv-{digest}-{alike}")


def _number(name: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{name} {text!r} is not a number; write it as 1234.5.") from None
    if not is_bookable(number):
        raise ValueError(f"{name} {text!r} is out of range: {BOOKABLE}.")
    return number


def _time(text: str) -> int:
    """Nanoseconds UTC from ISO 8601 (UTC where it names no zone) or from an epoch in s, ms, µs or ns."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = None
    if number is not None and number.is_finite() and number > 0:
        # until the year 5138 seconds have at most 11 digits, and so on by thousands
        scale = next((9 - 3 * step for step in range(4) if number < 10 ** (11 + 3 * step)), None)
        if scale is not None:
            return int(number.scaleb(scale))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"time {text!r} is neither ISO 8601 (2026-01-26T12:00:00Z) nor an epoch in s, ms, µs or ns."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000

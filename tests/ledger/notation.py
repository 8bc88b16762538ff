"""A notation for histories, so that tests read like a ledger.

deposit  1000 USDT
withdraw 10 USDT
buy      2 BTCUSDT @ 100  fee 0.2 USDT
sell     1 BTCUSDT @ 120
liquidated sell 1 BTCUSDT-PERP @ 80
funding  -0.5 USDT on BTCUSDT-PERP
leverage 10 isolated on BTCUSDT-PERP
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from textwrap import dedent
from typing import cast

from candlewick.core.account import LotMethod, MarginMode
from candlewick.core.events import Side
from candlewick.core.instrument import Instrument
from candlewick.core.reports import Fill, FundingPaid
from candlewick.ledger.book import Book, Booked
from candlewick.ledger.posting import Posting, Transaction

D = Decimal
SECOND = 1_000_000_000


def spot(base: str, quote: str = "USDT", **more: object) -> Instrument:
    symbol = f"{base}{quote}"
    return Instrument(
        id=f"binance:{symbol}",
        venue="binance",
        symbol=symbol,
        native=symbol,
        kind="spot",
        base=base,
        quote=quote,
        settle=quote,
        **more,  # type: ignore[arg-type]
    )


def perp(base: str, quote: str = "USDT", *, inverse: int | None = None) -> Instrument:
    """A perpetual; `inverse`: of the COIN-M kind, with so many quote units a contract."""
    symbol = f"{base}{quote}-PERP"
    return Instrument(
        id=f"binance:{symbol}",
        venue="binance",
        symbol=symbol,
        native=f"{base}{quote}",
        kind="perp",
        base=base,
        quote=quote,
        settle=quote if inverse is None else base,
        contract_size=D(1 if inverse is None else inverse),
        inverse=inverse is not None,
    )


KNOWN = (
    spot("BTC"),
    spot("ETH"),
    spot("BNB"),
    spot("ETH", "BTC"),
    perp("BTC"),
    perp("ETH"),
    perp("BTC", "USD", inverse=100),
    perp("ETH", "USD", inverse=10),
)


class History:
    """A book and everything that was booked into it, in the order in which it was."""

    def __init__(self, method: LotMethod = "fifo", currency: str = "USDT", **more: object) -> None:
        self.book = Book(1, currency, method, **more)  # type: ignore[arg-type]
        for instrument in KNOWN:
            self.book.know(instrument)
        self.fills: list[Fill] = []
        self.booked: list[Booked] = []
        self.transactions: list[Transaction] = []

    @property
    def now(self) -> int:
        return (len(self.transactions) + 1) * SECOND

    def run(self, text: str) -> History:
        for line in text.strip().splitlines():
            words = line.split("#")[0].split()
            if words:
                self._do(words)
        return self

    def _do(self, words: list[str]) -> None:
        match words:
            case ["deposit", amount, currency]:
                self._keep(self.book.deposit(f"d{self.now}", currency, D(amount), self.now))
            case ["withdraw", amount, currency]:
                self._keep(self.book.transfer("withdrawal", f"w{self.now}", currency, -D(amount), self.now))
            case ["funding", amount, currency, "on", symbol]:
                self._keep(self._funding(D(amount), currency, symbol))
            case ["leverage", leverage, mode, "on", symbol]:
                moved = self.book.set_leverage(
                    f"binance:{symbol}", D(leverage), cast(MarginMode, mode), ts=self.now
                )
                if moved is not None:
                    self._keep(moved)
            case ["liquidated", *rest]:
                self._keep(self._fill(rest, liquidation=True))
            case [("buy" | "sell"), *_]:
                self._keep(self._fill(words))
            case _:
                raise ValueError(f"not in the notation: {' '.join(words)}")

    def _fill(self, words: list[str], *, liquidation: bool = False) -> Booked:
        side, quantity, symbol, _, price, *fee = words
        fill = Fill(
            account=1,
            id=f"f{len(self.fills) + 1}",
            order_id="",
            instrument=f"binance:{symbol}",
            side=cast(Side, side),
            price=D(price),
            quantity=D(quantity),
            fee=D(fee[1]) if fee else D(0),
            fee_currency=fee[2] if fee else "USDT",
            liquidity="taker",
            ts=self.now,
            liquidation=liquidation,
        )
        self.fills.append(fill)
        return self.book.fill(fill)

    def _funding(self, amount: Decimal, currency: str, symbol: str) -> Booked:
        return self.book.funding(
            FundingPaid(
                account=1,
                id=f"p{self.now}",
                instrument=f"binance:{symbol}",
                rate=D(0),
                mark=D(0),
                quantity=D(0),
                amount=amount,
                currency=currency,
                ts=self.now,
            )
        )

    def _keep(self, done: Booked | Transaction) -> None:
        if isinstance(done, Booked):
            self.booked.append(done)
            done = done.transaction
        self.transactions.append(done)

    @property
    def last(self) -> Booked:
        return self.booked[-1]

    @property
    def realised(self) -> list[Decimal]:
        """What each fill realised, where one did."""
        return [booked.realised for booked in self.booked if booked.realised]


def run(text: str, method: LotMethod = "fifo", currency: str = "USDT", **more: object) -> History:
    return History(method, currency, **more).run(text)


def written(postings: Iterable[Posting]) -> str:
    """Postings as a ledger has them: what is the same book account and currency is one line, sorted."""
    sums: dict[tuple[str, str], Decimal] = {}
    for posting in postings:
        key = (posting.book, posting.currency)
        sums[key] = sums.get(key, D(0)) + posting.amount
    lines = [f"{book} {plain(amount)} {currency}" for (book, currency), amount in sums.items() if amount]
    return "\n".join(sorted(lines))


def ledger(text: str) -> str:
    """An expectation in the form of `written`."""
    return "\n".join(sorted(" ".join(line.split()) for line in dedent(text).strip().splitlines()))


def certain(amount: Decimal | None) -> Decimal:
    """An amount that must be known here."""
    assert amount is not None
    return amount


def plain(amount: Decimal) -> str:
    """Without an exponent and without trailing zeros."""
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text

"""The folds alone: what a trade and a book diff cost the heart, and what the page's reads cost."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from benchmarks.report import Figure, cpu_seconds, show
from candlewick.core.clock import NS_PER_MS, NS_PER_S
from candlewick.core.events import BookChange, Level, Trade
from candlewick.market.book import OrderBook
from candlewick.market.candles import CandleLadder
from candlewick.market.session import Session
from candlewick.market.tape import Tape

TRADES: Final = 50_000
DIFFS: Final = 5_000
BOOK_LEVELS: Final = 1_000
DIFF_LEVELS: Final = 20
MID: Final = 60_000.0
START_NS: Final = 1_760_000_000 * NS_PER_S
READS: Final = 2_000


def trades() -> list[Trade]:
    """A busy instrument: 200 trades a second, the price walking by ticks."""
    chance, price, made = random.Random(1), MID, []
    for id in range(1, TRADES + 1):
        price += chance.choice((-0.1, 0.0, 0.1))
        ts = START_NS + id * 5 * NS_PER_MS
        made.append(Trade("bench:X", id, price, chance.random(), "buy", ts, ts + NS_PER_MS, id, id))
    return made


def diffs() -> tuple[BookChange, list[BookChange]]:
    """A book of 1,000 levels a side; diffs of 20 levels, most near the top, two in five of them removals."""
    chance = random.Random(1)
    below, above = ([(MID + sign * n / 10, 1.0) for n in range(1, BOOK_LEVELS + 1)] for sign in (-1, 1))
    changes = []
    for id in range(1, DIFFS + 1):
        bids, asks = (
            [_level(chance, sign) for _ in range(DIFF_LEVELS // 2)]
            for sign in (-1, 1)
        )  # fmt: skip
        changes.append(BookChange("bench:X", False, bids, asks, id, id, None, 0, 0))
    return BookChange("bench:X", True, below, above, None, 0, None, 0, 0), changes


def _level(chance: random.Random, sign: int) -> Level:
    away = min(1 + int(chance.expovariate(1 / 60)), BOOK_LEVELS)
    return MID + sign * away / 10, 0.0 if chance.random() < 0.4 else chance.random()


def each_us(work: Callable[[], object], times: int) -> float:
    """CPU µs of one of the `times` things that `work` does."""
    return cpu_seconds(work) / times * 1e6


def main() -> list[Figure]:
    """µs CPU a trade, a book diff, and a read."""
    history = trades()
    snapshot, changes = diffs()

    def fold_trades() -> CandleLadder:
        candles, tape, session = CandleLadder("bench:X"), Tape(200), Session()
        for trade in history:
            candles.add(trade)
            tape.add(trade)
            session.add(trade)
        return candles

    def fold_book() -> OrderBook:
        book = OrderBook()
        book.apply(snapshot)
        for change in changes:
            book.apply(change)
        return book

    book, candles = fold_book(), fold_trades()
    if not book.synchronised:
        raise RuntimeError(f"The bench's book is not synchronised: {book.reason}.")
    return [
        Figure("fold: a trade into candles, tape, session", each_us(fold_trades, TRADES), "µs", 1.0),
        Figure(
            "fold: a book diff of 20 levels", each_us(fold_book, DIFFS), "µs", 4.0, note="1,000 levels a side"
        ),
        Figure(
            "read: the 25 best bids, the 25 best asks", each_us(lambda: read_book(book), READS), "µs", 20.0
        ),
        Figure("read: the open hour", each_us(lambda: read_hour(candles), READS), "µs", 5.0),
    ]


def read_book(book: OrderBook) -> None:
    for _ in range(READS):
        book.bids(25)
        book.asks(25)


def read_hour(candles: CandleLadder) -> None:
    for _ in range(READS):
        candles.current("1h")


if __name__ == "__main__":
    show(main())

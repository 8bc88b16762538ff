"""What the lake can keep: rows that would break it later are refused before they are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from candlewick.core.errors import UsageError
from candlewick.core.events import Candle, Funding, OpenInterest, Trade
from candlewick.core.interval import seconds
from candlewick.store.lake.layout import check_time, split_instrument
from candlewick.store.lake.spans import Span

_INT64_END: Final = 2**63
_EXACT_INT: Final = 2**53


def check_candle(candle: Candle) -> None:
    """Hold a candle to what the lake can keep: a well-formed instrument, a known interval, sane times.

    Raises:
        UsageError: it cannot be kept; the sentence says why.
    """
    split_instrument(candle.instrument)
    seconds(candle.interval)
    check_time(candle.time, ns=False)
    check_time(candle.ts_received, ns=True)
    if candle.trades is not None and not 0 <= candle.trades <= _EXACT_INT:
        raise UsageError(f"A candle of {candle.instrument} counts more trades than there can be.")


def check_moment(moment: Funding | OpenInterest) -> None:
    """The same for what happens at a moment.

    Raises:
        UsageError: it cannot be kept; the sentence says why.
    """
    split_instrument(moment.instrument)
    check_time(moment.ts_exchange, ns=True)
    check_time(moment.ts_received, ns=True)


def check_trades(instrument: str, batch: Sequence[Trade]) -> Span:
    """The same for trades (at least one), all at once; returns their first and last time.

    Raises:
        UsageError: one of them cannot be kept; the sentence says why.
    """
    split_instrument(instrument)
    moments = [trade.ts_exchange for trade in batch]
    first, last = min(moments), max(moments)
    check_time(first, ns=True)
    check_time(last, ns=True)
    numbers: list[Any] = [trade.id for trade in batch]
    if batch[0].last_id is not None:
        numbers += [number for trade in batch for number in (trade.first_id, trade.last_id) if number]
    # numbers or texts, seldom both: then only those that are numbers are compared
    if len({*map(type, numbers)}) > 1:
        numbers = [number for number in numbers if type(number) is int] or [0]
    low, high = min(numbers), max(numbers)
    if type(low) is int and not -_INT64_END <= low <= high < _INT64_END:
        raise UsageError(f"The number of a trade of {instrument} does not fit 64 bits.")
    return first, last

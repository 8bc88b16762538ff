"""The names that can be subscribed to, in the one spelling that everything behind uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from candlewick.core.errors import CandlewickError, EngineAway, UnknownInterval, UnknownSymbol, UsageError
from candlewick.core.instrument import parse_symbol, public_symbol
from candlewick.core.interval import INTERVALS
from candlewick.market.indicators import parse
from candlewick.market.live_indicators import FORMS

Pace = Literal["fast", "slow"]

LANES: Final = frozenset({"alerts", "feeds"})
OF_ALL: Final = frozenset({"prices", "tickers", "funding"})
OF_SYMBOL: Final = frozenset({"prices", "ticker", "book", "tape", "candles", "indicators"})


class RefusedChannel(CandlewickError):
    """A channel cannot be subscribed to; `code` is the stable word for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Directory:
    """What the engine lists, for looking symbols up.

    Args:
        primary: id of the primary venue.
        instruments: by internal id.
        venues: ids of the venues that the engine watches, those included that have not listed yet.
    """

    def __init__(
        self, primary: str, instruments: Mapping[str, Mapping[str, Any]], venues: Iterable[str] = ()
    ) -> None:
        self.primary = primary
        self.instruments = instruments
        self._unlisted = frozenset(venues) - {id.partition(":")[0] for id in instruments}

    def public(self, text: str) -> str:
        """The public name of the symbol that `text` means. Raises as `instrument`."""
        return public_symbol(self.instrument(text), primary=self.primary)

    def instrument(self, text: str) -> str:
        """The internal id of the symbol that `text` means.

        Raises:
            UnknownSymbol: nothing by that name is listed.
            EngineAway: its venue has not told yet what it lists.
        """
        id = parse_symbol(text, primary=self.primary)
        if id in self.instruments:
            return id
        venue = id.partition(":")[0]
        if venue in self._unlisted or not self.instruments:
            raise EngineAway(f"What {venue} lists is not known yet. Try again in a moment.")
        raise UnknownSymbol(text)


def pace(channel: str) -> Pace:
    """How often frames of `channel` go out: what is being viewed, or what stands in a list."""
    return "slow" if channel in OF_ALL or channel in LANES else "fast"


def canonical(text: str, directory: Directory) -> str:
    """The one name of the channel that `text` means.

    Raises:
        RefusedChannel: there is no such channel, symbol or interval.
        EngineAway: its venue has not told yet what it lists.
    """
    if text in LANES or text in OF_ALL:
        return text
    kind, colon, rest = text.partition(":")
    if not colon or kind not in OF_SYMBOL:
        raise RefusedChannel("unknown_channel", f"There is no channel {text[:80]!r}.")
    try:
        return _of_symbol(kind, rest, directory)
    except UnknownSymbol as error:
        raise RefusedChannel("unknown_symbol", str(error)) from None
    except UnknownInterval as error:
        raise RefusedChannel("unknown_interval", str(error)) from None
    except UsageError as error:
        raise RefusedChannel("unknown_indicator", str(error)) from None


def _of_symbol(kind: str, rest: str, directory: Directory) -> str:
    # Symbols may hold colons (`sim-east:BTCUSDT`, `BTC/USDT:USDT`), so the parts are taken from the right.
    if kind == "candles":
        symbol, _, interval = rest.rpartition(":")
        return f"candles:{directory.public(symbol)}:{_interval(interval)}"
    if kind == "indicators":
        head, _, indicator = rest.rpartition(":")
        symbol, _, interval = head.rpartition(":")
        return f"indicators:{directory.public(symbol)}:{_interval(interval)}:{_indicator(indicator)}"
    return f"{kind}:{directory.public(rest)}"


def _interval(name: str) -> str:
    if name not in INTERVALS:
        raise UnknownInterval(name[:20], INTERVALS)
    return name


def _indicator(name: str) -> str:
    kind, dash, period = name.partition("-")
    if not (kind.isalpha() and kind.isascii() and dash and period.isdecimal() and len(name) <= 20):
        raise UsageError(f"Unknown indicator {name[:20]!r}. Write its name and period, as in 'ema-20'.")
    study = parse(f"{kind}:{period}")
    if study.indicator.name not in FORMS:
        raise UsageError(f"{study.indicator.title} has no live form. Use one of {', '.join(FORMS)}.")
    return study.key.replace(":", "-")

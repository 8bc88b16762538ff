"""The names that can be subscribed to, in the one spelling that everything behind uses."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from candlewick.core.errors import CandlewickError, EngineAway, UnknownInterval, UnknownSymbol, UsageError
from candlewick.core.instrument import parse_symbol, public_symbol
from candlewick.core.interval import INTERVALS
from candlewick.market.indicators.catalogue import parse

Pace = Literal["fast", "slow"]

SYSTEM_LANES: Final = frozenset({"alerts", "feeds"})
ACCOUNT_LANES: Final = frozenset({"portfolio", "positions", "orders", "alerts", "risk", "strategies"})
# lanes of accounts beside which something goes that is not numbered: figures, and what no lane can tell now
FIGURES: Final = frozenset({"portfolio", "positions", "risk", "alerts", "strategies"})
SUMS: Final = frozenset({"portfolio", "risk"})  # those whose figures are one message, not one for each row
OF_ALL: Final = frozenset({"prices", "tickers", "funding"})
OF_JOB: Final = frozenset({"jobs"})
OF_SYMBOL: Final = frozenset({"prices", "ticker", "book", "tape", "candles", "indicators"})
_JOB: Final = re.compile(r"jobs:[0-9a-f]{1,32}")


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
    return "slow" if channel in OF_ALL or is_lane(channel) or is_figures(channel) else "fast"


def is_lane(channel: str) -> bool:
    """Whether the canonical `channel` is numbered and never skipped."""
    return channel in SYSTEM_LANES or channel.partition("@")[0] in ACCOUNT_LANES or is_job(channel)


def is_job(channel: str) -> bool:
    """Whether `channel` follows a study; it does not come from the engine."""
    return _JOB.fullmatch(channel) is not None


def is_figures(channel: str) -> bool:
    """Whether `channel` is the conflated companion of an account's lane."""
    return channel.startswith("figures:")


def is_sum(channel: str) -> bool:
    """Whether `channel` carries an account's sums, whole, as of now: newer than what its lane last told."""
    return channel.partition("@")[0].removeprefix("figures:") in SUMS and is_figures(channel)


def companions(channel: str) -> frozenset[str]:
    """What is delivered with the canonical `channel`: beside its events, what is conflated."""
    kind, _, account = channel.partition("@")
    has_figures = (account and kind in FIGURES) or is_job(channel)
    return frozenset({f"figures:{channel}"}) if has_figures else frozenset()


def of_engine(channels: Iterable[str]) -> frozenset[str]:
    """Those of `channels` that the engine fills."""
    return frozenset(each for each in channels if not is_job(each.removeprefix("figures:")))


def public(channel: str) -> str:
    """The name of a canonical channel as its messages carry it: an account's lanes go without its number."""
    return channel.partition("@")[0] if is_lane(channel) else channel


def may_wait(text: str) -> bool:
    """Whether the channel that `text` means can be had only while the engine is there."""
    return text.partition(":")[0] not in ACCOUNT_LANES | SYSTEM_LANES


def canonical(
    text: str, directory: Directory, accounts: Sequence[int] = (), followed: Collection[str] = ()
) -> str:
    """The one name of the channel that `text` means to somebody who may see `accounts`, the chosen one first.

    Whose a study is, only the database knows: of those, the ones that are `followed` already have a name.

    Raises:
        RefusedChannel: there is no such channel, symbol or interval, or it is somebody else's.
        EngineAway: its venue has not told yet what it lists.
    """
    kind, colon, rest = text.partition(":")
    if kind in ACCOUNT_LANES:
        return _of_account(kind, rest, accounts)
    if text in SYSTEM_LANES or text in OF_ALL or (is_job(text) and text in followed):
        return text
    if kind in OF_JOB:
        raise RefusedChannel("forbidden", f"You have no study {rest[:40]!r}.")
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


def _of_account(kind: str, number: str, accounts: Sequence[int]) -> str:
    if not number and accounts:
        return f"{kind}@{accounts[0]}"
    if not number and kind in SYSTEM_LANES:
        return kind  # whoever has no account still reads what the system has to say
    if not number or not number.isdecimal() or int(number) not in accounts:
        raise RefusedChannel("forbidden", f"You have no account {number[:20]}".rstrip() + " to follow here.")
    return f"{kind}@{int(number)}"


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
    kind, *numbers = name.split("-")
    if not (kind.isascii() and kind.replace("_", "").isalnum() and all(numbers) and len(name) <= 80):
        raise UsageError(f"Unknown indicator {name[:20]!r}. Write its name and numbers, as in 'ema-20'.")
    return parse(":".join([kind, *numbers])).key.replace(":", "-")

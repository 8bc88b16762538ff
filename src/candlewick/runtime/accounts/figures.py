"""What goes without a number: each account's conflated figures, computed once however many browsers look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from candlewick.core.clock import Clock
from candlewick.runtime.accounts.bodies import Bodies
from candlewick.runtime.accounts.shapes import encode

WINDOW_S: Final = 0.25
PASSING_S: Final = 1.0  # between two looks at what changes by itself: the orders of the last minute
NO_MORE: Final = b"null"


class Figures:
    """Sends the figures of accounts that somebody looks at, at most once a window.

    Args:
        send: takes the frames of one flush of the market lane: `channel, body, channel, body, …`.
    """

    def __init__(
        self,
        bodies: Bodies,
        send: Callable[[list[bytes]], None],
        clock: Clock,
        *,
        passing_s: float = PASSING_S,
    ) -> None:
        self._bodies = bodies
        self._send = send
        self._clock = clock
        self._passing_s = passing_s
        self._loop = asyncio.get_running_loop()
        self._wanted: dict[int, set[str]] = {}
        self._due: set[int] = set()
        self._passing: set[int] = set()
        self._shown: dict[int, set[str]] = {}
        self._notice: dict[str, str] | None = None

    def demand(self, channels: Iterable[str], fresh: Iterable[str]) -> None:
        """Replace what is wanted; of it, `fresh` is sent whole."""
        self._wanted = {}
        for name in channels:
            head, _, channel = name.partition("figures:")
            if not head and channel:
                kind, _, account = channel.partition("@")
                self._wanted.setdefault(int(account), set()).add(kind)
        self._shown = {account: self._shown.get(account, set()) for account in self._wanted}
        for name in fresh:
            if name.startswith("figures:"):
                self.note(int(name.rpartition("@")[2]))
            if name.startswith("figures:alerts@") and self._notice is not None:
                self._send_notice(int(name.rpartition("@")[2]))

    def show_notice(self, notice: dict[str, str] | None) -> None:
        """Show a sentence on the pages of all accounts, and on those that open, until it is None again."""
        self._notice = notice
        for account, kinds in self._wanted.items():
            if "alerts" in kinds:
                self._send_notice(account)

    def note(self, account: int) -> None:
        """A price moved what an account owns, or a booking did. Called for every such tick."""
        if account not in self._due and account in self._wanted:
            self._due.add(account)
            self._loop.call_later(WINDOW_S, self._flush, account)

    def _note_later(self, account: int) -> None:
        if account not in self._passing:
            self._passing.add(account)
            self._loop.call_later(self._passing_s, self._note_passing, account)

    def _note_passing(self, account: int) -> None:
        self._passing.discard(account)
        self.note(account)

    def _flush(self, account: int) -> None:
        self._due.discard(account)
        wanted = self._wanted.get(account, set())
        if not wanted:
            return
        frames: list[bytes] = []

        def tell(channel: str, type: str, data: object, key: str = "") -> None:
            message = {"type": type, "channel": channel, "account": account, "data": data}
            frames.extend((_name(channel, account, key), encode(message)))

        if "portfolio" in wanted:
            tell("portfolio", "portfolio_update", self._bodies.portfolio(account))
        if "risk" in wanted:
            risk = self._bodies.risk(account)
            tell("risk", "risk_update", risk)
            if risk["orders_last_minute"]:
                self._note_later(account)
        if "positions" in wanted:
            held = {each["instrument"]: each for each in self._bodies.positions(account)}
            for instrument, data in held.items():
                tell("positions", "position_update", data, instrument)
            for gone in self._shown[account] - held.keys():
                frames.extend((_name("positions", account, gone), NO_MORE))
            self._shown[account] = set(held)
        if "strategies" in wanted:
            for data in self._bodies.strategies(account):
                tell("strategies", "strategy_update", data, data["id"])
        if frames:  # there may be no strategy to tell of
            self._send(frames)

    def _send_notice(self, account: int) -> None:
        message = {"type": "alert", "channel": "alerts", "account": account, "data": self._notice}
        body = NO_MORE if self._notice is None else encode(message)
        self._send([_name("alerts", account, ""), body])


def _name(channel: str, account: int, key: str) -> bytes:
    name = f"figures:{channel}@{account}"
    return (f"{name}#{key}" if key else name).encode()

"""Who hears of an account: listen keys on the stream connections, subscriptions on the WebSocket API."""

from __future__ import annotations

import secrets
from typing import Protocol

import orjson

from candlewick.venues.sim.server import errors
from candlewick.venues.sim.server.hub import Hub

LISTEN_KEY_MS = 60 * 60_000


class Listener(Protocol):
    """A WebSocket API session that subscribed."""

    def push(self, account: str, event: dict[str, object]) -> None:
        """Send an event of the account."""
        ...


class UserStreams:
    """The user streams of one market of one venue."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._keys: dict[str, str] = {}  # listen key → account
        self._until_ms: dict[str, int] = {}
        self._listeners: dict[str, dict[Listener, None]] = {}

    def open(self, account: str, now_ms: int) -> str:
        """The account's listen key, valid for another hour."""
        key = self.key_of(account) or secrets.token_hex(32)
        self._keys[key] = account
        self._until_ms[key] = now_ms + LISTEN_KEY_MS
        return key

    def key_of(self, account: str) -> str | None:
        """The listen key that the account has."""
        return next((key for key, owner in self._keys.items() if owner == account), None)

    def keep(self, account: str, key: str | None, now_ms: int) -> str:
        """Another hour for a listen key; without one, for the account's.

        Raises:
            Refusal: -1125.
        """
        found = key or self.key_of(account)
        if found is None or self._keys.get(found) != account:
            raise errors.Refusal(-1125, "This listenKey does not exist.")
        self._until_ms[found] = now_ms + LISTEN_KEY_MS
        return found

    def close(self, account: str, key: str | None) -> None:
        """End a listen key.

        Raises:
            Refusal: -1125.
        """
        found = self.keep(account, key, 0)
        del self._keys[found], self._until_ms[found]

    def known(self, name: str) -> bool:
        """Whether a stream of that name is a user's."""
        return name in self._keys

    def expire(self, now_ms: int, event_ms: int) -> None:
        """End the listen keys that nobody kept, and tell those who still listen."""
        for key in [key for key, until_ms in self._until_ms.items() if until_ms <= now_ms]:
            event = {"e": "listenKeyExpired", "E": event_ms, "listenKey": key}
            self._hub.publish(key, orjson.dumps(event))
            del self._keys[key], self._until_ms[key]

    def listen(self, account: str, listener: Listener) -> None:
        """Push the account's events to a session."""
        self._listeners.setdefault(account, {})[listener] = None

    def ignore(self, account: str, listener: Listener) -> None:
        """Push them no longer."""
        self._listeners.get(account, {}).pop(listener, None)

    def tell(self, account: str, event: dict[str, object]) -> None:
        """Send an event of the account to everybody who listens to it."""
        key = self.key_of(account)
        if key is not None and self._hub.wanted(key):
            self._hub.publish(key, orjson.dumps(event))
        for listener in list(self._listeners.get(account, ())):
            listener.push(account, event)

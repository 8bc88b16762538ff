"""Request weights per address: used up gives 429, asking on gives 418, as the venue does."""

from __future__ import annotations

from dataclasses import dataclass

from candlewick.venues.sim.server import errors

WINDOW_MS = 60_000
BAN_AFTER_REFUSALS = 20
FIRST_BAN_MS = 120_000
LONGEST_BAN_MS = 3 * 24 * 3_600_000
MOST_ADDRESSES = 10_000


@dataclass(slots=True)
class _Account:
    window: int = -1
    used: int = 0
    refusals: int = 0
    bans: int = 0
    banned_until_ms: int = 0


class WeightLimiter:
    """Counts weight per address in whole clock minutes; one limiter per venue and market."""

    def __init__(self, limit_per_minute: int) -> None:
        self.limit = limit_per_minute
        self._accounts: dict[str, _Account] = {}

    def spend(self, address: str, weight: int, now_ms: int) -> int:
        """Take `weight` from the address's minute and return what it has used so far.

        Raises:
            Refusal: 429 beyond the limit; 418 for an address that kept asking after many of those.
        """
        account = self._accounts.get(address)
        if account is None:
            if len(self._accounts) >= MOST_ADDRESSES:
                self._forget_idle(now_ms)
            account = self._accounts[address] = _Account()
        if now_ms < account.banned_until_ms:
            raise errors.banned(account.banned_until_ms, _seconds_up(account.banned_until_ms - now_ms))
        window = now_ms // WINDOW_MS
        if window != account.window:
            account.window, account.used, account.refusals = window, 0, 0
        account.used += weight
        if account.used <= self.limit:
            return account.used
        account.refusals += 1
        if account.refusals > BAN_AFTER_REFUSALS:
            # bans grow from two minutes to three days for those who come back
            ban_ms = min(FIRST_BAN_MS << min(account.bans, 12), LONGEST_BAN_MS)
            account.bans += 1
            account.banned_until_ms = now_ms + ban_ms
            raise errors.banned(account.banned_until_ms, _seconds_up(ban_ms))
        raise errors.too_much_weight(self.limit, _seconds_up((window + 1) * WINDOW_MS - now_ms))

    def used(self, address: str, now_ms: int) -> int:
        """What the address has used of this minute."""
        account = self._accounts.get(address)
        return account.used if account is not None and account.window == now_ms // WINDOW_MS else 0

    def _forget_idle(self, now_ms: int) -> None:
        window = now_ms // WINDOW_MS
        self._accounts = {
            address: account
            for address, account in self._accounts.items()
            if account.window == window or account.banned_until_ms > now_ms
        }


class RateWindow:
    """At most `limit` events in any second: a WebSocket's control messages."""

    def __init__(self, limit: int, window_s: float = 1.0) -> None:
        self._limit = limit
        self._window_s = window_s
        self._times: list[float] = []

    def allow(self, now_s: float) -> bool:
        """Whether one more event at `now_s` is within the limit."""
        oldest = now_s - self._window_s
        self._times = [time for time in self._times if time > oldest]
        if len(self._times) >= self._limit:
            return False
        self._times.append(now_s)
        return True


def _seconds_up(milliseconds: int) -> int:
    return -(-milliseconds // 1000)

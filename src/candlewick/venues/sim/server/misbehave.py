"""Faults on the wire, on purpose: the market stays true, its messages do not all arrive as they should.

`drop=0.01,delay=200ms,duplicate=0.01,reorder=0.01,gap=0.005,disconnect=30s,429=0.05,418=0.01,
skew=1500ms,malformed=0.01,user_drop=0.01,user_duplicate=0.01,user_delay=2s,user_disconnect=30s,
unknown=0.05,lost=0.05`. A share is a probability per message (or per request), `delay` the mean
delay of every message, `disconnect` the mean life of a connection, `skew` how far the venue's clock
is ahead (or behind: `-1500ms`). The same seed gives the same faults to the n-th connection.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Self

from candlewick.core.errors import ConfigError
from candlewick.venues.sim.server import errors

_TIME = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(ms|s|m)?")
_UNIT_MS = {"ms": 1.0, "s": 1000.0, "m": 60_000.0}
LONGEST_GAP = 20
INVENTED_LIMIT = 6_000
INVENTED_WAIT_S = 2  # short, so that a client's way back can be watched


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong, and how often.

    Attributes:
        drop: share of stream messages that never arrive.
        delay_ms: mean delay of a stream message or an answer.
        duplicate: share that arrive twice.
        reorder: share that arrive after the next message instead of before it.
        gap: chance per message that a run of up to 20 messages of its stream is swallowed.
        disconnect_ms: mean life of a connection, cut without a close frame.
        too_many: share of requests answered 429.
        banned: share of requests answered 418.
        skew_ms: the venue's clock minus the true one.
        malformed: share of stream messages and answers that are cut off or garbled.
        user_drop, user_duplicate, user_delay_ms: as above, of users' own events alone.
        user_disconnect_ms: mean life of a connection that carries a user's events.
        unknown: share of order requests that are done and then answered 503, "execution status unknown".
        lost: share of order requests that are answered so and not done.
    """

    drop: float = 0.0
    delay_ms: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    gap: float = 0.0
    disconnect_ms: float = 0.0
    too_many: float = 0.0
    banned: float = 0.0
    skew_ms: float = 0.0
    malformed: float = 0.0
    user_drop: float = 0.0
    user_duplicate: float = 0.0
    user_delay_ms: float = 0.0
    user_disconnect_ms: float = 0.0
    unknown: float = 0.0
    lost: float = 0.0

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Faults from `name=value` pairs, several in one text parted by commas.

        Raises:
            ConfigError: an unknown fault, or a value that is no share or no time.
        """
        pairs: dict[str, str] = {}
        for text in texts:
            for part in filter(None, (piece.strip() for piece in text.split(","))):
                name, equals, value = part.partition("=")
                if not equals:
                    raise ConfigError(f"Fault {part!r} has no value. Write for example {_example(name)}.")
                pairs[name.strip()] = value.strip()
        return cls().changed(pairs)

    def changed(self, pairs: dict[str, str]) -> Self:
        """These faults with those named set anew.

        Raises:
            ConfigError: as `parse`.
        """
        changes: dict[str, float] = {}
        for name, value in pairs.items():
            field = _FIELDS.get(name)
            if field is None:
                raise ConfigError(f"Unknown fault {name!r}. Use one of {', '.join(_FIELDS)}.")
            changes[field] = _time_ms(name, value) if field.endswith("_ms") else _share(name, value)
        return replace(self, **changes)

    @property
    def on_streams(self) -> bool:
        """Whether stream messages are touched at all."""
        return bool(
            self.drop or self.delay_ms or self.duplicate or self.reorder or self.gap or self.malformed
        )

    @property
    def of_users(self) -> Faults:
        """The faults of users' events, by the names that stream messages have."""
        return Faults(
            drop=self.user_drop,
            duplicate=self.user_duplicate,
            delay_ms=self.user_delay_ms,
            disconnect_ms=self.user_disconnect_ms,
        )

    def as_pairs(self) -> dict[str, float]:
        """What is switched on, by the names people write; times in ms."""
        by_field = {field: name for name, field in _FIELDS.items()}
        values = {by_field[field.name]: float(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in values.items() if value}


_FIELDS = {
    "drop": "drop",
    "delay": "delay_ms",
    "duplicate": "duplicate",
    "reorder": "reorder",
    "gap": "gap",
    "disconnect": "disconnect_ms",
    "429": "too_many",
    "418": "banned",
    "skew": "skew_ms",
    "malformed": "malformed",
    "user_drop": "user_drop",
    "user_duplicate": "user_duplicate",
    "user_delay": "user_delay_ms",
    "user_disconnect": "user_disconnect_ms",
    "unknown": "unknown",
    "lost": "lost",
}


@dataclass(slots=True)
class Delivery:
    """One message as it goes out: its bytes, and how long it waits first."""

    payload: bytes
    delay_ms: float


class StreamFaults:
    """The faults of one connection's stream messages, drawn from its own generator."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self._swallowing: dict[str, int] = {}
        self._held: bytes | None = None

    def life_ms(self, faults: Faults) -> float:
        """How long this connection lives under `faults.disconnect_ms`."""
        return self._random.expovariate(1.0 / faults.disconnect_ms)

    def apply(self, faults: Faults, stream: str, payload: bytes) -> list[Delivery]:
        """What really goes out for `payload`: nothing, it, it twice, it garbled, or it and one held back."""
        draw = self._random.random
        left = self._swallowing.get(stream, 0)
        if left:
            self._swallowing[stream] = left - 1
            return []
        if faults.gap and draw() < faults.gap:
            self._swallowing[stream] = self._random.randrange(LONGEST_GAP)
            return []
        if faults.drop and draw() < faults.drop:
            return []
        if faults.malformed and draw() < faults.malformed:
            payload = garbled(payload, self._random)
        out = [payload]
        if faults.duplicate and draw() < faults.duplicate:
            out.append(payload)
        if self._held is not None:
            out.append(self._held)
            self._held = None
        elif faults.reorder and draw() < faults.reorder:
            self._held = out.pop()
        return [Delivery(each, self._delay(faults)) for each in out]

    def _delay(self, faults: Faults) -> float:
        return self._random.uniform(0.5, 1.5) * faults.delay_ms if faults.delay_ms else 0.0


class RequestFaults:
    """The faults of one venue's REST answers; reads the faults in force through `current`."""

    def __init__(self, seed: str, current: Callable[[], Faults]) -> None:
        self._random = random.Random(seed)
        self._current = current

    async def delay(self) -> None:
        """Wait as long as this answer is late."""
        if mean_ms := self._current().delay_ms:
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * mean_ms / 1000)

    def refuse(self, now_ms: int) -> None:
        """Refuse some requests as if their address had asked too much.

        Raises:
            Refusal: 429 or 418.
        """
        faults = self._current()
        if faults.too_many and self._random.random() < faults.too_many:
            raise errors.too_much_weight(INVENTED_LIMIT, INVENTED_WAIT_S)
        if faults.banned and self._random.random() < faults.banned:
            raise errors.banned(now_ms + INVENTED_WAIT_S * 1000, INVENTED_WAIT_S)

    def lose(self) -> bool:
        """Whether an order request gets lost on its way in."""
        return bool(self._current().lost) and self._random.random() < self._current().lost

    def forget(self) -> bool:
        """Whether the answer to an order request gets lost, the request done."""
        return bool(self._current().unknown) and self._random.random() < self._current().unknown

    def touch(self, body: bytes) -> bytes:
        """The body as it arrives."""
        share = self._current().malformed
        return garbled(body, self._random) if share and self._random.random() < share else body


def garbled(payload: bytes, rng: random.Random) -> bytes:
    """`payload` made unreadable: cut off, without one of its quotes, or with a value that is no number.

    Never a digit changed: such a message would be well formed, and nobody could tell that it lies.
    """
    kind = rng.randrange(3)
    quotes = payload.count(b'"')
    if kind == 0 or not quotes:
        return payload[: rng.randrange(len(payload))] if payload else payload
    if kind == 1:
        at = -1
        for _ in range(rng.randrange(quotes) + 1):
            at = payload.index(b'"', at + 1)
        return payload[:at] + payload[at + 1 :]
    return payload.replace(b'":"', b'":"NaN', 1)


def _share(name: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise ConfigError(f"Fault {name!r} takes a share from 0 to 1, not {value!r}: {_example(name)}.")
    return share


def _time_ms(name: str, value: str) -> float:
    match = _TIME.fullmatch(value)
    if match is None or (match[1].startswith("-") and name != "skew"):
        raise ConfigError(f"Fault {name!r} takes a time, not {value!r}: {_example(name)}.")
    return float(match[1]) * _UNIT_MS[match[2] or "ms"]


def _example(name: str) -> str:
    examples = {
        "delay": "delay=200ms",
        "disconnect": "disconnect=30s",
        "skew": "skew=1500ms",
        "user_delay": "user_delay=2s",
        "user_disconnect": "user_disconnect=30s",
    }
    return examples.get(name, f"{name}=0.01" if name in _FIELDS else "drop=0.01")

"""What earlier processes left in the store: their sessions, the last one ended if it was cut off."""

from __future__ import annotations

from typing import NamedTuple

from candlewick.venues.sim.path import HOUR_MS
from candlewick.venues.sim.prints import JUMP, Ended, Hour, Interest, PrintStore, Settled, Started
from candlewick.venues.sim.sessions import Session


class Past(NamedTuple):
    """A session of an earlier process. `hours` are (hour, first id of each listing)."""

    start_ms: int
    end_ms: int
    hours: list[tuple[int, dict[str, int]]]
    next_ids: dict[str, int]

    def of(self, name: str, index: int, store: PrintStore) -> Session:
        """The part of one listing, which must have been in it."""
        (_, first), *later = self.hours
        session = Session(self.start_ms, first[name], index, store)
        for hour, ids in later:
            session.enter(hour, ids[name])
        session.end_ms, session.next_id = self.end_ms, self.next_ids[name]
        return session


class Recovered(NamedTuple):
    """All that is known of the time before this process."""

    sessions: list[Past]
    settled: list[Settled]
    interest: list[Interest]


def recover(store: PrintStore, names: list[str]) -> Recovered:
    """Read the store's index; a session without an end is given one."""
    sessions: list[Past] = []
    settled: list[Settled] = []
    interest: list[Interest] = []
    running: Started | None = None
    hours: list[tuple[int, dict[str, int]]] = []

    def end(entry: Ended) -> None:
        nonlocal running
        if running is not None:
            sessions.append(Past(running.ts_ms, entry.ts_ms, hours.copy(), entry.ids))
        running = None

    for entry in store.entries():
        match entry:
            case Started():
                if running is not None:
                    end(_cut_off(store, running, hours, names))
                running = entry
                hours = [(entry.ts_ms // HOUR_MS, entry.ids)]
            case Hour():
                hours.append((entry.ts_ms // HOUR_MS, entry.ids))
            case Ended():
                end(entry)
            case Settled():
                settled.append(entry)
            case Interest():
                interest.append(entry)
    if running is not None:
        ended = _cut_off(store, running, hours, names)
        store.note(ended)
        end(ended)
    return Recovered(sessions, settled, interest)


def _cut_off(
    store: PrintStore, started: Started, hours: list[tuple[int, dict[str, int]]], names: list[str]
) -> Ended:
    """The end of a session that was killed: just after its last print; ids jump."""
    hour, ids = hours[-1]
    last_ms, counts = store.printed(started.ts_ms, hour)
    last_ms = max(last_ms, started.ts_ms, hour * HOUR_MS)
    after = {name: ids[name] + counts.get(n, 0) + JUMP for n, name in enumerate(names) if name in ids}
    return Ended(last_ms + 1, after)

"""The hub: readers in cohorts, and the wheel that serves each cohort in its slot.

The wheel has 50 slots of 10 ms. A reader gets a phase, the slot in which it is served; viewed channels are
due every 10 slots, lists every 25, each shifted by the phase, so that a thousand readers are not served in
one burst. Readers of one phase and one set of channels form a cohort: their bytes are made once and handed
to each transport. Whoever has more than `queue_bytes` unsent is skipped: their next frame is newer anyway,
and once they have read on they get the whole state. Whoever stays so is closed with 4408.
Account-lane messages are never skipped; a reader that cannot take them is closed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from candlewick.core.errors import EngineAway
from candlewick.web.link import Link
from candlewick.web.live import channels as names_of
from candlewick.web.live import messages
from candlewick.web.live.channels import Directory, Pace, RefusedChannel, canonical, is_lane
from candlewick.web.live.cohorts import Cohort, Cohorts
from candlewick.web.live.frames import Frame, sse_event
from candlewick.web.live.lanes import Lane
from candlewick.web.live.metrics import HubMetrics
from candlewick.web.live.readers import Reader
from candlewick.web.live.transport import PEER_LOST, Sink
from candlewick.web.people.identity import Person

SLOT_S: Final = 0.010
_SWEEP_EVERY: Final = 25  # slots
_LINGER_S: Final = 0.02  # changes of demand within so long are told together

TOO_SLOW: Final = 4408
NOT_SIGNED_IN: Final = 4401
GOING_AWAY: Final = 1012


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one reader may take of the server."""

    channels: int = 64
    connections_per_user: int = 32
    queue_bytes: int = 64 * 1024
    lane_bytes: int = 1024 * 1024
    slow_after_s: float = 10.0
    messages_per_s: float = 20.0
    message_burst: int = 60
    recheck_s: float = 30.0


class Hub:
    """Takes what the engine sends and serves it to every reader. All on one event loop.

    Attributes:
        on_new_account: called with the number of an account that somebody follows and no engine has told of.
        on_new_job: called with a reader and the channel of a study that it wants; `follow_job` is the answer.
    """

    def __init__(self, link: Link, limits: Limits | None = None) -> None:
        self.link = link
        self.limits = limits or Limits()
        self.metrics = HubMetrics()
        self.readers: set[Reader] = set()
        self.generation = secrets.token_hex(4)
        # what a reader asks of a component goes to who knows them; set by the server
        self.take_component: Callable[[Reader, dict[str, Any]], None] | None = None
        self._lanes: dict[str, Lane] = {}
        self._cohorts = Cohorts()
        self._directory = Directory(link.primary, link.instruments, link.venues)
        self._asked_of = link.instruments  # the list with which waiting subscriptions were last tried
        self.on_new_account: Callable[[int], None] = lambda account: None
        self.on_new_job: Callable[[Reader, str], None] = self.refuse_job
        self._demand_is_due = False
        self._turn = 0
        self._next_at = 0.0
        self._wheel: asyncio.TimerHandle | None = None
        link.on_market = self.take_market
        link.on_lane = self.take_lane
        link.on_snapshot = self.take_snapshot
        link.on_state = self.take_state

    # --- readers come, choose, and go

    @property
    def directory(self) -> Directory:
        """What the engine lists now."""
        if self._directory.instruments is not self.link.instruments:
            self._directory = Directory(self.link.primary, self.link.instruments, self.link.venues)
        return self._directory

    def connections_of(self, user_id: int) -> int:
        return sum(reader.person.id == user_id for reader in self.readers)

    def join(self, sink: Sink, person: Person, address: str = "") -> Reader:
        """A new reader; it is told at once if the engine is away."""
        reader = Reader(sink, person, self._cohorts.take_phase(), address)
        self.readers.add(reader)
        self.metrics.joined += 1
        if not self.link.connected:
            self.tell(reader, messages.ENGINE_AWAY)
        self._keep_turning()
        return reader

    def leave(self, reader: Reader) -> None:
        """Forget a reader; harmless if it has left."""
        if reader.gone:
            return
        self._settle(reader, frozenset())
        reader.gone = True
        self.readers.discard(reader)
        self._cohorts.give_back(reader.phase)

    def close(self, reader: Reader, code: int, reason: str) -> None:
        """Close a reader's connection and forget it."""
        if reader.gone:
            return
        self.leave(reader)
        self.metrics.closed[code] += 1
        reader.sink.close(code, reason)

    def close_all(self) -> None:
        """The server stops: every connection ends now."""
        for reader in list(self.readers):
            self.close(reader, GOING_AWAY, "The server is restarting.")

    def close_sessions(self, keys: Iterable[str]) -> None:
        """These sessions have ended, and so do their connections."""
        ended = set(keys)
        for reader in [each for each in self.readers if each.person.session in ended]:
            self.close(reader, NOT_SIGNED_IN, "You have signed out.")

    def close_people(self, ids: Iterable[int]) -> None:
        """What these people may see has changed: they connect again and get what they may."""
        changed = set(ids)
        for reader in [each for each in self.readers if each.person.id in changed]:
            self.close(reader, GOING_AWAY, "What you may see has changed. Connect again.")

    def subscribe(self, reader: Reader, names: Iterable[str]) -> None:
        """Add channels to a reader; it is told their names, and at once their state.

        What cannot be subscribed to is answered with an error each, and the rest stands. What is not known
        yet, since the engine or a venue's list is away, is waited for.
        """
        wanted = {each for each in reader.channels if not names_of.is_figures(each)}
        added: list[str] = []
        asked = False
        for name in names:
            if names_of.is_job(name) and name not in reader.channels:
                self.on_new_job(reader, name)
                asked = True  # and answered when the database has said whose it is
                continue
            try:
                if not self.link.connected and not names_of.is_job(name) and names_of.may_wait(name):
                    raise EngineAway("Channels of the market are asked for again when it is back.")
                channel, is_known = self._canonical(name, reader), True
            except EngineAway:
                channel, is_known = name, False
            except RefusedChannel as error:
                self.tell(reader, messages.error(error.code, str(error), channel=name[:80]))
                continue
            if len(wanted | reader.waiting | {channel}) > self.limits.channels:
                self._refuse_one_more(reader, channel)
                break
            if is_known:
                added.append(channel)
                wanted.add(channel)
            else:
                reader.waiting.add(name)
        fresh = frozenset(added).union(*map(names_of.companions, added)) - reader.channels
        self._settle(reader, reader.channels | fresh)
        if added or not asked:
            self.tell(reader, messages.subscribed(map(names_of.public, added)))
        self._send_state(reader, fresh)

    def follow_job(self, reader: Reader, channel: str) -> None:
        """A reader may follow this study, whose lane has begun: give it the channel, and its state."""
        if reader.gone or channel in reader.channels:
            return
        mine = [each for each in reader.channels if not names_of.is_figures(each)]
        if len(mine) + len(reader.waiting) >= self.limits.channels:
            self._refuse_one_more(reader, channel)
            return
        self._settle(reader, reader.channels | {channel} | names_of.companions(channel))
        self.tell(reader, messages.subscribed([channel]))
        self._send_lane_from(reader, channel)

    def refuse_job(self, reader: Reader, channel: str) -> None:
        """A reader has no such study; whether somebody else has is not told."""
        text = f"You have no study {channel.partition(':')[2][:40]!r}."
        self.tell(reader, messages.error("forbidden", text, channel=channel[:80]))

    def jobs(self) -> frozenset[str]:
        """Channels of the studies that somebody follows."""
        return frozenset(each for reader in self.readers for each in reader.channels if names_of.is_job(each))

    def forget_job(self, channel: str) -> None:
        """Nobody follows this study any more."""
        self._lanes.pop(channel, None)

    def unsubscribe(self, reader: Reader, names: Iterable[str]) -> None:
        """Take channels away from a reader."""
        removed: list[str] = []
        for name in names:
            reader.waiting.discard(name)
            try:
                removed.append(self._canonical(name, reader))
            except EngineAway:
                continue  # what is not known yet was waiting at most
            except RefusedChannel as error:
                self.tell(reader, messages.error(error.code, str(error), channel=name[:80]))
        gone = frozenset(removed).union(*map(names_of.companions, removed))
        self._settle(reader, reader.channels - gone)
        self.tell(reader, messages.unsubscribed(map(names_of.public, removed)))

    def resync(self, reader: Reader, name: str) -> None:
        """Send the whole state of a channel again."""
        try:
            channel = self._canonical(name, reader)
        except (RefusedChannel, EngineAway):
            channel = ""
        if channel not in reader.channels:
            text = "Subscribe to a channel before you resync it."
            self.tell(reader, messages.error("not_subscribed", text, channel=name[:80]))
            return
        reader.seqs.pop(channel, None)
        self._send_state(reader, frozenset({channel}) | names_of.companions(channel))

    def resume(self, reader: Reader, cursor: str) -> None:
        """Note how far a returning reader has read, as `cursor` told it; an old one is ignored."""
        generation, _, seqs = cursor.partition(".")
        if generation != self.generation:
            return
        for part in seqs.split("."):
            channel, _, seq = part.rpartition("-")
            if is_lane(channel) and seq.isdecimal():
                reader.seqs[channel] = int(seq)

    def cursor(self, reader: Reader) -> str:
        """How far a reader has read of its account channels, for `resume`."""
        return ".".join([self.generation, *(f"{name}-{seq}" for name, seq in sorted(reader.seqs.items()))])

    def tell(self, reader: Reader, message: bytes) -> None:
        """Send one message to one reader, now."""
        self._write_now(reader, Frame(message).encoded(reader.sink.encoding))

    # --- the engine speaks

    def take_market(self, channel: str, body: bytes) -> None:
        name, _, key = channel.partition("#")
        self._cohorts.apply(name, key, body)

    def take_lane(self, channel: str, seq: int, message: bytes) -> None:
        lane = self._lanes.setdefault(channel, Lane())
        lane.append(seq, message)
        for reader in [each for each in self.readers if channel in each.channels]:
            self._send_lane(reader, channel, [(seq, message)])
        if lane.wants_snapshot:
            lane.wants_snapshot = False
            self.link.resync(channel)

    def take_snapshot(self, channel: str, seq: int, message: bytes) -> None:
        lane = self._lanes.setdefault(channel, Lane())
        lane.restart(seq, message)
        for reader in [each for each in self.readers if channel in each.channels]:
            if reader.seqs.get(channel) != seq:
                self._send_lane(reader, channel, [(seq, message)])

    def take_state(self, connected: bool) -> None:
        """The engine came or went: what was derived from the old one is forgotten."""
        self._cohorts.restart()
        if not connected:
            self.broadcast(messages.ENGINE_AWAY)
            return
        self.generation = secrets.token_hex(4)
        self._lanes = {name: lane for name, lane in self._lanes.items() if names_of.is_job(name)}
        self.broadcast(messages.ENGINE_LIVE)
        for reader in list(self.readers):
            reader.seqs = {name: seq for name, seq in reader.seqs.items() if names_of.is_job(name)}
        self._subscribe_waiting()
        self._tell_demand()

    def broadcast(self, message: bytes) -> None:
        """Send one message to every reader, now."""
        frame = Frame(message)
        for reader in list(self.readers):
            self._write_now(reader, frame.encoded(reader.sink.encoding))

    # --- the wheel

    def _keep_turning(self) -> None:
        if self._wheel is None and self.readers:
            loop = asyncio.get_running_loop()
            self._next_at = loop.time() + SLOT_S
            self._wheel = loop.call_at(self._next_at, self._serve_slot)

    def _serve_slot(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self.metrics.lag.observe(now - self._next_at)
        if not self.readers:
            self._wheel = None  # an idle server sleeps
            return
        # A late slot is not made up for by a burst: the wheel goes on from now. It is armed before it
        # serves, so that no fault in one slot can stop it.
        self._next_at = max(self._next_at + SLOT_S, now)
        self._wheel = loop.call_at(self._next_at, self._serve_slot)
        self.serve(now)

    def serve(self, now: float) -> None:
        """Serve the cohorts that are due in this slot."""
        turn = self._turn
        self._turn += 1
        for cohort, due in list(self._cohorts.due(turn)):
            self._serve_cohort(cohort, turn, due, now)
        if turn % _SWEEP_EVERY == 0:
            self._sweep(now)

    def _serve_cohort(self, cohort: Cohort, turn: int, due: Pace, now: float) -> None:
        data, frames = cohort.bytes_of(turn, due)
        if not frames:
            return
        limit, served, lost = self.limits.queue_bytes, 0, []
        for reader in cohort.readers:
            sink = reader.sink
            if reader.behind_since is None:
                if sink.queued() <= limit:
                    try:
                        sink.write(data)
                    except PEER_LOST:
                        lost.append(reader)
                    else:
                        served += 1
                    continue
                reader.behind_since = now
            self.metrics.skipped += frames
        self.metrics.count(frames * served, len(data) * served)
        for reader in lost:
            self.leave(reader)

    def _sweep(self, now: float) -> None:
        """Bring those who have read on up to date, and close those who have not."""
        if self._asked_of is not self.link.instruments:
            self._asked_of = self.link.instruments
            self._subscribe_waiting()
        for reader in [each for each in self.readers if each.behind_since is not None]:
            if reader.sink.queued() <= self.limits.queue_bytes // 2:
                reader.behind_since = None
                self._send_state(reader, frozenset(each for each in reader.channels if not is_lane(each)))
            elif now - (reader.behind_since or now) > self.limits.slow_after_s:
                self.close(reader, TOO_SLOW, "You read too slowly.")

    # --- within

    def _settle(self, reader: Reader, channels: frozenset[str]) -> None:
        """Give a reader these channels, and no others."""
        if channels == reader.channels:
            return
        self._cohorts.move(reader, channels)
        for channel in reader.channels - channels:
            reader.seqs.pop(channel, None)
        reader.channels = channels
        self._tell_demand_soon()

    def _canonical(self, name: str, reader: Reader) -> str:
        return canonical(name, self.directory, reader.person.accounts, reader.channels)

    def _refuse_one_more(self, reader: Reader, channel: str) -> None:
        text = f"At most {self.limits.channels} channels at once: unsubscribe from some first."
        self.tell(reader, messages.error("too_many_channels", text, channel=channel[:80]))

    def _subscribe_waiting(self) -> None:
        """Ask again for what could not be had while the engine, or a venue's list, was away."""
        for reader in [each for each in self.readers if each.waiting]:
            names, reader.waiting = sorted(reader.waiting), set()
            self.subscribe(reader, names)

    def _tell_demand_soon(self) -> None:
        if not self._demand_is_due:
            self._demand_is_due = True
            asyncio.get_running_loop().call_later(_LINGER_S, self._tell_demand)

    def _tell_demand(self) -> None:
        self._demand_is_due = False
        self.link.demand(names_of.of_engine(self._cohorts.settle_demand()))

    def _send_state(self, reader: Reader, channels: frozenset[str]) -> None:
        """Send these channels whole: rows before the lane, which says if they still are; sums after it."""
        sums = frozenset(filter(names_of.is_sum, channels))
        self._send_conflated(reader, (each for each in channels - sums if not is_lane(each)))
        for channel in sorted(filter(is_lane, channels)):
            self._send_lane_from(reader, channel)
        self._send_conflated(reader, sums)

    def _send_conflated(self, reader: Reader, channels: Iterable[str]) -> None:
        encoding, parts = reader.sink.encoding, list[bytes]()
        for channel in sorted(channels):
            whole = self._cohorts.whole(channel, reader.phase)
            parts += [Frame(message).encoded(encoding) for message in whole]
        if parts:
            self._write_now(reader, b"".join(parts), len(parts))

    def _send_lane_from(self, reader: Reader, channel: str) -> None:
        lane, seen = self._lanes.setdefault(channel, Lane()), reader.seqs.get(channel)
        account = channel.partition("@")[2]
        if account and not lane.is_begun:
            self.on_new_account(int(account))
        missed = None if seen is None else lane.after(seen)
        self._send_lane(reader, channel, lane.from_start() if missed is None else missed)

    def _send_lane(self, reader: Reader, channel: str, events: Iterable[tuple[int, bytes]]) -> None:
        for seq, message in events:
            reader.seqs[channel] = seq
            if reader.sink.encoding == "sse":
                self._write_now(reader, sse_event(message, self.cursor(reader)))
            else:
                self._write_now(reader, Frame(message).ws)

    def _write_now(self, reader: Reader, data: bytes, frames: int = 1) -> None:
        if reader.gone:
            return
        if reader.sink.queued() > self.limits.lane_bytes:
            self.close(reader, TOO_SLOW, "You read too slowly.")
            return
        try:
            reader.sink.write(data)
        except PEER_LOST:
            self.leave(reader)
            return
        self.metrics.count(frames, len(data))

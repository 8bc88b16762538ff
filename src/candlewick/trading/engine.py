"""The heart: `process(event) -> effects`, a pure and synchronous function of its state and the event.

No await, no socket, no clock, no database. Paper trading, live trading and replay run this same code;
only the shells around it differ. Market messages are folded into what is known of each instrument; commands
and reports go to the desk, which decides, and changes accounts only by what it has journalled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from candlewick.core.clock import NS_PER_S
from candlewick.core.events import (
    BookChange,
    Candle,
    Connected,
    Derivative,
    Disconnected,
    Funding,
    History,
    Liquidation,
    MarketEvent,
    OpenInterest,
    Quote,
    Ticker,
    TimePassed,
    Trade,
    TradesKnown,
)
from candlewick.core.instrument import Instrument
from candlewick.core.reports import Report
from candlewick.ledger.fault import Fault
from candlewick.trading.commands import Command, Place
from candlewick.trading.desk import Desk
from candlewick.trading.effects import (
    NOTHING,
    BackfillTrades,
    CandleClosed,
    Effect,
    Effects,
    Notice,
    ResyncBook,
)
from candlewick.trading.entries import Entry
from candlewick.trading.marks import Market, mark_of
from candlewick.trading.risk.verdict import Verdict
from candlewick.trading.watch import Watch

# A bar ends when the venue's last trade of it has surely arrived, not at the second it ends.
BAR_GRACE_S: Final = 2


class Engine:
    """Folds every market event into what is known, and says what should be done about it.

    Attributes:
        watches: internal id → state of each instrument, in order of first sight.
        desk: the accounts.
    """

    def __init__(self) -> None:
        self.watches: dict[str, Watch] = {}
        self.market = Market(self.watches)
        self.desk = Desk(self.market)
        self._held = self.desk.marking.held
        self._down_since: dict[tuple[str, str], int] = {}
        self._handlers: dict[type, Callable[[Any], Effects]] = {
            Trade: self._trade,
            Quote: self._quote,
            BookChange: self._book_change,
            Derivative: self._derivative,
            Ticker: self._ticker,
            Candle: self._candle,
            Liquidation: lambda event: NOTHING,
            Funding: lambda event: NOTHING,
            OpenInterest: self._open_interest,
            Connected: self._connected,
            Disconnected: self._disconnected,
            TimePassed: self._time_passed,
            History: self._history,
            TradesKnown: self._trades_known,
        }

    def process(self, event: MarketEvent | Command | Report) -> Effects:
        """Take one event; the effects are to be carried out in their order.

        Raises:
            OrderRefused, UnknownAccount, UnknownOrder, Conflict, UsageError: a command cannot be carried out;
                it changed nothing.
        """
        handler = self._handlers.get(type(event))
        if handler is None:
            return self.desk.handle(cast("Command | Report", event))
        return handler(event)

    def recover(self, entry: Entry) -> None:
        """Apply what stands in the journal. Nothing is decided again, and there is nothing to do about it."""
        self.desk.apply(entry)

    def list_instrument(self, instrument: Instrument) -> None:
        """Make an instrument one that orders may name, or tell what it is now."""
        self.market.list(instrument)

    def checks(self, account: int) -> list[Fault]:
        """What is wrong with an account's books: empty, unless the journal or this program is damaged."""
        return self.desk.checks(account)

    def judge(self, command: Place) -> Verdict:
        """What the door would say to an order, without sending it."""
        return self.desk.judge(command)

    def mark(self, instrument: str) -> float | None:
        """What an instrument is worth: its venue's mark, else the mid of its quote, else its last trade."""
        return self.market.mark(instrument)

    def watch(self, instrument: str) -> Watch:
        """The state of an instrument, begun at first sight."""
        watch = self.watches.get(instrument)
        if watch is None:
            watch = self.watches[instrument] = Watch(instrument)
        return watch

    def _trade(self, trade: Trade) -> Effects:
        watch = self.watches.get(trade.instrument) or self.watch(trade.instrument)
        closed = watch.candles.add(trade)
        if watch.tape.add(trade) and trade.ts_exchange >= watch.last_ts:
            watch.last, watch.last_ts = trade.price, trade.ts_exchange
        watch.session.add(trade)
        watch.stale = ""
        watch.heard = trade.ts_received
        news = watch.updated["trade"]
        if watch.id in self._held:
            news = self._mark(watch, trade.ts_received, news)
        gap = watch.candles.gap
        if not closed and gap is None:
            return news
        effects: list[Effect] = [*news, *map(CandleClosed, closed)]
        if gap is not None:
            watch.candles.gap = None
            effects.append(BackfillTrades(watch.id, *gap))
        return tuple(effects)

    def _quote(self, quote: Quote) -> Effects:
        watch = self.watches.get(quote.instrument) or self.watch(quote.instrument)
        before = watch.quote
        if before is not None and quote.ts_exchange < before.ts_exchange:
            return NOTHING  # it came late: the newer one stands
        watch.quote = quote
        watch.stale = ""
        watch.heard = quote.ts_received
        if watch.id in self._held:
            return self._mark(watch, quote.ts_received, watch.updated["quote"])
        return watch.updated["quote"]

    def _mark(self, watch: Watch, ts: int, news: Effects) -> Effects:
        """Mark what accounts hold of an instrument that a message was about."""
        held, mark = self._held[watch.id], mark_of(watch)
        if mark is None or mark == held.mark:
            return news
        due = self.desk.marking.tick(held, mark, ts)
        if due is None:
            return news + held.moved
        return news + held.moved + self.desk.watch(due, ts)

    def _book_change(self, change: BookChange) -> Effects:
        watch = self.watches.get(change.instrument) or self.watch(change.instrument)
        book = watch.book
        outcome = book.apply(change)
        watch.heard = change.ts_received
        if outcome == "applied":
            return watch.updated["book"]
        if outcome == "synchronised":
            watch.snapshot_wanted = False
            return watch.updated["book"]
        if outcome == "gap" or (outcome == "buffered" and not watch.snapshot_wanted):
            watch.snapshot_wanted = True
            return (*watch.updated["book"], ResyncBook(watch.id, book.reason))
        return NOTHING

    def _derivative(self, derivative: Derivative) -> Effects:
        watch = self.watch(derivative.instrument)
        watch.derivative.add(derivative)
        watch.heard = derivative.ts_received
        if watch.last is None and watch.derivative.last is not None:
            watch.last, watch.last_ts = watch.derivative.last, derivative.ts_exchange
        if watch.id in self._held:
            return self._mark(watch, derivative.ts_received, watch.updated["derivative"])
        return watch.updated["derivative"]

    def _open_interest(self, interest: OpenInterest) -> Effects:
        return self._derivative(
            Derivative(
                interest.instrument,
                interest.ts_exchange,
                interest.ts_received,
                open_interest=interest.quantity,
            )
        )

    def _ticker(self, ticker: Ticker) -> Effects:
        watch = self.watch(ticker.instrument)
        if not watch.session.take_ticker(ticker):
            return NOTHING  # impossible, or older than what stands
        watch.stale = ""
        watch.heard = ticker.ts_received
        if ticker.ts_exchange > watch.last_ts:
            watch.last, watch.last_ts = ticker.last, ticker.ts_exchange
            return (*watch.updated["price"], *watch.updated["session"])
        return watch.updated["session"]

    def _candle(self, candle: Candle) -> Effects:
        watch = self.watch(candle.instrument)
        changed = watch.candles.correct(candle)
        return (*watch.updated["candle"], *map(CandleClosed, changed)) if changed else NOTHING

    def _history(self, history: History) -> Effects:
        watch = self.watch(history.instrument)
        watch.candles.seed(history.interval, history.candles)
        return watch.updated["candle"]

    def _trades_known(self, event: TradesKnown) -> Effects:
        closed = self.watch(event.instrument).candles.know_from(event.from_s)
        return tuple(map(CandleClosed, closed))

    def _time_passed(self, event: TimePassed) -> Effects:
        until_s = event.ts_received // NS_PER_S - BAR_GRACE_S
        closed: list[Candle] = []
        for watch in self.watches.values():
            closed += watch.candles.close_until(until_s)
            watch.session.advance(until_s)
        return (*map(CandleClosed, closed), *self.desk.pass_time(event.ts_received))

    def _connected(self, event: Connected) -> Effects:
        since = self._down_since.pop((event.venue, event.stream), None)
        if since is None:
            return NOTHING
        away_s = (event.ts_received - since) / NS_PER_S
        text = f"{event.stream} is back after {away_s:.1f} s; what was missed is being fetched."
        return (Notice("INFO", f"{event.venue} reconnected", text, event.ts_received),)

    def _disconnected(self, event: Disconnected) -> Effects:
        self._down_since.setdefault((event.venue, event.stream), event.ts_received)
        effects: list[Effect] = []
        for watch in self._carried_by(event):
            watch.stale = f"{event.stream} is disconnected: {event.reason}"
            watch.book.desynchronise("disconnected")
            watch.candles.interrupt()
            watch.snapshot_wanted = False
            effects += watch.updated["book"]
            effects += watch.updated["quote"]
        text = f"{event.stream}: {event.reason}. Trying again; until then its figures are marked as stale."
        return (*effects, Notice("WARNING", f"{event.venue} disconnected", text, event.ts_received))

    def _carried_by(self, event: Disconnected) -> Iterable[Watch]:
        if event.instruments:
            return (self.watches[each] for each in event.instruments if each in self.watches)
        prefix = f"{event.venue}:"
        return (watch for watch in self.watches.values() if watch.id.startswith(prefix))

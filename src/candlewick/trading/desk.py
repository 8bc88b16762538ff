"""`Desk`: all accounts. It decides what follows from an event, and only what was decided changes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from candlewick.core.clock import NS_PER_S
from candlewick.core.errors import CandlewickError, UnknownAccount
from candlewick.core.instrument import Instrument
from candlewick.core.order import Order
from candlewick.core.reports import (
    ExternalOrder,
    Fill,
    FundingPaid,
    Report,
    VenueState,
)
from candlewick.ledger.fault import Fault
from candlewick.ledger.invariants import check, equity_is_explained
from candlewick.trading import (
    kill,
    owning,
    placing,
    reconciling,
    reporting,
    snapshot,
    watching,
)
from candlewick.trading.account import AccountState
from candlewick.trading.commands import (
    Command,
    ImportFills,
    OpenAccount,
    Place,
)
from candlewick.trading.deciding import decide
from candlewick.trading.effects import (
    NOTHING,
    AccountChanged,
    AskVenue,
    Booked,
    Effect,
    Effects,
    Journal,
    PositionChanged,
)
from candlewick.trading.entries import (
    AccountOpened,
    Entry,
    FilledLate,
    InstrumentKnown,
    LeverageAsked,
    LeverageSet,
    OrderPlaced,
)
from candlewick.trading.folding import fold
from candlewick.trading.marking import AccountMarks, Figures, Marking
from candlewick.trading.marks import Market
from candlewick.trading.reacting import react
from candlewick.trading.risk.verdict import Verdict
from candlewick.trading.steps import NEWS, Step, Steps
from candlewick.trading.valuing import Valuation, value_of


class Desk:
    """All accounts of the house.

    Attributes:
        accounts: by number.
        instruments: what the journal knows, by internal id: all that an entry has named.
        market: the prices that decisions are made by; `apply` never looks at them.
        marking: what they make of the positions, tick by tick.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self.accounts: dict[int, AccountState] = {}
        self.instruments: dict[str, Instrument] = {}
        self.marking = Marking(market)
        # account → what its venue had more than we, when it was last asked
        self._differences: dict[int, reconciling.Differences] = {}

    def handle(self, event: Command | Report) -> Effects:
        """Decide what follows from a command or a report, carry it out in the accounts, and say what to do.

        Raises:
            UnknownAccount, UnknownOrder, OrderRefused, Conflict, UsageError: a command cannot be carried out;
                it changed nothing.
        """
        if isinstance(event, VenueState):
            return self._reconcile(event)
        if isinstance(event, ExternalOrder) and self._account(event.account).find(event.order.order_id):
            account = self._account(event.account)
            return self._hear(reporting.standing(account, event.order, as_of=event.ts))
        effects = self.carry_out(self.decide(event))
        if isinstance(event, ImportFills) and effects:
            # what happened long ago is no loss of today
            effects += self.carry_out(watching.rebase(self._account(event.account), self.market, event.ts))
        return effects

    def decide(self, event: Command | Report) -> Steps:
        """What follows from a command or a report; nothing is changed by asking."""
        if isinstance(event, OpenAccount):
            return () if event.account in self.accounts else owning.open_account(event)
        return decide(self._account(event.account), self.market, event)

    def carry_out(self, steps: Steps) -> Effects:
        """Journal and apply entries, with all that follows from each before the next."""
        effects: list[Effect] = []
        waiting: deque[Step] = deque(steps)
        while waiting:
            step = waiting.popleft()
            if isinstance(step, NEWS):
                effects.append(step)
                continue
            known = self._introduce(step)
            if known is not None:
                effects.append(Journal(known))
                self.apply(known)
            effects.append(Journal(step))
            try:
                effects += self.apply(step)
            except CandlewickError as error:
                # Some of the answer is in the accounts already, and none of it in the journal: this is not a
                # refusal. Whoever runs the heart has to begin again from the journal.
                raise RuntimeError(f"What was decided cannot be applied: {step}") from error
            waiting.extendleft(reversed(self.react(step)))
        return tuple(effects)

    def apply(self, entry: Entry) -> Effects:
        """Change the accounts as an entry says: the only way in which they change."""
        if isinstance(entry, InstrumentKnown):
            self.instruments[entry.instrument.id] = entry.instrument
            for account in self.accounts.values():
                account.book.know(entry.instrument)
            return NOTHING
        if isinstance(entry, AccountOpened):
            account = self.accounts[entry.account] = AccountState(entry)
            for instrument in self.instruments.values():
                account.book.know(instrument)
            self.marking.open(account)
            return (AccountChanged(entry.account),)
        account = self.accounts[entry.account]
        effects = fold(account, entry)
        for effect in effects:
            if isinstance(effect, PositionChanged):
                self.marking.note(account, effect.instrument)
            elif isinstance(effect, Booked):
                self.marking.touch(entry.account)
        return effects

    def react(self, entry: Entry) -> list[Step]:
        """What follows from an entry that was applied: legs, the end of an OCO pair, the kill switch."""
        if isinstance(entry, InstrumentKnown):
            return []
        return react(self.accounts[entry.account], self.market, entry)

    def watch(self, due: list[AccountMarks], ts: int) -> Effects:
        """Look at the limits of accounts whose positions were marked."""
        effects: list[Effect] = []
        for marks in due:
            marks.watch_at = ts + NS_PER_S
            figures = self.marking.figures(marks.account.number, ts)
            steps = watching.watch(marks.account, self.market, marks, ts)
            steps += watching.watch_margin(marks.account, marks, figures.initial_margin, ts)
            effects += self.carry_out(steps)
        return tuple(effects)

    def pass_time(self, ts: int) -> Effects:
        """What follows because a second went by: a new day, limits broken by bookings, the kill switch."""
        effects: list[Effect] = []
        for account in self.accounts.values():
            effects += self.carry_out(watching.begin_day(account, self.market, ts))
            marks = self.marking.accounts[account.number]
            if marks.stale:  # what was booked may have broken a limit, though nothing is left that ticks
                effects += self.watch([marks], ts)
            if account.kill and not 0 <= ts - marks.pursued_at < kill.RETRY_NS:
                marks.pursued_at = ts
                effects += self.carry_out(kill.pursue(account, self.market, ts, again=True))
        return tuple(effects)

    def judge(self, command: Place) -> Verdict:
        """What the door would say to an order."""
        return placing.judge(self._account(command.account), self.market, command)

    def order(self, account: int, order_id: str) -> Order:
        """A working order, or one of the newest that are done.

        Raises:
            UnknownAccount, UnknownOrder: there is none.
        """
        return self._account(account).order(order_id)

    def by_key(self, account: int, key: str) -> str | None:
        """The id of the order that was sent under an idempotency key; None: none was."""
        known = self._account(account).keys.get(key)
        return None if known is None else known.order_id

    def valuation(self, account: int) -> Valuation:
        """What an account is worth at the marks of now, exactly."""
        return value_of(self._account(account), self.market)

    def figures(self, account: int) -> Figures:
        """What an account is worth at the marks of now, in floats: cheap enough for every tick."""
        self._account(account)
        return self.marking.figures(account)

    def cross(self, account: int, currency: str) -> tuple[float, float] | None:
        """Equity and maintenance margin of the cross contracts that settle in a currency, in floats."""
        self._account(account)
        return self.marking.cross(account, currency)

    def checks(self, account: int) -> list[Fault]:
        """What is wrong with an account's books: empty, unless the journal or this program is damaged."""
        book = self._account(account).book
        return [*check(book), *equity_is_explained(book, self.market.marks())]

    def snapshot(self) -> bytes:
        """All that the entries so far have made of the accounts; equal desks give equal bytes."""
        return snapshot.write(self.instruments.values(), self.accounts.values())

    def restore(self, data: bytes) -> None:
        """Stand as a snapshot says; the entries after it are still to be applied.

        Raises:
            StoreError: it cannot be read, and the whole journal has to be.
        """
        self.instruments, self.accounts = snapshot.read(data)
        self.marking.begin_again(self.accounts.values())

    def _hear(self, reports: Iterable[Report]) -> Effects:
        """Weigh reports one after the other: what the next is may depend on what the last one did."""
        return tuple(effect for report in reports for effect in self.handle(report))

    def _reconcile(self, state: VenueState) -> Effects:
        account = self._account(state.account)
        effects = [*self._hear(reconciling.missed(account, state))]
        effects += self.carry_out(reconciling.leverages(account, self.market, state))
        # Between two answers of a venue a fill may lie that is told only later: to book a difference that
        # was seen once would count it twice. An account that begins takes what is there at once.
        begins, market = reconciling.begins(account), self.market
        before = self._differences.get(account.number, {})
        found = self._differences[account.number] = reconciling.differences(account, market, state)
        if not begins and any(before.get(name) != by for name, by in found.items()):
            return (*effects, AskVenue(account.number))
        effects += self.carry_out(reconciling.contracts(account, market, state))
        effects += self.carry_out(
            reconciling.money(account, market, state, "deposit" if begins else "correction")
        )
        if found and not begins:
            effects.append(reconciling.told(account, state, found))
        return tuple(effects)

    def _account(self, number: int) -> AccountState:
        try:
            return self.accounts[number]
        except KeyError:
            raise UnknownAccount(number) from None

    def _introduce(self, entry: Entry) -> InstrumentKnown | None:
        """What the journal has to say first, so that it can be read without anybody who lists instruments."""
        match entry:
            case OrderPlaced():
                id = entry.order.terms.instrument
            case Fill() | FundingPaid() | LeverageSet() | LeverageAsked():
                id = entry.instrument
            case FilledLate():
                id = entry.fill.instrument
            case _:
                return None
        listed = self.market.instruments.get(id)
        if listed is None or listed == self.instruments.get(id):
            return None
        return InstrumentKnown(0, listed, entry.ts)

"""The rows: people, their accounts, their watchlists. Nothing clever lives here.

people     people who may sign in, and their login links
accounts   money that people trade with, and who may
tokens     what programs show
keys       keys of venues, encrypted
audit      what people did outside the engine
watchlist  what people watch
journal    what people write about their trades
jobs       studies that people ask for
strategies strategies at work
"""

from __future__ import annotations

from candlewick.store.models.accounts import PAPER_CASH, Account, AccountKind, AccountMember
from candlewick.store.models.audit import AuditEvent, AuditHead
from candlewick.store.models.jobs import Job, JobEvent, JobState
from candlewick.store.models.journal import TradeImage, TradeNote, TradeWord
from candlewick.store.models.keys import VenueKey
from candlewick.store.models.people import LINK_LIFETIME, LoginLink, Role, User
from candlewick.store.models.strategies import StrategyAtWork, StrategyLine, WorkState
from candlewick.store.models.tokens import ApiToken, ProgramSession
from candlewick.store.models.watchlist import WATCHLIST_LIMIT, WatchlistEntry

__all__ = [
    "LINK_LIFETIME",
    "PAPER_CASH",
    "WATCHLIST_LIMIT",
    "Account",
    "AccountKind",
    "AccountMember",
    "ApiToken",
    "AuditEvent",
    "AuditHead",
    "Job",
    "JobEvent",
    "JobState",
    "LoginLink",
    "ProgramSession",
    "Role",
    "StrategyAtWork",
    "StrategyLine",
    "TradeImage",
    "TradeNote",
    "TradeWord",
    "User",
    "VenueKey",
    "WatchlistEntry",
    "WorkState",
]

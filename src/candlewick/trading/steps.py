"""What a decision is made of: entries for the journal, and news that change nothing."""

from __future__ import annotations

from collections.abc import Iterable

from candlewick.trading.effects import Alert, AskVenue, Denied, RiskNews
from candlewick.trading.entries import Entry

News = Alert | RiskNews | Denied | AskVenue
Step = Entry | News
Steps = Iterable[Step]
NEWS = (Alert, RiskNews, Denied, AskVenue)

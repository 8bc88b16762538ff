"""Who asks, about which account, and what a component can reach on their behalf."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, Protocol

import msgspec

from candlewick.core.errors import UnknownAccount
from candlewick.web.live.channels import Directory
from candlewick.web.people.accounts import AccountAccess
from candlewick.web.people.identity import Person

_EXACT: Final = msgspec.json.Decoder(float_hook=Decimal)


class Asks(Protocol):
    """The engine, as a component needs it; `candlewick.web.link.Engine` is one."""

    def request(self, verb: str, **arguments: Any) -> bytes: ...


@dataclass
class Visit:
    """One person's look at, or event of, one component. Made anew for each: a component keeps nothing.

    Attributes:
        find_account: the account that the visit is about; raises `NoSuchAccount`.
        origin: by which road an order would come.
        source: the address that the visit comes from, for the audit.
        open_account: makes an account known to an engine that has not heard of it.
    """

    person: Person
    engine: Asks
    directory: Directory
    find_account: Callable[[], AccountAccess]
    origin: str = "manual"
    source: str = ""
    open_account: Callable[[AccountAccess], None] | None = None

    @cached_property
    def account(self) -> AccountAccess:
        """The account that the visit is about.

        Raises:
            NoSuchAccount: the person may see none of that name, or has none.
        """
        return self.find_account()

    def ask(self, verb: str, **arguments: Any) -> Any:
        """The engine's answer about this account, its numbers as Decimals.

        Raises:
            CandlewickError: it refuses, or does not answer.
        """
        try:
            answer = self.engine.request(verb, account=self.account.id, **arguments)
        except UnknownAccount:
            if self.open_account is None:
                raise
            self.open_account(self.account)
            answer = self.engine.request(verb, account=self.account.id, **arguments)
        return _EXACT.decode(answer)

    def command(self, verb: str, **arguments: Any) -> Any:
        """As `ask`, for what changes something: the engine is told by whom, and from where."""
        return self.ask(verb, actor=self.person.name, source=self.source, **arguments)

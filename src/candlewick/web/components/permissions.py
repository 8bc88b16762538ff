"""Who may see a component and send its events. Every one that is named must let a visit pass."""

from __future__ import annotations

from candlewick.core.errors import CandlewickError
from candlewick.web.components.visit import Visit


class Denied(CandlewickError):
    """The person may not do this; the text says why."""


class Permission:
    """One condition. `check` raises `Denied` where it does not hold."""

    def check(self, visit: Visit) -> None:
        raise NotImplementedError


class IsSignedIn(Permission):
    """Anybody who signed in, with a token that permits reading."""

    def check(self, visit: Visit) -> None:
        if not visit.person.may("read"):
            raise Denied("This token may not read: it lacks the scope 'read'.")


class MayWrite(Permission):
    """Who may change what is their own: watchlist, notes, preferences."""

    def check(self, visit: Visit) -> None:
        if not visit.person.may("write"):
            raise Denied("This token may not change anything: it lacks the scope 'write'.")


class SeesAccount(Permission):
    """Who may see the account; for a stranger it does not exist."""

    def check(self, visit: Visit) -> None:
        IsSignedIn().check(visit)
        visit.account  # noqa: B018  # raises for whoever may not see it


class MayTrade(Permission):
    """Who may place orders with the account."""

    def check(self, visit: Visit) -> None:
        if not visit.account.may_trade:
            raise Denied(visit.account.refusal or "You may not trade with this account.")


class MayManageRisk(Permission):
    """Who may use the account's kill switch and set its limits."""

    def check(self, visit: Visit) -> None:
        if not visit.account.may_manage_risk:
            raise Denied(visit.account.refusal or "You may not change this account's risk.")

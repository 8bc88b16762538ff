"""Which accounts a person may see, which one they mean, and whether they may trade with it.

Pages, components, REST and live channels ask here and nowhere else. An account that a person may not see
does not exist for them: it is answered like one that was never opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from candlewick.store.models import AccountKind
from candlewick.web.people import rows, two_factor
from candlewick.web.people.identity import Person, person_of, session_store
from candlewick.web.people.rows import AccountRow
from candlewick.web.people.scopes import Scope

SESSION_KEY: Final = "account"
_KEPT: Final = "_candlewick_accounts"


class NoSuchAccount(Http404):
    """The person may see no account of that name or number; whether there is one is not told."""


class MayNot(PermissionDenied):
    """The person sees the account, but may not do this with it. The text says why."""


@dataclass(frozen=True, slots=True)
class AccountAccess:
    """An account as one person has it.

    Attributes:
        id: its number, by which the engine knows it.
        owner: name of the person whose it is.
        may_trade: orders may be placed, amended and cancelled.
        may_manage_risk: limits, trading state and kill switch may be used.
        is_owner: it may be renamed, archived and shared.
        refusal: why they may not trade; empty if they may.
    """

    id: int
    name: str
    kind: str
    venue: str
    currency: str
    owner: str
    is_owner: bool
    is_archived: bool
    may_trade: bool
    may_manage_risk: bool
    refusal: str = ""


def accounts_of(person: Person, *, archived: bool = False) -> list[AccountAccess]:
    """The accounts that `person` may see: their own first, then those shared with them."""
    found = [_access(person, row) for row in rows.accounts(person.id)]
    found.sort(key=lambda each: not each.is_owner)
    if person.account is not None:
        found = [each for each in found if each.id == person.account]
    return [each for each in found if archived or not each.is_archived]


def numbers_of(person: Person) -> tuple[int, ...]:
    """Numbers of the accounts that `person` may see, the one they have chosen first."""
    numbers = [each.id for each in accounts_of(person)]
    preferred = session_store(person.session).get(SESSION_KEY) if person.session is not None else None
    return tuple(sorted(numbers, key=lambda number: number != preferred))


def find(
    person: Person, named: str | int | None = None, *, preferred: int | None = None, archived: bool = False
) -> AccountAccess:
    """The account that `named` (a number or a name) means, else `preferred`, else the person's first.

    Raises:
        NoSuchAccount: there is none that the person may see.
    """
    return _pick(accounts_of(person, archived=archived), named, preferred)


def chosen(request: HttpRequest, named: str | int | None = None, *, archived: bool = False) -> AccountAccess:
    """The account that a request is about: `named` (from its body), else `?account=`, else the chosen one.

    Raises:
        NoSuchAccount: there is none that the person may see.
    """
    named = named if named not in (None, "") else request.GET.get("account") or None
    preferred = request.session.get(SESSION_KEY) if hasattr(request, "session") else None
    return _pick(of_request(request, archived=archived), named, preferred)


def chosen_if_any(request: HttpRequest) -> AccountAccess | None:
    """`chosen`, for a page that can be looked at without an account; None: the person has none.

    Raises:
        NoSuchAccount: the address names one that the person may not see.
    """
    try:
        return chosen(request)
    except NoSuchAccount:
        if request.GET.get("account"):
            raise
        return None


def of_request(request: HttpRequest, *, archived: bool = False) -> list[AccountAccess]:
    """`accounts_of` the person who sent a request; read once however often it is asked."""
    person = person_of(request)
    if person is None:
        raise NoSuchAccount("Sign in first.")
    kept: list[AccountAccess] | None = getattr(request, _KEPT, None)
    if kept is None:
        kept = accounts_of(person, archived=True)
        setattr(request, _KEPT, kept)
    return [each for each in kept if archived or not each.is_archived]


def require_trade(request: HttpRequest, named: str | int | None = None) -> AccountAccess:
    """The account that a request is about, if the person may trade with it.

    Raises:
        NoSuchAccount: they may not see it.
        MayNot: they see it, but may not trade.
    """
    access = chosen(request, named)
    if not access.may_trade:
        raise MayNot(access.refusal)
    return access


def require_risk(request: HttpRequest, named: str | int | None = None) -> AccountAccess:
    """The account that a request is about, if the person may set limits and use the kill switch.

    Raises:
        NoSuchAccount: they may not see it.
        MayNot: they see it, but may not do that.
    """
    access = chosen(request, named)
    if not access.may_manage_risk:
        raise MayNot(access.refusal or "This token may not change risk: it lacks the scope 'risk'.")
    return access


def require_owner(request: HttpRequest, named: str | int | None = None) -> AccountAccess:
    """The account that a request is about, if it is the person's own and they may change it.

    Raises:
        NoSuchAccount: they may not see it.
        MayNot: it is somebody else's, or their token is not for this.
    """
    access = chosen(request, named, archived=True)
    person = person_of(request)
    if not access.is_owner or person is None or not person.may("accounts"):
        raise MayNot("Only the account's owner may do this.")
    return access


def _pick(accounts: list[AccountAccess], named: str | int | None, preferred: int | None) -> AccountAccess:
    if named is not None:
        return _named(accounts, named)
    for each in accounts:
        if each.id == preferred:
            return each
    if not accounts:
        raise NoSuchAccount("You have no account yet. Open one in the settings, or ask for a share of one.")
    return accounts[0]


def _named(accounts: Sequence[AccountAccess], named: str | int) -> AccountAccess:
    """The account of a number, of a name, or of a name but for its letters' case; their own come first."""
    text = str(named).strip()
    matches = [
        *(each for each in accounts if str(each.id) == text),
        *(each for each in accounts if each.name == text),
        *(each for each in accounts if each.name.casefold() == text.casefold()),
    ]
    if not matches:
        raise NoSuchAccount(f"You have no account {text[:80]!r}.")
    return matches[0]


def _access(person: Person, row: AccountRow) -> AccountAccess:
    refusal = _refusal(person, row, "trade")
    return AccountAccess(
        id=row.id,
        name=row.name,
        kind=row.kind,
        venue=row.venue,
        currency=row.currency,
        owner=row.owner,
        is_owner=row.owner_id == person.id,
        is_archived=row.is_archived,
        may_trade=not refusal,
        may_manage_risk=not _refusal(person, row, "risk"),
        refusal=refusal,
    )


def _refusal(person: Person, row: AccountRow, scope: Scope) -> str:
    """Why a person may not do what `scope` names with an account; empty if they may."""
    if row.is_archived:
        return f"The account {row.name!r} is archived."
    if row.owner_id != person.id and not row.may_trade:
        return f"You may look at the account {row.name!r}, but not trade with it. Ask {row.owner}."
    if not person.may(scope):
        if person.granted is not None and scope not in person.granted:
            return f"This token may not do that: it lacks the scope {scope!r}."
        return "A viewer does not trade. Ask the owner of this terminal for another role."
    if row.kind == AccountKind.LIVE and not two_factor.is_on(person.id):
        return "A live account takes two-factor sign-in. Turn it on in the settings."
    return ""

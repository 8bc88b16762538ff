"""Whose account is whose, and what a member, a viewer, a token may do with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import RequestFactory

from candlewick.core.errors import Conflict
from candlewick.research import describing, loading
from candlewick.runtime.strategies import desk
from candlewick.store.models import Account, AccountKind, AccountMember, Role, StrategyAtWork, User
from candlewick.web.people import accounts, api_tokens, identity, ownership
from candlewick.web.people.accounts import MayNot, NoSuchAccount
from tests.web.conftest import Person


def of(user: User, *, scopes: list[str] | None = None, account: Account | None = None) -> identity.Person:
    """A person as they come: with a session, or with a token of these scopes."""
    if scopes is None:
        return identity.of_user(user)
    _, token = api_tokens.issue(user, "test", scopes, account=account)
    person = identity.by_bearer(token)
    assert person is not None
    return person


def request_of(person: identity.Person, path: str = "/", *, chosen: int | None = None) -> Any:
    request: Any = RequestFactory().get(path)
    request.auth, request.session = person, {accounts.SESSION_KEY: chosen}
    return request


def paper(user: User, name: str = "Second") -> Account:
    return ownership.open_paper_account(user, name)


def test_an_owner_has_their_account_and_nobody_else_has(person: Person) -> None:
    ann, bob = person(Role.TRADER), person(Role.TRADER)
    [found] = accounts.accounts_of(of(ann))
    assert (found.name, found.owner, found.is_owner, found.may_trade, found.may_manage_risk) == (
        "Paper", ann.username, True, True, True,
    )  # fmt: skip
    assert found.id not in accounts.numbers_of(of(bob))
    with pytest.raises(NoSuchAccount):
        accounts.find(of(bob), found.id)


@pytest.mark.parametrize("may_trade", [False, True])
def test_a_member_sees_the_account_and_trades_only_if_told(person: Person, may_trade: bool) -> None:
    ann, bob = person(Role.TRADER), person(Role.TRADER)
    account = ann.accounts.get()
    ownership.share(account, bob, may_trade=may_trade)
    found = accounts.find(of(bob), account.pk)
    assert (found.is_owner, found.may_trade, found.may_manage_risk) == (False, may_trade, may_trade)
    assert bool(found.refusal) is not may_trade


def test_a_viewer_never_trades_whatever_they_were_told(person: Person) -> None:
    ann, eve = person(Role.TRADER), person(Role.VIEWER)
    account = ann.accounts.get()
    ownership.share(account, eve, may_trade=True)
    found = accounts.find(of(eve), account.pk)
    assert not found.may_trade
    assert "viewer" in found.refusal
    with pytest.raises(MayNot, match="viewer"):
        accounts.require_trade(request_of(of(eve)), account.pk)


@pytest.mark.parametrize(
    ("scopes", "trades", "sets_risk"),
    [
        (["read"], False, False),
        (["read", "trade"], True, False),
        (["read", "risk"], False, True),
        (["read", "trade", "risk"], True, True),
    ],
)
def test_a_token_does_what_its_scopes_say(
    person: Person, scopes: list[str], trades: bool, sets_risk: bool
) -> None:
    bearer = of(person(Role.TRADER), scopes=scopes)
    [found] = accounts.accounts_of(bearer)
    assert (found.may_trade, found.may_manage_risk) == (trades, sets_risk)
    if not trades:
        with pytest.raises(MayNot, match="scope 'trade'"):
            accounts.require_trade(request_of(bearer))


def test_a_token_does_no_more_than_its_person(person: Person) -> None:
    eve = person(Role.VIEWER)
    bearer = of(eve, scopes=["read", "trade", "admin"])
    assert bearer.may("read")
    assert not bearer.may("trade")
    assert not bearer.may("admin")


def test_a_token_of_one_account_sees_that_one_alone(person: Person) -> None:
    ann = person(Role.TRADER)
    second = paper(ann)
    bearer = of(ann, scopes=["read"], account=second)
    assert accounts.numbers_of(bearer) == (second.pk,)
    with pytest.raises(NoSuchAccount):
        accounts.find(bearer, "Paper")


def test_a_token_of_an_account_that_is_not_shared_any_more_sees_nothing(person: Person) -> None:
    ann, bob = person(Role.TRADER), person(Role.TRADER)
    account = ann.accounts.get()
    member = ownership.share(account, bob, may_trade=True)
    bearer = of(bob, scopes=["read"], account=account)
    assert accounts.numbers_of(bearer) == (account.pk,)
    member.delete()
    assert accounts.numbers_of(bearer) == ()


def test_an_account_is_meant_by_number_or_name_and_ones_own_comes_first(person: Person) -> None:
    ann, bob = person(Role.TRADER), person(Role.TRADER)
    ownership.share(ann.accounts.get(), bob, may_trade=True)
    theirs, own = ann.accounts.get(), bob.accounts.get()
    me = of(bob)
    assert accounts.find(me, "Paper").id == own.pk
    assert accounts.find(me, "paper").id == own.pk
    assert accounts.find(me, theirs.pk).id == theirs.pk
    assert accounts.find(me, str(theirs.pk)).id == theirs.pk
    assert accounts.find(me).id == own.pk


def test_a_request_is_about_the_named_then_the_asked_then_the_chosen_account(person: Person) -> None:
    ann = person(Role.TRADER)
    first, second, third = ann.accounts.get(), paper(ann), paper(ann, "Third")
    me = of(ann)
    assert accounts.chosen(request_of(me)).id == first.pk
    assert accounts.chosen(request_of(me, chosen=third.pk)).id == third.pk
    assert accounts.chosen(request_of(me, "/?account=Second", chosen=third.pk)).id == second.pk
    assert accounts.chosen(request_of(me, "/?account=Second", chosen=third.pk), first.pk).id == first.pk


def test_a_chosen_account_that_is_gone_is_forgotten(person: Person) -> None:
    ann = person(Role.TRADER)
    assert accounts.chosen(request_of(of(ann), chosen=10**9)).id == ann.accounts.get().pk


def test_whoever_has_no_account_is_told_so(person: Person) -> None:
    with pytest.raises(NoSuchAccount, match="no account yet"):
        accounts.chosen(request_of(of(person(Role.VIEWER))))


def test_an_account_with_a_strategy_at_work_is_not_archived_and_none_begins_on_one_that_is(
    person: Person,
) -> None:
    second = paper(person(Role.TRADER))
    ema = describing.describe(loading.bundled_of("EmaCross"))
    asked: dict[str, Any] = {
        "symbols": ["sim:BTCUSDT"],
        "timeframe": "1h",
        "parameters": {},
        "fraction": Decimal(1),
    }
    begun = desk.start(second, ema, **asked)
    with pytest.raises(Conflict, match=r"has strategies at work \(EmaCross\)\. Stop them first"):
        ownership.archive(second)
    StrategyAtWork.objects.filter(pk=begun.pk).update(state="stopped")
    ownership.archive(second)
    with pytest.raises(Conflict, match="is archived"):
        desk.start(second, ema, **asked)


def test_an_archived_account_is_looked_at_and_not_traded_with(person: Person) -> None:
    ann = person(Role.TRADER)
    second = paper(ann)
    ownership.archive(second)
    me = of(ann)
    assert second.pk not in accounts.numbers_of(me)
    found = accounts.find(me, second.pk, archived=True)
    assert found.is_archived
    assert not found.may_trade
    assert paper(ann, "Second").pk != second.pk, "its name is free again"


def test_a_live_account_takes_two_factor_sign_in(person: Person) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    ann = person(Role.TRADER)
    live = Account.objects.create(user=ann, name="Live", kind=AccountKind.LIVE, venue="binance")
    assert "two-factor" in accounts.find(of(ann), live.pk).refusal
    TOTP.activate(ann, generate_totp_secret())
    assert accounts.find(of(ann), live.pk).may_trade


def test_only_the_owner_may_change_an_account(person: Person) -> None:
    ann, bob = person(Role.TRADER), person(Role.TRADER)
    account = ann.accounts.get()
    ownership.share(account, bob, may_trade=True)
    assert accounts.require_owner(request_of(of(ann)), account.pk).is_owner
    with pytest.raises(MayNot):
        accounts.require_owner(request_of(of(bob)), account.pk)
    with pytest.raises(MayNot):
        accounts.require_owner(request_of(of(ann, scopes=["read", "trade"])), account.pk)


def test_a_share_is_changed_and_not_doubled(person: Person) -> None:
    ann, bob = person(Role.TRADER), person(Role.TRADER)
    account = ann.accounts.get()
    ownership.share(account, bob, may_trade=True)
    ownership.share(account, bob, may_trade=False)
    assert AccountMember.objects.get(account=account).may_trade is False

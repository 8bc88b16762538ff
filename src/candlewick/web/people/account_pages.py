"""`/settings/accounts/`: opening, renaming, archiving, sharing and choosing accounts."""

from __future__ import annotations

import orjson
from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from candlewick.core.errors import CandlewickError, Conflict, EngineAway, UsageError
from candlewick.store.models import Account, AccountMember
from candlewick.web import desk
from candlewick.web.people import accounts as register
from candlewick.web.people import ownership
from candlewick.web.people.accounts import SESSION_KEY, NoSuchAccount
from candlewick.web.people.doors import page, user_of, who
from candlewick.web.people.forms import NewAccount, Rename, Share
from candlewick.web.people.trail import note
from candlewick.web.services import services_of


@page("read")
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """The person's accounts with whom they share them, and those shared with them."""
    return _listing(request, NewAccount())


@page("accounts")
@require_POST
def open_account(request: HttpRequest) -> HttpResponse:
    """Open a paper account, and choose it."""
    form = NewAccount(request.POST)
    if not form.is_valid():
        return _listing(request, form, status=422)
    name, cash = form.cleaned_data["name"], form.cleaned_data["cash"]
    try:
        with transaction.atomic():
            account = ownership.open_paper_account(user_of(request), name, cash)
            note(request, "account.new", _subject(account), after={"name": account.name, "cash": cash})
    except (UsageError, Conflict) as error:
        form.add_error(None, _told(error))
        return _listing(request, form, status=422)
    request.session[SESSION_KEY] = account.pk
    messages.success(request, f"The account {account.name} is open, with {cash:,f} {account.currency}.")
    return redirect("settings_accounts")


@page("accounts")
@require_POST
def rename(request: HttpRequest, number: int) -> HttpResponse:
    """Give an account another name."""
    account, form = _own(request, number), Rename(request.POST)
    before = account.name
    if not form.is_valid():
        messages.error(request, _complaints(form))
    elif (name := form.cleaned_data["name"]) != before:
        try:
            with transaction.atomic():
                ownership.rename(account, name)
                note(request, "account.rename", _subject(account), before=before, after=account.name)
        except (UsageError, Conflict) as error:
            messages.error(request, _told(error))
        else:
            messages.success(request, f"{before} is called {account.name} now.")
    return redirect("settings_accounts")


@page("accounts")
@require_POST
def archive(request: HttpRequest, number: int) -> HttpResponse:
    """Put an account away; its name is typed to confirm it."""
    account = _own(request, number)
    if request.POST.get("confirm", "").strip() != account.name:
        messages.error(request, f"Type {account.name} to archive this account. Nothing was changed.")
        return redirect("settings_accounts")
    try:
        _require_flat(request, account)
        with transaction.atomic():
            ownership.archive(account)
            note(request, "account.archive", _subject(account))
    except (Conflict, EngineAway) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{account.name} is archived. Its history stays.")
    return redirect("settings_accounts")


@page("accounts")
@require_POST
def share(request: HttpRequest, number: int) -> HttpResponse:
    """Let somebody see an account, or trade with it."""
    account, form = _own(request, number), Share(request.POST)
    if not form.is_valid():
        messages.error(request, _complaints(form))
        return redirect("settings_accounts")
    person, may_trade = form.cleaned_data["username"], form.cleaned_data["may_trade"]
    had = account.members.filter(user=person).first()
    before = None if had is None else _membership(had)
    try:
        with transaction.atomic():
            member = ownership.share(account, person, may_trade=may_trade)
            note(request, "account.share", _subject(account), before=before, after=_membership(member))
    except Conflict as error:
        messages.error(request, str(error))
        return redirect("settings_accounts")
    services_of(request).end_connections_of([person.pk])
    what = "see and trade with" if may_trade else "see"
    messages.success(request, f"{person.username} may {what} {account.name}.")
    return redirect("settings_accounts")


@page("read")
@require_POST
def unshare(request: HttpRequest, number: int, member: int) -> HttpResponse:
    """Take somebody's share away, or leave an account that is shared with oneself."""
    user = user_of(request)
    found = (
        AccountMember.objects.filter(pk=member, account_id=number).select_related("account", "user").first()
    )
    if found is None or user.pk not in (found.user_id, found.account.user_id):
        raise NoSuchAccount("There is no such share.")
    before = _membership(found)
    with transaction.atomic():
        found.delete()
        note(request, "account.unshare", _subject(found.account), before=before)
    services_of(request).end_connections_of([found.user_id])
    whose = "You have" if found.user_id == user.pk else f"{found.user.username} has"
    messages.success(request, f"{whose} no share of {found.account.name} any more.")
    return redirect("settings_accounts")


@page("read")
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Make an account the one that pages are about, in this session."""
    access = register.find(who(request), request.POST.get("account", ""))
    request.session[SESSION_KEY] = access.id
    onward = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure())
    return redirect(onward if is_ours else "/")


def _listing(request: HttpRequest, form: NewAccount, *, status: int = 200) -> HttpResponse:
    user = user_of(request)
    own = Account.objects.filter(user=user).prefetch_related("members__user").order_by("archived_at", "id")
    shared = AccountMember.objects.filter(user=user, account__archived_at=None)
    context = {
        "own": [each for each in own if each.archived_at is None],
        "archived": [each for each in own if each.archived_at is not None],
        "shared": shared.select_related("account__user"),
        "form": form,
        "may_change": who(request).may("accounts"),
        "section": "accounts",
    }
    return render(request, "people/accounts.html", context, status=status)


def _own(request: HttpRequest, number: int) -> Account:
    return Account.objects.get(pk=register.require_owner(request, number).id)


def _require_flat(request: HttpRequest, account: Account) -> None:
    """What is put away must not go on trading.

    Raises:
        Conflict: it has positions or working orders.
        EngineAway: whether it has is not known.
    """
    found = orjson.loads(desk.ask(request, register.chosen(request, account.pk), "account.snapshot"))
    if found["positions"] or found["orders"]:
        raise Conflict(
            f"{account.name} has {len(found['positions'])} positions and {len(found['orders'])} working "
            "orders. Close and cancel them first."
        )


def _subject(account: Account) -> str:
    return f"account {account.pk}"


def _membership(member: AccountMember) -> dict[str, object]:
    return {"person": member.user.username, "may_trade": member.may_trade}


def _complaints(form: Form) -> str:
    return " ".join(str(text) for each in form.errors.values() for text in each)


def _told(error: CandlewickError) -> str:
    """The sentence, without the name of the field that it is about."""
    field, colon, text = str(error).partition(": ")
    return text if colon and field.isidentifier() else str(error)

"""`/settings/tokens/`: API tokens are made, shown once, and revoked."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from candlewick.store.models import Account, ApiToken
from candlewick.web.people import accounts, api_tokens
from candlewick.web.people.doors import confirmed, page, user_of, who
from candlewick.web.people.forms import NewToken
from candlewick.web.people.trail import note
from candlewick.web.services import services_of


@page("read")
@confirmed("settings_tokens")
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List a person's tokens; a POST makes one, and its answer is the only place where it is shown."""
    visible = accounts.of_request(request)
    if request.method != "POST":
        return _listing(request, NewToken(who(request), visible))
    form = NewToken(who(request), visible, request.POST)
    if not form.is_valid():
        return _listing(request, form, status=422)
    chosen = form.cleaned_data
    account = Account.objects.get(pk=chosen["account"]) if chosen["account"] else None
    with transaction.atomic():
        row, token = api_tokens.issue(
            user_of(request), chosen["name"], chosen["scopes"], account=account, expires_at=form.expires_at
        )
        note(request, "token.make", f"token {row.prefix}", after=_told(row))
    return _listing(request, NewToken(who(request), visible), fresh=token, fresh_row=row)


@page("read")
@require_POST
def revoke(request: HttpRequest, number: int) -> HttpResponse:
    """From now on the token opens nothing; live connections that came with it are closed."""
    row = ApiToken.objects.filter(pk=number, user=user_of(request)).first()
    if row is None:
        raise Http404
    before = _told(row)
    with transaction.atomic():
        row.delete()
        note(request, "token.revoke", f"token {row.prefix}", before=before)
    services_of(request).end_connections_of([row.user_id])
    messages.success(request, f"{row.name} is revoked.")
    return redirect("settings_tokens")


def _listing(request: HttpRequest, form: NewToken, *, status: int = 200, **more: Any) -> HttpResponse:
    rows = ApiToken.objects.filter(user=user_of(request)).select_related("account")
    context = {"tokens": rows, "form": form, "now": timezone.now(), "section": "tokens"} | more
    return render(request, "people/tokens.html", context, status=status)


def _told(row: ApiToken) -> dict[str, Any]:
    """What the audit log says of a token: never the token."""
    return {
        "name": row.name,
        "scopes": row.scopes,
        "account": row.account_id,
        "expires_at": f"{row.expires_at:%Y-%m-%dT%H:%M:%SZ}" if row.expires_at is not None else None,
    }

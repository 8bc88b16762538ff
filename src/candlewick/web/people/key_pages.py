"""`/settings/keys/`: keys of a person's accounts at venues. Kept encrypted, and never shown again."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from candlewick.core.errors import UsageError
from candlewick.store import venue_keys
from candlewick.store.keys import Vault, load
from candlewick.store.models import VenueKey
from candlewick.web.boot import settings_in_force
from candlewick.web.people.doors import confirmed, page, user_of
from candlewick.web.people.forms import NewKey
from candlewick.web.people.trail import origin_of
from candlewick.web.services import services_of


@page("accounts")
@confirmed("settings_keys")
@sensitive_post_parameters("key", "secret", "passphrase")
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """List a person's keys by their first and last letters; a POST keeps another."""
    if request.method != "POST":
        return _listing(request, NewKey(user_of(request)))
    form = NewKey(user_of(request), request.POST)
    if not form.is_valid():
        return _listing(request, form, status=422)
    user, given = user_of(request), form.cleaned_data
    try:
        made = venue_keys.add(
            _vault(),
            user,
            given["venue"],
            given["label"],
            key=given["key"],
            secret=given["secret"],
            passphrase=given["passphrase"] or None,
            account=given["account"],
            actor=user.username,
            origin=origin_of(request),
        )
    except UsageError as error:
        form.add_error("label", str(error))
        return _listing(request, form, status=422)
    messages.success(request, f"The key {made.shown} of {made.venue} is kept. It is not shown again.")
    return redirect("settings_keys")


@page("accounts")
@require_POST
def remove(request: HttpRequest, number: str) -> HttpResponse:
    """Forget a key; at the venue it stays valid until it is deleted there."""
    user = user_of(request)
    if not VenueKey.objects.filter(pk=number, user=user).exists():
        raise Http404
    gone = venue_keys.remove(number, actor=user.username, origin=origin_of(request))
    messages.success(request, f"The key {gone.shown} is forgotten. Delete it at {gone.venue} too.")
    return redirect("settings_keys")


def _listing(request: HttpRequest, form: NewKey, *, status: int = 200) -> HttpResponse:
    context = {
        "keys": VenueKey.objects.filter(user=user_of(request)).select_related("account"),
        "form": form,
        "venues": sorted(services_of(request).hub.link.venues),
        "section": "keys",
    }
    return render(request, "people/keys.html", context, status=status)


def _vault() -> Vault:
    settings = settings_in_force()
    return Vault(load(settings.data_dir, settings.master_key_text))

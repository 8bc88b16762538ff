"""Pages of a person's own affairs: the login link, how they sign in, their sessions, their preferences."""

from __future__ import annotations

from typing import Any, get_args

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.account.views import PasswordChangeView, PasswordSetView
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from candlewick.store.models import LoginLink
from candlewick.web.people import preferences, two_factor
from candlewick.web.people.doors import page, user_of
from candlewick.web.people.preferences import Preferences
from candlewick.web.people.trail import keep_preferences, note
from candlewick.web.services import services_of

_SIZES = {"quantity": "Quantity", "notional": "Notional", "equity_pct": "Percent of equity"}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign the bearer of a link in; the terminal's menu then offers to set a password.

    A HEAD, as link previews send it, does not use the link up. Whoever has turned two-factor sign-in on is
    asked for their code all the same.
    """
    if request.method == "HEAD":
        return HttpResponse()
    user = LoginLink.redeem(token)
    if user is None and request.user.is_authenticated:
        return redirect("dashboard")  # who opens their own link again is where they want to be
    if user is None:
        return render(request, "people/link_spent.html", status=410)
    record_authentication(request, user, method="link")
    answer: HttpResponse = perform_login(request, user, redirect_url="/")
    return answer


@page("read")
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """What a person may see and change about themselves; a POST keeps their preferences."""
    user = user_of(request)
    if request.method == "POST":
        _keep_preferences(request)
        messages.success(request, "Your preferences are kept.")
        return redirect("settings")
    sessions = sorted(
        UserSession.objects.purge_and_list(user), key=lambda each: each.created_at, reverse=True
    )
    context = {
        "two_factor": two_factor.is_on(user.pk),
        "sessions": [
            {
                "title": browser_of(each.user_agent),
                "ip": each.ip,
                "created_at": each.created_at,
                "is_current": each.session_key == request.session.session_key,
            }
            for each in sessions
        ],
        "programs": user.program_sessions.all(),
        "preferences": _questions(preferences.of(user.pk)),
        "section": "profile",
    }
    return render(request, "people/settings.html", context)


@page("read")
@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End every other session of the person, and every program's; API tokens stay."""
    user, current = user_of(request), request.session.session_key
    others = [each for each in UserSession.objects.filter(user=user) if each.session_key != current]
    keys = [each.session_key for each in others]
    with transaction.atomic():
        for each in others:
            each.end()
        ended, _ = user.program_sessions.all().delete()
        after = {"sessions": len(keys), "programs": ended}
        note(request, "sign_in.others_ended", user.username, after=after)
    services_of(request).end_sessions(keys)
    messages.success(request, "You are signed out everywhere else.")
    return redirect("settings")


class ChangePassword(PasswordChangeView):  # type: ignore[misc]  # published without types
    """A new password for one who has one. Their other sessions end."""

    success_url = reverse_lazy("settings")

    def form_valid(self, form: object) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        messages.success(self.request, "Your password is changed. You are signed out everywhere else.")
        return response


class SetPassword(PasswordSetView):  # type: ignore[misc]  # published without types
    """The first password of one who came by a link."""

    success_url = reverse_lazy("settings")

    def form_valid(self, form: object) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        messages.success(self.request, "Your password is set.")
        return response


def browser_of(agent: str) -> str:
    """What a person calls their browser; what is none of the well-known is shown as it named itself."""
    # Order matters: each names those before whom it came too.
    browsers = {
        "Edg/": "Edge",
        "OPR/": "Opera",
        "Firefox/": "Firefox",
        "Chrome/": "Chrome",
        "Safari/": "Safari",
    }
    systems = {
        "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "Mac OS": "macOS",
        "Linux": "Linux",
    }  # fmt: skip
    browser = next((name for mark, name in browsers.items() if mark in agent), None)
    system = next((name for mark, name in systems.items() if mark in agent), None)
    if browser is None:
        return agent[:60] or "A browser without a name"
    return f"{browser} on {system}" if system else browser


def _keep_preferences(request: HttpRequest) -> None:
    given: dict[str, Any] = {}
    for name, field in Preferences.model_fields.items():
        if field.annotation is bool:
            given[name] = name in request.POST
        elif request.POST.get(name) in get_args(field.annotation):
            given[name] = request.POST[name]
    keep_preferences(request, user_of(request).pk, Preferences(**given))


def _questions(kept: Preferences) -> list[dict[str, Any]]:
    """Each preference as the form asks for it."""
    return [
        {
            "name": name,
            "title": field.description,
            "value": getattr(kept, name),
            "choices": [(word, _SIZES[word]) for word in get_args(field.annotation)],
        }
        for name, field in Preferences.model_fields.items()
    ]

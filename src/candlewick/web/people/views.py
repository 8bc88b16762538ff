"""Pages of a person's own affairs: the login link, the settings, the password."""

from __future__ import annotations

from allauth.account.views import PasswordChangeView, PasswordSetView
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from candlewick.store.models import LoginLink

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def login_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign the bearer of a link in; the terminal's menu then offers to set a password.

    A HEAD, as link previews send it, does not use the link up.
    """
    if request.method == "HEAD":
        return HttpResponse()
    user = LoginLink.redeem(token)
    if user is None and request.user.is_authenticated:
        return redirect("home")  # who opens their own link again is where they want to be
    if user is None:
        return render(request, "people/link_spent.html", status=410)
    login(request, user, backend=_BACKEND)
    return redirect("home")


@never_cache
@login_required
@require_safe
def settings(request: HttpRequest) -> HttpResponse:
    """What a person may see and change about themselves."""
    return render(request, "people/settings.html")


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

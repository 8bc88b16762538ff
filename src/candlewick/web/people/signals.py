"""What signing in and out entails: live connections end, and the audit log has a line."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import password_changed, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from candlewick.store.models import User
from candlewick.web.people.trail import note
from candlewick.web.services import ENVIRON_KEY, Services

_NAME_SHOWN = 150  # of what somebody typed as a name


@receiver(user_logged_out)
def end_live_connections(sender: Any, request: HttpRequest | None, **kwargs: Any) -> None:
    """Close what was opened with the session that ends."""
    if request is None or (key := request.session.session_key) is None:
        return
    services: Services | None = request.META.get(ENVIRON_KEY)
    if services is not None:
        services.end_sessions([key])


@receiver(user_logged_in)
def _signed_in(sender: Any, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    note(request, "sign_in.done", user.username, actor=user.username, after={"with": _means(request)})


@receiver(user_logged_out)
def _signed_out(sender: Any, request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        note(request, "sign_in.ended", user.username, actor=user.username)


@receiver(user_login_failed)
def _refused(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    # Whoever signs in wrongly is nobody yet: the name they typed is the subject.
    note(request, "sign_in.failed", str(credentials.get("username", ""))[:_NAME_SHOWN], actor="")


@receiver(authentication_failed)
def _code_refused(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    note(request, "sign_in.code_failed", user.username, actor="")


@receiver(password_changed)
def _password_changed(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    note(request, "password.change", user.username, actor=user.username)


@receiver(password_set)
def _password_set(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    note(request, "password.set", user.username, actor=user.username)


@receiver(authenticator_added)
def _second_factor_on(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    is_codes = authenticator.type == Authenticator.Type.RECOVERY_CODES
    note(request, "two_factor.codes" if is_codes else "two_factor.on", user.username, actor=user.username)
    if not is_codes:
        # They have just typed a code: who came by a link need not type another to see the recovery codes.
        record_authentication(request, user, "mfa", reauthenticated=True)


@receiver(authenticator_removed)
def _second_factor_off(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:  # those go with it
        note(request, "two_factor.off", user.username, actor=user.username)


@receiver(authenticator_reset)
def _codes_made(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    note(request, "two_factor.codes", user.username, actor=user.username)


def _means(request: HttpRequest | None) -> list[str]:
    """How somebody signed in: password, link, mfa."""
    if request is None or not hasattr(request, "session"):
        return []
    records = request.session.get("account_authentication_methods", [])
    return [str(each["method"]) for each in records if not each.get("reauthenticated")]

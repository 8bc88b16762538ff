"""Two-factor sign-in (TOTP, RFC 6238, and recovery codes): what allauth asks us, and who has it on."""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator

from candlewick.store.models import Account, AccountKind, User
from candlewick.web.people import sealing

_PURPOSE: Final = "two-factor sign-in"


class TwoFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # published without types
    """Secrets sealed at rest; and whoever owns a live account keeps two-factor sign-in on."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "That code is not right, or was used already. Wait for the next one.",
        "cannot_delete_authenticator": "You have a live account, which takes two-factor sign-in. "
        "Archive the account first.",
    }

    def encrypt(self, text: str) -> str:
        return sealing.seal(text, _PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return sealing.unseal(encrypted_text, _PURPOSE)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        live = Account.objects.filter(user_id=authenticator.user_id, kind=AccountKind.LIVE, archived_at=None)
        return not live.exists()

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """No mail server is configured; the audit log has it."""


def is_on(user_id: int) -> bool:
    """Whether a person's sign-in takes a code of their authenticator besides their password."""
    on: bool = Authenticator.objects.filter(user_id=user_id, type=Authenticator.Type.TOTP).exists()
    return on


def turn_off(user: User) -> None:
    """Let a person in with their password, or a link, alone: for who has lost what made their codes."""
    Authenticator.objects.filter(user=user).delete()


def refusal(user: User, code: str | None) -> str:
    """Why `code` does not let `user` in; empty if it does. Failures count with those of the sign-in page."""
    if not code:
        return "This person signs in with two factors: give the 'code' of the authenticator too."
    form = AuthenticateForm(user=user, data={"code": code})
    if form.is_valid():
        form.authenticator.record_usage()
        return ""
    return " ".join(str(each) for each in form.errors["code"])

"""What allauth asks us: who may sign up (nobody), and what to say after too many failures."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # published without types
    """Accounts are made by the owner (`candlewick user add`), never by a visitor."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": (
            "Too many failed sign-ins for this name. It is locked for up to five minutes; try again then."
        ),
        "username_password_mismatch": "The name or the password is not right.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """No mail server is configured; what happened is shown on the page."""

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our views say what they did; allauth's greetings are not needed."""

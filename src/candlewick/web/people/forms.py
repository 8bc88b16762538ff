"""What the pages of the settings ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from candlewick.store.models import PAPER_CASH, Account, AccountKind, Role, User
from candlewick.web.people import ownership, scopes
from candlewick.web.people.accounts import AccountAccess
from candlewick.web.people.identity import Person

_LASTING: Final = (("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "Until it is revoked"))


_UNKEPT: Final = {"autocomplete": "new-password"}


class _Form(forms.Form):
    """Labels as they are written."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": ""} | kwargs)


class NewAccount(_Form):
    """A paper account."""

    name = forms.CharField(max_length=60, label="Name")
    cash = forms.DecimalField(
        label="Begins with (USDT)",
        initial=PAPER_CASH,
        min_value=ownership.CASH_AT_LEAST,
        max_value=ownership.CASH_AT_MOST,
        max_digits=20,
        decimal_places=8,
    )


class Rename(_Form):
    """Another name for an account."""

    name = forms.CharField(max_length=60, label="New name")


class Share(_Form):
    """Somebody who may see an account, or trade with it."""

    username = forms.CharField(max_length=150, label="Name of the person")
    may_trade = forms.BooleanField(required=False, label="May trade")

    def clean_username(self) -> User:
        name = self.cleaned_data["username"]
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise forms.ValidationError(f"Nobody who may sign in is named {name!r}.")
        return user


class NewPerson(_Form):
    """Somebody who may sign in from now on, by a link at first."""

    username = forms.CharField(max_length=150, label="Name", widget=forms.TextInput({"autocomplete": "off"}))
    role = forms.ChoiceField(choices=Role.choices, initial=Role.VIEWER, label="Role")

    def clean_username(self) -> str:
        name = str(self.cleaned_data["username"])
        User._meta.get_field("username").clean(name, None)
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(f"There is a person named {name!r} already.")
        return name


class NewToken(_Form):
    """An API token: its scopes are at most those of the person's role."""

    name = forms.CharField(max_length=60, label="What it is for")
    scopes = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="It may")
    account = forms.ChoiceField(required=False, label="With")
    days = forms.ChoiceField(choices=_LASTING, required=False, initial="90", label="It lasts")

    def __init__(self, person: Person, accounts: list[AccountAccess], data: Any = None) -> None:
        super().__init__(data)
        allowed = [scope for scope in scopes.SCOPES if person.may(scope)]
        self.fields["scopes"].choices = [(each, scopes.MEANING[each]) for each in allowed]  # type: ignore[attr-defined]
        self.fields["scopes"].initial = ["read"]
        self.fields["account"].choices = [  # type: ignore[attr-defined]
            ("", "All accounts you may see"),
            *((str(each.id), each.name) for each in accounts),
        ]

    @property
    def expires_at(self) -> Any:
        """When the token ends; None: when it is revoked."""
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class NewKey(_Form):
    """A venue's key. What is secret is typed blind, and is not sent back with what was wrong."""

    venue = forms.RegexField(
        r"^[a-z0-9][a-z0-9-]{1,39}$",
        label="Venue",
        widget=forms.TextInput({"list": "venues", "autocomplete": "off"}),
        error_messages={"invalid": "Write the venue's id, in small letters."},
    )
    label = forms.CharField(max_length=60, label="A name to tell it by")
    account = forms.ModelChoiceField(
        Account.objects.none(), required=False, label="Trades for", empty_label="No account yet"
    )
    key = forms.CharField(max_length=4_000, label="API key", widget=forms.TextInput({"autocomplete": "off"}))
    secret = forms.CharField(max_length=8_000, label="Secret", widget=forms.PasswordInput(_UNKEPT))
    passphrase = forms.CharField(
        max_length=4_000,
        required=False,
        label="Passphrase, if the venue gave one",
        widget=forms.PasswordInput(_UNKEPT),
    )

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        live = Account.objects.filter(user=user, kind=AccountKind.LIVE, archived_at=None, venue_key=None)
        self.fields["account"].queryset = live  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        for name in ("key", "secret", "passphrase"):
            if not str(given.get(name, "")).isascii():
                self.add_error(name, "That holds letters that no venue gives. Copy it again.")
        return given

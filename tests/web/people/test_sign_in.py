"""Signing in and out: links, passwords, lock-out, and what a stranger sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from candlewick.store.models import Account, LoginLink, Role, User
from candlewick.web.people.first_owner import add_person, first_owner
from tests.web.conftest import Browser, Person
from tests.web.ground import PASSWORD, unique


def first_link() -> str:
    """The link of a first start."""
    path = first_owner()
    assert path is not None
    return path


def is_signed_in(client: Client) -> bool:
    return bool(client.get("/settings/").status_code == 200)


def sign_in(client: Client, name: str, password: str) -> int:
    return int(client.post("/accounts/login/", {"login": name, "password": password}).status_code)


def test_the_first_start_makes_an_owner_with_a_paper_account_and_a_link(browser: Browser) -> None:
    path = first_link()
    owner = User.objects.get()
    assert owner.role == Role.OWNER
    assert str(Account.objects.get(user=owner).starting_cash) == "100000.00000000"
    client = browser()
    assert client.get(path).url == "/"  # type: ignore[attr-defined]
    assert is_signed_in(client)


def test_each_start_makes_the_link_before_worthless(browser: Browser) -> None:
    old, new = first_link(), first_link()
    assert User.objects.count() == 1
    assert browser().get(old).status_code == 410
    assert browser().get(new).status_code == 302


def test_an_owner_with_a_password_needs_no_link(person: Person) -> None:
    person(Role.OWNER)
    assert first_owner() is None


def test_an_owner_that_was_closed_does_not_count(person: Person) -> None:
    closed = person(Role.OWNER)
    closed.is_active = False
    closed.save()
    assert first_owner() is not None
    assert User.objects.filter(role=Role.OWNER, is_active=True).count() == 1


def test_a_link_works_once(browser: Browser) -> None:
    path = first_link()
    assert browser().get(path).status_code == 302
    second = browser()
    assert second.get(path).status_code == 410
    assert not is_signed_in(second)


def test_who_opens_their_spent_link_again_comes_to_the_terminal(browser: Browser) -> None:
    path, client = first_link(), browser()
    client.get(path)
    assert client.get(path).url == "/"  # type: ignore[attr-defined]


def test_a_preview_of_a_link_does_not_use_it_up(browser: Browser) -> None:
    path = first_link()
    assert browser().head(path).status_code == 200
    assert browser().get(path).status_code == 302


def test_a_link_ends_with_time(browser: Browser) -> None:
    path = first_link()
    LoginLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert browser().get(path).status_code == 410


def test_the_link_is_kept_as_a_digest_only() -> None:
    path = first_link()
    assert path.split("/")[2] not in str(LoginLink.objects.values())


def test_a_link_of_a_closed_account_lets_nobody_in(browser: Browser) -> None:
    path = first_link()
    User.objects.update(is_active=False)
    assert browser().get(path).status_code == 410


def test_who_came_by_a_link_sets_a_password_and_comes_back_with_it(browser: Browser) -> None:
    client = browser()
    client.get(first_link())
    page = client.post("/accounts/password/set/", {"password1": PASSWORD, "password2": PASSWORD})
    assert page.status_code == 302, page.content
    owner = User.objects.get()
    assert owner.has_usable_password()
    assert is_signed_in(client), "the session goes on"
    client.post("/accounts/logout/")
    assert not is_signed_in(client)
    assert sign_in(client, owner.username, PASSWORD) == 302
    assert is_signed_in(client)


@pytest.mark.parametrize("password", ["short", "password123", "1234567890"])
def test_a_weak_password_is_refused(browser: Browser, password: str) -> None:
    client = browser()
    client.get(first_link())
    page = client.post("/accounts/password/set/", {"password1": password, "password2": password})
    assert page.status_code == 200
    assert not User.objects.get().has_usable_password()


def test_a_new_password_ends_every_other_session(browser: Browser, person: Person) -> None:
    user = person(Role.VIEWER)
    here, elsewhere = browser(user), browser(user)
    form = {"oldpassword": PASSWORD, "password1": "another long secret", "password2": "another long secret"}
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


@pytest.mark.parametrize("role", list(Role))
def test_a_wrong_password_lets_nobody_in(browser: Browser, person: Person, role: Role) -> None:
    user, client = person(role), browser()
    assert sign_in(client, user.username, "wrong") == 200
    assert not is_signed_in(client)


def test_a_name_is_locked_after_five_failures_even_for_the_right_password(
    browser: Browser, person: Person
) -> None:
    user, client = person(Role.VIEWER), browser()
    for _ in range(5):
        sign_in(client, user.username, "wrong")
    page = client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert page.status_code == 200
    assert "Too many failed sign-ins" in page.content.decode()
    assert not is_signed_in(client)
    other = person(Role.VIEWER)
    assert sign_in(client, other.username, PASSWORD) == 302, "another person is not locked out"


def test_an_unknown_name_is_answered_like_a_wrong_password(browser: Browser, person: Person) -> None:
    known, client = person(Role.VIEWER), browser()

    def answer(name: str) -> str:
        page = client.post("/accounts/login/", {"login": name, "password": "wrong"}).content.decode()
        assert "not right" in page
        return page.split('class="errorlist')[1].split("</ul>")[0]

    assert answer(known.username) == answer(unique("nobody"))


def test_nobody_can_sign_up(browser: Browser) -> None:
    assert browser().get("/accounts/signup/").status_code == 404


def test_signing_out_needs_a_post(browser: Browser, person: Person) -> None:
    client = browser(person(Role.VIEWER))
    client.get("/accounts/logout/")
    assert is_signed_in(client)


def test_signing_in_needs_a_csrf_token(browser: Browser, person: Person) -> None:
    client = browser(checks_csrf=True)
    assert sign_in(client, person(Role.VIEWER).username, PASSWORD) == 403
    assert not is_signed_in(client)


def test_a_form_that_is_too_old_says_so_and_leads_back_to_itself(browser: Browser) -> None:
    answer = browser(checks_csrf=True).post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "That form was too old" in page
    assert 'href="/accounts/login/"' in page


def test_signing_in_goes_on_to_the_page_that_was_asked_for_and_to_no_other_server(
    browser: Browser, person: Person
) -> None:
    user = person(Role.VIEWER)
    form = {"login": user.username, "password": PASSWORD}
    assert browser().post("/accounts/login/?next=/settings/", form).url == "/settings/"  # type: ignore[attr-defined]
    assert browser().post("/accounts/login/?next=//evil.example/", form).url == "/"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path", ["/settings/", "/terminal/", "/accounts/password/change/", "/accounts/password/set/"]
)
def test_a_stranger_is_sent_to_sign_in(browser: Browser, path: str) -> None:
    answer = browser().get(path)
    assert answer.status_code == 302
    assert answer.url.startswith("/accounts/login/")  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", list(Role))
def test_who_is_signed_in_sees_the_settings(browser: Browser, person: Person, role: Role) -> None:
    user = person(role)
    page = browser(user).get("/settings/").content.decode()
    assert user.username in page
    assert "Change your password" in page


def test_the_session_cookie_is_hidden_from_scripts(browser: Browser) -> None:
    client = browser()
    client.get(first_link())
    cookie = client.cookies["candlewick_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_a_viewer_gets_no_account_and_a_trader_gets_one() -> None:
    assert not add_person(unique("v"), Role.VIEWER).accounts.exists()
    assert add_person(unique("t"), Role.TRADER).accounts.count() == 1

"""`/settings/people/`: an owner of the terminal adds people, changes their role, closes and resets them."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from candlewick.core.errors import Conflict
from candlewick.store.models import LoginLink, Role, User
from candlewick.web.people import two_factor
from candlewick.web.people.doors import confirmed, page, user_of
from candlewick.web.people.first_owner import add_person, give_paper_account, login_path
from candlewick.web.people.forms import NewPerson
from candlewick.web.people.trail import note
from candlewick.web.services import services_of


@page("admin")
@confirmed("settings_people")
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    """List everybody; a POST adds somebody, and its answer shows the link that lets them in once."""
    if request.method != "POST":
        return _listing(request, NewPerson())
    form = NewPerson(request.POST)
    if not form.is_valid():
        return _listing(request, form, status=422)
    name, role = form.cleaned_data["username"], form.cleaned_data["role"]
    with transaction.atomic():
        user = add_person(name, role)
        note(request, "user.add", name, after={"role": role})
    return _listing(request, NewPerson(), link=_link(request, user), link_of=user)


@page("admin")
@confirmed("settings_people")
@require_POST
def change_role(request: HttpRequest, number: int) -> HttpResponse:
    """Another role, at once; live connections that rest on the old one are closed."""
    user, role = _somebody(number), request.POST.get("role", "")
    if role not in Role.values:
        raise Http404
    if role == user.role:
        return redirect("settings_people")
    try:
        with transaction.atomic():
            _require_another_owner(user, leaves=role != Role.OWNER)
            note(request, "user.role", user.username, before=user.role, after=role)
            user.role = role
            user.save(update_fields=["role"])
            if role != Role.VIEWER:
                give_paper_account(user)
    except Conflict as error:
        messages.error(request, str(error))
        return redirect("settings_people")
    services_of(request).end_connections_of([user.pk])
    messages.success(request, f"{user.username} is {role} now.")
    return redirect("settings_people")


@page("admin")
@confirmed("settings_people")
@require_POST
def close_or_open(request: HttpRequest, number: int) -> HttpResponse:
    """Let somebody not sign in any more, or again. Their accounts and their history stay."""
    user, is_active = _somebody(number), request.POST.get("active") == "yes"
    try:
        with transaction.atomic():
            _require_another_owner(user, leaves=not is_active)
            note(request, "user.open" if is_active else "user.close", user.username)
            user.is_active = is_active
            user.save(update_fields=["is_active"])
    except Conflict as error:
        messages.error(request, str(error))
        return redirect("settings_people")
    services_of(request).end_connections_of([user.pk])
    messages.success(
        request, f"{user.username} may {'sign in again' if is_active else 'not sign in any more'}."
    )
    return redirect("settings_people")


@page("admin")
@confirmed("settings_people")
@require_POST
def reset(request: HttpRequest, number: int) -> HttpResponse:
    """Take somebody's password, second factor and sessions, and show a link that lets them in once."""
    user = _somebody(number)
    if user.pk == user_of(request).pk:
        messages.error(request, "Change your own password in your settings.")
        return redirect("settings_people")
    with transaction.atomic():
        user.set_password(None)
        user.save(update_fields=["password"])
        two_factor.turn_off(user)
        note(request, "user.reset", user.username, after={"two_factor_off": True})
    services_of(request).end_connections_of([user.pk])
    return _listing(request, NewPerson(), link=_link(request, user), link_of=user)


def _listing(
    request: HttpRequest, form: NewPerson, *, status: int = 200, link: str = "", link_of: User | None = None
) -> HttpResponse:
    found = User.objects.order_by("-is_active", "username")
    context = {
        "people": [{"row": each, "two_factor": two_factor.is_on(each.pk)} for each in found],
        "roles": Role.choices,
        "form": form,
        "link": link,
        "link_of": link_of,
        "section": "people",
    }
    return render(request, "people/people.html", context, status=status)


def _somebody(number: int) -> User:
    user = User.objects.filter(pk=number).first()
    if user is None:
        raise Http404
    return user


def _require_another_owner(user: User, *, leaves: bool) -> None:
    """The last owner stays one: nobody could make another.

    Raises:
        Conflict: this one is the last.
    """
    # Locked, so that of two owners who close each other at once one stays.
    owners = User.objects.select_for_update().filter(role=Role.OWNER, is_active=True)
    others = [each for each in owners if each.pk != user.pk]
    if leaves and user.role == Role.OWNER and user.is_active and not others:
        raise Conflict(f"{user.username} is the only owner. Make somebody else an owner first.")


def _link(request: HttpRequest, user: User) -> str:
    return request.build_absolute_uri(login_path(LoginLink.issue(user)))

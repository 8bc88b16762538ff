"""`/api/preferences/`: how a person likes their terminal, and what their charts show."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router
from pydantic import ConfigDict

from candlewick.web.api.access import person_of
from candlewick.web.people import charted, preferences
from candlewick.web.people.charted import Charts
from candlewick.web.people.preferences import Preferences
from candlewick.web.people.trail import keep_preferences

router = Router(tags=["preferences"])


class PreferenceChanges(Preferences):
    """Some of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"confirm_orders": False}]})


@router.get("/", response=Preferences, summary="Your preferences")
def show(request: HttpRequest) -> Preferences:
    """All of them; what was never chosen has its default."""
    return preferences.of(person_of(request).id)


@router.put("/", response=Preferences, summary="Replace your preferences")
def replace(request: HttpRequest, chosen: Preferences) -> Preferences:
    """What is left out gets its default again."""
    keep_preferences(request, person_of(request).id, chosen)
    return chosen


@router.patch("/", response=Preferences, summary="Change some of your preferences")
def change(request: HttpRequest, changes: PreferenceChanges) -> Preferences:
    """What is left out stays."""
    person = person_of(request)
    kept = preferences.of(person.id).model_copy(update=changes.model_dump(exclude_unset=True))
    keep_preferences(request, person.id, kept)
    return kept


@router.get("/indicators/", response=Charts, summary="The indicators of your charts")
def indicators(request: HttpRequest) -> Charts:
    """In the order in which they are listed, each with its colours, width and style."""
    return charted.of(person_of(request).id)


@router.put("/indicators/", response=Charts, summary="Choose the indicators of your charts")
def choose_indicators(request: HttpRequest, chosen: Charts) -> Charts:
    """All of them at once, 16 at most; answered with every number of their keys written out."""
    charted.keep(person_of(request).id, chosen)
    return chosen

"""`/api/preferences/`: how a person likes their terminal, and what their charts show."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router
from pydantic import ConfigDict

from candlewick.core.instrument import public_symbol
from candlewick.web.api.access import person_of
from candlewick.web.people import charted, panes, preferences
from candlewick.web.people.charted import Charts
from candlewick.web.people.panes import Panes
from candlewick.web.people.preferences import Preferences
from candlewick.web.people.trail import keep_preferences
from candlewick.web.services import services_of

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


@router.get("/panes/", response=Panes, summary="Your charts side by side")
def side_by_side(request: HttpRequest) -> Panes:
    """How many are shown at `/charts/`, and what each shows, in their order."""
    return _named(request, panes.of(person_of(request).id))


@router.put("/panes/", response=Panes, summary="Choose your charts side by side")
def choose_side_by_side(request: HttpRequest, chosen: Panes) -> Panes:
    """All of them at once: 1, 2, 4 or 6 are shown, each with 8 indicators at most."""
    directory = services_of(request).hub.directory
    found = [each.model_copy(update={"symbol": directory.instrument(each.symbol)}) for each in chosen.panes]
    kept = chosen.model_copy(update={"panes": tuple(found)})
    panes.keep(person_of(request).id, kept)
    return _named(request, kept)


def _named(request: HttpRequest, kept: Panes) -> Panes:
    """The same with the symbols' public names."""
    primary = services_of(request).hub.directory.primary
    shown = [
        each.model_copy(update={"symbol": public_symbol(each.symbol, primary=primary)}) for each in kept.panes
    ]
    return kept.model_copy(update={"panes": tuple(shown)})

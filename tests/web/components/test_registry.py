"""What may be registered as a component."""

from __future__ import annotations

import pytest

from candlewick.web.components import Component, Event
from candlewick.web.components.permissions import IsSignedIn
from candlewick.web.components.registry import Registry, registry


class Guarded(Component):
    template_name = "components/_refused.html"
    permission_classes = (IsSignedIn,)


def test_it_finds_a_component_by_its_name_and_tells_it_that_name() -> None:
    ours = Registry()

    made = ours.register("guarded")(type("Made", (Guarded,), {}))

    assert ours.get("guarded") is made
    assert made.name == "guarded"
    assert list(ours) == ["guarded"]


def test_it_refuses_a_component_that_nobody_guards() -> None:
    with pytest.raises(TypeError, match="permission_classes"):
        Registry().register("open")(type("Open", (Guarded,), {"permission_classes": ()}))


def test_it_refuses_a_handler_that_is_not_declared() -> None:
    sly = type("Sly", (Guarded,), {"on_wipe": lambda self, data: None})

    with pytest.raises(TypeError, match="wipe"):
        Registry().register("sly")(sly)


def test_it_refuses_an_event_without_a_handler() -> None:
    with pytest.raises(TypeError, match="sell"):
        Registry().register("empty")(type("Empty", (Guarded,), {"events": {"sell": Event()}}))


def test_it_refuses_a_second_component_of_one_name() -> None:
    ours = Registry()
    ours.register("one")(type("One", (Guarded,), {}))

    with pytest.raises(ValueError, match="one"):
        ours.register("one")(type("Two", (Guarded,), {}))


def test_the_four_of_the_terminal_are_registered() -> None:
    from candlewick.web.components import urls

    assert urls.urlpatterns
    assert {"portfolio", "order", "watchlist", "risk_metrics"} <= set(registry)

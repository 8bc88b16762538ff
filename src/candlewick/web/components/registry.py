"""Components by name. What is registered is checked at once: a component that nobody guards is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from candlewick.web.components.component import HANDLER, Component

C = TypeVar("C", bound=type[Component])


class Registry:
    """The components that the dispatcher can reach; there is no other way to one."""

    def __init__(self) -> None:
        self._components: dict[str, type[Component]] = {}

    def register(self, name: str) -> Callable[[C], C]:
        """Class decorator that makes a component reachable as `name`.

        Raises:
            TypeError: nobody guards it, or its handlers and its declared events are not the same.
            ValueError: the name is taken.
        """

        def add(component: C) -> C:
            _check(component)
            if name in self._components:
                raise ValueError(f"There is a component {name!r} already.")
            component.name = name
            self._components[name] = component
            return component

        return add

    def get(self, name: str) -> type[Component] | None:
        return self._components.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._components)


def _check(component: type[Component]) -> None:
    title = component.__name__
    if not component.permission_classes:
        raise TypeError(f"{title} names no permission_classes: say who may see it.")
    handlers = {each.removeprefix(HANDLER) for each in dir(component) if each.startswith(HANDLER)} - {
        "ws_message"
    }
    declared = set(component.events)
    if undeclared := handlers - declared:
        raise TypeError(
            f"{title} has handlers it does not declare in `events`: {', '.join(sorted(undeclared))}."
        )
    if missing := declared - handlers:
        raise TypeError(f"{title} declares events without a handler: {', '.join(sorted(missing))}.")


registry = Registry()

"""What tests of components stand on, ours and those of people who write their own.

    class TestTicket(ComponentTestCase):
        component = OrderTicket

        def test_it_asks_for_a_price(self) -> None:
            answer = self.dispatch_event("submit", side="buy", order_type="limit", size="1", key="a" * 16)
            assert answer.component.errors == {"limit_price": ["Fill this in."]}

Events go through the dispatcher that HTTP and WebSockets use: permissions, declared events, validation and
rate limits are the real ones. Only the engine is scripted: `self.engine.answers["order.place"] = …`.
"""

from __future__ import annotations

import unittest
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

import msgspec

from candlewick.core.errors import UsageError
from candlewick.web.components.component import Component
from candlewick.web.components.dispatch import Answer, Call, dispatch
from candlewick.web.components.registry import Registry
from candlewick.web.components.visit import Visit
from candlewick.web.live.channels import Directory
from candlewick.web.people.accounts import AccountAccess, NoSuchAccount
from candlewick.web.people.identity import Person

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass
class ScriptedEngine:
    """An engine that answers what a test gives it, and remembers what it was asked.

    An answer is a value, an error to raise, or a function of the request's arguments.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def request(self, verb: str, **arguments: Any) -> bytes:
        self.asked.append((verb, arguments))
        if verb not in self.answers:
            raise UsageError(f"The engine knows no request {verb!r}.")
        answer = self.answers[verb]
        if callable(answer):
            answer = answer(**arguments)
        if isinstance(answer, Exception):
            raise answer
        return _ENCODER.encode(answer)

    def commands(self, verb: str) -> list[dict[str, Any]]:
        """The arguments of every request of one verb."""
        return [arguments for each, arguments in self.asked if each == verb]


TRADER = Person(1, "trader", "trader", "", session="a session")
ACCOUNT = AccountAccess(
    id=1,
    name="Paper",
    kind="paper",
    venue="",
    currency="USDT",
    owner="trader",
    is_owner=True,
    is_archived=False,
    may_trade=True,
    may_manage_risk=True,
)


class ComponentTestCase(unittest.TestCase):
    """A component before a scripted engine, visited by a trader with a paper account.

    Attributes:
        component: the class under test; it need not be registered.
        instruments: what the engine lists, by internal id.
        person, account: who visits; `account` None is a stranger, who sees none.
    """

    component: ClassVar[type[Component]]
    instruments: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    primary: ClassVar[str] = "sim"

    def setUp(self) -> None:
        self.person: Person = TRADER
        self.account: AccountAccess | None = ACCOUNT
        self.engine = ScriptedEngine()
        self.registry = Registry()
        self.registry.register(self.component.name or "tested")(self.component)

    def visit(self) -> Visit:
        """A visit as it stands now."""
        return Visit(self.person, self.engine, Directory(self.primary, self.instruments), self._account)

    def show(self, **params: str) -> Answer:
        """The component as it is looked at."""
        return dispatch(self.registry, self.visit(), Call(self._name, params=params))

    def dispatch_event(
        self, event: str, *, params: Mapping[str, str] | None = None, is_text: bool = True, **data: Any
    ) -> Answer:
        """Send an event, its data as a form would (or, without `is_text`, as JSON)."""
        call = Call(self._name, event, data, params or {}, is_text=is_text)
        return dispatch(self.registry, self.visit(), call)

    def assert_state(self, answer: Answer, **expected: Any) -> None:
        """The component behind an answer shows these values."""
        assert answer.component is not None, f"{answer.status}: {answer.detail}"
        state = answer.component.state
        found = {name: state.get(name, "(not there)") for name in expected}
        assert found == expected, found

    def assert_permission_denied(self, event: str | None = None, **data: Any) -> None:
        """The visit, or the event, is refused, and the engine hears nothing of it."""
        heard = len(self.engine.asked)
        answer = self.show(**data) if event is None else self.dispatch_event(event, **data)
        assert answer.status in (401, 403, 404), answer.status
        assert answer.component is None, "the component was made"
        assert len(self.engine.asked) == heard, "the engine was asked"

    def as_viewer(self) -> None:
        """From here on, somebody visits who may look and not trade."""
        self.person = replace(self.person, role="viewer")
        self.account = replace(
            ACCOUNT, may_trade=False, may_manage_risk=False, refusal="A viewer does not trade."
        )

    def as_stranger(self) -> None:
        """From here on, somebody visits who may not see the account."""
        self.person, self.account = replace(self.person, id=2, name="stranger"), None

    @property
    def _name(self) -> str:
        return self.component.name

    def _account(self) -> AccountAccess:
        if self.account is None:
            raise NoSuchAccount("You have no account.")
        return self.account


def dispatch_event(case: ComponentTestCase, event: str, **data: Any) -> Answer:
    """As the test case's own, for tests that are written as functions."""
    return case.dispatch_event(event, **data)


def assert_state(case: ComponentTestCase, answer: Answer, **expected: Any) -> None:
    """As the test case's own, for tests that are written as functions."""
    case.assert_state(answer, **expected)


def assert_permission_denied(case: ComponentTestCase, event: str | None = None, **data: Any) -> None:
    """As the test case's own, for tests that are written as functions."""
    case.assert_permission_denied(event, **data)

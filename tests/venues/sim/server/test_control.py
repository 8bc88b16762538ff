"""Control messages."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candlewick.venues.sim.server.control import ControlError, answer


class Connection:
    """A connection that only remembers."""

    def __init__(self) -> None:
        self.combined = False
        self.names: list[str] = []

    def subscribe(self, names: list[str]) -> None:
        if len(names) > 3:
            raise ControlError(2, "Invalid request: too many")
        self.names += names

    def unsubscribe(self, names: list[str]) -> None:
        self.names = [name for name in self.names if name not in names]

    def subscribed(self) -> list[str]:
        return list(self.names)


def ask(connection: Connection, request: Any) -> Any:
    text = request if isinstance(request, str) else orjson.dumps(request).decode()
    return orjson.loads(answer(connection, text))


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        ("{oops", 3, "Invalid JSON"),
        ("", 3, "Invalid JSON"),
        ("[]", 2, "Invalid request"),
        ({"id": 1}, 2, "missing field `method`"),
        ({"method": "SHOUT", "id": 1}, 2, "unknown variant `SHOUT`, expected one of `SUBSCRIBE`"),
        ({"method": ["SUBSCRIBE"], "id": 1}, 2, "unknown variant"),
        ({"method": "SUBSCRIBE", "params": ["a@trade"]}, 2, "request ID must be"),
        ({"method": "SUBSCRIBE", "params": ["a@trade"], "id": 1.5}, 2, "request ID must be"),
        ({"method": "SUBSCRIBE", "params": ["a@trade"], "id": "x" * 37}, 2, "request ID must be"),
        ({"method": "SUBSCRIBE", "params": [7], "id": 1}, 2, "invalid stream"),
        ({"method": "SUBSCRIBE", "params": [], "id": 1}, 2, "invalid stream"),
        ({"method": "SUBSCRIBE", "params": ["a", "b", "c", "d"], "id": 1}, 2, "too many"),
        ({"method": "SUBSCRIBE", "params": "a@trade", "id": 1}, 2, "params must be an array"),
        ({"method": "GET_PROPERTY", "params": ["colour"], "id": 1}, 0, "Unknown property"),
        ({"method": "GET_PROPERTY", "params": [], "id": 1}, 2, "property name must be a string"),
        ({"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1}, 1, "expected Boolean"),
        ({"method": "SET_PROPERTY", "params": ["combined"], "id": 1}, 1, "expected Boolean"),
        ({"method": "SET_PROPERTY", "params": ["combined", True, 1], "id": 1}, 2, "too many parameters"),
    ],
)
def test_it_refuses_in_the_venues_own_words(request_: Any, code: int, words: str) -> None:
    connection = Connection()
    error = ask(connection, request_)["error"]
    assert error["code"] == code
    assert words in error["msg"]
    assert (connection.names, connection.combined) == ([], False)


def test_it_adds_lists_and_removes_streams() -> None:
    connection = Connection()
    assert ask(connection, {"method": "SUBSCRIBE", "params": ["a", "b"], "id": 1}) == {
        "result": None,
        "id": 1,
    }
    assert ask(connection, {"method": "UNSUBSCRIBE", "params": ["a"], "id": None}) == {
        "result": None,
        "id": None,
    }
    assert ask(connection, {"method": "LIST_SUBSCRIPTIONS", "id": "x"}) == {"result": ["b"], "id": "x"}


def test_it_sets_and_tells_the_combined_property() -> None:
    connection = Connection()
    ask(connection, {"method": "SET_PROPERTY", "params": ["combined", True], "id": 1})
    assert ask(connection, {"method": "GET_PROPERTY", "params": ["combined"], "id": 2}) == {
        "result": True,
        "id": 2,
    }


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert ask(Connection(), text).keys() & {"error", "result"}

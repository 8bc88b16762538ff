"""Control messages of a stream connection: SUBSCRIBE and its kin, with the venue's own error codes."""

from __future__ import annotations

from typing import Protocol

import orjson

METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
LONGEST_ID = 36


class ControlError(Exception):
    """A control message that cannot be obeyed: the streams' own error codes 0 to 3."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Controlled(Protocol):
    """What control messages act upon."""

    combined: bool

    def subscribe(self, names: list[str]) -> None:
        """Add streams; raises ControlError for too many."""
        ...

    def unsubscribe(self, names: list[str]) -> None:
        """Remove streams."""
        ...

    def subscribed(self) -> list[str]:
        """The streams, in the order they were added."""
        ...


def answer(connection: Controlled, text: str) -> bytes:
    """Obey one control message and give the answer to it."""
    try:
        request = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _error(3, f"Invalid JSON: expected value at line {error.lineno} column {error.colno}", None)
    id = request.get("id") if isinstance(request, dict) else None
    try:
        return orjson.dumps({"result": _obey(connection, request, text), "id": id})
    except ControlError as error:
        return _error(error.code, error.message, id)


def _obey(connection: Controlled, request: object, text: str) -> object:
    if not isinstance(request, dict):
        raise ControlError(2, "Invalid request: expected an object at line 1 column 1")
    method, parameters = _method(request, text), request.get("params", [])
    if not _valid_id(request):
        raise ControlError(2, "Invalid request: request ID must be an unsigned integer")
    if not isinstance(parameters, list):
        raise ControlError(2, "Invalid request: params must be an array")
    if method == "LIST_SUBSCRIPTIONS":
        return connection.subscribed()
    if method == "GET_PROPERTY":
        _property(parameters, expected=1)
        return connection.combined
    if method == "SET_PROPERTY":
        _property(parameters, expected=2)
        connection.combined = _boolean(parameters[1:])
        return None
    names = [name for name in parameters if isinstance(name, str) and name]
    if len(names) != len(parameters) or not names:
        raise ControlError(2, "Invalid request: invalid stream")
    if method == "SUBSCRIBE":
        connection.subscribe(names)
    else:
        connection.unsubscribe(names)
    return None


def _method(request: dict[str, object], text: str) -> str:
    method, where = request.get("method"), f"at line 1 column {len(text)}"
    if method is None:
        raise ControlError(2, f"Invalid request: missing field `method` {where}")
    if not isinstance(method, str) or method not in METHODS:
        known = ", ".join(f"`{name}`" for name in METHODS)
        problem = f"unknown variant `{method}`, expected one of {known}"
        raise ControlError(2, f"Invalid request: {problem} {where}")
    return method


def _valid_id(request: dict[str, object]) -> bool:
    id = request.get("id", 0.5)  # absent is no id; null is one
    if isinstance(id, str):
        return len(id) <= LONGEST_ID
    return id is None or (isinstance(id, int) and not isinstance(id, bool))


def _property(parameters: list[object], *, expected: int) -> None:
    if len(parameters) > expected:
        raise ControlError(2, "Invalid request: too many parameters")
    if not parameters or not isinstance(parameters[0], str):
        raise ControlError(2, "Invalid request: property name must be a string")
    if parameters[0] != "combined":
        raise ControlError(0, "Unknown property")


def _boolean(values: list[object]) -> bool:
    if not values or not isinstance(values[0], bool):
        raise ControlError(1, "Invalid value type: expected Boolean")
    return values[0]


def _error(code: int, message: str, id: object) -> bytes:
    body: dict[str, object] = {"error": {"code": code, "msg": message}}
    if isinstance(id, int | str):
        body["id"] = id
    return orjson.dumps(body)


NOT_TEXT = _error(3, "Invalid JSON: expected value at line 1 column 1", None)

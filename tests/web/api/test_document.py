"""The OpenAPI document: whole enough for a program to be written from it, and true to the answers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import jsonschema_rs
import pytest
from ninja import Schema

from candlewick.web.api.document import examples
from candlewick.web.api.root import api
from candlewick.web.problem import CONTENT_TYPE

METHODS = ("get", "post", "put", "patch", "delete")
DOCUMENT: Any = None


def document() -> Any:
    global DOCUMENT
    if DOCUMENT is None:
        DOCUMENT = api.get_openapi_schema()
    return DOCUMENT


def operations() -> list[tuple[str, dict[str, Any]]]:
    paths = document()["paths"].items()
    return [
        (f"{method.upper()} {path}", item[method])
        for path, item in paths
        for method in METHODS
        if method in item
    ]


def whole(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that stands by itself."""
    return schema | {"components": document()["components"]}


def test_it_is_openapi_3_1() -> None:
    assert document()["openapi"].startswith("3.1")


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_every_operation_says_what_it_does_what_it_answers_and_shows_it(name: str) -> None:
    operation = dict(operations())[name]
    assert operation["summary"]
    assert operation["description"]
    done = {int(status): each for status, each in operation["responses"].items() if int(status) < 300}
    assert len(done) == 1
    ((status, answer),) = done.items()
    if status == 204:
        return
    for kind, content in answer["content"].items():
        assert content["schema"]
        if kind == "application/json":
            jsonschema_rs.validator_for(whole(content["schema"])).validate(content["example"])


@pytest.mark.parametrize("name", [name for name, each in operations() if "requestBody" in each])
def test_every_body_has_an_example_that_is_valid(name: str) -> None:
    for kind, content in dict(operations())[name]["requestBody"]["content"].items():
        if kind == "application/json":
            jsonschema_rs.validator_for(whole(content["schema"])).validate(content["example"])


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_every_operation_tells_its_errors_as_problems(name: str) -> None:
    responses = dict(operations())[name]["responses"]
    assert {401, 403, 404, 422, 429, 503} <= {int(status) for status in responses}
    for status, each in responses.items():
        if int(status) >= 400:
            assert list(each["content"]) == [CONTENT_TYPE]
    assert "Retry-After" in responses[429]["headers"]
    assert "Retry-After" in responses[503]["headers"]


def test_there_is_no_example_of_what_is_not_there() -> None:
    assert examples().keys() <= {name for name, _ in operations()}


def test_no_two_schemas_have_one_name() -> None:
    """The document knows them by name: the second would be told in place of the first."""

    def below(kind: type) -> list[type]:
        children: list[type] = kind.__subclasses__()
        return [each for child in children for each in (child, *below(child))]

    names = Counter(
        each.__name__ for each in set(below(Schema)) if each.__module__.startswith("candlewick.web.api")
    )
    assert [name for name, count in names.items() if count > 1] == []

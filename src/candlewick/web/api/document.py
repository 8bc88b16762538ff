"""What the OpenAPI document says beyond the signatures: the errors of every address, and examples."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from ninja import NinjaAPI

from candlewick.web import problem
from candlewick.web.journal import images

# answers of a running terminal
_EXAMPLES: Final = tuple(
    Path(__file__).parent / name
    for name in ("examples.json", "examples_research.json", "examples_strategies.json")
)
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_ERRORS: Final = {
    400: "The request cannot be read.",
    401: "Sign in first, or send a token that is valid.",
    403: "Your role, your share of the account or your token does not permit it; or no CSRF token came.",
    404: "There is no such account, order, trade or symbol, or none that you may see.",
    409: "What is asked for does not fit how things stand.",
    413: "The body is too large.",
    422: "Something in the request is not valid: `errors` tells by field. A refused order has a `code`.",
    429: "Asked too often: come again after `Retry-After` seconds.",
    503: "The engine or a store is away: come again after `Retry-After` seconds.",
}
_FOR_CHANGES: Final = frozenset({400, 409, 413})
_BYTES: Final = {"type": "string", "contentEncoding": "binary"}
_PICTURE: Final = "/api/dashboard/trades/{id}/screenshots/{name}/"


class Documented(NinjaAPI):
    """The API with a document that a program can rely on."""

    def get_openapi_schema(self, **options: Any) -> Any:
        """The OpenAPI 3.1 document."""
        document = super().get_openapi_schema(**options)
        schemas = document["components"].setdefault("schemas", {})
        for kind in ("Problem", "Refusal"):
            schemas[kind].pop("title", None)
        for method, path, operation in _operations(document):
            _tell_errors(operation, changes=method != "get")
            _show(operation, examples().get(f"{method.upper()} {path}", {}))
        picture = document["paths"][_PICTURE]["get"]["responses"][200]
        picture["content"] = {kind: {"schema": _BYTES} for kind in images.CONTENT_TYPES.values()}
        return document


@cache
def examples() -> dict[str, dict[str, Any]]:
    """By operation, as `GET /api/risk/`: a `request` where it takes a body, and its `response`."""
    return {name: each for file in _EXAMPLES for name, each in orjson.loads(file.read_bytes()).items()}


def _operations(document: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield method, path, item[method]


def _tell_errors(operation: dict[str, Any], *, changes: bool) -> None:
    responses = operation["responses"]
    for status, meaning in _ERRORS.items():
        if status in responses or changes or status not in _FOR_CHANGES:
            refuses = status == 422 and "Refusal" in str(responses.get(422, ""))
            kind = "Refusal" if refuses else "Problem"
            shown = problem.body(status, meaning)
            responses[status] = {
                "description": meaning,
                "content": {
                    problem.CONTENT_TYPE: {
                        "schema": {"$ref": f"#/components/schemas/{kind}"},
                        "example": orjson.loads(shown),
                    }
                },
            }
            if status in (429, 503):
                header = {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}
                responses[status]["headers"] = {"Retry-After": header}


def _show(operation: dict[str, Any], example: dict[str, Any]) -> None:
    if "request" in example and "requestBody" in operation:
        for content in operation["requestBody"]["content"].values():
            content["example"] = example["request"]
    for status, response in operation["responses"].items():
        if 200 <= int(status) < 300:
            for content in response.get("content", {}).values():
                content["example"] = example.get("response")

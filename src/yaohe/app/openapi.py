"""The OpenAPI document: what Litestar knows, what the edge's table knows, and every error code.

Routes name their errors in `opt["errors"]`, hot routes in their row; both become one response per
status that lists the codes, so clients get a union they can switch on. A body that is not JSON
stands in `opt["body"]` as its content type.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from yaohe.front.edge import HotRoute
from yaohe.front.site import DESCRIBED, Described
from yaohe.identity import current_guest
from yaohe.identity.consent import ConsentNeeded, InAFrame
from yaohe.kernel.errors import AppError, BadInput, TryAgain

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ALWAYS: tuple[type[AppError], ...] = (BadInput, TryAgain)
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "field": {"type": "string"},
                "retry_after_s": {"type": "integer"},
            },
        }
    },
}


def _guest_errors(handler: HTTPRouteHandler) -> tuple[type[AppError], ...]:
    """How guests are refused here (`identity.current_guest`): who may not be remembered, and who
    is inside a page of another site."""
    given = handler.resolve_dependencies().get("guest")
    if given is None or given.dependency is not current_guest:
        return ()
    changes = not SAFE_METHODS.issuperset(handler.http_methods)
    named = (ConsentNeeded,) if handler.opt.get("named", changes) else ()
    return named if handler.opt.get("framed") else (InAFrame, *named)


def describe(app: Litestar, routes: Iterable[HotRoute]) -> dict[str, Any]:
    """The whole document as plain values."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    document.setdefault("components", {}).setdefault("schemas", {})["Error"] = _ERROR
    paths: dict[str, Any] = document["paths"]
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                errors = (*_guest_errors(handler), *handler.opt.get("errors", ()))
                for method in handler.http_methods:
                    operation = paths.get(route.path_format, {}).get(method.lower())
                    if operation is not None:
                        _add_errors(operation, (*errors, *_ALWAYS))
                        _add_body(operation, handler.opt.get("body"))
    for page in DESCRIBED:
        paths.setdefault(page.path, {})["get"] = _page(page)
    for hot in routes:
        paths.setdefault(hot.path, {})[hot.method.lower()] = _operation(hot, document)
    return document


def _page(page: Described) -> dict[str, Any]:
    return {
        "summary": page.summary,
        "operationId": "get_" + re.sub(r"\W+", "_", page.path).strip("_"),
        "tags": ["pages and media"],
        "parameters": _path_parameters(page.path),
        "responses": {
            str(status): {"description": text}
            | ({"content": {page.content_type: {}}} if status == 200 else {})
            for status, text in page.answers
        },
    }


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _operation(route: HotRoute, document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    (body, answer), parts = msgspec.json.schema_components(
        [route.body, route.answer], ref_template="#/components/schemas/{name}"
    )
    schemas.update(parts)
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": route.verb.__name__ + "_" + route.method.lower(),
        "tags": ["guests"],
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {
            str(route.status): {
                "description": "Done",
                "content": {"application/json": {"schema": answer}},
            }
        },
    }
    operation["parameters"] = _path_parameters(route.path)
    _add_errors(operation, route.all_errors)
    return operation


def _add_errors(operation: dict[str, Any], errors: Iterable[type[AppError]]) -> None:
    by_status: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for error in dict.fromkeys(errors):
        by_status[error.status][error.code] = error.message
    operation.get("responses", {}).pop("400", None)  # Litestar's own shape of a bad body
    for status, codes in sorted(by_status.items()):
        lines = [f"`{code}`: {message}" for code, message in sorted(codes.items())]
        operation.setdefault("responses", {})[str(status)] = {
            "description": "  \n".join(lines),
            "content": {
                "application/json": {
                    "schema": {
                        "allOf": [
                            {"$ref": "#/components/schemas/Error"},
                            {
                                "properties": {
                                    "error": {"properties": {"code": {"enum": sorted(codes)}}}
                                }
                            },
                        ]
                    }
                }
            },
        }


def _add_body(operation: dict[str, Any], content_type: str | None) -> None:
    if content_type is not None:
        content = {content_type: {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": content}


def error_codes(document: dict[str, Any]) -> list[str]:
    """Every error code the document names, sorted."""
    found: set[str] = {"internal"}
    for methods in document["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
                for part in schema.get("allOf", ()):
                    error = part.get("properties", {}).get("error", {})
                    found.update(error.get("properties", {}).get("code", {}).get("enum", ()))
    return sorted(found)

"""The OpenAPI document leaves nothing out: every route, every error code it can answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from yaohe.app.build import build
from yaohe.app.openapi import describe
from yaohe.app.settings import load
from yaohe.front.edge import HotRoute
from yaohe.front.site import DESCRIBED


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The whole system, constructed and not started; its database is never asked."""
    settings = load({}, data=str(tmp_path_factory.mktemp("openapi")))
    return build(settings, database_url="postgresql://nobody@127.0.0.1:1/none", notify_url="")


@pytest.fixture(scope="module")
def document(built: Any) -> dict[str, Any]:
    return describe(built.app._behind._behind, tuple(hot(built)))


def hot(built: Any) -> list[HotRoute]:
    edge = built.app
    return [*edge._exact.values(), *(route for _, route in edge._slotted)]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in ("get", "post", "put", "patch", "delete"):
            if method in methods:
                yield path, method, methods[method]


def test_every_route_is_there(built: Any, document: dict[str, Any]) -> None:
    app: Litestar = built.app._behind._behind
    known = {(path, method) for path, method, _ in operations(document)}
    for route in app.routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith("/api/v1/schema"):
            for handler in route.route_handlers:
                for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                    assert (route.path_format, method.lower()) in known
    for route in hot(built):
        assert (route.path, route.method.lower()) in known
    for page in DESCRIBED:
        assert (page.path, "get") in known


def test_every_declared_error_is_listed_under_its_status(
    built: Any, document: dict[str, Any]
) -> None:
    declared = {(r.path, r.method.lower()): r.all_errors for r in hot(built)}
    for route in built.app._behind._behind.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    key = (route.path_format, method.lower())
                    declared[key] = handler.opt.get("errors", ())
    for path, method, operation in operations(document):
        for error in declared.get((path, method), ()):
            listed = operation["responses"][str(error.status)]
            codes = listed["content"]["application/json"]["schema"]["allOf"][1]
            enum = codes["properties"]["error"]["properties"]["code"]["enum"]
            assert error.code in enum, f"{method} {path} hides {error.code}"


def test_staff_routes_say_that_they_need_a_sign_in(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if path.endswith(("/share-report", "/ingest", "/stream-key", "/shelf")):
            assert "401" in operation["responses"], f"{method} {path}"


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))

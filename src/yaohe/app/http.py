"""The application behind the edge: Litestar with every controller, errors in one shape, health.

Controllers get services by name from the one map in `dependencies`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
import structlog
from litestar import Litestar, MediaType, Request, Response, get
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ControllerRouterHandler
from sqlalchemy.exc import DBAPIError

from yaohe import __version__
from yaohe.kernel.errors import AppError, BadInput, NotSignedIn

if TYPE_CHECKING:
    from yaohe.app.health import Health

log = structlog.get_logger(__name__)

_HTTP_CODES = {
    400: ("bad_request", "The request could not be understood."),
    401: ("not_signed_in", "Sign in first."),
    403: ("not_allowed", "You may not do this."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("body_too_large", "The request body is too large."),
    415: ("not_json", "Send JSON with the header Content-Type: application/json."),
    429: ("too_many", "Too many requests. Wait a moment."),
}


def _app_error(_: Request[Any, Any, Any], error: AppError) -> Response[Any]:
    headers = {"Cache-Control": "no-store"}  # it may be otherwise the next time
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return Response(error.body(), status_code=error.status, headers=headers)


def _validation(_: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """A body or parameter that does not fit: the first misfit, by name."""
    field, message = None, error.detail
    for misfit in error.extra if isinstance(error.extra, list) else ():
        if isinstance(misfit, dict):
            field, message = misfit.get("key") or None, str(misfit.get("message", message))
            break
    body: dict[str, Any] = {"code": "bad_input", "message": message[:300]}
    if field is not None:
        body["field"] = field
    return Response({"error": body}, status_code=422)


def _misfit(error: HTTPException) -> tuple[str, str] | None:
    """The field of the body and what is wrong with it, where Litestar took it for a broken service
    of ours: it does when both have the same name, such as `privacy`."""
    said = str(error.__cause__) if isinstance(error.__cause__, msgspec.ValidationError) else ""
    message, _, place = said.partition(" - at `$.data.")
    return (place.rstrip("`"), message) if place else None


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    if error.status_code == 500 and (misfit := _misfit(error)) is not None:
        field, message = misfit
        return _app_error(request, BadInput(message[:300], field=field))
    code, message = _HTTP_CODES.get(error.status_code, ("bad_request", error.detail))
    if error.status_code == 400 and error.detail:
        message = error.detail[:300]
    return Response(
        {"error": {"code": code, "message": message}},
        status_code=error.status_code,
        headers=error.headers or {},
    )


def _too_deep(_: Request[Any, Any, Any], __: RecursionError) -> Response[Any]:
    body = {"code": "bad_input", "message": "The body is nested too deeply."}
    return Response({"error": body}, status_code=422)


def _unstorable(_: Request[Any, Any, Any], __: asyncpg.DataError) -> Response[Any]:
    """What got past every check and still cannot be a value of its column: nothing was written."""
    body = {"code": "bad_input", "message": "A value cannot be stored. Check dates and texts."}
    return Response({"error": body}, status_code=422)


def _from_database(request: Request[Any, Any, Any], error: DBAPIError) -> Response[Any]:
    cause = error.orig.__cause__ if error.orig is not None else None
    if isinstance(cause, asyncpg.DataError):
        return _unstorable(request, cause)
    return _broken(request, error)


def _broken(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log.error("request_broke", path=request.url.path, method=request.method, exc_info=error)
    body = {"code": "internal", "message": "Something broke on our side. It has been noted."}
    return Response({"error": body}, status_code=500)


def health_routes(health: Health) -> list[ControllerRouterHandler]:
    @get("/healthz", media_type=MediaType.TEXT, summary="The process is alive", tags=["health"])
    async def healthz() -> str:
        return "ok"

    @get("/readyz", summary="The process can serve", tags=["health"])
    async def readyz() -> Response[dict[str, Any]]:
        report = await health.report()
        return Response(report, status_code=200 if report["ready"] else 503)

    @get(
        "/metrics",
        media_type="text/plain; version=0.0.4",
        summary="Figures for Prometheus (from this machine, with the token or an API key)",
        tags=["health"],
        opt={"errors": (NotSignedIn,)},
    )
    async def metrics(request: Request[Any, Any, Any]) -> bytes:
        await health.require_reader(request)
        await health.look()
        return health.metrics()

    return [healthz, readyz, metrics]


def make_application(
    controllers: Sequence[ControllerRouterHandler], services: dict[str, object]
) -> Litestar:
    """The Litestar application; `services` are what controllers may name."""

    def provide(service: object) -> Provide:
        def give() -> Any:
            return service

        return Provide(give, sync_to_thread=False)

    handlers: dict[Any, Callable[..., Response[Any]]] = {
        AppError: _app_error,
        ValidationException: _validation,
        HTTPException: _http_error,
        RecursionError: _too_deep,
        asyncpg.DataError: _unstorable,
        DBAPIError: _from_database,
        Exception: _broken,
    }
    return Litestar(
        route_handlers=list(controllers),
        dependencies={name: provide(service) for name, service in services.items()},
        exception_handlers=handlers,
        # Only the schema is Litestar's; the page that shows all of it is the front's.
        openapi_config=OpenAPIConfig(
            title="Yaohe",
            version=__version__,
            path="/api/v1/schema",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        request_max_body_size=1_000_000,
        logging_config=None,
        debug=False,
    )

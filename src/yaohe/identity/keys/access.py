"""Who a request from outside comes from: its app key, checked against the site it was sent from."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request
from litestar.di import NamedDependency as Given
from litestar.di import Provide

from yaohe.identity.keys.model import App, Scope
from yaohe.identity.keys.service import AppKeys
from yaohe.kernel.errors import NotAllowed, NotSignedIn, TooMany


class KeyUnknown(NotSignedIn):
    code = "key_unknown"
    message = "This app key is not valid. Send Authorization: Bearer yhs_… or yhp_…"


class SiteRefused(NotAllowed):
    code = "site_refused"
    message = "This key does not belong to the site that sent the request. Add it in the studio."


class ScopeMissing(NotAllowed):
    code = "scope_missing"
    message = "This key may not do this. Make one with the scope."


async def require_app(request: Request[Any, Any, Any], app_keys: Given[AppKeys]) -> App:
    """The caller by `Authorization: Bearer yhs_…|yhp_…`. A route says what it asks for in
    `opt["scope"]`. A browser may only send a public key, and only from its sites."""
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    app = await app_keys.app(bearer.strip()) if kind.lower() == "bearer" else None
    if app is None:
        raise KeyUnknown
    _check_site(app, request.headers.get("origin"))
    scope: Scope | None = request.route_handler.opt.get("scope")
    if scope is not None and scope not in app.scopes:
        raise ScopeMissing(f"This key needs the scope {scope}. Make one that has it.")
    return app


def _check_site(app: App, origin: str | None) -> None:
    if origin is None:
        if app.kind == "public" and not app.apps:
            raise SiteRefused
    elif app.kind == "secret":
        raise SiteRefused("A secret key must never be in a page. Revoke it and use a public key.")
    elif origin not in app.sites:
        raise SiteRefused


APP_ERRORS: Final = (KeyUnknown, SiteRefused, ScopeMissing, TooMany)
APP_ONLY: Final = {"app": Provide(require_app)}

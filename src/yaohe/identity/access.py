"""Who a request comes from: staff by cookie or API key, guests by their cookie, and the Origin.

Litestar resolves these as dependencies: `dependencies = {"staff": Provide(require_staff)}` on a
controller, then `staff: NamedDependency[Staff]` in every handler (one nobody names is not run).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.di import NamedDependency as Given
from litestar.di import Provide

from yaohe.identity.consent.errors import ConsentNeeded, InAFrame
from yaohe.identity.errors import KeyReadOnly, WrongOrigin
from yaohe.identity.service import Identity
from yaohe.identity.staff.model import SESSION_COOKIE, Staff
from yaohe.identity.visitors.model import FRAME_HEADER, Visitor
from yaohe.kernel.errors import NotSignedIn
from yaohe.kernel.origin import is_same_origin

# What every controller of staff declares: who may come in, and how others are refused.
STAFF_ERRORS: Final = (NotSignedIn, WrongOrigin, KeyReadOnly)

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Guest(msgspec.Struct, frozen=True):
    """The visitor of a request; `cookie` is the Set-Cookie to answer when they are new."""

    visitor: Visitor
    cookie: str | None

    @property
    def headers(self) -> dict[str, str]:
        """What to add to the answer."""
        return {} if self.cookie is None else {"Set-Cookie": self.cookie}


def check_origin(
    *, origin: str | None, fetch_site: str | None, host: str, origins: Iterable[str] = ()
) -> None:
    """Refuse a changing request that a browser sent from another site."""
    if not is_same_origin(origin=origin, fetch_site=fetch_site, host=host, origins=origins):
        raise WrongOrigin


def check_request_origin(request: Request[Any, Any, Any], identity: Identity) -> None:
    """`check_origin` for a Litestar request, unsafe methods only."""
    if request.method in SAFE_METHODS:
        return
    headers = request.headers
    check_origin(
        origin=headers.get("origin"),
        fetch_site=headers.get("sec-fetch-site"),
        host=headers.get("host", ""),
        origins=identity.origins,
    )


async def require_staff(request: Request[Any, Any, Any], identity: Given[Identity]) -> Staff:
    """The signed-in person, by `Authorization: Bearer yk_…` or the session cookie."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        kind, _, bearer = authorization.partition(" ")
        staff = None
        if kind.lower() == "bearer":
            staff = await identity.staff_from_api_key(bearer.strip())
        if staff is None:
            raise NotSignedIn("This API key is not valid.")
        if staff.scope == "read" and request.method not in SAFE_METHODS:
            raise KeyReadOnly
        return staff
    staff = await identity.staff_from_session(request.cookies.get(SESSION_COOKIE))
    if staff is None:
        raise NotSignedIn
    check_request_origin(request, identity)
    return staff


STAFF_ONLY: Final = {"staff": Provide(require_staff)}


async def current_guest(request: Request[Any, Any, Any], identity: Given[Identity]) -> Guest:
    """The visitor of the request, made when there is none; unsafe methods check the Origin.

    Where consent is asked for and missing, who reads is somebody for this request alone, of whom
    nothing is kept, and who changes something is refused. A route whose `opt` says `named` turns
    that round for itself: True refuses readers as well, False refuses nobody.

    Who one is inside a page of another site (ADR 33) has nothing to buy with and owns no data: only
    routes whose `opt` says `framed` know such a visitor, all others answer `InAFrame`.
    """
    check_request_origin(request, identity)
    cookie = request.cookies.get
    visitor = identity.visitor_of(cookie, framed=False)
    if visitor is not None:
        return Guest(visitor, None)
    framed = None
    if request.headers.get("sec-fetch-dest") != "document":
        framed = identity.visitor_of(cookie, frame=request.headers.get(FRAME_HEADER))
    if framed is not None:
        if not request.route_handler.opt.get("framed"):
            raise InAFrame
        return Guest(framed, None)
    visitor = identity.new_visitor()
    if identity.remembers(request.cookies.get):
        return Guest(visitor, identity.visitor_cookie(visitor))
    if request.route_handler.opt.get("named", request.method not in SAFE_METHODS):
        raise ConsentNeeded
    return Guest(visitor, None)

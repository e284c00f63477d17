"""Logging in at another service and coming back, and what this browser is logged in as."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from yaohe.identity.access import Guest, current_guest
from yaohe.identity.accounts.model import Account
from yaohe.identity.consent.errors import ConsentNeeded
from yaohe.identity.errors import LoginNotOffered, WrongOrigin
from yaohe.identity.service import Identity

GUESTS = {"guest": Provide(current_guest)}


class LoginOffer(msgspec.Struct, frozen=True):
    id: str
    name: str
    name_en: str


class AccountAnswer(msgspec.Struct, frozen=True):
    """`account` is null while nobody is logged in; `offers` are the services that work here."""

    account: Account | None
    offers: list[LoginOffer]


def _away(url: str, guest: Guest) -> Response[None]:
    """On to `url`; the address of this step, which holds a code, is told to nobody."""
    headers = {**guest.headers, "Location": url}
    headers |= {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(None, status_code=303, headers=headers)


class Login(Controller):
    path = "/login/{service_id:str}"
    tags = ("guest",)
    dependencies = GUESTS

    @get(
        "/",
        status_code=303,
        summary="To the login page of another service; `next` is a page to come back to",
        opt={"named": True, "errors": (LoginNotOffered, ConsentNeeded)},
    )
    async def begin(
        self,
        service_id: FromPath[str],
        guest: Given[Guest],
        identity: Given[Identity],
        next: FromQuery[str] = "/",  # noqa: A002 - the name in the address
    ) -> Response[None]:
        url = await identity.accounts.begin(service_id, guest.visitor, next_path=next)
        return _away(url, guest)

    @get(
        "/back",
        status_code=303,
        summary="Where the other service sends people back to",
        opt={"named": True, "errors": (LoginNotOffered, ConsentNeeded)},
    )
    async def back(
        self,
        service_id: FromPath[str],
        guest: Given[Guest],
        identity: Given[Identity],
        begun: Annotated[str, QueryParameter(name="state")] = "",
        code: FromQuery[str] = "",
    ) -> Response[None]:
        done = await identity.accounts.finish(service_id, guest.visitor, state=begun, code=code)
        if done.failed:
            joint = "&" if "?" in done.next_path else "?"
            return _away(f"{done.next_path}{joint}login={done.failed}", guest)
        return _away(done.next_path, Guest(done.visitor, identity.visitor_cookie(done.visitor)))


class MyAccount(Controller):
    path = "/api/v1/me/account"
    tags = ("guest",)
    dependencies = GUESTS

    @get("/", summary="What this browser is logged in as, and which logins work in it")
    async def show(
        self, guest: Given[Guest], identity: Given[Identity], request: Request[Any, Any, Any]
    ) -> Response[AccountAnswer]:
        offered = identity.accounts.offered(request.headers.get("user-agent", "")[:512])
        offers = [LoginOffer(one.id, one.name_zh, one.name_en) for one in offered]
        account = await identity.accounts.of_visitor(guest.visitor.id) if offers else None
        headers = {**guest.headers, "Cache-Control": "no-store"}
        return Response(AccountAnswer(account, offers), headers=headers)

    @post(
        "/leave",
        status_code=204,
        summary="Log out: this browser goes on as a fresh visitor",
        opt={"errors": (WrongOrigin, ConsentNeeded)},
    )
    async def leave(self, guest: Given[Guest], identity: Given[Identity]) -> Response[None]:
        fresh = Guest(guest.visitor, identity.visitor_cookie(identity.new_visitor()))
        return Response(None, status_code=204, headers=fresh.headers)


controllers = (Login, MyAccount)

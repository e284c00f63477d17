"""The API of identity: set-up, sign-in, API keys, the shop, and who am I."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.identity.access import (
    STAFF_ERRORS,
    STAFF_ONLY,
    Guest,
    check_request_origin,
    current_guest,
)
from yaohe.identity.errors import (
    ApiKeyNotFound,
    KeyReadOnly,
    SetupRefused,
    TooManyLogins,
    WrongOrigin,
    WrongPassword,
)
from yaohe.identity.model import Shop, ShopChange
from yaohe.identity.service import Identity
from yaohe.identity.staff.model import SESSION_COOKIE, ApiKey, Staff
from yaohe.kernel.errors import BadInput

Text = Annotated[str, Meta(max_length=1_000)]
GUESTS = {"guest": Provide(current_guest)}


class SetupRequest(msgspec.Struct, frozen=True):
    token: Text
    email: Text
    password: Text
    name: Text = ""


class LoginRequest(msgspec.Struct, frozen=True):
    email: Text
    password: Text


class PasswordRequest(msgspec.Struct, frozen=True):
    old: Text
    new: Text


class KeyRequest(msgspec.Struct, frozen=True):
    name: Text
    scope: Literal["full", "read"] = "full"


class PersonView(msgspec.Struct, frozen=True):
    id: str
    name: str
    email: str
    role: str


class ShopView(msgspec.Struct, frozen=True):
    id: str
    name: str
    name_en: str
    currency: str
    time_zone: str


class StaffAnswer(msgspec.Struct, frozen=True):
    staff: PersonView


class MeAnswer(msgspec.Struct, frozen=True):
    staff: PersonView
    shop: ShopView


class SetupAnswer(msgspec.Struct, frozen=True):
    open: bool


class KeyList(msgspec.Struct, frozen=True):
    items: list[ApiKey]


class KeyAnswer(msgspec.Struct, frozen=True):
    """The only time the key itself is shown."""

    id: str
    name: str
    prefix: str
    scope: str
    key: str


class VisitorView(msgspec.Struct, frozen=True):
    id: str
    name: str
    name_en: str


class VisitorAnswer(msgspec.Struct, frozen=True):
    visitor: VisitorView


def _person(staff: Staff) -> PersonView:
    return PersonView(staff.id, staff.name, staff.email, staff.role)


def _shop(shop: Shop) -> ShopView:
    return ShopView(shop.id, shop.name, shop.name_en, shop.currency, shop.time_zone)


def _address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else ""


class SignIn(Controller):
    """Open to everybody: becoming the owner, signing in and out."""

    path = "/api/v1/staff"
    tags = ("staff",)

    @get("/setup", summary="Is the set-up link still wanted?")
    async def setup_state(self, identity: Given[Identity]) -> SetupAnswer:
        return SetupAnswer(open=not await identity.owner_exists())

    @post(
        "/setup",
        summary="Become the owner with the one-time set-up link",
        opt={"errors": (SetupRefused, BadInput, WrongOrigin)},
    )
    async def setup(
        self,
        data: JSONBody[SetupRequest],
        request: Request[Any, Any, Any],
        identity: Given[Identity],
    ) -> Response[StaffAnswer]:
        check_request_origin(request, identity)
        name = data.name.strip() or data.email.partition("@")[0]
        staff, session = await identity.setup(data.token, data.email, data.password, name)
        cookie = {"Set-Cookie": identity.session_cookie(session)}
        return Response(StaffAnswer(_person(staff)), status_code=201, headers=cookie)

    @post(
        "/login",
        status_code=200,
        summary="Sign in",
        opt={"errors": (WrongPassword, TooManyLogins, WrongOrigin, BadInput)},
    )
    async def login(
        self,
        data: JSONBody[LoginRequest],
        request: Request[Any, Any, Any],
        identity: Given[Identity],
    ) -> Response[StaffAnswer]:
        check_request_origin(request, identity)
        staff, session = await identity.login(data.email, data.password, address=_address(request))
        cookie = {"Set-Cookie": identity.session_cookie(session)}
        return Response(StaffAnswer(_person(staff)), headers=cookie)

    @post("/logout", status_code=204, summary="Sign out", opt={"errors": (WrongOrigin,)})
    async def logout(
        self, request: Request[Any, Any, Any], identity: Given[Identity]
    ) -> Response[None]:
        check_request_origin(request, identity)
        await identity.logout(request.cookies.get(SESSION_COOKIE))
        cookie = {"Set-Cookie": identity.end_session_cookie()}
        return Response(None, status_code=204, headers=cookie)


class StaffAccount(Controller):
    """For signed-in staff: oneself and one's API keys."""

    path = "/api/v1/staff"
    tags = ("staff",)
    dependencies = STAFF_ONLY

    @get("/me", summary="Who is signed in", opt={"errors": STAFF_ERRORS})
    async def me(self, staff: Given[Staff], identity: Given[Identity]) -> MeAnswer:
        return MeAnswer(_person(staff), _shop(await identity.shop()))

    @post(
        "/password",
        status_code=204,
        summary="Change one's password; other sessions end",
        opt={"errors": (*STAFF_ERRORS, WrongPassword, TooManyLogins, BadInput)},
    )
    async def password(
        self,
        data: JSONBody[PasswordRequest],
        staff: Given[Staff],
        request: Request[Any, Any, Any],
        identity: Given[Identity],
    ) -> None:
        if staff.key_id is not None:
            raise KeyReadOnly("An API key cannot change a password. Sign in to do this.")
        session = request.cookies.get(SESSION_COOKIE)
        await identity.change_password(staff, old=data.old, new=data.new, session=session)

    @get("/api-keys", summary="API keys of the shop", opt={"errors": STAFF_ERRORS})
    async def keys(self, staff: Given[Staff], identity: Given[Identity]) -> KeyList:
        return KeyList(await identity.api_keys(staff))

    @post("/api-keys", summary="Make an API key", opt={"errors": (*STAFF_ERRORS, BadInput)})
    async def make_key(
        self, data: JSONBody[KeyRequest], staff: Given[Staff], identity: Given[Identity]
    ) -> KeyAnswer:
        made = await identity.create_api_key(staff, data.name, scope=data.scope)
        info = made.info
        return KeyAnswer(info.id, info.name, info.prefix, info.scope, made.key)

    @delete(
        "/api-keys/{key_id:str}",
        summary="Revoke an API key",
        opt={"errors": (*STAFF_ERRORS, ApiKeyNotFound)},
    )
    async def revoke_key(
        self, key_id: FromPath[str], staff: Given[Staff], identity: Given[Identity]
    ) -> None:
        await identity.revoke_api_key(staff, key_id)


class ShopSettings(Controller):
    path = "/api/v1/shop"
    tags = ("shop",)
    dependencies = STAFF_ONLY

    @get("/", summary="The shop", opt={"errors": STAFF_ERRORS})
    async def show(self, staff: Given[Staff], identity: Given[Identity]) -> ShopView:
        return _shop(await identity.shop())

    @patch("/", summary="Change the shop", opt={"errors": (*STAFF_ERRORS, BadInput)})
    async def change(
        self, data: JSONBody[ShopChange], staff: Given[Staff], identity: Given[Identity]
    ) -> ShopView:
        return _shop(await identity.update_shop(data, by=staff))


class Me(Controller):
    path = "/api/v1/me"
    tags = ("guest",)
    dependencies = GUESTS

    @get("/", summary="The visitor this browser is; sets the cookie when there is none")
    async def me(self, guest: Given[Guest]) -> Response[VisitorAnswer]:
        visitor = guest.visitor
        view = VisitorView(visitor.id, visitor.name_in("zh-CN"), visitor.name_in("en"))
        headers = {**guest.headers, "Cache-Control": "no-store"}
        return Response(VisitorAnswer(view), headers=headers)


controllers = (SignIn, StaffAccount, ShopSettings, Me)

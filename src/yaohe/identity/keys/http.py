"""The API of app keys, for staff who are signed in."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.identity.access import STAFF_ERRORS, STAFF_ONLY
from yaohe.identity.errors import ApiKeyNotFound
from yaohe.identity.keys.model import AppKey, Scope
from yaohe.identity.keys.service import AppKeys
from yaohe.identity.staff.model import Staff
from yaohe.kernel.errors import BadInput

Site = Annotated[str, Meta(max_length=300)]
Sites = Annotated[list[Site], Meta(max_length=20)]


class AppKeyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`scopes` are for secret keys; `sites` are where a public key is used, and where links of
    this mode may lead; `apps` allows apps and mini-programs, which have no site."""

    name: Annotated[str, Meta(max_length=200)]
    kind: Literal["secret", "public"]
    mode: Literal["live", "test"] = "test"
    scopes: Annotated[list[Scope], Meta(max_length=20)] = []
    sites: Sites = []
    apps: bool = False


class AppKeyMade(msgspec.Struct, frozen=True, kw_only=True):
    """The only time the key itself is shown."""

    info: AppKey
    key: str


class AppKeyList(msgspec.Struct, frozen=True):
    items: list[AppKey]


class SitesBody(msgspec.Struct, frozen=True):
    sites: Sites


class UserKeyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How this key's user tokens are signed. For EdDSA with the Ed25519 `public_key`."""

    algorithm: Literal["HS256", "EdDSA"]
    public_key: Annotated[str, Meta(max_length=1_000)] = ""


class UserKeyMade(msgspec.Struct, frozen=True):
    """The shared secret of HS256, base64url, shown this once; null for EdDSA."""

    secret: str | None


class AppKeyDesk(Controller):
    path = "/api/v1/staff/app-keys"
    tags = ("app keys",)
    dependencies = STAFF_ONLY

    @get("/", summary="App keys of the shop", opt={"errors": STAFF_ERRORS})
    async def all(self, staff: Given[Staff], app_keys: Given[AppKeys]) -> AppKeyList:
        return AppKeyList(await app_keys.all(staff))

    @post("/", summary="Make an app key", opt={"errors": (*STAFF_ERRORS, BadInput)})
    async def make(
        self, data: JSONBody[AppKeyRequest], staff: Given[Staff], app_keys: Given[AppKeys]
    ) -> AppKeyMade:
        made = await app_keys.create(
            staff,
            data.name,
            kind=data.kind,
            mode=data.mode,
            scopes=data.scopes,
            sites=data.sites,
            apps=data.apps,
        )
        return AppKeyMade(info=made.info, key=made.key)

    @put(
        "/{key_id:str}/sites",
        summary="Change the sites of an app key",
        opt={"errors": (*STAFF_ERRORS, ApiKeyNotFound, BadInput)},
    )
    async def sites(
        self,
        key_id: FromPath[str],
        data: JSONBody[SitesBody],
        staff: Given[Staff],
        app_keys: Given[AppKeys],
    ) -> SitesBody:
        return SitesBody(await app_keys.change_sites(staff, key_id, data.sites))

    @put(
        "/{key_id:str}/user-tokens",
        summary="Register how this public key's user tokens are signed",
        opt={"errors": (*STAFF_ERRORS, ApiKeyNotFound, BadInput)},
    )
    async def user_tokens(
        self,
        key_id: FromPath[str],
        data: JSONBody[UserKeyRequest],
        staff: Given[Staff],
        app_keys: Given[AppKeys],
    ) -> UserKeyMade:
        made = await app_keys.register_user_key(staff, key_id, data.algorithm, data.public_key)
        return UserKeyMade(made)

    @delete(
        "/{key_id:str}",
        summary="Revoke an app key",
        opt={"errors": (*STAFF_ERRORS, ApiKeyNotFound)},
    )
    async def revoke(
        self, key_id: FromPath[str], staff: Given[Staff], app_keys: Given[AppKeys]
    ) -> None:
        await app_keys.revoke(staff, key_id)


controllers = (AppKeyDesk,)

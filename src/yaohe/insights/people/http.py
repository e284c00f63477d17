"""A visitor's own data: a copy of it, and its end."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Response, delete, get
from litestar.di import NamedDependency as Given
from litestar.di import Provide

from yaohe.identity import Guest, Identity, WrongOrigin, current_guest
from yaohe.insights.people.errors import OrdersUnderWay
from yaohe.insights.people.service import MyData


class OwnData(Controller):
    path = "/api/v1/me/data"
    tags = ("guest",)
    dependencies = {"guest": Provide(current_guest)}  # noqa: RUF012 - Litestar's way

    @get("/", summary="All that is kept under this visitor's name, as JSON", opt={"errors": ()})
    async def export(self, guest: Given[Guest], people: Given[MyData]) -> Response[dict[str, Any]]:
        headers = {
            **guest.headers,
            "Cache-Control": "private, no-store",
            "Content-Disposition": 'attachment; filename="my-data.json"',
        }
        return Response(await people.export(guest.visitor.id), headers=headers)

    @delete(
        "/",
        summary="Forget this visitor; orders and the books stay, without the person",
        opt={"errors": (WrongOrigin, OrdersUnderWay)},
    )
    async def erase(
        self, guest: Given[Guest], people: Given[MyData], identity: Given[Identity]
    ) -> Response[None]:
        await people.erase(guest.visitor.id)
        fresh = identity.visitor_cookie(identity.new_visitor())
        return Response(None, status_code=204, headers={"Set-Cookie": fresh})


controllers = (OwnData,)

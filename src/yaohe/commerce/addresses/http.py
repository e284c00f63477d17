"""The API of the address book, for guests: one's own addresses and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.commerce.addresses.model import Address
from yaohe.commerce.errors import AddressMissing, AddressNotFound
from yaohe.commerce.orders.model import Buyer
from yaohe.commerce.service import Commerce
from yaohe.identity import Guest, WrongOrigin, current_guest
from yaohe.kernel.errors import BadInput, TryAgain

Text = Annotated[str, Meta(max_length=1_000)]


class AddressRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`is_default`: the next order goes there unless the buyer says otherwise."""

    name: Text
    phone: Text
    address: Text
    is_default: bool = False

    @property
    def buyer(self) -> Buyer:
        return Buyer(name=self.name, phone=self.phone, address=self.address)


class AddressView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    phone: str
    address: str
    is_default: bool


class AddressBook(msgspec.Struct, frozen=True):
    """The default first, then the one used last."""

    items: list[AddressView]


def _book(found: Sequence[Address]) -> AddressBook:
    return AddressBook(
        [
            AddressView(
                id=one.id,
                name=one.name,
                phone=one.phone,
                address=one.address,
                is_default=one.is_default,
            )
            for one in found
        ]
    )


class MyAddresses(Controller):
    path = "/api/v1/me/addresses"
    tags = ("guest",)
    dependencies = {"guest": Provide(current_guest)}  # noqa: RUF012 - as Litestar has it

    @get("/", summary="One's own address book")
    async def show(self, guest: Given[Guest], commerce: Given[Commerce]) -> Response[AddressBook]:
        found = await commerce.addresses_of(guest.visitor.id)
        return Response(_book(found), headers={**guest.headers, "Cache-Control": "no-store"})

    @post(
        "/",
        summary="Keep an address for the next order; the same one again is only noted as used",
        opt={"errors": (BadInput, AddressMissing, WrongOrigin, TryAgain)},
    )
    async def keep(
        self, data: JSONBody[AddressRequest], guest: Given[Guest], commerce: Given[Commerce]
    ) -> Response[AddressBook]:
        found = await commerce.keep_address(guest.visitor.id, data.buyer, default=data.is_default)
        return Response(_book(found), status_code=201, headers=guest.headers)

    @put(
        "/{address_id:str}",
        summary="Write one of one's own addresses anew",
        opt={"errors": (BadInput, AddressMissing, WrongOrigin, AddressNotFound, TryAgain)},
    )
    async def change(
        self,
        address_id: FromPath[str],
        data: JSONBody[AddressRequest],
        guest: Given[Guest],
        commerce: Given[Commerce],
    ) -> AddressBook:
        return _book(
            await commerce.keep_address(
                guest.visitor.id, data.buyer, default=data.is_default, instead_of=address_id
            )
        )

    @delete(
        "/{address_id:str}",
        status_code=200,
        summary="Forget one of one's own addresses",
        opt={"errors": (WrongOrigin, AddressNotFound, TryAgain)},
    )
    async def drop(
        self, address_id: FromPath[str], guest: Given[Guest], commerce: Given[Commerce]
    ) -> AddressBook:
        return _book(await commerce.drop_address(guest.visitor.id, address_id))

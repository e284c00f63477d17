"""The connections of every visitor: told what concerns them alone, and let into rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from yaohe.kernel.errors import AppError
from yaohe.kernel.wire import WireRequest
from yaohe.live.realtime import protocol as p

if TYPE_CHECKING:
    from yaohe.live.realtime.client import Client

CONNECTIONS_PER_VISITOR_MAX: Final = 20

Admits = Callable[[str, str | None, WireRequest], AppError | None]


class People:
    """`admits(room_id, ticket, request)` says why somebody may not come into a room."""

    def __init__(self, admits: Admits) -> None:
        self._admits = admits
        self._by_visitor: dict[str, set[Client]] = {}

    def __len__(self) -> int:
        return sum(len(clients) for clients in self._by_visitor.values())

    def enter(self, client: Client) -> bool:
        """Whether this visitor may have one more connection."""
        mine = self._by_visitor.setdefault(client.caller.id, set())
        mine.add(client)
        return len(mine) <= CONNECTIONS_PER_VISITOR_MAX

    def left(self, client: Client) -> None:
        mine = self._by_visitor.get(client.caller.id)
        if mine is not None:
            mine.discard(client)
            if not mine:
                del self._by_visitor[client.caller.id]

    def tell(self, subject: str, payload: bytes) -> None:
        """A message of the bus for one visitor, `me.<id>`."""
        visitor_id = subject.partition(".")[2]
        push = b'{"push":{"channel":%b,"pub":{"data":%b}}}' % (
            msgspec.json.encode(f"me:{visitor_id}"),
            payload,
        )
        for client in self._by_visitor.get(visitor_id, ()):
            client.send_if_connected(push)

    def admit(self, room_id: str, client: Client) -> None:
        """Raise why this client may not come into the room."""
        why = self._admits(room_id, client.ticket, client.request)
        if why is not None:
            raise p.Problem(p.PERMISSION_DENIED[0], why.code)

    def cut(self, room_id: str) -> None:
        """Send away everybody in the room who would not be let in now; they may ask again."""
        for clients in list(self._by_visitor.values()):
            for client in list(clients):
                if client.is_in(room_id) and self._admits(room_id, client.ticket, client.request):
                    client.leave(*p.LEAVE_INSUFFICIENT)

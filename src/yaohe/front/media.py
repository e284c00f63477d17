"""Live media at the door: streams for the wire, HLS documents for players without MSE."""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec

from yaohe.front.request import Request, answer
from yaohe.kernel.wire import MediaSource, Refusal, WireRequest
from yaohe.live.media import MediaOrigin, hls_document, parse_media_path
from yaohe.live.privacy import Privacy

_AWAY = Refusal(404, "not_live", "Nobody is publishing to this room right now.")


class MediaDoor:
    def __init__(self, origin: MediaOrigin, privacy: Privacy) -> None:
        self._origin, self._privacy = origin, privacy

    def stream(self, request: WireRequest) -> MediaSource | Refusal | None:
        """For the wire: the source of `stream.mp4` and `ws`; None leaves the path to the pages."""
        path = parse_media_path(request.path)
        if path is None or path.kind not in {"stream", "ws"}:
            return None
        query = dict(parse_qsl(request.query))
        no = self._refusal(path.room_id, query.get("ticket"), request)
        return no or self._origin.source(path.room_id, query.get("rung", "")) or _AWAY

    def _refusal(self, room_id: str, ticket: str | None, request: WireRequest) -> Refusal | None:
        if not self._privacy.is_private(room_id):
            return None
        why = self._privacy.refusal(room_id, ticket=ticket, cookies=request.cookies)
        if why is None:
            return None
        return Refusal(why.status, why.code, why.text, (("cache-control", "no-store"),))

    async def document(self, request: Request) -> None:
        """A list, an init, a segment or a part; may wait for what is about to be there."""
        path = parse_media_path(request.path)
        if path is not None and path.kind == "rungs":
            await self._rungs(request, path.room_id)
            return
        lists = self._origin.hls(path.room_id, path.rung) if path is not None else None
        document, query = None, {}
        if lists is not None and path is not None:
            query = request.query if request.scope["query_string"] else {}
            document = await hls_document(lists, path, query)
        if document is None:
            await answer(request, 404, b"", [(b"cache-control", b"no-store")])
            return
        body = document.body
        if path is not None and document.is_list and "ticket" in query:
            ticketed = self._privacy.ticketed(body.decode(), path.room_id, query["ticket"])
            body = ticketed.encode()
        headers = [
            (b"content-type", document.content_type.encode()),
            (b"cache-control", document.cache_control.encode()),
            (b"access-control-allow-origin", b"*"),
        ]
        await answer(request, 200, body, headers)

    async def _rungs(self, request: Request, room_id: str) -> None:
        """What there is to choose of; an empty list when nothing is live."""
        origin = self._origin
        offers = {"rungs": origin.rungs(room_id), "sound": origin.sound(room_id)}
        body = msgspec.json.encode(offers)
        headers = [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-cache"),
            (b"access-control-allow-origin", b"*"),
        ]
        await answer(request, 200, body, headers)

"""A log watched over WebSocket: the fall-back where a streaming `fetch` is not possible."""

from __future__ import annotations

from collections.abc import Callable

from yaohe.kernel.wire.config import WsConnection
from yaohe.kernel.wire.media import Fanouts, MediaSource, WsViewer

GOING_AWAY = 1001


class StreamListener:
    """Feeds one WebSocket from a log; what the viewer sends is ignored."""

    def __init__(
        self, source: MediaSource, fanouts: Fanouts, renew: Callable[[], MediaSource | None]
    ) -> None:
        self._source, self._fanouts, self._renew = source, fanouts, renew
        self._viewer: WsViewer | None = None
        self._connection: WsConnection | None = None
        self.write_high = 1

    def opened(self, connection: WsConnection) -> None:
        self._connection = connection
        self._viewer = WsViewer(connection, self._source, self._fanouts, self._renew)
        self._viewer.start()

    def received(self, payload: bytes) -> None:
        """Players send nothing; picows has bounded what this could be."""

    def clogged(self, *, is_clogged: bool) -> None:
        if self._viewer is None:
            return
        if is_clogged:
            self._viewer.viewer.pause()
        else:
            self._viewer.viewer.resume()

    def drain(self) -> None:
        if self._viewer is not None and self._connection is not None:
            self._viewer.viewer.stop()
            self._connection.close(GOING_AWAY, "server is restarting")

    def closed(self) -> None:
        if self._viewer is not None:
            self._viewer.viewer.stop()

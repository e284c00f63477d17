"""Why a publisher or a reader is refused, in words a host can act on.

    PublishRefused            400 publish_refused
    ├── WrongKey              403 wrong_key            no room has this stream key
    ├── CodecUnsupported      415 codec_unsupported    says what was sent and what to set instead
    ├── BadBytes              400 bad_bytes            not RTMP, or broken media
    ├── TooSlow               408 too_slow             handshake or media did not come in time
    ├── TooBig                413 too_big              a message beyond the limits
    ├── RungWrong             400 rung_wrong           a rung that cannot be, or one too many
    ├── TooManyPublishers     429 too_many_publishers  the connection cap
    ├── ShowOver              409 show_over            its host ended the show
    └── Replaced              409 replaced             the same key began to publish elsewhere

    BadInput ── HlsQueryWrong 400 hls_query            a list asked for as nobody can answer
    TryAgain ── PlaylistLate  503 playlist_late        the update a player waits for did not come

The `code` of a refused publisher is what the log and the studio show as the reason; it never holds
a stream key.
"""

from __future__ import annotations

from yaohe.kernel.errors import AppError, BadInput, TryAgain


class PublishRefused(AppError):
    code = "publish_refused"
    status = 400
    message = "This stream cannot be taken."
    room_id: str | None = None  # whose key it was, where that is known only to who refuses


class WrongKey(PublishRefused):
    code = "wrong_key"
    status = 403
    message = "No room has this stream key. Copy it again from the studio."


class CodecUnsupported(PublishRefused):
    code = "codec_unsupported"
    status = 415
    message = "Set your encoder to H.264 video and AAC-LC audio."


class BadBytes(PublishRefused):
    code = "bad_bytes"
    status = 400
    message = "These bytes are not a stream this server understands."


class TooSlow(PublishRefused):
    code = "too_slow"
    status = 408
    message = "Nothing came for too long."


class TooBig(PublishRefused):
    code = "too_big"
    status = 413
    message = "A message was larger than this server takes."


class RungWrong(PublishRefused):
    code = "rung_wrong"
    status = 400
    message = "Name a rung by the height of its picture, such as ?rung=480, four at most."


class TooManyPublishers(PublishRefused):
    code = "too_many_publishers"
    status = 429
    message = "Too many publishers are connected. Try again later."


class ShowOver(PublishRefused):
    code = "show_over"
    status = 409
    message = "The host ended this show. Begin the next one in the studio, then connect again."

    def __init__(self, room_id: str | None = None) -> None:
        super().__init__()
        self.room_id = room_id


class Replaced(PublishRefused):
    code = "replaced"
    status = 409
    message = "Another encoder began to publish with the same key."


class HlsQueryWrong(BadInput):
    code = "hls_query"
    status = 400
    message = "This list cannot be asked for like that."


class PlaylistLate(TryAgain):
    code = "playlist_late"
    message = "The next part of the stream is late. Ask again."

"""The RTMP session without a socket: what encoders say, what they hear, what is refused."""

from __future__ import annotations

import struct
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.media import clip
from tests.support.rtmp_encoder import (
    clip_bytes,
    command,
    frame_bytes,
    media,
    opening,
    publishing,
    video_config,
)

from yaohe.live.media.errors import (
    BadBytes,
    PublishRefused,
    Replaced,
    RungWrong,
    TooBig,
    WrongKey,
)
from yaohe.live.media.rtmp import chunks
from yaohe.live.media.rtmp.amf import AmfValue, decode, encode
from yaohe.live.media.rtmp.chunks import ChunkReader, Message, write_message
from yaohe.live.media.rtmp.handshake import SIZE
from yaohe.live.media.rtmp.session import CHUNK_SIZE_OUT, WINDOW_BYTES, Session


class Peer:
    def __init__(self, *, accepts: bool = True) -> None:
        self.accepts = accepts
        self.sent = bytearray()
        self.keys: list[str] = []
        self.rungs: list[str] = []
        self.frames: list[Message] = []
        self.announced: list[dict[str, AmfValue]] = []
        self.captions: list[tuple[int, str]] = []
        self.ended = 0
        self.session = Session(self)

    def send(self, data: bytes) -> None:
        self.sent += data

    def publish_asked(self, stream_key: str, rung: str) -> None:
        self.rungs.append(rung)
        self.keys.append(stream_key)
        if self.accepts:
            self.session.accept()

    def publish_ended(self) -> None:
        self.ended += 1

    def media(self, message: Message) -> None:
        self.frames.append(message)

    def metadata(self, values: dict[str, AmfValue]) -> None:
        self.announced.append(values)

    def caption(self, timestamp: int, text: str) -> None:
        self.captions.append((timestamp, text))

    @property
    def answers(self) -> list[Message]:
        reader = ChunkReader()
        reader.feed(bytes(self.sent[1 + 2 * SIZE :]))
        return list(iter(reader.next, None))

    @property
    def codes(self) -> list[str]:
        found = []
        for message in self.answers:
            if message.kind == chunks.COMMAND:
                values = decode(message.payload)
                if len(values) > 3 and isinstance(values[3], dict):
                    found.append(str(values[3]["code"]))
        return found


CLIP = clip(0.5)


def test_the_whole_way_of_an_encoder() -> None:
    peer = Peer()
    peer.session.receive(opening())
    peer.session.receive(command("releaseStream", 2.0, None, "key"))
    peer.session.receive(command("FCPublish", 3.0, None, "key"))
    peer.session.receive(publishing("key"))
    announced = encode("@setDataFrame", "onMetaData", {"width": 160.0, "audiocodecid": 10.0})
    peer.session.receive(write_message(4, Message(chunks.DATA, 0, 1, announced)))
    peer.session.receive(clip_bytes(CLIP))
    peer.session.receive(command("FCUnpublish", 6.0, None, "key"))
    assert peer.keys == ["key"]
    assert len(peer.frames) == len(CLIP.frames) + 2
    assert peer.announced == [{"width": 160.0, "audiocodecid": 10.0}]
    assert peer.ended == 1
    assert peer.codes == [
        "NetConnection.Connect.Success",
        "NetStream.Publish.Start",
        "NetStream.Unpublish.Success",
    ]
    kinds = [message.kind for message in peer.answers]
    assert kinds[:2] == [chunks.WINDOW_ACK_SIZE, chunks.SET_PEER_BANDWIDTH]
    created = [decode(m.payload) for m in peer.answers if m.kind == chunks.COMMAND]
    assert ["_result", 2.0, None, 1.0] in created


def test_the_handshake_echoes() -> None:
    peer = Peer()
    asked = bytes(range(256)) * 6
    for begin in range(0, SIZE + 1, 100):
        peer.session.receive((b"\x03" + asked)[begin : begin + 100])
    assert len(peer.sent) == 1 + 2 * SIZE
    assert peer.sent[0] == 3
    assert bytes(peer.sent[1 + SIZE :]) == asked


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 1 << 20), max_size=30))
def test_any_split_is_the_same_session(cuts: list[int]) -> None:
    wire = opening() + publishing("key") + clip_bytes(CLIP)
    edges = [0, *sorted(cut % len(wire) for cut in cuts), len(wire)]
    peer = Peer()
    for begin, end in pairwise(edges):
        peer.session.receive(wire[begin:end])
    assert len(peer.frames) == len(CLIP.frames) + 2
    assert [m.timestamp for m in peer.frames[2:]] == [f.dts_ms for f in CLIP.frames]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.booleans(), st.booleans())
def test_garbage_never_escapes_the_refusal(data: bytes, greeted: bool, accepted: bool) -> None:
    peer = Peer()
    if greeted:
        peer.session.receive(opening())
    if greeted and accepted:
        peer.session.receive(publishing("key"))
    with suppress(PublishRefused):
        peer.session.receive(data)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([1, 2, 3, 4, 5, 6, 8, 9, 15, 17, 18, 20, 22]), st.binary(max_size=80))
def test_garbage_in_messages_never_escapes_the_refusal(kind: int, payload: bytes) -> None:
    peer = Peer()
    peer.session.receive(opening() + publishing("key"))
    with suppress(PublishRefused):
        peer.session.receive(write_message(5, Message(kind, 0, 1, payload)))


@pytest.mark.parametrize(
    ("app", "name", "key"),
    [
        ("live", "abc", "abc"),
        ("live/", "abc?x=1&y=2", "abc"),
        ("/live", "/abc", "abc"),
        ("live?vhost=x", "abc", "abc"),
        ("live/abc", "", "abc"),
        ("live/abc?token=1", "", "abc"),
    ],
)
def test_where_the_stream_key_stands(app: str, name: str, key: str) -> None:
    peer = Peer()
    peer.session.receive(opening(app) + publishing(name))
    assert peer.keys == [key]
    assert peer.rungs == [""]


@pytest.mark.parametrize(
    ("app", "name"),
    [("live", "abc?rung=480"), ("live/abc?x=1&rung=480", ""), ("live?rung=480", "abc")],
)
def test_a_lower_rung_is_named_behind_the_key(app: str, name: str) -> None:
    peer = Peer()
    peer.session.receive(opening(app) + publishing(name))
    assert (peer.keys, peer.rungs) == (["abc"], ["480"])


@pytest.mark.parametrize("rung", ["", "0480", "low", "48000", "4", "480%0a", "-48", "４８０"])
def test_no_rung_is_named_like_that(rung: str) -> None:
    peer = Peer()
    with pytest.raises(RungWrong):
        peer.session.receive(opening() + publishing(f"abc?rung={rung}"))
    assert peer.keys == []


@pytest.mark.parametrize(("app", "name"), [("live", ""), ("vod", "abc"), ("live", "x" * 200)])
def test_no_usable_stream_key(app: str, name: str) -> None:
    peer = Peer()
    with pytest.raises(WrongKey):
        peer.session.receive(opening(app) + publishing(name))


def test_messages_wait_for_the_answer_to_the_key() -> None:
    peer = Peer(accepts=False)
    peer.session.receive(opening() + publishing("key") + video_config(CLIP.avcc))
    assert peer.frames == []
    peer.session.accept()
    assert len(peer.frames) == 1


def test_before_the_key_is_accepted_nothing_large_is_taken() -> None:
    large = media(chunks.VIDEO, 0, bytes(100_000))
    stranger = Peer(accepts=False)
    with pytest.raises(TooBig):
        stranger.session.receive(opening() + large)
    known = Peer()
    known.session.receive(opening() + publishing("key") + large)
    assert len(known.frames[0].payload) == 100_000


def test_received_bytes_are_acknowledged() -> None:
    peer = Peer()
    peer.session.receive(opening() + publishing("key"))
    for _ in range(30):
        peer.session.receive(media(chunks.VIDEO, 0, bytes(100_000)))
    acknowledged = [m.payload for m in peer.answers if m.kind == chunks.ACKNOWLEDGEMENT]
    assert len(acknowledged) == 1
    assert struct.unpack(">I", acknowledged[0])[0] >= WINDOW_BYTES


def test_pings_are_answered_and_chunk_sizes_sent() -> None:
    peer = Peer()
    ping = write_message(2, Message(chunks.USER_CONTROL, 0, 0, b"\0\6\1\2\3\4"))
    peer.session.receive(opening() + ping)
    # The reader takes the chunk size out of the stream itself, so look at the bytes.
    assert struct.pack(">I", CHUNK_SIZE_OUT) in peer.sent
    controls = [m.payload for m in peer.answers if m.kind == chunks.USER_CONTROL]
    assert b"\0\7\1\2\3\4" in controls


def test_media_of_another_stream_is_ignored() -> None:
    peer = Peer()
    peer.session.receive(opening() + publishing("key"))
    peer.session.receive(write_message(6, Message(chunks.VIDEO, 0, 7, b"\x17\0\0\0\0")))
    assert peer.frames == []


def test_publishing_again_on_the_same_connection() -> None:
    peer = Peer()
    peer.session.receive(opening() + publishing("one"))
    with pytest.raises(BadBytes):
        peer.session.receive(publishing("two"))
    other = Peer()
    other.session.receive(opening() + publishing("one"))
    other.session.receive(command("deleteStream", 4.0, None, 1.0))
    other.session.receive(publishing("two"))
    assert other.keys == ["one", "two"]
    other.session.receive(frame_bytes(CLIP.frames[0]))
    assert len(other.frames) == 1


def test_players_and_strangers_are_refused() -> None:
    peer = Peer()
    with pytest.raises(PublishRefused, match="browser"):
        peer.session.receive(opening() + command("play", 3.0, None, "key"))
    with pytest.raises(BadBytes):
        Peer().session.receive(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(BadBytes):
        Peer().session.receive(opening()[: 1 + 2 * SIZE] + command("createStream", 1.0, None))


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (WrongKey(), "NetStream.Publish.BadName"),
        (Replaced(), "NetStream.Publish.BadName"),
        (BadBytes("broken"), "NetStream.Publish.Rejected"),
    ],
)
def test_refusals_are_said_in_the_encoders_language(refusal: PublishRefused, code: str) -> None:
    peer = Peer(accepts=False)
    peer.session.receive(opening() + publishing("key"))
    peer.session.refuse(refusal)
    assert peer.codes[-1] == code
    silent = Peer()
    silent.session.refuse(refusal)
    assert not silent.sent

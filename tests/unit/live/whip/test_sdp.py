"""SDP at the door: what passes, what is taken out, what is refused, and that nothing breaks it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.kernel.webrtc import OfferUnusable
from yaohe.live.whip.errors import OfferTooBig
from yaohe.live.whip.sdp import (
    CANDIDATES_MAX,
    SDP_BYTES_MAX,
    clean_offer,
    fragment,
    sdp_text,
    tell_addresses,
)

OFFER = "\r\n".join(
    (
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "a=fingerprint:sha-256 AB:CD",
        "a=sendonly",
        "a=candidate:1 1 udp 2113937151 192.0.2.9 50000 typ host",
        "a=candidate:2 1 udp 2113937151 4a1c.local 50001 typ host",
        "a=candidate:3 1 tcp 1518280447 192.0.2.9 9 typ host tcptype active",
        "a=candidate:4 1 udp 1677729535 203.0.113.7 61000 typ srflx raddr 0.0.0.0 rport 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "a=sendrecv",
        "",
    )
)


def test_names_and_tcp_are_taken_out_of_an_offer() -> None:
    cleaned = clean_offer(OFFER)
    candidates = [line for line in cleaned.split("\r\n") if line.startswith("a=candidate:")]
    assert [line.split()[4] for line in candidates] == ["192.0.2.9", "203.0.113.7"]
    assert cleaned.endswith("a=sendrecv\r\n")


def test_only_so_many_candidates_are_looked_at() -> None:
    line = "a=candidate:1 1 udp 1 192.0.2.9 50000 typ host\r\n"
    assert clean_offer(OFFER + line * 100).count("a=candidate:") == CANDIDATES_MAX
    assert len(fragment(line * 100)[1]) == CANDIDATES_MAX


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "hello",
        OFFER.replace("m=audio", "m=video"),
        OFFER + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
        OFFER.replace("a=group:BUNDLE 0 1\r\n", ""),
        OFFER.replace("a=sendonly", "a=recvonly"),
        OFFER.replace("sha-256", "sha-1"),
        OFFER.replace("m=video", "x=").replace("m=audio", "x="),
    ],
)
def test_an_offer_that_is_none_is_refused_with_a_sentence(broken: str) -> None:
    with pytest.raises(OfferUnusable) as refused:
        clean_offer(broken)
    assert refused.value.text.endswith((".", ")."))


def test_a_body_that_is_too_big_or_no_text_is_refused() -> None:
    with pytest.raises(OfferTooBig):
        sdp_text(b"v" * (SDP_BYTES_MAX + 1))
    for body in (b"\xff\xfe", b"v=0\x00", b"v=0\n" * 5_000):
        with pytest.raises(OfferUnusable):
            sdp_text(body)


def test_a_trickle_body_names_its_user_and_candidates() -> None:
    body = (
        "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uY\r\nm=audio 9 UDP 0\r\na=mid:0\r\n"
        "a=candidate:1 1 udp 2 198.51.100.1 60000 typ host generation 0\r\n"
        "a=candidate:1 2 udp 2 198.51.100.1 60001 typ host\r\na=end-of-candidates\r\n"
    )
    assert fragment(body) == ("EsAw", ("1 1 udp 2 198.51.100.1 60000 typ host generation 0",))


def test_public_addresses_stand_first_in_the_answer() -> None:
    answer = "a=candidate:x 1 udp 2130706431 10.0.0.5 50003 typ host\r\na=mid:0\r\n"
    assert tell_addresses(answer, ("203.0.113.9",)) == (
        "a=candidate:0pub 1 udp 2130706432 203.0.113.9 50003 typ host\r\n" + answer
    )
    assert tell_addresses(answer, ()) == answer
    six = "a=candidate:x 1 udp 1 2001:db8::1 50003 typ host"
    assert tell_addresses(six, ("203.0.113.9",)) == six


@given(st.binary(max_size=2_000))
def test_any_bytes_are_an_offer_or_refused(body: bytes) -> None:
    with contextlib.suppress(OfferUnusable, OfferTooBig):
        clean_offer(sdp_text(body))


@given(st.lists(st.sampled_from(OFFER.split("\r\n")), max_size=30), st.text(max_size=60))
def test_any_order_of_lines_is_an_offer_or_refused(lines: list[str], more: str) -> None:
    text = "\r\n".join(["v=0", *lines, more])
    try:
        cleaned = clean_offer(text)
    except OfferUnusable:
        return
    assert ".local" not in "".join(li for li in cleaned.split("\r\n") if "a=candidate" in li)
    fragment(cleaned)
    tell_addresses(cleaned, ("203.0.113.9",))

"""SDP from outside: looked at before the peer's process sees it, and what we add to answers.

Only what WHIP needs passes: at most one picture and one sound, sent to us, over one transport.
Candidates must be plain addresses: names would be looked up by our side, at the caller's wish.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from yaohe.kernel.webrtc import OfferUnusable
from yaohe.live.whip.errors import OfferTooBig

SDP_BYTES_MAX = 64 * 1024
LINES_MAX = 2_000
CANDIDATES_MAX = 32
_KINDS = frozenset({"audio", "video"})
_TYPES = frozenset({"host", "srflx", "relay"})
_UNSPEAKABLE = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")
_CANDIDATE = "a=candidate:"


def sdp_text(body: bytes) -> str:
    """The body as text of sane size; raises when it is none."""
    if len(body) > SDP_BYTES_MAX:
        raise OfferTooBig
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise OfferUnusable("The SDP is not text.") from None
    if _UNSPEAKABLE.search(text) or text.count("\n") > LINES_MAX:
        raise OfferUnusable("The SDP holds what no SDP may hold.")
    return text


def clean_offer(text: str) -> str:
    """The offer, without candidates that are of no use; raises `OfferUnusable` with the reason."""
    if not text.startswith("v=0"):
        raise OfferUnusable("The body does not begin like an SDP offer (v=0).")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    kinds = [line[2:].split(" ")[0] for line in lines if line.startswith("m=")]
    if not kinds or len(set(kinds)) != len(kinds) or not _KINDS.issuperset(kinds):
        raise OfferUnusable("Offer at most one video and one audio track, and nothing else.")
    if len(kinds) > 1 and not any(line.startswith("a=group:BUNDLE ") for line in lines):
        raise OfferUnusable("Offer video and audio over one transport (max-bundle).")
    if any(line in {"a=recvonly", "a=inactive"} for line in lines):
        raise OfferUnusable("WHIP only takes media: offer every track as sendonly.")
    if not any(line.startswith("a=fingerprint:sha-256 ") for line in lines):
        raise OfferUnusable("The offer names no SHA-256 fingerprint of its certificate.")
    kept, left = [], CANDIDATES_MAX
    for line in lines:
        if line.startswith(_CANDIDATE):
            if left <= 0 or not is_usable(line[2:]):
                continue
            left -= 1
        kept.append(line)
    return "\r\n".join(kept).rstrip() + "\r\n"


def is_usable(candidate: str) -> bool:
    """Whether `candidate:…` is an address that can be sent to over UDP."""
    parts = candidate.split()
    if len(parts) < 8 or parts[2].lower() != "udp" or parts[7] not in _TYPES:
        return False
    try:
        address = ipaddress.ip_address(parts[4])
        number = int(parts[1]), int(parts[3]), int(parts[5])
    except ValueError:
        return False
    return number[0] == 1 and 0 < number[2] < 65_536 and not address.is_multicast


def fragment(text: str) -> tuple[str, tuple[str, ...]]:
    """The ICE user fragment a trickle body names (empty: none), and its usable candidates."""
    ufrag = ""
    found: list[str] = []
    for line in text.splitlines():
        if line.startswith("a=ice-ufrag:"):
            ufrag = line.partition(":")[2].strip()
        elif line.startswith(_CANDIDATE) and is_usable(line[2:]) and len(found) < CANDIDATES_MAX:
            found.append(line[len(_CANDIDATE) :])
    return ufrag, tuple(found)


def ice_ufrag(text: str) -> str:
    return fragment(text)[0]


def tell_addresses(answer: str, addresses: Iterable[str]) -> str:
    """The answer, with every IPv4 candidate also offered at the given public addresses."""
    given = list(addresses)
    lines: list[str] = []
    for line in answer.split("\r\n"):
        parts = line.split(" ")
        if line.startswith(_CANDIDATE) and len(parts) >= 8 and ":" not in parts[4]:
            for number, address in enumerate(given):
                more = [*parts]
                more[0] = f"{_CANDIDATE}{number}pub"
                more[3] = str(int(parts[3]) + 1 + number)
                more[4] = address
                lines.append(" ".join(more))
        lines.append(line)
    return "\r\n".join(lines)

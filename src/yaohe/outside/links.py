"""Where a link to an outside room leads: the address with a click id and campaign fields added.

A click id says to the site which share was opened by whom, sealed, so that the site can neither
read nor make one. The name of its field is used by no ad network, because browsers and networks
strip the names they know. The site hands the id in once (a *landing*) and is told who came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import TOKEN_LENGTH, is_id, is_token
from yaohe.kernel.origin import origin_of
from yaohe.kernel.seal import Sealer
from yaohe.sharing import Share

CLICK_FIELD: Final = "yh_cid"
CLICK_ID_CHARS_MAX: Final = 120
CLICK_ID_LIFE_S: Final = 600
URL_CHARS_MAX: Final = 1_000
ROOM_PREFIX: Final = "out"

UTM_FIELDS: Final = ("source", "medium", "campaign", "content", "term")
UTM_RULE: Final[Mapping[str, str]] = {
    "source": "{channel}", "medium": "share", "campaign": "{room}",
}  # fmt: skip
_SLOT: Final = re.compile(r"\{(\w*)\}")
_SLOTS: Final = frozenset({"channel", "content", "room", "share"})


class ClickId(msgspec.Struct, frozen=True):
    token: str
    visitor_id: str
    at_s: int


def is_outside(room_id: str) -> bool:
    """Whether a room's id is of a room on somebody else's site."""
    return is_id(room_id, ROOM_PREFIX)


def seal_click(sealer: Sealer, token: str, visitor_id: str, at_s: int) -> str:
    return sealer.seal_text(f"{token}{at_s:010d}{visitor_id}".encode())


def open_click(sealer: Sealer, text: str) -> ClickId | None:
    """What a click id says; None for one that we did not make."""
    if len(text) > CLICK_ID_CHARS_MAX:
        return None
    plain = sealer.open_text(text)
    if plain is None:
        return None
    said = plain.decode()
    token, at_s, visitor_id = said[:TOKEN_LENGTH], said[TOKEN_LENGTH:][:10], said[20:]
    assert is_token(token)
    assert is_id(visitor_id, "v")
    return ClickId(token, visitor_id, int(at_s))


def clean_url(text: str, *, field: str) -> str:
    """An address that may stand in a Location header; raises `BadInput` naming `field`."""
    wrong = BadInput(f"{field} must be a whole https:// address.", field=field)
    if len(text) > URL_CHARS_MAX or not text.isascii() or not text.isprintable():
        raise wrong
    # Browsers read a backslash as a slash, and what stands before an @ as a name.
    if any(mark in text for mark in ' \\<>"`{}|^'):
        raise wrong
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise wrong
    return text


def site_of(url: str) -> str:
    """The site of a clean address, as app keys name it."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}[parts.scheme]
    origin = origin_of(url).lower()
    return origin.removesuffix(f":{default}") if parts.port == default else origin


def clean_utm(rule: Mapping[str, str]) -> dict[str, str]:
    """A rule for campaign fields: `{channel}`, `{content}`, `{room}`, `{share}` are filled in."""
    for name, text in rule.items():
        if name not in UTM_FIELDS:
            raise BadInput(f"utm knows {', '.join(UTM_FIELDS)}.", field="utm")
        unknown = set(_SLOT.findall(text)) - _SLOTS
        if unknown or len(text) > 100 or not text.isprintable():
            raise BadInput("utm takes up to 100 characters and {channel}, {content}, {room}, "
                           "{share}.", field="utm")  # fmt: skip
    return dict(rule)


def link_out(
    url: str, *, ref: str, rule: Mapping[str, str], share: Share, click_id: str | None
) -> str:
    """The address to go to. Fields the site's own address has are left as they are."""
    parts = urlsplit(url)
    has = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    filled = {"channel": share.channel, "content": share.content, "room": ref, "share": share.token}
    added = []
    for name in UTM_FIELDS:
        text = {**UTM_RULE, **rule}.get(name, "")
        value = _SLOT.sub(lambda slot: filled[slot.group(1)], text)
        if value and f"utm_{name}" not in has:
            added.append(f"utm_{name}={quote(value, safe='')}")
    kept = [part for part in parts.query.split("&") if part and not _is_click(part)]
    if click_id is not None:
        added.append(f"{CLICK_FIELD}={click_id}")
    return urlunsplit(parts._replace(path=parts.path or "/", query="&".join([*kept, *added])))


def _is_click(part: str) -> bool:
    return part.partition("=")[0] == CLICK_FIELD

"""Where a link to an outside room leads: the address with a click id and campaign fields added.

A click id says to the site which share was opened by whom, sealed, so that the site can neither
read nor make one. The name of its field is used by no ad network, because browsers and networks
strip the names they know. The site hands the id in once (a *landing*) and is told who came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from yaohe.kernel.ids import TOKEN_LENGTH, is_id, is_token
from yaohe.kernel.origin import origin_of
from yaohe.kernel.seal import Sealer
from yaohe.sharing import Share
from yaohe.sharing.links import clean_rule, with_utm

CLICK_FIELD: Final = "yh_cid"
CLICK_ID_CHARS_MAX: Final = 120
CLICK_ID_LIFE_S: Final = 600
ROOM_PREFIX: Final = "out"

UTM_RULE: Final[Mapping[str, str]] = {
    "source": "{channel}", "medium": "share", "campaign": "{room}",
}  # fmt: skip
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


def site_of(url: str) -> str:
    """The site of a clean address, as app keys name it."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}[parts.scheme]
    origin = origin_of(url).lower()
    return origin.removesuffix(f":{default}") if parts.port == default else origin


def clean_utm(rule: Mapping[str, str]) -> dict[str, str]:
    """A rule for campaign fields: `{channel}`, `{content}`, `{room}`, `{share}` are filled in."""
    return clean_rule(rule, _SLOTS)


def link_out(
    url: str, *, ref: str, rule: Mapping[str, str], share: Share, click_id: str | None
) -> str:
    """The address to go to. Fields the site's own address has are left as they are."""
    filled = {"channel": share.channel, "content": share.content, "room": ref, "share": share.token}
    click = () if click_id is None else ((CLICK_FIELD, click_id),)
    return with_utm(url, {**UTM_RULE, **rule}, filled, drop={CLICK_FIELD}, more=click)

"""A click: one other visitor who opened a share, counted once per share.

It takes proof that a person was there: a person's fetch of the link by the same visitor, whose page
then spoke up; or the visitor joining the room. The sharer's own opens never count.
"""

from __future__ import annotations

import msgspec

from yaohe.sharing.shares.model import Share, check_key


class ClickAsked(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    visitor_id: str
    env: str
    joined: bool  # the visitor is in the room, which is proof enough
    opening: str = ""  # counted for this page before its visitor accepted: proof as well


class ClickResult(msgspec.Struct, frozen=True, kw_only=True):
    new: bool  # counted by this call
    counted: bool  # counted, now or before
    share: Share


def check_click(asked: ClickAsked) -> None:
    check_key(asked.visitor_id, field="visitor_id")
    check_key(asked.env, field="env")
    check_key(asked.opening, field="opening", empty=True)


def merged(asked: list[ClickAsked]) -> list[ClickAsked]:
    """One per (token, visitor): proof of one is proof for all."""
    together: dict[tuple[str, str], ClickAsked] = {}
    for one in asked:
        key = (one.token, one.visitor_id)
        before = together.get(key)
        if before is None or (one.joined and not before.joined):
            together[key] = one
    return [together[key] for key in sorted(together)]

"""Accounts and the rule by which a login finds, makes or joins one.

A *login* is one person at one app of one service. The same `union` at one service is the same
person, whatever the app. A browser that already belongs to somebody else is never taken over: who
logs in there gets a fresh visitor, and the two stay two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

_NEXT: Final = re.compile(r"/(?:[rs]/[0-9A-Za-z_-]{1,80})?(?:\?[0-9A-Za-z_=&.%-]{0,300})?")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    picture_url: str
    services: list[str]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the tables say about a login before it is decided: account ids, oldest first."""

    by_subject: str | None
    by_union: Sequence[str]
    of_visitor: str | None
    visitor_has_other_login: bool  # of the same app: then that is another person


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The account (None: make one), accounts that turned out to be the same person, and whether
    the browser goes on as a fresh visitor."""

    account_id: str | None
    absorbed: tuple[str, ...] = ()
    fresh_visitor: bool = False


def decide(known: Known) -> Decision:
    same = dict.fromkeys([*known.by_union, *([known.by_subject] if known.by_subject else [])])
    if same:
        first, *others = same
        stranger = known.of_visitor is not None and known.of_visitor not in same
        return Decision(account_id=first, absorbed=tuple(others), fresh_visitor=stranger)
    if known.of_visitor is not None and not known.visitor_has_other_login:
        return Decision(account_id=known.of_visitor)
    return Decision(account_id=None, fresh_visitor=known.of_visitor is not None)


def checked_next(path: str) -> str:
    """Where to go after a login: a page of ours, or the first one."""
    return path if _NEXT.fullmatch(path) else "/"

"""One thing the doctor looked at."""

from __future__ import annotations

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`found` is what is so; `fix` what to do about it, empty when nothing has to be done."""

    check: str = ""
    ok: bool
    found: str
    fix: str = ""


def good(found: str) -> Finding:
    return Finding(ok=True, found=found)


def bad(found: str, fix: str) -> Finding:
    return Finding(ok=False, found=found, fix=fix)

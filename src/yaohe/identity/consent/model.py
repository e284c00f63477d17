"""The two consent modes, and the cookie that holds an answer and nothing else.

*open*: a browser is remembered from its first page on. *strict*: only after its person accepted.
The answer is the word `yes` or `no`, the same for everybody, so that it tells nobody from another;
the page's scripts may read it, to know whether to ask. Half a year later it is asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec

ConsentMode = Literal["open", "strict"]
CookieOf = Callable[[str], str | None]

CONSENT_COOKIE: Final = "yh_c"
CONSENT_AGE_S: Final = 180 * 86_400


class KeptCookie(msgspec.Struct, frozen=True, kw_only=True):
    """A cookie to set; with `age_s` 0 it is taken away."""

    name: str
    value: str
    age_s: int
    scripts_may_read: bool = False


def decided(value: str | None) -> bool | None:
    """What a person answered; None while they did not, or for what is no answer of ours."""
    return {"yes": True, "no": False}.get(value or "")


def may_remember(mode: ConsentMode, cookie: CookieOf) -> bool:
    """Whether the browser with these cookies may be somebody."""
    return mode == "open" or decided(cookie(CONSENT_COOKIE)) is True


def answer_cookie(*, accepted: bool) -> KeptCookie:
    return KeptCookie(
        name=CONSENT_COOKIE,
        value="yes" if accepted else "no",
        age_s=CONSENT_AGE_S,
        scripts_may_read=True,
    )

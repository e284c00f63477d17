"""Which channels a share sheet offers in the browser that asks."""

from __future__ import annotations

import re
from typing import Final

from yaohe.kernel.ids import TOKEN_LENGTH
from yaohe.platforms.channels import Choice, Need, choices
from yaohe.platforms.ua import classify

# A tablet has a share sheet and apps like a phone; a desk has neither for sure.
_PHONE: Final = re.compile(r"Mobile|Android|iPhone|iPad|HarmonyOS", re.IGNORECASE)


def channels_for(
    user_agent: str, lang: str, *, link_base: str, offered: frozenset[Need] = frozenset()
) -> list[Choice]:
    """The channels that work there, the likeliest first; `link_base` and a token are a link."""
    return choices(
        lang,
        app=classify(user_agent).app,
        device="phone" if _PHONE.search(user_agent) else "desk",
        url=link_base + "0" * TOKEN_LENGTH,
        offered=offered,
    )

"""Share channels: every way a share can leave a page, as values, and which of them suit whom.

One channel is one entry in `registry.py` (how it opens, what it takes, its limits and its place in
either language), one glyph in `web/app/src/sharing/glyphs.ts` and one row in `campaigns/policy.py`;
docs/sharing/channels.md tells how to add one.
"""

from yaohe.platforms.channels.fitting import Choice, choices
from yaohe.platforms.channels.model import Channel, Message, Need
from yaohe.platforms.channels.registry import CHANNELS, CONTENTS, intents, takes

__all__ = [
    "CHANNELS",
    "CONTENTS",
    "Channel",
    "Choice",
    "Message",
    "Need",
    "choices",
    "intents",
    "takes",
]

"""What can be wrong about chat.

BadInput ─┬ TextEmpty         422 chat_empty
          └ TextTooLong       422 chat_too_long
NotFound ── ChatLineNotFound  404 chat_line_not_found
"""

from __future__ import annotations

from yaohe.kernel.errors import NotFound
from yaohe.live.realtime.model import TextEmpty, TextTooLong

__all__ = ["ChatLineNotFound", "TextEmpty", "TextTooLong"]


class ChatLineNotFound(NotFound):
    code = "chat_line_not_found"
    message = "There is no such line in this room."

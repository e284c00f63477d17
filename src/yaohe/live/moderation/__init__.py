"""Moderation: who may speak in a room, what may be said there, and who sees to it.

Words: ward (a room's rules and people as the chat asks them), penalty (a mute or a ban), moderator
(staff, or a visitor a room was entrusted to), report, block. Everything a moderator does is live
at once and written to the audit trail.
"""

from yaohe.live.moderation.errors import NOTE_ERRORS, NotModerator
from yaohe.live.moderation.model import ChatRules, Moderator, Pinned, Ward
from yaohe.live.moderation.service import Moderation

__all__ = ["NOTE_ERRORS", "ChatRules", "Moderation", "Moderator", "NotModerator", "Pinned", "Ward"]

"""What moderation refuses, in words the sender can act on.

NotAllowed ─┬ ChatMuted          403 chat_muted         `retry_after_s` when it has an end
            ├ ChatBanned         403 chat_banned
            ├ ChatClosed         403 chat_closed        only the host and moderators speak
            ├ FollowersOnly      403 chat_followers     only who follows the host speaks
            ├ NotModerator       403 not_moderator
            └ OneOfUs            403 one_of_us          a moderator cannot be muted or banned
BadInput ───┬ LinkRefused        422 chat_link
            └ WordRefused        422 chat_word
TooMany ────┬ SlowMode           429 chat_slow_mode     `retry_after_s` says when
            ├ TooManyReports     429 too_many_reports
            └ TooManyBlocks      429 too_many_blocks
NotFound ───┬ PenaltyNotFound    404 penalty_not_found
            ├ ReportNotFound     404 report_not_found
            └ ModeratorNotFound  404 moderator_not_found
Conflict ─── TooManyModerators   409 too_many_moderators
"""

from __future__ import annotations

from yaohe.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, TooMany


class ChatMuted(NotAllowed):
    code = "chat_muted"
    message = "You cannot write in this room for a while."


class ChatBanned(NotAllowed):
    code = "chat_banned"
    message = "You can watch, but no longer write in this room."


class ChatClosed(NotAllowed):
    code = "chat_closed"
    message = "Only the host speaks at the moment."


class FollowersOnly(NotAllowed):
    code = "chat_followers"
    message = "Only those who follow the host write here. Follow, then write."


class NotModerator(NotAllowed):
    code = "not_moderator"
    message = "Only staff and this room's moderators may do this."


class OneOfUs(NotAllowed):
    code = "one_of_us"
    message = "This person moderates the room. Take that away first."


class LinkRefused(BadInput):
    code = "chat_link"
    message = "Links are off in this room. Say it without one."


class WordRefused(BadInput):
    code = "chat_word"
    message = "This room does not want one of these words. Say it another way."


class SlowMode(TooMany):
    code = "chat_slow_mode"
    message = "Slow mode is on. Wait a little before your next line."


class TooManyReports(TooMany):
    code = "too_many_reports"
    message = "That is a lot of reports at once. Wait a minute."


class TooManyBlocks(TooMany):
    code = "too_many_blocks"
    message = "You block as many people as one can. Unblock somebody first."


class PenaltyNotFound(NotFound):
    code = "penalty_not_found"
    message = "This person is neither muted nor banned here."


class ReportNotFound(NotFound):
    code = "report_not_found"
    message = "There is no such open report in this room."


class ModeratorNotFound(NotFound):
    code = "moderator_not_found"
    message = "This person does not moderate this room."


class TooManyModerators(Conflict):
    code = "too_many_moderators"
    message = "A room has at most 20 moderators. Take it from somebody else first."


# What a note on a share may be refused for.
NOTE_ERRORS = (ChatMuted, ChatBanned, LinkRefused, WordRefused)

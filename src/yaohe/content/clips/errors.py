"""What can be wrong with a clip asked for.

BadInput
├── ClipEmpty         422 clip_empty        nothing was recorded between these moments
├── ClipTooLong       422 clip_too_long     a clip is five minutes long at most
└── ClipUnreadable    422 clip_unreadable   what was recorded there cannot be cut
NotFound
└── ClipGone          404 clip_gone         this clip is not kept any more
"""

from __future__ import annotations

from yaohe.kernel.errors import BadInput, NotFound


class ClipEmpty(BadInput):
    code = "clip_empty"
    message = "There is no video between these moments. Choose others."


class ClipTooLong(BadInput):
    code = "clip_too_long"
    message = "A clip is five minutes long at most. Choose a shorter stretch."


class ClipUnreadable(BadInput):
    code = "clip_unreadable"
    message = "What was recorded there cannot be cut. Choose another moment."


class ClipGone(NotFound):
    code = "clip_gone"
    message = "This clip is not kept any more."

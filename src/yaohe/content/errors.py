"""What can be wrong with an image asked for.

BadInput
├── ClipEmpty            422 clip_empty           nothing was recorded between these moments
├── ClipTooLong          422 clip_too_long        a clip is five minutes long at most
├── ClipUnreadable       422 clip_unreadable      what was recorded there cannot be cut
├── LinkTooLong          422 link_too_long        a QR code of this link would not scan
└── PictureUnreadable    422 picture_unreadable   these bytes are no picture we can decode
NotFound
└── ClipGone             404 clip_gone            this clip is not kept any more
TryAgain
└── DrawingLate          503 drawing_late         the drawing child took too long or died
"""

from __future__ import annotations

from yaohe.kernel.errors import BadInput, NotFound, TryAgain


class ClipEmpty(BadInput):
    code = "clip_empty"
    message = "There is no video between these moments. Choose others."


class ClipTooLong(BadInput):
    code = "clip_too_long"
    message = "A clip is five minutes long at most. Choose a shorter stretch."


class ClipGone(NotFound):
    code = "clip_gone"
    message = "This clip is not kept any more."


class ClipUnreadable(BadInput):
    code = "clip_unreadable"
    message = "What was recorded there cannot be cut. Choose another moment."


class LinkTooLong(BadInput):
    code = "link_too_long"
    message = "This link is too long for a QR code that scans. Use a shorter public address."


class PictureUnreadable(BadInput):
    code = "picture_unreadable"
    message = "This picture cannot be read. Try another JPEG, PNG or WebP."


class DrawingLate(TryAgain):
    code = "drawing_late"
    message = "The picture is not ready yet. Try again in a moment."

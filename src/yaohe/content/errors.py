"""What can be wrong with an image asked for.

BadInput
├── LinkTooLong          422 link_too_long         a QR code of this link would not scan
├── PictureUnreadable    422 picture_unreadable    these bytes are no picture we can decode
├── PictureTooSmall      422 picture_too_small     it would not look good
├── PictureTooBig        413 picture_too_big       more bytes or pixels than we read
└── PictureNotReached    422 picture_not_reached   its address answers with no picture
TryAgain
└── DrawingLate          503 drawing_late          the drawing child took too long or died
"""

from __future__ import annotations

from yaohe.kernel.errors import BadInput, TryAgain


class LinkTooLong(BadInput):
    code = "link_too_long"
    message = "This link is too long for a QR code that scans. Use a shorter public address."


class PictureUnreadable(BadInput):
    code = "picture_unreadable"
    message = "This picture cannot be read. Try another JPEG, PNG, WebP or GIF."


class PictureTooSmall(BadInput):
    code = "picture_too_small"
    message = "This picture is too small to look good. Give one of at least 160 × 160 pixels."


class PictureTooBig(BadInput):
    code = "picture_too_big"
    status = 413
    message = "This picture is too big: at most 16 MB and 40 million pixels."


class PictureNotReached(BadInput):
    code = "picture_not_reached"
    message = "No picture could be fetched from this address. Open it in a browser and look."


class DrawingLate(TryAgain):
    code = "drawing_late"
    message = "The picture is not ready yet. Try again in a moment."


# What the drawing child may refuse, by the code that comes back from it.
REFUSALS = {
    refusal.code: refusal
    for refusal in (LinkTooLong, PictureUnreadable, PictureTooSmall, PictureTooBig)
}

"""What can be wrong with an image asked for.

BadInput
├── LinkTooLong          422 link_too_long        a QR code of this link would not scan
└── PictureUnreadable    422 picture_unreadable   these bytes are no picture we can decode
TryAgain
└── DrawingLate          503 drawing_late         the drawing child took too long or died
"""

from __future__ import annotations

from yaohe.kernel.errors import BadInput, TryAgain


class LinkTooLong(BadInput):
    code = "link_too_long"
    message = "This link is too long for a QR code that scans. Use a shorter public address."


class PictureUnreadable(BadInput):
    code = "picture_unreadable"
    message = "This picture cannot be read. Try another JPEG, PNG or WebP."


class DrawingLate(TryAgain):
    code = "drawing_late"
    message = "The picture is not ready yet. Try again in a moment."

"""Why a WHIP request or a browser's stream is refused, besides what every publisher may hear.

AppError
├── NotSdp               415 not_sdp            the body is no SDP
├── OfferTooBig          413 offer_too_big
├── SessionNotFound      404 session_not_found  never was, or ended long ago
├── EtagMissing          428 etag_missing       PATCH without If-Match
├── EtagDiffers          412 etag_differs       PATCH of another ICE session
└── RestartUnsupported   422 restart_unsupported
"""

from __future__ import annotations

from yaohe.kernel.errors import AppError, NotFound


class NotSdp(AppError):
    code = "not_sdp"
    status = 415
    message = "Send the SDP offer as the body, with Content-Type: application/sdp."


class OfferTooBig(AppError):
    code = "offer_too_big"
    status = 413
    message = "The SDP is larger than this server takes."


class SessionNotFound(NotFound):
    code = "session_not_found"
    message = "This WHIP session is over. Send a new offer."


class EtagMissing(AppError):
    code = "etag_missing"
    status = 428
    message = "Send the session's ETag in If-Match."


class EtagDiffers(AppError):
    code = "etag_differs"
    status = 412
    message = "If-Match names another ICE session."


class RestartUnsupported(AppError):
    code = "restart_unsupported"
    status = 422
    message = "An ICE restart is not possible here. Send a new offer; viewers stay where they are."

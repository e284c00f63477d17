"""Expected errors, in words a client can read.

    AppError                 400 bad_request
    ├── BadInput             422 bad_input          a field is missing, too long or malformed
    ├── NotSignedIn          401 not_signed_in      staff session or API key needed
    ├── NotAllowed           403 not_allowed        the caller's role or origin forbids it
    ├── NotFound             404 not_found
    ├── Conflict             409 conflict           the state of the thing forbids it
    ├── TooMany              429 too_many           a limit; `retry_after_s` says when
    └── TryAgain             503 try_again          an engine is busy or away; nothing was written
        └── Busy             503 busy               a bounded queue is full

Every context subclasses these with its own stable `code`. A broken invariant is no AppError but an
assertion: it answers 500 and pages someone.
"""

from __future__ import annotations

from typing import ClassVar


class AppError(Exception):
    """An expected refusal. `code` is stable for ever; `message` says what to do next."""

    code: ClassVar[str] = "bad_request"
    status: ClassVar[int] = 400
    message: ClassVar[str] = "The request could not be understood."

    def __init__(
        self,
        message: str | None = None,
        *,
        retry_after_s: int | None = None,
        field: str | None = None,
    ) -> None:
        self.text = message or self.message
        self.retry_after_s = retry_after_s
        self.field = field
        super().__init__(self.text)

    def body(self) -> dict[str, object]:
        """The wire form: `{"error": {"code", "message", "field"?, "retry_after_s"?}}`."""
        error: dict[str, object] = {"code": self.code, "message": self.text}
        if self.field is not None:
            error["field"] = self.field
        if self.retry_after_s is not None:
            error["retry_after_s"] = self.retry_after_s
        return {"error": error}


class BadInput(AppError):
    code = "bad_input"
    status = 422
    message = "A field is missing or not valid."


class NotSignedIn(AppError):
    code = "not_signed_in"
    status = 401
    message = "Sign in first."


class NotAllowed(AppError):
    code = "not_allowed"
    status = 403
    message = "You may not do this."


class NotFound(AppError):
    code = "not_found"
    status = 404
    message = "There is nothing here."


class Conflict(AppError):
    code = "conflict"
    status = 409
    message = "This has changed in the meantime. Load it again."


class TooMany(AppError):
    code = "too_many"
    status = 429
    message = "Too many requests. Wait a moment."


class TryAgain(AppError):
    code = "try_again"
    status = 503
    message = "Not possible this second. Nothing was written; try again."


class Busy(TryAgain):
    code = "busy"
    message = "Very busy right now. Nothing was written; try again."

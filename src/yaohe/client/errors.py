"""What can go wrong between a program and Yaohe.

YaoheError
├── Refused        the server answered and said why: `code`, `status`, `field`, `retry_after_s`
└── Unreachable    no answer, however often it was asked
"""

from __future__ import annotations


class YaoheError(Exception):
    """Any call that did not do what it should."""


class Refused(YaoheError):
    """The server's answer. `code` is stable; the message says what to do."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int,
        field: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.status = code, status
        self.field, self.retry_after_s = field, retry_after_s


class Unreachable(YaoheError):
    """Nothing was answered; whether anything was done is not known, and asking again is safe."""

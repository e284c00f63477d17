"""What talking to another service can end in.

TryAgain 503
├── PlatformAway       platform_away      it did not answer, or not in a way that can be read
└── PlatformQuota      platform_quota     it takes no more calls of ours until its day turns
AppError
└── PlatformRefused    platform_refused   502: it answered no; `reason` is its own number or word
"""

from __future__ import annotations

from yaohe.kernel.errors import AppError, TryAgain


class PlatformAway(TryAgain):
    code = "platform_away"
    message = "The other service does not answer now. Nothing was changed; try again."


class PlatformQuota(TryAgain):
    code = "platform_quota"
    message = "The other service takes no more calls for now. It will again later."

    def __init__(self, reason: str = "", *, daily: bool = True, retry_after_s: int = 60) -> None:
        super().__init__(retry_after_s=retry_after_s)
        self.reason, self.daily = reason, daily


class PlatformRefused(AppError):
    code = "platform_refused"
    status = 502
    message = "The other service refused. Check how it is connected."

    def __init__(self, reason: str) -> None:
        super().__init__(f"The other service refused ({reason}). Check how it is connected.")
        self.reason = reason

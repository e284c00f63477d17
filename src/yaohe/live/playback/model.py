"""What a player reports, which browser it was, and what many reports say together. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

Start = Literal["shown", "refused", "failed", "left"]
Route = Literal["fetch", "ws", "hls", "hlsjs", "none"]
Reason = Literal[
    "codec", "no_mse", "decode", "stuck", "network", "silent", "closed", "http", "hls", "late",
    "other",
]  # fmt: skip
Entry = Literal["shared", "direct"]

UA_CHARS_MAX: Final = 512
Ms = Annotated[int, Meta(ge=0, le=120_000)]


class PlaybackReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one player has to say since its last report.

    `start` is said once per page: *shown* with the time to the first frame, *refused* (the browser
    wants a tap first), *failed* with a reason, *left* (gone before the first frame). The rest
    counts what came since: time watched, how often and how long the picture stood still, and how
    far behind the newest frame it is now.
    """

    shared: bool
    route: Route
    start: Start | None = None
    first_frame_ms: Ms | None = None
    from_click_ms: Ms | None = None
    reason: Reason | None = None
    watched_ms: Ms = 0
    stalls: Annotated[int, Meta(ge=0, le=1_000)] = 0
    stalled_ms: Ms = 0
    behind_ms: Ms | None = None


class PlaybackNoted(msgspec.Struct, frozen=True):
    noted: bool


class Heard(msgspec.Struct, frozen=True):
    """A report with the family of the browser it came from."""

    report: PlaybackReport
    browser: str

    @property
    def entry(self) -> Entry:
        return "shared" if self.report.shared else "direct"


# Narrow before wide: every browser's name stands in the next one's as well. All browsers of an
# iPhone are the same engine. A family names a figure, it never decides what a player does.
_FAMILIES: Final = (
    ("micromessenger", "wechat"),
    ("aweme", "douyin"),
    ("bytedancewebview", "douyin"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("firefox/", "firefox"),
    ("edg/", "edge"),
    ("edga/", "edge"),
    ("; wv)", "webview"),
    ("chrome/", "chrome"),
    ("safari/", "safari"),
)
FAMILIES: Final = (*dict.fromkeys(name for _, name in _FAMILIES), "other")


@lru_cache(maxsize=4_096)
def browser_family(user_agent: str) -> str:
    """One of `FAMILIES`, so that it can be a label."""
    text = user_agent[:UA_CHARS_MAX].lower()
    return next((name for token, name in _FAMILIES if token in text), "other")


class PlayerGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Players that came by one entry with one family of browser."""

    entry: Entry
    browser: str
    starts: int
    failed: int
    first_frame_ms_p50: int | None
    behind_ms_p50: int | None


class PlayersHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What the players of a room said in the last `window_s` seconds."""

    window_s: int
    starts: int
    shown: int
    refused: int
    failed: int
    left: int
    first_frame_ms_p50: int | None
    first_frame_ms_p95: int | None
    behind_ms_p50: int | None
    behind_ms_p95: int | None
    watched_s: int
    stalls: int
    stalled_s: float
    reasons: dict[str, int]
    routes: dict[str, int]
    groups: list[PlayerGroup]


def percentile(values: Sequence[int], share: float) -> int | None:
    """The nearest rank; None of nothing."""
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def first_frames(heard: Iterable[Heard]) -> list[int]:
    return [h.report.first_frame_ms for h in heard if h.report.first_frame_ms is not None]


def delays(heard: Iterable[Heard]) -> list[int]:
    return [h.report.behind_ms for h in heard if h.report.behind_ms is not None]


def summary(heard: Sequence[Heard], window_s: int) -> PlayersHealth:
    reports = [one.report for one in heard]
    starts = Counter(report.start for report in reports if report.start is not None)
    started = [report for report in reports if report.start is not None]
    frames, behind = first_frames(heard), delays(heard)
    return PlayersHealth(
        window_s=window_s,
        starts=len(started),
        shown=starts["shown"],
        refused=starts["refused"],
        failed=starts["failed"],
        left=starts["left"],
        first_frame_ms_p50=percentile(frames, 0.5),
        first_frame_ms_p95=percentile(frames, 0.95),
        behind_ms_p50=percentile(behind, 0.5),
        behind_ms_p95=percentile(behind, 0.95),
        watched_s=sum(report.watched_ms for report in reports) // 1000,
        stalls=sum(report.stalls for report in reports),
        stalled_s=round(sum(report.stalled_ms for report in reports) / 1000, 1),
        reasons=dict(Counter(r.reason for r in started if r.reason is not None)),
        routes=dict(Counter(report.route for report in started)),
        groups=_groups(heard),
    )


def _groups(heard: Sequence[Heard]) -> list[PlayerGroup]:
    """By entry and family, the most starts first."""
    parts: dict[tuple[Entry, str], list[Heard]] = {}
    for one in heard:
        parts.setdefault((one.entry, one.browser), []).append(one)
    groups = [
        PlayerGroup(
            entry=entry,
            browser=browser,
            starts=sum(one.report.start is not None for one in part),
            failed=sum(one.report.start == "failed" for one in part),
            first_frame_ms_p50=percentile(first_frames(part), 0.5),
            behind_ms_p50=percentile(delays(part), 0.5),
        )
        for (entry, browser), part in parts.items()
    ]
    return sorted(groups, key=lambda group: -group.starts)

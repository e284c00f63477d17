"""What players report, as figures: by entry (shared or direct) and family of browser.

Every label has few values, given by the server, so that no report can make a figure grow.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from yaohe.live.playback import Heard

_GROUP: Final = ("entry", "browser")
_FIRST_FRAME_S: Final = (0.05, 0.08, 0.15, 0.3, 0.6, 1, 2, 4, 8, 15)
_BEHIND_S: Final = (0.3, 0.45, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 30)


class PlayerFigures:
    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"yaohe_player_{name}", text, (*_GROUP, *labels), registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(
                f"yaohe_player_{name}_seconds", text, _GROUP, buckets=buckets, registry=registry
            )

        self._starts = counter("starts", "Starts of players that report, by outcome", "outcome")
        self._failures = counter("failures", "Failed starts, by reason", "reason")
        self._routes = counter("routes", "The way the video came at the start", "route")
        self._stalls = counter("stalls", "Times the picture stood still")
        self._stalled_s = counter("stalled_seconds", "How long it stood still")
        self._watched_s = counter("watched_seconds", "Time watched by players that report")
        self._first_frame = histogram("first_frame", "Player start to first frame", _FIRST_FRAME_S)
        self._from_click = histogram("click_to_frame", "Navigation to first frame", _FIRST_FRAME_S)
        self._behind = histogram("behind_live", "Distance from the newest frame", _BEHIND_S)

    def note(self, heard: Heard) -> None:
        report, group = heard.report, (heard.entry, heard.browser)
        if report.start is not None:
            self._starts.labels(*group, report.start).inc()
            self._routes.labels(*group, report.route).inc()
            if report.start == "failed":
                self._failures.labels(*group, report.reason or "other").inc()
        self._stalls.labels(*group).inc(report.stalls)
        self._stalled_s.labels(*group).inc(report.stalled_ms / 1000)
        self._watched_s.labels(*group).inc(report.watched_ms / 1000)
        for figure, value_ms in (
            (self._first_frame, report.first_frame_ms),
            (self._from_click, report.from_click_ms),
            (self._behind, report.behind_ms),
        ):
            if value_ms is not None:
                figure.labels(*group).observe(value_ms / 1000)

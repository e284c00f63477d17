"""What players report: bounded, kept for minutes, told by entry and family of browser."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from tests.support.browser import ANDROID, WECHAT

from yaohe.app.players import PlayerFigures
from yaohe.kernel.clock import ManualClock
from yaohe.live.playback import Playback, PlaybackReport, browser_family
from yaohe.live.playback.service import REPORTS_MAX, ROOMS_MAX, WINDOW_S

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15"


def shown(first_frame_ms: int, **more: Any) -> PlaybackReport:
    given: dict[str, Any] = {"shared": False, "route": "fetch", "start": "shown"}
    return PlaybackReport(**given | {"first_frame_ms": first_frame_ms} | more)


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        (ANDROID, "chrome"),
        (WECHAT, "wechat"),
        (IPHONE, "ios"),
        (IPHONE + " MicroMessenger/8.0", "wechat"),
        (IPHONE.replace("Safari", "CriOS/142 Safari"), "ios"),
        (SAFARI, "safari"),
        (ANDROID + " Edg/142.0", "edge"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "firefox"),
        ("curl/8", "other"),
        ("", "other"),
    ],
)
def test_the_family_of_a_browser(user_agent: str, family: str) -> None:
    assert browser_family(user_agent) == family


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_frame_ms": -1},
        {"first_frame_ms": 120_001},
        {"first_frame_ms": "80"},
        {"stalls": 1_001},
        {"watched_ms": 10**9},
        {"route": "carrier-pigeon"},
        {"start": "maybe"},
        {"reason": "x" * 99},
        {"shared": "yes"},
    ],
)
def test_a_report_out_of_bounds_is_none(wrong: dict[str, Any]) -> None:
    body = {"shared": False, "route": "fetch", "start": "shown"} | wrong
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(body), type=PlaybackReport)


def test_a_room_is_told_by_what_its_players_said_lately() -> None:
    clock = ManualClock()
    playback = Playback(clock)
    playback.note("tea", shown(9_000), user_agent=ANDROID)
    clock.advance(WINDOW_S + 1)
    for ms in range(100, 2_100, 100):
        playback.note("tea", shown(ms, behind_ms=ms // 2, watched_ms=5_000), user_agent=ANDROID)
    stood = shown(300, shared=True, stalls=2, stalled_ms=1_500, route="ws")
    playback.note("tea", stood, user_agent=WECHAT)
    failed = PlaybackReport(shared=True, route="none", start="failed", reason="codec")
    playback.note("tea", failed, user_agent=WECHAT)
    later = PlaybackReport(shared=False, route="fetch", watched_ms=60_000, behind_ms=400)
    playback.note("tea", later, user_agent=ANDROID)

    told = playback.health("tea")
    assert (told.starts, told.shown, told.failed) == (22, 21, 1)
    assert told.first_frame_ms_p50 == 1_000
    assert told.first_frame_ms_p95 == 1_900
    assert told.behind_ms_p50 == 500
    assert (told.watched_s, told.stalls, told.stalled_s) == (160, 2, 1.5)
    assert told.reasons == {"codec": 1}
    assert told.routes == {"fetch": 20, "ws": 1, "none": 1}
    assert [(g.entry, g.browser, g.starts, g.failed) for g in told.groups] == [
        ("direct", "chrome", 20, 0),
        ("shared", "wechat", 2, 1),
    ]
    assert playback.health("coffee").first_frame_ms_p50 is None


def test_what_is_kept_is_bounded() -> None:
    playback = Playback(ManualClock())
    for _ in range(REPORTS_MAX + 10):
        playback.note("tea", shown(100), user_agent=ANDROID)
    assert playback.health("tea").starts == REPORTS_MAX
    for number in range(ROOMS_MAX):
        playback.note("tea", shown(100), user_agent=ANDROID)
        playback.note(f"room{number}", shown(100), user_agent=ANDROID)
    assert playback.health("tea").starts == REPORTS_MAX, "a room that is heard of stays"
    assert playback.health("room0").starts == 0, "the one silent longest is forgotten"


def test_figures_have_labels_of_few_values() -> None:
    registry = CollectorRegistry()
    playback = Playback(ManualClock())
    playback.on_report.append(PlayerFigures(registry).note)
    playback.note("tea", shown(75, behind_ms=420, stalls=1, stalled_ms=250), user_agent=ANDROID)
    no_reason = PlaybackReport(shared=True, route="none", start="failed")
    playback.note("tea", no_reason, user_agent="anything at all")
    text = generate_latest(registry).decode()
    direct = '{browser="chrome",entry="direct"'
    assert f'yaohe_player_starts_total{direct},outcome="shown"}} 1.0' in text
    assert f'yaohe_player_first_frame_seconds_bucket{direct},le="0.08"}} 1.0' in text
    assert f'yaohe_player_first_frame_seconds_bucket{direct},le="0.05"}} 0.0' in text
    assert f'yaohe_player_behind_live_seconds_bucket{direct},le="0.45"}} 1.0' in text
    assert f"yaohe_player_stalled_seconds_total{direct}}} 0.25" in text
    assert 'failures_total{browser="other",entry="shared",reason="other"} 1.0' in text

"""What the publish doctor finds, and how it is said to people who go live from a web page.

An encoder has settings, and the doctor names them. A page chooses bitrate, keyframes and codec by
itself: its people can change where they stand, their network, their devices and the light. What
they cannot change is not said to them.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["bad", "weak", "hint"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong. `code` is stable, `value` what was measured, in its own unit."""

    code: str
    level: Level
    value: float
    text: str
    text_en: str


# By code: Chinese and English, with the value as it is (`n`) or in seconds (`s`).
_TO_PAGES = {
    "no_frames": (
        "{s} 秒没有收到画面。看看开播的页面还开着没有，手机有没有锁屏，网络通不通。",
        "No picture for {s} s. See whether the page is still open, the phone is not locked, and the"
        " network works.",
    ),
    "upload_slow": (
        "网络跟不上，画面已落后 {s} 秒。靠近路由器，或换一个网络。",
        "The network cannot keep up, the picture is {s} s late. Go closer to the router, or use"
        " another network.",
    ),
    "frames_missing": (
        "丢了 {n}% 的画面。关掉别的页面和程序，靠近路由器。",
        "{n} % of the frames are missing. Close other pages and programs, and go closer to the"
        " router.",
    ),
    "no_audio": (
        "推来的画面没有声音。在开播页选一个麦克风，并允许浏览器使用它。",
        "There is no sound. Choose a microphone on the page you go live from, and allow the browser"
        " to use it.",
    ),
    "audio_stopped": (
        "声音断了，观众听到的是静音。在开播页重新选一次麦克风。",
        "The sound has stopped, viewers hear silence. Choose the microphone again on the page.",
    ),
    "sound_apart": (
        "声音和画面差 {s} 秒送到。停一下，再重新开播。",
        "Sound and picture arrive {s} s apart. Stop, and go live again.",
    ),
    "gop_long": (
        "网络丢包，关键帧隔了 {s} 秒，观众进来要等。靠近路由器，或换一个网络。",
        "The network loses packets: a keyframe came only after {s} s, so viewers wait when they"
        " join. Go closer to the router, or use another network.",
    ),
    "fps_low": (
        "每秒只有 {n} 帧。调亮灯光，关掉别的页面和程序。",
        "Only {n} frames per second. Turn up the light, and close other pages and programs.",
    ),
    "bitrate_low": (
        "网络只带得动 {n} kbps，动起来会糊。靠近路由器，或换一个网络。",
        "The network carries only {n} kbps, motion will blur. Go closer to the router, or use"
        " another network.",
    ),
}


def for_page(findings: list[Finding]) -> list[Finding]:
    """The same findings for people without an encoder; those they cannot act on are left out."""
    return [_said(found) for found in findings if found.code in _TO_PAGES]


def _said(found: Finding) -> Finding:
    text, text_en = _TO_PAGES[found.code]
    figures = {"n": f"{found.value:g}", "s": f"{abs(found.value) / 1000:.1f}".removesuffix(".0")}
    return msgspec.structs.replace(
        found, text=text.format(**figures), text_en=text_en.format(**figures)
    )

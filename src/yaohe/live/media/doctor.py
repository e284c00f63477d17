"""The publish doctor: from what was measured to plain sentences with the setting to change.

`examine` is pure. A finding is `bad` when viewers suffer now, `weak` when many will, and a `hint`
where the show runs but could run better. The worst comes first, and nothing is said twice: who has
no picture is not told about its frame rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from yaohe.live.media.findings import Finding, Level, for_page
from yaohe.live.media.pulse import Vitals

FRAME_AGE_MS_MAX = 3_000
PACE_MIN = 0.95
BEHIND_MS_SLOW, BEHIND_MS_MAX = 300, 2_000
GOP_MS_WEAK, GOP_MS_BAD, GOP_MS_MIN = 2_600, 5_000, 400
MISSING_PERCENT_MAX = 3.0
FPS_MIN = 20.0
BITS_PER_PIXEL_MIN, BITS_PER_PIXEL_GOOD = 0.025, 0.07
BITRATE_KBPS_MAX = 8_000
PEAK_MAX = 2.0
SOUND_APART_MS_MAX = 700
DRIFT_MS_PER_HOUR_MAX = 1_000
AUDIO_RATES = (44_100, 48_000)
_RARE = {"hvc1": "H.265", "av01": "AV1"}


def examine(vitals: Vitals, noted: Iterable[Finding] = ()) -> list[Finding]:
    """Everything there is to say, the worst first, in words for who sends; `noted` is what others
    found."""
    found = _examined(vitals)
    if not found or found[0].code != "no_frames":
        order: list[Level] = ["bad", "weak", "hint"]
        found = sorted([*found, *noted], key=lambda finding: order.index(finding.level))
    return for_page(found) if vitals.by_page else found


def _examined(vitals: Vitals) -> list[Finding]:
    if vitals.frame_age_ms > FRAME_AGE_MS_MAX:
        return [_no_frames(vitals.frame_age_ms)]
    found = [*_line(vitals), *_sound(vitals)]
    if vitals.codec:
        found += [*_keyframes(vitals), *_picture(vitals)]
    return found


def _no_frames(age_ms: int) -> Finding:
    seconds = age_ms // 1000
    return Finding(
        "no_frames",
        "bad",
        age_ms,
        f"{seconds} 秒没有收到画面。看看推流软件还在不在推，网络通不通。",
        f"No picture for {seconds} s. See whether the encoder still streams and the network works.",
    )


def _line(vitals: Vitals) -> Iterator[Finding]:
    """The way from the encoder to here."""
    slow = vitals.settled and vitals.pace is not None and vitals.pace < PACE_MIN
    if (slow and vitals.behind_ms > BEHIND_MS_SLOW) or vitals.behind_ms > BEHIND_MS_MAX:
        less = max(_rounded(vitals.bitrate_kbps * 0.7), 300)
        late = _seconds(vitals.behind_ms)
        yield Finding(
            "upload_slow",
            "bad",
            vitals.behind_ms,
            f"网络或电脑跟不上，画面已落后 {late} 秒。"
            f"OBS：设置 → 输出 → 比特率改成 {less} kbps，或换一个网络。",
            f"The network or the computer cannot keep up, the picture is {late} s late. In OBS set"
            f" Settings → Output → Bitrate to {less} kbps, or use another network.",
        )
    elif vitals.missing_percent > MISSING_PERCENT_MAX:
        yield Finding(
            "frames_missing",
            "weak",
            vitals.missing_percent,
            f"丢了 {vitals.missing_percent:g}% 的画面。OBS：设置 → 高级 → 网络，"
            "打开“动态改变比特率”；电脑太忙就把编码预设调快。",
            f"{vitals.missing_percent:g} % of the frames are missing. In OBS turn on Settings →"
            " Advanced → Network → Dynamically change bitrate; if the computer is busy,"
            " choose a faster preset.",
        )
    drift = vitals.drift_ms_per_hour
    if drift is not None and abs(drift) > DRIFT_MS_PER_HOUR_MAX:
        seconds = _seconds(abs(drift))
        yield Finding(
            "clock_drift",
            "hint",
            drift,
            f"推流设备的时钟每小时差 {seconds} 秒。OBS：设置 → 音频，采样率和麦克风设成一样。",
            f"The encoder's clock is {seconds} s off per hour. In OBS set Settings → Audio → Sample"
            " Rate to that of the microphone.",
        )


def _sound(vitals: Vitals) -> Iterator[Finding]:
    rate, age_ms = vitals.audio_rate, vitals.audio_age_ms
    if rate is None:
        if vitals.settled:
            yield Finding(
                "no_audio",
                "weak",
                0,
                "推来的画面没有声音。OBS：设置 → 音频 → 麦克风选上你的设备。",
                "There is no sound track. In OBS choose your device at Settings → Audio →"
                " Mic/Auxiliary Audio.",
            )
    elif vitals.settled and (age_ms is None or age_ms > FRAME_AGE_MS_MAX):
        yield Finding(
            "audio_stopped",
            "bad",
            age_ms or 0,
            "声音断了，观众听到的是静音。检查麦克风有没有拔掉，重新选一次设备。",
            "The sound has stopped, viewers hear silence. See whether the microphone is plugged in,"
            " and choose it again.",
        )
    elif rate not in AUDIO_RATES:
        yield Finding(
            "audio_rate",
            "weak",
            rate,
            f"声音的采样率是 {rate} Hz，有的手机放不好。OBS：设置 → 音频 → 采样率选 48 kHz。",
            f"The sound is sampled at {rate} Hz, which some phones play badly. In OBS set Settings"
            " → Audio → Sample Rate to 48 kHz.",
        )
    ahead = vitals.sound_ahead_ms
    if vitals.settled and ahead is not None and abs(ahead) > SOUND_APART_MS_MAX:
        if age_ms is not None and age_ms > FRAME_AGE_MS_MAX:
            return
        seconds = _seconds(abs(ahead))
        yield Finding(
            "sound_apart",
            "weak",
            ahead,
            f"声音和画面差 {seconds} 秒送到。OBS：编辑 → 高级音频属性，把“同步偏移”改回 0。",
            f"Sound and picture arrive {seconds} s apart. In OBS set Edit → Advanced Audio"
            " Properties → Sync Offset back to 0.",
        )


def _keyframes(vitals: Vitals) -> Iterator[Finding]:
    if vitals.gop_ms > GOP_MS_WEAK:
        seconds = _seconds(vitals.gop_ms)
        yield Finding(
            "gop_long",
            "bad" if vitals.gop_ms > GOP_MS_BAD else "weak",
            vitals.gop_ms,
            f"每 {seconds} 秒才有一个关键帧，观众进来要等。"
            "OBS：设置 → 输出 → 关键帧间隔改成 2 秒（不要用 0）。",
            f"A keyframe comes only every {seconds} s, so viewers wait when they join. In OBS set"
            " Settings → Output → Keyframe Interval to 2 s (not 0).",
        )
    elif vitals.settled and 0 < vitals.gop_ms < GOP_MS_MIN:
        yield Finding(
            "gop_short",
            "hint",
            vitals.gop_ms,
            f"每 {vitals.gop_ms} 毫秒就有一个关键帧，白费码率。"
            "OBS：设置 → 输出 → 关键帧间隔改成 1 到 2 秒。",
            f"A keyframe every {vitals.gop_ms} ms wastes the bitrate. In OBS set Settings → Output"
            " → Keyframe Interval to 1 or 2 s.",
        )
    if vitals.b_frames:
        yield Finding(
            "b_frames",
            "hint",
            vitals.reorder_ms,
            f"有 B 帧，画面多晚 {vitals.reorder_ms} 毫秒。"
            "OBS：设置 → 输出，B 帧（bf）填 0，微调选 zerolatency。",
            f"B-frames make the picture {vitals.reorder_ms} ms later. In OBS set Settings → Output"
            " → B-frames to 0, Tune to zerolatency.",
        )


def _picture(vitals: Vitals) -> Iterator[Finding]:
    rare = _RARE.get(vitals.codec.partition(".")[0])
    if rare:
        yield Finding(
            "codec_rare",
            "weak",
            0,
            f"{rare} 不是每个浏览器都能放。OBS：设置 → 输出 → 视频编码器选 H.264。",
            f"Not every browser plays {rare}. In OBS set Settings → Output → Video Encoder to"
            " H.264.",
        )
    if not vitals.settled or vitals.fps <= 0:
        return
    if vitals.fps < FPS_MIN:
        yield Finding(
            "fps_low",
            "weak",
            vitals.fps,
            f"每秒只有 {vitals.fps:g} 帧。OBS：设置 → 视频 → 帧率选 30；手机调亮灯光。",
            f"Only {vitals.fps:g} frames per second. In OBS set Settings → Video → FPS to 30; with"
            " a phone turn up the light.",
        )
    yield from _bitrate(vitals)


def _bitrate(vitals: Vitals) -> Iterator[Finding]:
    rate, size = vitals.bitrate_kbps, f"{vitals.width}×{vitals.height}"
    pixels = vitals.width * vitals.height * vitals.fps
    good = _rounded(pixels * BITS_PER_PIXEL_GOOD / 1000)
    if rate > BITRATE_KBPS_MAX:
        yield Finding(
            "bitrate_high",
            "weak",
            rate,
            f"码率 {rate} kbps，手机网络跟不上。OBS：设置 → 输出 → 比特率改成 4000 kbps 以内。",
            f"{rate} kbps is more than phone networks carry. In OBS set Settings → Output → Bitrate"
            " to 4000 kbps or less.",
        )
    elif rate * 1000 < pixels * BITS_PER_PIXEL_MIN:
        yield Finding(
            "bitrate_low",
            "hint",
            rate,
            f"{size} 的画面只有 {rate} kbps，动起来会糊。"
            f"OBS：设置 → 输出 → 比特率改成 {good} kbps。",
            f"{rate} kbps is little for {size}, motion will blur. In OBS set Settings → Output →"
            f" Bitrate to {good} kbps.",
        )
    elif vitals.gop_ms <= GOP_MS_WEAK and (vitals.bitrate_peak or 0) > PEAK_MAX:
        yield Finding(
            "bitrate_uneven",
            "hint",
            vitals.bitrate_peak or 0,
            f"码率忽高忽低，最高是平均的 {vitals.bitrate_peak:g} 倍。"
            "OBS：设置 → 输出 → 码率控制选 CBR。",
            f"The bitrate jumps to {vitals.bitrate_peak:g} times its average. In OBS set Settings →"
            " Output → Rate Control to CBR.",
        )


def _seconds(ms: int) -> str:
    return f"{round(ms / 1000, 1):g}"


def _rounded(kbps: float) -> int:
    """To a number one would type."""
    return max(round(kbps / 100) * 100, 100)

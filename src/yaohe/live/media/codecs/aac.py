"""AAC: the AudioSpecificConfig, and a frame of silence for any channel layout.

Only AAC-LC is taken, with 1 to 7 coded channel layouts; other kinds are refused by their name.
"""

from __future__ import annotations

from functools import cache

from yaohe.live.media.codecs.bits import BitReader, BitWriter
from yaohe.live.media.codecs.config import AudioConfig
from yaohe.live.media.errors import BadBytes, CodecUnsupported

_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8)
_LC = 2
_NAMES = {
    1: "AAC Main",
    3: "AAC SSR",
    4: "AAC LTP",
    5: "HE-AAC",
    23: "AAC-LD",
    29: "HE-AAC v2",
    39: "AAC-ELD",
    42: "xHE-AAC",
}
# Which elements a channel configuration is made of: S single, C pair, L low frequencies.
_ELEMENTS = ("", "S", "C", "SC", "SCS", "SCC", "SCCL", "SCCCL")


def parse_aac_config(record: bytes) -> AudioConfig:
    """Read an AudioSpecificConfig (ISO 14496-3, 1.6.2.1)."""
    bits = BitReader(record[:64])
    kind = bits.read(5)
    if kind == 31:
        kind = 32 + bits.read(6)
    index = bits.read(4)
    rate = bits.read(24) if index == 15 else _RATES[index] if index < len(_RATES) else 0
    layout = bits.read(4)
    if kind != _LC:
        name = _NAMES.get(kind, f"an audio kind ({kind}) this server does not know")
        raise CodecUnsupported(f"Your encoder sends {name}; set it to AAC-LC.")
    if not 7_000 <= rate <= 96_000:
        raise BadBytes("The AAC configuration names an impossible sample rate.")
    if not 1 <= layout < len(_CHANNELS):
        raise CodecUnsupported("Your encoder sends an unusual channel layout; set it to stereo.")
    frame_samples = 960 if bits.flag() else 1024
    return AudioConfig(
        entry=b"mp4a",
        record=record,
        codec="mp4a.40.2",
        rate=rate,
        channels=_CHANNELS[layout],
        frame_samples=frame_samples,
        silence=silent_frame(layout),
    )


@cache
def silent_frame(layout: int) -> bytes:
    """One raw AAC-LC frame of silence: every element with no scale factor bands at all."""
    bits = BitWriter()
    tags = {"S": 0, "C": 0, "L": 0}
    for element in _ELEMENTS[layout]:
        bits.write({"S": 0, "C": 1, "L": 3}[element], 3).write(tags[element], 4)
        tags[element] += 1
        if element == "C":
            bits.write(1, 1)  # one window shape for both channels
            _no_bands(bits)
            bits.write(0, 2)  # no mid/side
            _silent_channel(bits, shared=True)
            _silent_channel(bits, shared=True)
        else:
            _silent_channel(bits, shared=False)
    return bits.write(7, 3).to_bytes()


def _no_bands(bits: BitWriter) -> None:
    """ics_info: a long window, sine shape, no bands, no prediction."""
    bits.write(0, 1).write(0, 2).write(0, 1).write(0, 6).write(0, 1)


def _silent_channel(bits: BitWriter, *, shared: bool) -> None:
    bits.write(100, 8)  # global gain: of nothing
    if not shared:
        _no_bands(bits)
    bits.write(0, 3)  # no pulses, no noise shaping, no gain control

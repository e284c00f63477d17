"""Playback: how it plays at the viewers', as their own players report it.

A sample of the players tells how its start went, how long it stood still and how far it is behind
live. Reports are signals: kept for minutes, never stored. Words: start, stall, delay, entry.
"""

from yaohe.live.playback.model import (
    Heard,
    PlaybackNoted,
    PlaybackReport,
    PlayerGroup,
    PlayersHealth,
    browser_family,
)
from yaohe.live.playback.service import Playback

__all__ = [
    "Heard",
    "Playback",
    "PlaybackNoted",
    "PlaybackReport",
    "PlayerGroup",
    "PlayersHealth",
    "browser_family",
]

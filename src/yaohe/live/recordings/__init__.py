"""Recordings: every show on disk as it happens, to rewind while it is live and to replay after.

Words: a *recording* is one show of one room; a *reel* is one file of it, about five seconds that
begin with a keyframe; *rewind* is watching what was a while ago, *replay* after the end. What is
cut, when it goes and what a list looks like is in `model.py` and `listing.py`; files are touched
by `journal.py` alone, in a thread of their own.
"""

from yaohe.live.recordings.journal import init_path, reel_path, thumb_path
from yaohe.live.recordings.listing import playlist
from yaohe.live.recordings.model import Recording, Reel, Span, spans
from yaohe.live.recordings.paths import RecordingPath, parse_recording_path
from yaohe.live.recordings.service import DiskState, NewReel, Recordings

__all__ = [
    "DiskState",
    "NewReel",
    "Recording",
    "RecordingPath",
    "Recordings",
    "Reel",
    "Span",
    "init_path",
    "parse_recording_path",
    "playlist",
    "reel_path",
    "spans",
    "thumb_path",
]

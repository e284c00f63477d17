"""Live media: real video in, one log of fragments, everything else reads the same bytes.

`MediaOrigin` holds a `FragmentLog` per room; an ingest such as `RtmpServer` publishes into it; a
live viewer is a `Cursor` on it, HLS a view of it, a thumbnail its latest keyframe. No transcoding,
no database, one event loop.
"""

from yaohe.live.media.cursor import Cursor
from yaohe.live.media.errors import PublishRefused
from yaohe.live.media.hls import HlsView
from yaohe.live.media.log import Fragment, FragmentLog, Generation, Keyframe, LogLimits
from yaohe.live.media.origin import MediaOrigin, PublishEvent
from yaohe.live.media.publication import Publication, PublisherStatistics

__all__ = [
    "Cursor",
    "Fragment",
    "FragmentLog",
    "Generation",
    "HlsView",
    "Keyframe",
    "LogLimits",
    "MediaOrigin",
    "Publication",
    "PublishEvent",
    "PublishRefused",
    "PublisherStatistics",
]

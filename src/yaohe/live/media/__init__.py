"""Live media: real video in, one log of fragments, everything else reads the same bytes.

`MediaOrigin` holds a `FragmentLog` per room; an ingest such as `RtmpServer` publishes into it; a
live viewer is a `Cursor` on it, HLS a view of it, a thumbnail its latest keyframe. No transcoding,
no database, one event loop.
"""

from yaohe.live.media.cursor import Cursor
from yaohe.live.media.errors import PublishRefused
from yaohe.live.media.findings import Finding
from yaohe.live.media.log import Fragment, FragmentLog, Keyframe
from yaohe.live.media.origin import MediaOrigin, PublishEvent
from yaohe.live.media.rtmp import RtmpLimits, RtmpServer
from yaohe.live.media.statistics import PublisherStatistics
from yaohe.live.media.views import (
    EpochSource,
    MediaPath,
    hls_document,
    parse_media_path,
)

__all__ = [
    "Cursor",
    "EpochSource",
    "Finding",
    "Fragment",
    "FragmentLog",
    "Keyframe",
    "MediaOrigin",
    "MediaPath",
    "PublishEvent",
    "PublishRefused",
    "PublisherStatistics",
    "RtmpLimits",
    "RtmpServer",
    "hls_document",
    "parse_media_path",
]

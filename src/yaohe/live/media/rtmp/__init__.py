"""RTMP ingest: our own parser over one buffer, a session without I/O, and the server around it."""

from yaohe.live.media.rtmp.server import RtmpLimits, RtmpServer

__all__ = ["RtmpLimits", "RtmpServer"]

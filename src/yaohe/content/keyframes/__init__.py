"""Keyframes: what the host shows this moment, as JPEGs."""

from yaohe.content.keyframes.latest import LatestStills, Still
from yaohe.content.keyframes.service import KeyframeDecoder, Stills

__all__ = ["KeyframeDecoder", "LatestStills", "Still", "Stills"]

"""Keyframes: what the host shows this moment, as JPEGs, for every room somebody looks at."""

from yaohe.content.keyframes.faces import Faces
from yaohe.content.keyframes.latest import LatestStills, Still
from yaohe.content.stills import KeyframeDecoder, Stills

__all__ = ["Faces", "KeyframeDecoder", "LatestStills", "Still", "Stills"]

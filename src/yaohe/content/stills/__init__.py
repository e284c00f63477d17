"""Stills: one keyframe as JPEGs, decoded in the sandbox.

Apart from `keyframes` because the sandbox's child imports this package: what it loads, it keeps.
"""

from yaohe.content.stills.service import KeyframeDecoder, Stills

__all__ = ["KeyframeDecoder", "Stills"]

"""Live: a show as it happens. Its nouns: rooms, media, realtime, shelf, each with its own door.

`room_hub` makes the realtime of a house whose rooms, shelf, visitors and shares are known.
"""

from yaohe.live.opening import room_hub

__all__ = ["room_hub"]

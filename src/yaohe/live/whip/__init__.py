"""Going live from a browser: WHIP (WebRTC over HTTP, RFC 9725), and WebSocket where UDP is blocked.

Both end as a publication of the media origin, by the same rules as RTMP: a stream key opens the
room, the newer publisher wins and the older is told, and every refusal is shown in the studio.
"""

from yaohe.live.whip.feed import FeedLimits
from yaohe.live.whip.service import Whip
from yaohe.live.whip.socket import PublishDoor

__all__ = ["FeedLimits", "PublishDoor", "Whip"]

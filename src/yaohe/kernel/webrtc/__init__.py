"""WebRTC in a child process: offers go in, H.264 access units and AAC frames come out.

Unwrapping SRTP packets in Python takes milliseconds at a time, and Opus decoding is work on bytes
from outside; neither belongs into the process that serves viewers. So a child does both, under its
own user and limits. `Gateway` is the parent's end: it starts the child when the first peer comes
and lets it go when there was none for a while. What is published where is none of its business.
"""

from yaohe.kernel.webrtc.gateway import Gateway, GatewayDown, PeerListener
from yaohe.kernel.webrtc.messages import Network, OfferUnusable

__all__ = ["Gateway", "GatewayDown", "Network", "OfferUnusable", "PeerListener"]

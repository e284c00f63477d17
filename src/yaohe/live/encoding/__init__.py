"""The 480p rung of shows whose senders offer no smaller picture: encoded here, in child processes.

Off unless the settings allow it, for it costs much of a core per show. The live path is not
touched: the child reads the fragments of the room's own log, what it makes is one more rung.
"""

from yaohe.live.encoding.service import Encoding

__all__ = ["Encoding"]

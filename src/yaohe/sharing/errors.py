"""What sharing refuses, in words a client can read.

AppError
├── NotFound
│   └── ShareNotFound     404 share_not_found
├── NotAllowed
│   └── ShareNotYours     403 share_not_yours     somebody else's share
├── TooMany
│   └── SharedTooOften    429 shared_too_often    through one channel, by one visitor
└── BadInput
    └── ChannelRefused    422 channel_refused     no such channel, or it cannot carry this
"""

from __future__ import annotations

from yaohe.kernel.errors import BadInput, NotAllowed, NotFound, TooMany


class ShareNotFound(NotFound):
    code = "share_not_found"
    message = "There is no such share."


class ShareNotYours(NotAllowed):
    code = "share_not_yours"
    message = "Only the person who made this share can do this."


class SharedTooOften(TooMany):
    code = "shared_too_often"
    message = "You have shared through this channel many times. Wait a while, or use another."


class ChannelRefused(BadInput):
    code = "channel_refused"
    message = "This channel does not exist or cannot carry this content."


SHARE_ERRORS = (ShareNotFound, ShareNotYours, SharedTooOften, ChannelRefused)

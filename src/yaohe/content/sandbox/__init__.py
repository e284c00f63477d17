"""The sandbox: where images are drawn and outside bytes are decoded, apart from the server.

A child process that has given up its rights: no new files or sockets, no children of its own, a
memory limit, a time limit for every job, an own user when the server is root. It ends with its
parent and is replaced when it falls.
"""

from yaohe.content.sandbox.jobs import (
    DecodeKeyframe,
    DrawAvatar,
    DrawCard,
    DrawPoster,
    DrawProduct,
    Job,
    RemakePicture,
    StillWish,
)
from yaohe.content.sandbox.service import Sandbox

__all__ = [
    "DecodeKeyframe",
    "DrawAvatar",
    "DrawCard",
    "DrawPoster",
    "DrawProduct",
    "Job",
    "RemakePicture",
    "Sandbox",
    "StillWish",
]

"""Pictures that lie elsewhere: fetched from the open Internet, to be kept as if they were given.

Apart from the service because the sandbox child loads that one, and needs no HTTP client.
"""

from __future__ import annotations

from yaohe.content.errors import PictureNotReached
from yaohe.content.uploads.service import BYTES_MAX
from yaohe.platforms.outgoing import NotReached, PublicOutgoing


async def reached(strangers: PublicOutgoing, url: str) -> bytes:
    """What lies at a public address, at most a byte more than is kept; or `PictureNotReached`.

    Only addresses of the open Internet are asked, and a redirect is not followed.
    """
    try:
        answered = await strangers.get(url, bytes_max=BYTES_MAX + 1)
    except NotReached as error:
        raise PictureNotReached(field="url") from error
    if answered.status != 200:
        raise PictureNotReached(field="url")
    return answered.start

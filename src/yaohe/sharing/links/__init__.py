"""Links: shares that staff make for a purpose (a bio, a flyer, a promoter, an ad), under a name of
their own, with an end, a class and campaign fields."""

from yaohe.sharing.links.addresses import clean_rule, clean_url, with_utm
from yaohe.sharing.links.errors import LINK_ERRORS, LinkNotFound
from yaohe.sharing.links.model import Link, way_out
from yaohe.sharing.links.service import Links
from yaohe.sharing.shares.terms import Closed, LinkTerms

__all__ = [
    "LINK_ERRORS",
    "Closed",
    "Link",
    "LinkNotFound",
    "LinkTerms",
    "Links",
    "clean_rule",
    "clean_url",
    "way_out",
    "with_utm",
]

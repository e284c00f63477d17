"""Passes: short-lived keys that another service hands us, one for the whole installation.

Words owned: pass, pause. Such a key is worth few calls a day and asking for a new one may end the
old one, so all processes share what one of them fetched.
"""

from yaohe.platforms.passes.model import Fetched, Trouble
from yaohe.platforms.passes.service import Pass, Passes

__all__ = ["Fetched", "Pass", "Passes", "Trouble"]

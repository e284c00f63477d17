"""Recount: the numbers of the share reports counted once more from the rows, and mended."""

from yaohe.sharing.recount.service import Recounted, rebuild, recount

__all__ = ["Recounted", "rebuild", "recount"]

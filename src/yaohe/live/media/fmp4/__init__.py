"""Fragmented MP4 (CMAF): one init per epoch, one moof and mdat per track and fragment."""

from yaohe.live.media.fmp4.boxes import box, full_box

__all__ = ["box", "full_box"]

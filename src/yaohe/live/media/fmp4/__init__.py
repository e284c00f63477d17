"""Fragmented MP4 (CMAF): one init per epoch, one moof and mdat per track and fragment."""

"""Yaohe 吆喝: self-hosted live commerce whose core is social sharing."""

__version__ = "0.1.0"

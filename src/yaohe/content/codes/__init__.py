"""Codes: the QR code of a link to print, with the mark in its middle, as SVG and PNG."""

from yaohe.content.codes.draw import code_png, code_svg

__all__ = ["code_png", "code_svg"]

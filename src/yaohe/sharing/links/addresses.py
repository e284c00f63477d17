"""Addresses on other sites, and the campaign fields (UTM) that are added to them by rule."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from yaohe.kernel.errors import BadInput

URL_CHARS_MAX: Final = 1_000
UTM_FIELDS: Final = ("source", "medium", "campaign", "content", "term")
UTM_CHARS_MAX: Final = 100
_SLOT: Final = re.compile(r"\{(\w*)\}")


def clean_url(text: str, *, field: str) -> str:
    """An address that may stand in a Location header; raises `BadInput` naming `field`."""
    wrong = BadInput(f"{field} must be a whole https:// address.", field=field)
    if len(text) > URL_CHARS_MAX or not text.isascii() or not text.isprintable():
        raise wrong
    # Browsers read a backslash as a slash, and what stands before an @ as a name.
    if any(mark in text for mark in ' \\<>"`{}|^'):
        raise wrong
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise wrong
    return text


def clean_rule(rule: Mapping[str, str], slots: Collection[str]) -> dict[str, str]:
    """A rule for campaign fields, in which `slots` in braces are filled when somebody goes."""
    for name, text in rule.items():
        if name not in UTM_FIELDS:
            raise BadInput(f"utm knows {', '.join(UTM_FIELDS)}.", field="utm")
        unknown = set(_SLOT.findall(text)) - set(slots)
        if unknown or len(text) > UTM_CHARS_MAX or not text.isprintable():
            braced = ", ".join(f"{{{slot}}}" for slot in sorted(slots))
            raise BadInput(f"utm takes up to {UTM_CHARS_MAX} characters and {braced}.", field="utm")
    return dict(rule)


def with_utm(
    url: str,
    rule: Mapping[str, str],
    filled: Mapping[str, str],
    *,
    drop: Collection[str] = (),
    more: Collection[tuple[str, str]] = (),
) -> str:
    """The address to go to: campaign fields by `rule`, then `more`; its own fields stay as they
    are, but for those named in `drop`."""
    parts = urlsplit(url)
    has = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = []
    for name in UTM_FIELDS:
        value = _SLOT.sub(lambda slot: filled[slot.group(1)], rule.get(name, ""))
        if value and f"utm_{name}" not in has:
            added.append(f"utm_{name}={quote(value, safe='')}")
    added += [f"{name}={value}" for name, value in more]
    kept = [p for p in parts.query.split("&") if p and p.partition("=")[0] not in drop]
    return urlunsplit(parts._replace(path=parts.path or "/", query="&".join([*kept, *added])))

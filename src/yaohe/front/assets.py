"""The built web files: read once at start, compressed once, answered from memory.

Vite names files by their content, so they may be cached for ever. The manifest tells a document
which script and style its entry needs.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

_COMPRESSED = {".js", ".css", ".svg", ".json", ".html", ".map", ".webmanifest"}
_FOREVER = b"public, max-age=31536000, immutable"
_SHORT = b"public, max-age=300"


class AssetsMissing(RuntimeError):
    """The web pages have not been built: `make setup` builds them."""


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    packed: bytes | None
    content_type: bytes
    cache_control: bytes
    etag: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What a document links for one entry: module scripts and style sheets, in order."""

    script: str
    styles: tuple[str, ...]
    preload: tuple[str, ...]


def _content_type(path: Path) -> bytes:
    if path.suffix in {".js", ".mjs"}:
        return b"text/javascript; charset=utf-8"
    guess = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return (guess + "; charset=utf-8" if guess.startswith("text/") else guess).encode()


class Assets:
    """Everything under `folder`, keyed by its path below it."""

    def __init__(self, folder: Path) -> None:
        manifest = folder / "manifest.json"
        if not manifest.exists():
            raise AssetsMissing("The web pages are not built yet. Run `make setup` first.")
        self._manifest: dict[str, Any] = msgspec.json.decode(manifest.read_bytes())
        self._files = {
            path.relative_to(folder).as_posix(): self._load(path, folder)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path != manifest
        }
        self.boot_script = (folder / "boot.js").read_text().strip()
        self.page_style = (folder / "page.css").read_text().strip()
        self.home_style = (folder / "home.css").read_text().strip()
        self.words = (folder / "words.json").read_bytes()

    def text(self, path: str) -> str:
        """A file that stands inline in a document."""
        return self._files[path].body.decode().strip()

    @staticmethod
    def _load(path: Path, folder: Path) -> Asset:
        body = path.read_bytes()
        packed = gzip.compress(body, 9, mtime=0) if path.suffix in _COMPRESSED else None
        hashed = "-" in path.stem and path.parent != folder
        return Asset(
            body=body,
            packed=packed,
            content_type=_content_type(path),
            cache_control=_FOREVER if hashed else _SHORT,
            etag=b'"' + hashlib.sha256(body).hexdigest()[:20].encode() + b'"',
        )

    def get(self, path: str) -> Asset | None:
        return self._files.get(path)

    def entry(self, source: str) -> Entry:
        """The built files of one entry such as `app/src/rooms/main.ts`."""
        chunk = self._manifest[source]
        styles: list[str] = []
        preload: list[str] = []
        seen: set[str] = set()

        def walk(name: str) -> None:
            if name in seen:
                return
            seen.add(name)
            part = self._manifest[name]
            for other in part.get("imports", ()):
                walk(other)
                preload.append("/assets/" + self._manifest[other]["file"])
            styles.extend("/assets/" + style for style in part.get("css", ()))

        walk(source)
        unique = tuple(dict.fromkeys(styles))
        return Entry("/assets/" + chunk["file"], unique, tuple(dict.fromkeys(preload)))


def csp_hash(text: str) -> str:
    """The Content-Security-Policy source expression for one inline script or style."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

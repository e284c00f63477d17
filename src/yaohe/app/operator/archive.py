"""A backup is one tar file: what it is, the database, the files, and last the digests of all.

    yaohe-backup.json   format, version, revision, time
    database.dump       PostgreSQL's custom format
    files/…             everything of the data directory that is not the database's own
    digests.json        SHA-256 of each member; a file without it was cut short

Plain tar, so that anybody can look into it in ten years. Written beside its place and renamed when
it is whole; only its owner may read it, for it holds keys.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, cast

import msgspec

from yaohe.kernel.errors import AppError

FORMAT: Final = 1
ABOUT, DATABASE, FILES, DIGESTS = "yaohe-backup.json", "database.dump", "files", "digests.json"
_JSON_BYTES_MAX: Final = 64 << 20
_CHUNK: Final = 1 << 20


class BackupUnusable(AppError):
    code = "backup_unusable"
    status = 422


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is of."""

    format: int
    version: str  # of the program that made it
    revision: str  # of its database
    made_at: str  # ISO 8601, UTC


class _Measured(io.RawIOBase):
    """Reads at most `size` bytes of `source` and digests them; a shorter file is filled up.

    A file may grow while it is read (a recording) or shrink (a log): the header has promised
    `size` bytes, and so many are given.
    """

    def __init__(self, source: BinaryIO, size: int) -> None:
        super().__init__()
        self._source, self._left, self.digest = source, size, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        found = self._source.read(wanted)
        found += b"\0" * (wanted - len(found))
        self._left -= len(found)
        self.digest.update(found)
        return found


class Writer:
    """Writes a backup; nothing stands at `target` until `finish()`."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._part = target.with_name(f".{target.name}.part")
        self._part.unlink(missing_ok=True)
        fd = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(fd, "wb")
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        self._digests: dict[str, str] = {}

    def about(self, about: About) -> None:
        self._add_bytes(ABOUT, msgspec.json.format(msgspec.json.encode(about)))

    def add(self, name: str, path: Path) -> None:
        """Add the file at `path`, as long as it is at this moment; one that left is left out."""
        try:
            source = path.open("rb")
        except FileNotFoundError:
            return
        with source:
            found = os.fstat(source.fileno())
            member = tarfile.TarInfo(name)
            member.size, member.mode = found.st_size, found.st_mode & 0o777
            member.mtime = int(found.st_mtime)
            measured = _Measured(source, found.st_size)
            self._tar.addfile(member, cast("BinaryIO", measured))
        self._digests[name] = measured.digest.hexdigest()

    def finish(self) -> int:
        """Close the backup, have it on the disk and at its place; its size in bytes."""
        self._add_bytes(DIGESTS, msgspec.json.encode(self._digests))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._target)
        return self._target.stat().st_size

    def discard(self) -> None:
        """Leave nothing behind; harmless after `finish()`."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def _add_bytes(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = len(content), 0o600, int(time.time())
        self._tar.addfile(member, io.BytesIO(content))
        if name != DIGESTS:
            self._digests[name] = hashlib.sha256(content).hexdigest()


def read_about(source: Path) -> About:
    """What `source` is a backup of; refuses what is none."""
    with _opened(source) as tar:
        for member in tar:
            if member.name != ABOUT:
                break
            about = msgspec.json.decode(_bytes_of(tar, member), type=About)
            if about.format != FORMAT:
                raise BackupUnusable(
                    f"{source} is a backup of form {about.format}; this program reads {FORMAT}. "
                    "Restore it with the program that made it."
                )
            return about
    raise BackupUnusable(f"{source} is no backup of Yaohe.")


def unpack(source: Path, target: Path) -> None:
    """Write all members below the empty folder `target`, after their digests are found right."""
    digests: dict[str, str] = {}
    told: dict[str, str] | None = None
    with _opened(source) as tar:
        for member in tar:
            if told is not None:
                raise BackupUnusable(f"{source} has something after its end.")
            if member.name == DIGESTS:
                told = msgspec.json.decode(_bytes_of(tar, member), type=dict[str, str])
            else:
                digests[member.name] = _write(tar, member, target / _place(source, member))
    if told is None:
        raise BackupUnusable(f"{source} was cut short: its end is missing. Take another one.")
    wrong = sorted(name for name in told.keys() | digests.keys()
                   if told.get(name) != digests.get(name))  # fmt: skip
    if wrong:
        raise BackupUnusable(
            f"{source} is damaged: {wrong[0]} and {len(wrong) - 1} more are not what was saved."
            if len(wrong) > 1
            else f"{source} is damaged: {wrong[0]} is not what was saved."
        )


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    """The archive at `source`, read from front to back; what no archive holds is said as such."""
    try:
        file = source.open("rb")
    except OSError as error:
        raise BackupUnusable(f"{source} cannot be read: {error.strerror}.") from error
    with file:
        try:
            with tarfile.open(fileobj=file, mode="r|") as tar:
                yield tar
        except (tarfile.TarError, msgspec.MsgspecError, ValueError, EOFError) as error:
            raise BackupUnusable(
                f"{source} is no backup, damaged or cut short: {error}."
            ) from error


def _place(source: Path, member: tarfile.TarInfo) -> PurePosixPath:
    """Where a member may go: plain files at the names a backup has, nowhere else."""
    place = PurePosixPath(member.name)
    known = member.name in (ABOUT, DATABASE) or (len(place.parts) > 1 and place.parts[0] == FILES)
    if not known or place.is_absolute() or ".." in place.parts or not member.isreg():
        raise BackupUnusable(f"{source} holds {member.name!r}, which no backup has.")
    return place


def _bytes_of(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if not member.isreg() or member.size > _JSON_BYTES_MAX:
        raise BackupUnusable(f"{member.name} is too large to be what it says.")
    source = tar.extractfile(member)
    assert source is not None
    return source.read()


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> str:
    source = tar.extractfile(member)
    assert source is not None
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    fd = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, member.mode & 0o700 | 0o600)
    with os.fdopen(fd, "wb") as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()

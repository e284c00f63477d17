"""The house stands: front doors, schemas, budgets, names. Each message is the remark a reviewer
would otherwise repeat."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import pytest
from source import PACKAGE, ROOT, Module, imported, modules

from yaohe.campaigns.policy import OUTGOING
from yaohe.commerce.errors import (
    KeyReused,
    LivePriceNotFound,
    StockTooLow,
    VariantNotFound,
    VariantsDiffer,
)
from yaohe.platforms.channels import CHANNELS
from yaohe.sharing.links.errors import (
    LinksFull,
    SheetWrong,
    SiteNotAllowed,
    SlugRefused,
    SlugTaken,
    TargetMissing,
)
from yaohe.webhooks.model import EVENTS, TEST_EVENT

CONTEXTS = {
    "insights", "campaigns", "content", "live", "outside", "commerce", "sharing", "identity",
    "ledger", "platforms", "webhooks",
}  # fmt: skip
BANNED_NAMES = re.compile(r"(^|_)(managers?|helpers?|utils?|misc|common)(_|\.py$|$)")


def ids(module: Module) -> str:
    return module.place


def is_door(dotted: str) -> bool:
    """A context, or a noun inside it that is a package and lists what it shows."""
    folder = ROOT / "src" / dotted.replace(".", "/")
    init = folder / "__init__.py"
    if not init.exists():
        return False
    return len(dotted.split(".")) == 2 or "__all__" in init.read_text()


def test_contexts_are_entered_by_their_front_door() -> None:
    wrong = []
    for module in modules():
        for line, name in imported(module):
            parts = name.split(".")
            if len(parts) < 2 or parts[1] not in CONTEXTS or parts[1] == module.context:
                continue
            # The root mounts controllers and reads tables for migrations; that is its work.
            if module.context == "app" and parts[-1] in {"http", "jobs"}:
                continue
            if not is_door(name):
                wrong.append(f"{module.place}:{line} enters {name} by the window")
    assert not wrong, "\n".join(wrong)


def test_front_doors_stay_small() -> None:
    wrong = []
    for module in modules():
        if module.path.name != "__init__.py" or module.context not in CONTEXTS:
            continue
        for node in module.tree.body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                names = ast.literal_eval(node.value)
                if len(names) > 15:
                    wrong.append(f"{module.place}: {len(names)} public names; who needs them?")
    assert not wrong, "\n".join(wrong)


SCHEMAS = {
    "identity", "ledger", "commerce", "sandbox_pay", "platforms", "sharing", "live", "campaigns",
    "kernel",
    "outside",
    "webhooks",
}  # fmt: skip
HOME = {"sandbox_pay": "platforms"}


def test_sql_stays_in_its_own_schema() -> None:
    """No context's SQL names another's schema; relations between contexts are ids."""
    wrong = []
    pattern = re.compile(
        r"\b(?:from|join|into|update|table|exists)\s+(" + "|".join(SCHEMAS) + r")\.\w",
        re.IGNORECASE,
    )
    for module in modules():
        for found in pattern.finditer(module.text):
            schema = found.group(1).lower()
            if HOME.get(schema, schema) != module.context:
                line = module.text.count("\n", 0, found.start()) + 1
                wrong.append(f"{module.place}:{line} reads the schema {schema}")
    assert not wrong, "\n".join(wrong)


def test_sql_lives_in_stores() -> None:
    """Services, controllers and flows hold no SQL; stores and the kernel do."""
    verbs = r"(select|insert\s+into|update\s+\w+\.|delete\s+from|with\s+\w+\s+as)\s"
    pattern = re.compile(r'"""\s*' + verbs, re.IGNORECASE)
    wrong = [
        module.place
        for module in modules()
        if module.path.name in {"service.py", "http.py", "model.py"} and pattern.search(module.text)
    ]
    assert not wrong, f"SQL belongs in store.py: {wrong}"


def test_files_and_functions_keep_their_budget() -> None:
    wrong = []
    for module in modules():
        lines = module.text.count("\n")
        if lines > 400:
            wrong.append(f"{module.place}: {lines} lines, the budget is 400; split by noun")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 60:
                    wrong.append(f"{module.place}:{node.lineno} {node.name} has {length} lines")
    assert not wrong, "\n".join(wrong)


def test_decisions_are_numbered_once_and_in_order() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
    for path in (ROOT / "docs" / "adr").glob("*.md"):
        assert path.read_text().startswith(f"# {int(path.name[:4])}. "), path.name


def test_web_files_keep_their_budget() -> None:
    wrong = []
    for pattern in ("*.ts", "*.vue", "*.css"):
        for path in (ROOT / "web").rglob(pattern):
            place = path.relative_to(ROOT).as_posix()
            if "node_modules" in place or "generated" in place or place.endswith(".d.ts"):
                continue
            lines = path.read_text().count("\n")
            if lines > 250:
                wrong.append(f"{place}: {lines} lines, the budget is 250")
    assert not wrong, "\n".join(wrong)


def test_modules_say_what_they_are() -> None:
    wrong = [m.place for m in modules() if m.text.strip() and not ast.get_docstring(m.tree)]
    assert not wrong, f"no opening sentence: {wrong}"


def test_bounds_of_a_query_are_held() -> None:
    """`Meta` inside `FromQuery` stands in the document and is not applied; `QueryParameter` is."""
    bounded = {
        name
        for module in modules()
        for name in re.findall(r"^(\w+)(?:: TypeAlias)? = Annotated\[.*Meta\(", module.text, re.M)
    }
    wrong = [
        f"{module.place}: {found}"
        for module in modules()
        for found in re.findall(r"FromQuery\[.*", module.text)
        if "Meta(" in found or bounded & set(re.findall(r"\w+", found))
    ]
    assert not wrong, "\n".join(wrong)


def test_names_say_something() -> None:
    wrong = [
        path.relative_to(ROOT).as_posix()
        for base in (PACKAGE, ROOT / "web")
        for path in base.rglob("*")
        if "node_modules" not in path.parts
        and "static" not in path.parts
        and "__pycache__" not in path.parts
        and BANNED_NAMES.search(path.name.lower())
    ]
    assert not wrong, f"these names say nothing: {wrong}"


def test_colours_live_in_one_file() -> None:
    hex_colour = re.compile(r"#[0-9a-fA-F]{6}\b|#[0-9a-fA-F]{3}\b")
    wrong = []
    for pattern in ("*.vue", "*.css"):
        for path in (ROOT / "web" / "app").rglob(pattern):
            if path.name == "tokens.css" or "node_modules" in path.parts:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if hex_colour.search(line) and "url(#" not in line:
                    wrong.append(f"{path.relative_to(ROOT)}:{number} {line.strip()[:60]}")
    assert not wrong, "use a token:\n" + "\n".join(wrong)


def test_locks_hold_no_address() -> None:
    wrong = []
    files = [*(ROOT / "requirements").glob("*.lock"), ROOT / "web" / "package-lock.json"]
    for path in files:
        if not path.exists():
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if '"resolved"' in line or "--index-url" in line or "--find-links" in line:
                wrong.append(f"{path.name}:{number}")
    assert not wrong, f"a download address is pinned: {wrong}"


def test_made_files_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "gen.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


_PATH = re.compile(r"`((?:src|web|tests|docs|bench|migrations|scripts)/[\w./{},*-]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize(
    "page", sorted(p for p in ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=str
)
def test_docs_name_paths_that_exist(page: object) -> None:
    text = page.read_text()  # type: ignore[attr-defined]
    folder = page.parent  # type: ignore[attr-defined]
    linked = [link for link in _LINK.findall(text) if "://" not in link]
    broken = [link for link in linked if not (folder / link.partition("#")[0]).exists()]
    assert not broken, f"{page} links to what does not exist: {broken}"
    missing = [
        name
        for name in _PATH.findall(text)
        if not any(mark in name for mark in "*{}") and not (ROOT / name.rstrip("/")).exists()
    ]
    assert not missing, f"{page} names paths that do not exist: {missing}"


def test_every_event_has_its_words() -> None:
    """What webhooks may tell is chosen in the studio by people who read words."""
    words = (ROOT / "web/app/src/studio/words/webhooks.ts").read_text()
    wrong = [one for one in (*EVENTS, TEST_EVENT) if f"'webhooks.event.{one}': [" not in words]
    assert not wrong, f"no words in web/app/src/studio/words/webhooks.ts: {wrong}"


REFUSALS = (
    KeyReused, LivePriceNotFound, StockTooLow, VariantNotFound, VariantsDiffer,
    LinksFull, SheetWrong, SiteNotAllowed, SlugRefused, SlugTaken, TargetMissing,
)  # fmt: skip


def test_refusals_of_links_goods_and_follows_have_words() -> None:
    """What staff or viewers can do something about is said in both languages, not by a code."""
    table = (ROOT / "web/app/src/studio/words/index.ts").parent
    studio = "".join(path.read_text() for path in table.glob("*.ts"))
    wrong = [
        f"studio: {error.code}" for error in REFUSALS if f"'error.{error.code}': [" not in studio
    ]
    if "follows_full:" not in (ROOT / "web/app/src/rooms/useNotices.ts").read_text():
        wrong.append("room: follows_full")
    assert not wrong, f"no words for these refusals: {wrong}"


def test_keys_are_made_where_there_is_no_secure_context() -> None:
    """`randomUUID` is missing on http:// addresses of a local network; `newKey` is not."""
    wrong = [
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.ts", "*.vue")
        for place in ("web/app/src", "web/sdk/src")
        for path in (ROOT / place).rglob(pattern)
        if path.name != "keys.ts" and "randomUUID" in path.read_text()
    ]
    assert not wrong, f"use newKey of web/sdk/src/keys.ts: {wrong}"


def test_every_channel_has_its_glyph_its_names_and_its_rule() -> None:
    """One channel is four entries; docs/sharing/channels.md lists them."""
    glyphs = (ROOT / "web/app/src/sharing/glyphs.ts").read_text()
    words = (ROOT / "web/app/src/studio/words/channels.ts").read_text()
    wrong = []
    for channel in CHANNELS.values():
        if f"  {channel.id}: Icon" not in glyphs:
            wrong.append(f"{channel.id} has no glyph in web/app/src/sharing/glyphs.ts")
        if f"'channel.{channel.id}': [" not in words:
            wrong.append(f"{channel.id} has no name in web/app/src/studio/words/channels.ts")
        if not channel.name_zh or not channel.name_en:
            wrong.append(f"{channel.id} is not named in both languages")
        wrong += [
            f"{channel.id} has no rule for {play} in campaigns/policy.py"
            for play, rows in OUTGOING.items()
            if channel.id not in rows
        ]
    assert not wrong, "\n".join(wrong)

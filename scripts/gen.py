"""Make what is made from other files: error codes and limits for the pages, the page of settings,
the page of what may become of an order.

    python scripts/gen.py           write them
    python scripts/gen.py --check   fail when one is not what would be written

The changelog is written at a release, by `towncrier build`, from `changes/`.
"""

from __future__ import annotations

import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from yaohe.app.build import build
from yaohe.app.openapi import error_codes
from yaohe.app.settings import document, load
from yaohe.commerce.aftersales.moves import page as aftersales_page
from yaohe.commerce.orders import moves
from yaohe.identity.staff.model import PASSWORD_CHARS_MIN

ROOT = Path(__file__).resolve().parent.parent


@cache
def described() -> dict[str, Any]:
    """The OpenAPI document of this code."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load({}, data=folder)
        system = build(settings, database_url="postgresql://nobody@127.0.0.1/none", notify_url="")
        return system.document()


def codes() -> str:
    """Every code the API can answer, as a TypeScript union."""
    listed = error_codes(described())
    lines = "\n".join(f"  | '{code}'" for code in listed)
    return (
        "/** Made by scripts/gen.py from the OpenAPI document; never edited. */\n"
        f"export type ErrorCode =\n{lines}\n"
    )


OUTSIDE = (
    "VisitRequest", "VisitAnswer", "InvitedBy", "OutsideShareRequest", "OutsideShareAnswer",
    "WatchAnswer", "IdentifyAnswer", "UserBody",
)  # fmt: skip


def typed(schema: dict[str, Any]) -> str:
    """A schema of the OpenAPI document as a TypeScript type."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "oneOf" in schema:
        return " | ".join(typed(one) for one in schema["oneOf"])
    if "enum" in schema:
        return " | ".join(f"'{value}'" for value in schema["enum"])
    if schema["type"] == "array":
        return f"Array<{typed(schema['items'])}>"
    if schema["type"] == "object" and "properties" not in schema:
        return f"Record<string, {typed(schema['additionalProperties'])}>"
    return {"integer": "number"}.get(schema["type"], schema["type"])


def outside() -> str:
    """The shapes of the server API that pages of other sites speak."""
    schemas = described()["components"]["schemas"]
    parts = []
    for name in OUTSIDE:
        required = schemas[name].get("required", ())
        fields = "".join(
            f"  {field}{'' if field in required else '?'}: {typed(schema)}\n"
            for field, schema in schemas[name]["properties"].items()
        )
        parts.append(f"export interface {name} {{\n{fields}}}\n")
    head = "/** Made by scripts/gen.py from the OpenAPI document; never edited. */\n"
    return head + "\n".join(parts)


def limits() -> str:
    """Numbers that pages say before the server has to."""
    return (
        "/** Made by scripts/gen.py from the server's own limits; never edited. */\n"
        f"export const PASSWORD_CHARS_MIN = {PASSWORD_CHARS_MIN}\n"
    )


def settings_page() -> str:
    return (
        "# Settings\n\n"
        "Made by `make gen`. Every variable can also be a flag where `yaohe serve --help` "
        "lists one.\n\n"
        f"{document()}\n"
    )


MADE = {
    "web/sdk/src/generated/codes.ts": codes,
    "web/sdk/src/generated/limits.ts": limits,
    "web/sdk/src/generated/outside.ts": outside,
    "docs/ops/settings.md": settings_page,
    "docs/orders.md": moves.page,
    "docs/aftersales.md": aftersales_page,
}


def main() -> int:
    stale = []
    for name, make in MADE.items():
        path, text = ROOT / name, make()
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text)
    if stale:
        print(("not current, run `make gen`: " if "--check" in sys.argv else "wrote ") + str(stale))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())

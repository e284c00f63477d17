"""Text that people typed: bounded, printable, storable, and never changed in its meaning.

PostgreSQL refuses NUL, UTF-8 refuses lone surrogates, and control or bidirectional override
characters lie to the reader. Everything else, every script and every emoji, stays as it was typed.
"""

from __future__ import annotations

import re
import unicodedata

from yaohe.kernel.errors import BadInput

# C0 and C1 controls (tab and line feed are judged apart), line and paragraph separators,
# bidirectional embeddings, overrides and isolates, the byte order mark,
# the two that are no characters and that no XML holds.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[ \t\n]+")


def clean_text(
    text: str, *, field: str, chars_max: int, empty: bool = False, lines: bool = False
) -> str:
    """`text` in NFC without control characters and outer space; raises `BadInput` naming `field`.

    `lines=False` folds every run of white space into one space. `empty=True` allows "".
    """
    # Bound the work before doing any: composing and matching cost time per character.
    if len(text) > chars_max * 4 + 64:
        raise BadInput(f"{field} is too long: at most {chars_max} characters.", field=field)
    if _SURROGATE.search(text) is not None or "\x00" in text:
        raise BadInput(f"{field} holds characters that cannot be stored.", field=field)
    cleaned = _UNWANTED.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n")))
    cleaned = cleaned.strip() if lines else _SPACES.sub(" ", cleaned).strip()
    if not cleaned and not empty:
        raise BadInput(f"{field} is empty.", field=field)
    if len(cleaned) > chars_max:
        raise BadInput(f"{field} is too long: at most {chars_max} characters.", field=field)
    return cleaned

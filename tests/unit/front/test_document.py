"""Documents finished per share must be what compressing the whole page would give."""

from __future__ import annotations

import gzip
import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.front.document import Raw, Template, json_for_script

SOURCE = "<title>{{title}}</title><p>{{invite}}</p><b>{{title}}</b>{{boot}}<i>end</i>"


@given(title=st.text(), invite=st.text(), boot=st.text())
def test_finished_page_is_the_filled_template(title: str, invite: str, boot: str) -> None:
    template = Template(SOURCE, late=frozenset({"invite", "boot"}))
    try:
        expected = (
            f"<title>{html.escape(title)}</title><p>{html.escape(invite)}</p>"
            f"<b>{html.escape(title)}</b>{html.escape(boot)}<i>end</i>"
        ).encode()
    except UnicodeEncodeError:
        return  # lone surrogates never reach a page: contexts refuse them at the door
    prepared = template.prepare({"title": title})
    assert gzip.decompress(prepared.finish({"invite": invite, "boot": boot})) == expected


def test_values_are_escaped_unless_they_are_html() -> None:
    prepared = Template("{{a}}{{b}}").prepare({"a": "<x>", "b": Raw("<y>")})
    assert gzip.decompress(prepared.finish({})) == b"&lt;x&gt;<y>"


def test_a_forgotten_slot_is_an_error() -> None:
    with pytest.raises(KeyError):
        Template("{{a}}").prepare({})


def test_json_cannot_close_its_script() -> None:
    text = json_for_script({"name": "</script><script>alert(1)</script>"})
    assert "</" not in text
    assert isinstance(text, Raw)

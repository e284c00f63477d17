"""Seals: only ours are read, for what they were made for; whatever else comes is nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yaohe.kernel.errors import BadInput
from yaohe.live.privacy.lists import with_ticket
from yaohe.live.privacy.model import NewInvitation, Seal, checked, derive_key, seal, unseal

KEY = derive_key(b"one secret of 32 bytes, and more")
OURS = seal(KEY, "ticket", "spring-tea", "inv_0c5k", 1_796_000_000)


def test_a_seal_says_what_was_sealed() -> None:
    assert unseal(KEY, OURS) == Seal("ticket", "spring-tea", "inv_0c5k", 1_796_000_000)


def test_another_installation_cannot_read_it() -> None:
    assert unseal(derive_key(b"another"), OURS) is None


@given(st.integers(0, len(OURS) - 1), st.characters())
def test_one_changed_character_breaks_it(place: int, letter: str) -> None:
    changed = OURS[:place] + letter + OURS[place + 1 :]
    assert changed == OURS or unseal(KEY, changed) is None


@given(
    st.one_of(
        st.text(),
        st.from_regex(
            r"(invitation|pass|ticket)\.[a-z0-9-]{2,9}\.[a-z_]{5,9}\.[0-9]{1,20}\.[\w-]{20,24}"
        ),
    )
)
def test_whatever_comes_from_outside_is_nothing(text: str) -> None:
    assert unseal(KEY, text) is None


@pytest.mark.parametrize(
    "wish",
    [
        NewInvitation(life_s=299),
        NewInvitation(life_s=90 * 86_400 + 1),
        NewInvitation(uses_max=0),
        NewInvitation(uses_max=100_001),
        NewInvitation(note="x" * 61),
    ],
)
def test_an_invitation_has_bounds(wish: NewInvitation) -> None:
    with pytest.raises(BadInput):
        checked(wish)


def test_every_address_of_a_list_gets_the_ticket_and_nothing_else_changes() -> None:
    before = (
        '#EXTM3U\n#EXT-X-MAP:URI="init-1.mp4"\n#EXT-X-PART:DURATION=0.2,URI="part-1-2.m4s",'
        "INDEPENDENT=YES\n#EXTINF:1.0,\nseg-1-2.m4s\n"
    )
    assert with_ticket(before, OURS) == (
        f'#EXTM3U\n#EXT-X-MAP:URI="init-1.mp4?ticket={OURS}"\n'
        f'#EXT-X-PART:DURATION=0.2,URI="part-1-2.m4s?ticket={OURS}",INDEPENDENT=YES\n'
        f"#EXTINF:1.0,\nseg-1-2.m4s?ticket={OURS}\n"
    )

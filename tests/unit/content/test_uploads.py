"""Pictures made anew, in this process as the sandbox does it: upright, right colours, no traces."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from tests.support.cards import near, opened

from yaohe.content.errors import PictureTooBig, PictureTooSmall, PictureUnreadable
from yaohe.content.uploads.decode import JPEG_BYTES_MAX, PIXELS_MAX, SIDE, examples, remade

RED, GREEN = (200, 40, 40), (40, 160, 60)


def saved(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def two_halves(wide: int, high: int) -> Image.Image:
    """Red above, green below."""
    picture = Image.new("RGB", (wide, high), RED)
    picture.paste(GREEN, (0, high // 2, wide, high))
    return picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_kind_becomes_a_jpeg_of_its_colours(kind: str) -> None:
    image = opened(remade(saved(two_halves(600, 400), kind)))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (600, 400))
    assert near(image.getpixel((300, 40)), RED, by=8)
    assert near(image.getpixel((300, 360)), GREEN, by=8)


def test_a_large_one_becomes_small_and_keeps_its_shape() -> None:
    noise = Image.effect_noise((3000, 2000), 90).convert("RGB")
    jpeg = remade(saved(noise, quality=90))
    assert opened(jpeg).size == (SIDE, SIDE * 2 // 3)
    assert len(jpeg) <= JPEG_BYTES_MAX


def test_it_stands_upright_and_tells_nothing_of_where_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: right is up
    exif[0x010F] = "Camera maker"
    image = opened(remade(saved(two_halves(600, 400), exif=exif)))
    assert image.size == (400, 600)
    assert near(image.getpixel((360, 300)), RED, by=8)
    assert near(image.getpixel((40, 300)), GREEN, by=8)
    assert not image.getexif()
    said = saved(two_halves(600, 400), comment=b"where the owner lives")
    assert b"owner" in said
    assert b"owner" not in remade(said)


def test_sixteen_bits_of_grey_stay_grey() -> None:
    deep = Image.new("I;16", (300, 300), 128 << 8)
    assert near(opened(remade(saved(deep, "PNG"))).getpixel((150, 150)), (128, 128, 128), by=3)


def test_what_can_be_seen_through_is_white() -> None:
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    clear.paste((*RED, 255), (100, 100, 200, 200))
    image = opened(remade(saved(clear, "PNG")))
    assert near(image.getpixel((20, 20)), (255, 255, 255), by=4)
    assert near(image.getpixel((150, 150)), RED, by=8)


def profile_of(name: str) -> bytes:
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes())


def test_colours_are_turned_by_the_profile_they_came_with() -> None:
    swapped = profile_of("sRGB").replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ")
    swapped = swapped.replace(b"____", b"gXYZ")  # what it calls red is green
    image = opened(remade(saved(two_halves(200, 200), "PNG", icc_profile=swapped)))
    red, green, _ = image.getpixel((100, 20))
    assert green > red + 100


@pytest.mark.parametrize("profile", [profile_of("LAB"), profile_of("XYZ"), b"no profile"])
def test_a_profile_that_does_not_fit_changes_nothing(profile: bytes) -> None:
    plain, said = (
        opened(remade(saved(two_halves(200, 200), "PNG", icc_profile=one)))
        for one in (None, profile)
    )
    assert near(said.getpixel((100, 20)), plain.getpixel((100, 20)), by=3)


def test_too_small_and_too_big() -> None:
    with pytest.raises(PictureTooSmall):
        remade(saved(Image.new("RGB", (159, 900))))
    with pytest.raises(PictureTooBig):
        remade(saved(Image.new("1", (PIXELS_MAX // 5000 + 1, 5000)), "PNG"))
    with pytest.raises(PictureTooBig):
        remade(saved(Image.new("1", (16_000, 16_000)), "PNG"))


WHOLE = list(examples())


@pytest.mark.parametrize("whole", WHOLE, ids=("JPEG", "PNG", "WEBP", "GIF"))
@given(cut=st.integers(0, 400), at=st.integers(0, 4_000), byte=st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_broken_bytes_are_a_picture_or_a_clean_refusal(
    whole: bytes, cut: int, at: int, byte: int
) -> None:
    broken = bytearray(whole[: max(0, len(whole) - cut)])
    if broken:
        broken[at % len(broken)] = byte
    try:
        jpeg = remade(bytes(broken))
    except (PictureUnreadable, PictureTooSmall, PictureTooBig):
        return
    assert opened(jpeg).format == "JPEG"


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes(given: bytes) -> None:
    with pytest.raises(PictureUnreadable):
        remade(given)

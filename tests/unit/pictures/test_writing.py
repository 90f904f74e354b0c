"""Writing picture files: nothing is lost on the way, and an old file never is."""

from __future__ import annotations

import io
import os
import resource
import stat
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from samelight.compositing.spaces import colour_space
from samelight.pictures import (
    Picture,
    before_and_after,
    check_output,
    make_folder,
    mask_to_raster,
    picture_from_raster,
    picture_to_raster,
    read_picture,
    write_picture,
)
from samelight_wire.errors import OutputError
from samelight_wire.formats import Alpha, Encoding, Layout

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture(channels: int, dtype: type = np.uint16, **metadata: object) -> Picture:
    pixels = np.random.default_rng(2).integers(0, np.iinfo(dtype).max, (9, 11, channels), dtype=dtype, endpoint=True)
    return Picture(pixels, **metadata)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str, channels: int, dtype: type) -> None:
    original = picture(channels, dtype, icc=ICC, dpi=(240.0, 240.0))
    write_picture(original, tmp_path / f"a.{suffix}")
    again = read_picture(tmp_path / f"a.{suffix}")
    assert again.pixels.dtype == dtype
    np.testing.assert_array_equal(again.pixels, original.pixels)
    assert again.icc == ICC
    assert again.dpi == pytest.approx((240, 240), abs=0.1)


def test_exif_survives_in_8_and_16_bits(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    for dtype in (np.uint8, np.uint16):
        write_picture(picture(3, dtype, exif=exif.tobytes()), tmp_path / "a.png")
        again = Image.Exif()
        again.load(read_picture(tmp_path / "a.png").exif)
        assert again[0x010F] == "Camera"


def test_premultiplied_tiff_stays_premultiplied(tmp_path: Path) -> None:
    write_picture(picture(4, premultiplied=True), tmp_path / "a.tif")
    assert read_picture(tmp_path / "a.tif").premultiplied


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("metadata", [{}, {"icc_profile": ICC}])
def test_a_webp_without_loss_stays_without_loss(tmp_path: Path, channels: int, metadata: dict[str, bytes]) -> None:
    original = picture(channels, np.uint8).pixels
    Image.fromarray(original).save(tmp_path / "a.webp", lossless=True, exact=True, **metadata)
    write_picture(read_picture(tmp_path / "a.webp"), tmp_path / "b.webp")
    np.testing.assert_array_equal(read_picture(tmp_path / "b.webp").pixels, original)
    Image.fromarray(original).save(tmp_path / "lossy.webp", **metadata)
    assert not read_picture(tmp_path / "lossy.webp").lossless


def test_16_bits_are_rounded_for_jpeg(tmp_path: Path) -> None:
    flat = Picture(np.full((16, 16, 3), 200 * 257 + 100, np.uint16))
    write_picture(flat, tmp_path / "a.jpg")
    assert np.abs(read_picture(tmp_path / "a.jpg").pixels.astype(int) - 200).max() <= 1


def test_what_a_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="transparency"):
        write_picture(picture(4), tmp_path / "a.jpg")
    with pytest.raises(OutputError, match="float"):
        write_picture(Picture(np.zeros((2, 2, 3), np.float32)), tmp_path / "a.png")
    with pytest.raises(OutputError, match="16,383 pixels"):
        write_picture(Picture(np.zeros((1, 16_384, 3), np.uint8)), tmp_path / "a.webp")
    with pytest.raises(OutputError, match="which format"):
        write_picture(picture(3), tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


def test_outputs_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_picture(picture(3), tmp_path / "folder")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(OutputError, match="not a file"):
        write_picture(picture(3), tmp_path / "pipe.png")
    with pytest.raises(OutputError, match="no folder"):
        write_picture(picture(3), tmp_path / "missing" / "a.png")


@pytest.mark.parametrize("closed", ["a.png", "."])
def test_what_is_protected_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"the old file")
    # Root, as in a container, may write everywhere.
    monkeypatch.setattr("os.access", lambda asked, mode: Path(asked) != tmp_path / closed)
    with pytest.raises(OutputError, match="protected" if closed == "a.png" else "may not write"):
        check_output(path)
    if closed == ".":
        with pytest.raises(OutputError, match="may not write"):
            make_folder(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"the old file")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            write_picture(picture(3), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"the old file"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    target = tmp_path / "target.png"
    target.write_bytes(b"old")
    target.chmod(0o640)
    (tmp_path / "link.png").symlink_to(target)
    write_picture(picture(3), tmp_path / "link.png")
    assert (tmp_path / "link.png").is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert read_picture(target).channels == 3


def gray_profile(curve: bytes, connection: bytes = b"XYZ ", name: bytes = b"kTRC") -> bytes:
    """A profile for gray; its description has an odd length, as descriptions do."""
    description = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"gray\0" + bytes(78)
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    table, content = struct.pack(">I", 3), b""
    for tag, element in ((b"desc", description), (b"wtpt", white), (name, curve)):
        table += struct.pack(">4sII", tag, 128 + 4 + 36 + len(content), len(element))
        content += element + bytes(-len(element) % 4)
    length = struct.pack(">I", 128 + len(table + content))
    kind = b"lcms" + b"\x02\x40\0\0" + b"mntrGRAY" + connection
    rest = bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return length + kind + rest + table + content


GAMMA = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(1.8 * 256)) + b"\0\0"
SAMPLED = b"curv\0\0\0\0" + struct.pack(">I5H", 5, 0, 3000, 15000, 40000, 65535)


@pytest.mark.parametrize("curve", [GAMMA, SAMPLED], ids=["gamma", "sampled"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_gray_profile_means_the_same_in_a_webp(tmp_path: Path, channels: int, curve: bytes) -> None:
    icc = gray_profile(curve)
    shades = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    pixels = shades if channels == 1 else np.dstack([shades, np.full_like(shades, 200)])
    write_picture(Picture(pixels, icc=icc, lossless=True), tmp_path / "a.webp")
    again = read_picture(tmp_path / "a.webp")
    np.testing.assert_array_equal(again.pixels[..., :3], shades.repeat(3, axis=2))
    assert again.channels == channels + 2
    assert again.icc is not None
    srgb = ImageCms.createProfile("sRGB")
    gray, colour = (
        np.asarray(ImageCms.profileToProfile(image, io.BytesIO(profile), srgb, outputMode="RGB")).astype(int)
        for image, profile in (
            (Image.fromarray(shades[..., 0]), icc),
            (Image.fromarray(again.pixels[..., :3].copy()), again.icc),
        )
    )
    assert np.abs(gray - colour).max() <= 1
    assert np.abs(gray - shades).max() > 10, "the profile's curve is not sRGB's"
    # Samelight itself reads it as it reads the gray picture.
    spaces = [colour_space(picture_to_raster(each)) for each in (Picture(pixels, icc=icc), again)]
    seen = [
        space.to_srgb(values.astype(np.float32) / 255)
        for space, values in zip(spaces, (shades, again.pixels[..., :3]), strict=True)
    ]
    assert np.abs(seen[0] - seen[1]).max() < 1e-3


@pytest.mark.parametrize(
    "icc",
    [gray_profile(GAMMA, b"Lab "), gray_profile(GAMMA, name=b"A2B0"), gray_profile(GAMMA)[:130]],
    ids=["lightness", "table", "damaged"],
)
def test_other_gray_profiles_are_refused_for_a_webp(tmp_path: Path, icc: bytes) -> None:
    with pytest.raises(OutputError, match="profile of this gray picture"):
        write_picture(picture(1, np.uint8, icc=icc), tmp_path / "a.webp")
    write_picture(picture(1, np.uint8, icc=icc), tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").icc == icc


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_rasters_there_and_back(channels: int) -> None:
    original = picture(channels, icc=ICC)
    raster = picture_to_raster(original)
    raster.validate()
    assert raster.format.encoding is Encoding.ICC
    assert raster.format.layout is {1: Layout.GRAYA, 2: Layout.GRAYA, 3: Layout.RGB, 4: Layout.RGBA}[channels]
    np.testing.assert_array_equal(picture_from_raster(raster, original).pixels, original.pixels)


def test_mask_raster_is_valid() -> None:
    raster = mask_to_raster(np.arange(6, dtype=np.uint8).reshape(2, 3))
    raster.validate()
    assert raster.format.alpha is Alpha.NONE
    assert bytes(raster.octets) == bytes(range(6))


def test_before_and_after_shows_both_halves() -> None:
    dark, bright = (Picture(np.full((40, 60, 3), value, np.uint8)) for value in (10, 200))
    sheet = before_and_after(dark, bright).pixels
    assert sheet.shape == (40, 128, 3)
    assert (sheet[5, 5] == 10).all()
    assert (sheet[5, -5] == 200).all()

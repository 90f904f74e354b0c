"""Reading picture files: everything is kept, everything bad is refused in one sentence."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from samelight.pictures import read_mask, read_picture
from samelight.pictures.headers import jpeg_size
from samelight_wire.errors import PictureTooLargeError, UnreadablePictureError, UnsupportedFormatError

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def noise(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(1).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bit_png_keeps_every_bit(tmp_path: Path, channels: int) -> None:
    pixels = noise(5, 7, channels, dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(pixels[..., 0] if channels == 1 else pixels))
    picture = read_picture(tmp_path / "a.png")
    assert picture.pixels.dtype == np.uint16
    np.testing.assert_array_equal(picture.pixels, pixels)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "jpg"])
def test_profile_and_resolution_are_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(noise(6, 8, 3)).save(path, icc_profile=ICC, dpi=(300, 300))
    picture = read_picture(path)
    assert picture.icc == ICC
    if suffix != "webp":  # the format has no field for it
        assert picture.dpi == pytest.approx((300, 300), abs=0.1)


def test_a_tiff_without_a_unit_states_no_resolution(tmp_path: Path) -> None:
    pixels = noise(6, 8, 3)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", resolution=(1, 1), resolutionunit="NONE")
    assert read_picture(tmp_path / "a.tif").dpi is None


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
def test_16_bit_tiff_in_the_usual_compressions(tmp_path: Path, compression: str | None) -> None:
    pixels = noise(5, 7, 4, dtype=np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif",
        pixels,
        photometric="rgb",
        extrasamples=["unassalpha"],
        compression=compression,
        iccprofile=ICC,
    )
    picture = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(picture.pixels, pixels)
    assert (picture.icc, picture.premultiplied) == (ICC, False)


def test_float_and_planar_tiff(tmp_path: Path) -> None:
    pixels = np.linspace(-0.5, 2, 3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, np.moveaxis(pixels, 0, -1))


def test_palette_with_transparency_becomes_rgba(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "a.png", transparency=1)
    assert read_picture(tmp_path / "a.png").pixels.tolist() == [[[255, 0, 0, 255], [0, 255, 0, 0]]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(tmp_path: Path, orientation: int) -> None:
    pixels = noise(2, 3, 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif.tobytes())
    picture = read_picture(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        from PIL import ImageOps

        expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(picture.pixels, expected)
    kept = Image.Exif()
    kept.load(picture.exif)
    assert kept.get(0x0112, 1) == 1


def test_a_jpeg_says_its_size_in_its_first_frame() -> None:
    soi, table = b"\xff\xd8", b"\xff\xdb\0\x06\xff\xc0\0\0"  # what looks like a frame in a table is none
    frame = b"\xff\xc2\0\x0b\x08" + struct.pack(">HH", 30, 40) + b"\x01\0\0\0"
    assert jpeg_size(soi + table + b"\xff\xff\x01" + b"rubbish\xff\0" + frame) == (40, 30)
    for content in (b"", soi, table + frame, soi + b"\xff\xda" + frame, soi + frame[:8], soi + b"\xff\xdb\xff\xff"):
        assert jpeg_size(content) is None


def bomb(width: int, height: int, bits: int) -> bytes:
    """A PNG that declares a size and holds almost nothing."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("bits", [8, 16])
def test_a_png_that_declares_a_giant_size_takes_no_memory(tmp_path: Path, bits: int) -> None:
    import tracemalloc

    (tmp_path / "bomb.png").write_bytes(bomb(100_000, 100_000, bits))
    tracemalloc.start()
    try:
        with pytest.raises(PictureTooLargeError, match=r"bomb\.png.*100000 x 100000"):
            read_picture(tmp_path / "bomb.png")
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_limit_of_the_caller_holds_for_every_format(tmp_path: Path) -> None:
    for suffix in ("png", "jpg", "tif", "webp"):
        Image.fromarray(noise(10, 10, 3)).save(tmp_path / f"a.{suffix}")
        with pytest.raises(PictureTooLargeError):
            read_picture(tmp_path / f"a.{suffix}", max_pixels=99)
        assert read_picture(tmp_path / f"a.{suffix}", max_pixels=100).width == 10


@pytest.mark.parametrize("chunk", ["VP8X", "VP8L", "VP8 "])
def test_a_webp_that_declares_a_giant_size_takes_no_memory(tmp_path: Path, chunk: str) -> None:
    path = tmp_path / "bomb.webp"
    Image.fromarray(noise(10, 10, 3)).save(path, lossless=chunk == "VP8L", icc_profile=ICC if chunk == "VP8X" else None)
    content = bytearray(path.read_bytes())
    assert content[12:16] == chunk.encode()
    place, size = {
        "VP8X": (24, b"\xff\x3f\0\xff\x3f\0"),
        "VP8L": (21, b"\xff\xff\xff\x0f"),
        "VP8 ": (26, b"\xff\x3f" * 2),
    }[chunk]
    content[place : place + len(size)] = size
    path.write_bytes(content)
    with pytest.raises(PictureTooLargeError, match=r"bomb\.webp.*(16384 x 16384|16383 x 16383) pixels, the limit"):
        read_picture(path)


def test_pillows_own_limit_neither_holds_nor_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = noise(10, 10, 3)
    Image.fromarray(pixels).save(tmp_path / "a.webp", lossless=True)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 9)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.webp").pixels, pixels)
    assert Image.MAX_IMAGE_PIXELS == 9


def test_what_only_pillow_finds_too_large_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Image.DecompressionBombError("could be decompression bomb DOS attack")

    Image.fromarray(noise(4, 4, 3)).save(tmp_path / "a.png")
    monkeypatch.setattr("samelight.pictures.reading._pixels", refuse)
    with pytest.raises(PictureTooLargeError, match=r"a\.png. is too large"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_truncated_files_are_refused(tmp_path: Path, suffix: str, dtype: type) -> None:
    path = tmp_path / f"a.{suffix}"
    pixels = noise(40, 40, 3, dtype=dtype)
    if dtype == np.uint8:
        Image.fromarray(pixels).save(path)
    elif suffix == "png":
        path.write_bytes(imagecodecs.png_encode(pixels))
    else:
        tifffile.imwrite(path, pixels, photometric="rgb")
    whole = path.read_bytes()
    for length in (9, 20, 40, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(UnreadablePictureError, match=r"damaged|no PNG"):
            read_picture(path)


def tiff(width: int, height: int, samples: int = 3, tile: int | None = None) -> bytes:
    """A TIFF file that claims this much and holds a kilobyte of deflated zeros."""
    data = zlib.compress(bytes(1000))
    tags = {256: width, 257: height, 258: 8, 259: 8, 262: 2, 277: samples, 284: 1}
    offset = 8 + 2 + 12 * (len(tags) + (4 if tile else 3)) + 4
    tags |= {322: tile, 323: tile, 324: offset, 325: len(data)} if tile else {273: offset, 278: height, 279: len(data)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + data


@pytest.mark.parametrize(
    "claim", [(100_000, 100_000), (14_000, 14_000, 60_000), (14_000, 14_000, 200), (64, 64, 3, 90_000)]
)
def test_a_tiff_that_claims_too_much_takes_no_memory(tmp_path: Path, claim: tuple[int, ...]) -> None:
    (tmp_path / "a.tif").write_bytes(tiff(*claim))
    tracemalloc.start()
    try:
        with pytest.raises(PictureTooLargeError, match=r"a\.tif"):
            read_picture(tmp_path / "a.tif")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


PICTURE_COMPRESSIONS = ["jpeg", "webp", "jpeg2000"]


@pytest.mark.parametrize("shape", [{"rowsperstrip": 16}, {"rowsperstrip": 40}, {"tile": (16, 32)}])
@pytest.mark.parametrize("compression", PICTURE_COMPRESSIONS)
def test_tiff_whose_strips_are_pictures(tmp_path: Path, compression: str, shape: dict[str, object]) -> None:
    smooth = np.add.outer(np.arange(40), np.arange(60))[..., None] + np.array([0, 40, 80], np.uint8)
    smooth = smooth.astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", smooth, photometric="rgb", compression=compression, **shape)
    picture = read_picture(tmp_path / "a.tif")
    assert np.abs(picture.pixels.astype(int) - smooth).mean() < 3


def test_jpeg_tiff_as_photographs_and_gray_pictures_have_it(tmp_path: Path) -> None:
    smooth = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "gray.tif", smooth, photometric="minisblack", compression="jpeg")
    Image.fromarray(smooth).convert("RGB").save(tmp_path / "libtiff.tif", compression="jpeg")  # with tables of its own
    colour = np.dstack([smooth, np.full((40, 60, 2), 128, np.uint8)])
    tifffile.imwrite(tmp_path / "ycbcr.tif", colour, photometric="ycbcr", compression="jpeg", subsampling=(2, 2))
    for name in ("gray", "libtiff", "ycbcr"):
        pixels = read_picture(tmp_path / f"{name}.tif").pixels
        assert np.abs(pixels.astype(int) - smooth[..., None]).max() < 12, name


@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("compression", PICTURE_COMPRESSIONS)
def test_a_strip_that_claims_too_much_takes_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str, tile: tuple[int, int] | None
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise(40, 60, 3), photometric="rgb", compression=compression, tile=tile)
    whole = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        begin = file.pages[0].dataoffsets[-1]
    sign, offset, claim = {
        "jpeg": (b"\xff\xc0", 5, struct.pack(">HH", 65280, 32639)),
        "webp": (b"VP8L", 9, b"\xff\xff\xff\x0f"),
        "jpeg2000": (b"\xff\x4f\xff\x51", 8, struct.pack(">II", 65280, 32639)),
    }[compression]
    place = whole.index(sign, begin) + offset
    whole[place : place + len(claim)] = claim
    path.write_bytes(whole)
    # The decoder must not even be asked: it would take gigabytes.
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda page: pytest.fail("decoded"))
    with pytest.raises(UnreadablePictureError, match="damaged"):
        read_picture(path)


def test_a_compression_whose_claims_are_not_known_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise(20, 20, 3), photometric="rgb", compression="png")
    with pytest.raises(UnsupportedFormatError, match="compression is none that") as caught:
        read_picture(tmp_path / "a.tif")
    assert "LZW or Deflate" in caught.value.hint


@pytest.mark.parametrize("compression", ["lzw", "zlib", "packbits", "lzma", "zstd"])
def test_a_plain_compression_gives_no_more_than_the_strip_has(tmp_path: Path, compression: str) -> None:
    """A strip of 100 MB of zeros in a page that has 12 of them."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((10_000, 10_000), np.uint8), compression=compression, rowsperstrip=10_000)
    whole = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        tags = file.pages[0].tags
        places = [tags[code].valueoffset for code in (256, 257, 278)]
        kinds = ["<I" if tags[code].dtype == 4 else "<H" for code in (256, 257, 278)]
    for place, kind, value in zip(places, kinds, (4, 3, 3), strict=True):
        struct.pack_into(kind, whole, place, value)
    path.write_bytes(whole)
    tracemalloc.start()
    try:
        with contextlib.suppress(UnreadablePictureError):  # some decoders say that there is more
            assert read_picture(path).pixels.shape == (3, 4, 1)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_damaged_tiff_is_one_sentence_without_its_decoders_complaints(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for content in (tiff(0, 0), tiff(14_000, 14_000), tiff(8, 8)[:60]):
        (tmp_path / "a.tif").write_bytes(content)
        with pytest.raises(UnreadablePictureError, match="damaged"):
            read_picture(tmp_path / "a.tif")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("tag", "size"), [(256, (8, 10**7)), (257, (10**7, 8)), (277, (10**7, 8)), (278, (8, 8))])
def test_a_size_of_several_numbers_takes_no_memory(tmp_path: Path, tag: int, size: tuple[int, int]) -> None:
    """Python makes of ten numbers and a million a million times ten numbers."""
    whole = bytearray(tiff(*size))
    place = whole.index(struct.pack("<HHI", tag, 4, 1))
    struct.pack_into("<II", whole, place + 4, 10, 10)  # ten numbers, read from the tags themselves
    (tmp_path / "a.tif").write_bytes(whole)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadablePictureError, match="damaged"):
            read_picture(tmp_path / "a.tif")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_an_unusual_depth_is_named(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 4, 3)), photometric="rgb")
    with pytest.raises(UnsupportedFormatError, match="float64, not uint8") as caught:
        read_picture(tmp_path / "a.tif")
    assert "32-bit float" in caught.value.hint


def test_what_is_no_picture_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(UnreadablePictureError, match=r"text\.png.* is no PNG"):
        read_picture(tmp_path / "text.png")
    with pytest.raises(UnreadablePictureError, match=r"empty\.png.* is no PNG"):
        read_picture(tmp_path / "empty.png")
    with pytest.raises(UnreadablePictureError, match="There is no file"):
        read_picture(tmp_path / "missing.png")
    with pytest.raises(UnreadablePictureError, match="is a folder"):
        read_picture(tmp_path)


def test_cmyk_is_refused(tmp_path: Path) -> None:
    Image.new("CMYK", (4, 4)).save(tmp_path / "a.jpg")
    Image.new("CMYK", (4, 4)).save(tmp_path / "a.tif")
    with pytest.raises(UnsupportedFormatError, match="CMYK"):
        read_picture(tmp_path / "a.jpg")
    with pytest.raises(UnsupportedFormatError, match="SEPARATED"):
        read_picture(tmp_path / "a.tif")


def test_masks_gray_colour_and_cut_out(tmp_path: Path) -> None:
    gray = noise(3, 4)
    Image.fromarray(gray).save(tmp_path / "gray.png")
    Image.fromarray(np.repeat(gray[..., None], 3, 2)).save(tmp_path / "rgb.png")
    opaque = np.dstack([gray, gray, gray, np.full_like(gray, 255)])
    Image.fromarray(opaque).save(tmp_path / "opaque.png")
    cut_out = np.dstack([noise(3, 4, 3), gray])
    Image.fromarray(cut_out).save(tmp_path / "cutout.png")
    for name in ("gray", "rgb", "opaque", "cutout"):
        np.testing.assert_array_equal(read_mask(tmp_path / f"{name}.png"), gray, err_msg=name)


def test_a_1_bit_mask_spans_the_whole_range(tmp_path: Path) -> None:
    Image.fromarray(np.eye(3, dtype=bool)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), np.eye(3, dtype=np.uint8) * 255)

"""The pictures of a study: found by their names, of one size, in one colour space, and with nothing but pixels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from samelight.study.sources import check_sizes, from_folders, from_report, shown
from samelight_wire.errors import InputError, InvalidOptionError, SizeMismatchError, UnreadablePictureError


def test_items_have_a_file_of_every_method(results: Path) -> None:
    methods, items = from_folders(
        {"net": results / "net", "x": results / "other"}, results / "composites", results / "masks"
    )
    assert methods == ["composite", "net", "x"]
    assert [item.name for item in items] == ["a b", "c#1", "d%20", "ünï"]
    assert all(set(item.files) == {"composite", "net", "x"} and item.mask is not None for item in items)


def test_without_composites_and_masks(results: Path) -> None:
    methods, items = from_folders({"net": results / "net", "x": results / "other"})
    assert methods == ["net", "x"]
    assert items[0].mask is None


def test_folders_of_subsets_are_searched(tmp_path: Path) -> None:
    # as `samelight evaluate --save` writes them for iHarmony4
    for method in ("net", "other"):
        for subset in ("HCOCO", "HFlickr"):
            (tmp_path / method / subset).mkdir(parents=True)
            Image.new("RGB", (4, 4)).save(tmp_path / method / subset / "c1_1_1.png")
    _, items = from_folders({"net": tmp_path / "net", "other": tmp_path / "other"})
    assert [item.name for item in items] == ["HCOCO/c1_1_1", "HFlickr/c1_1_1"]


def test_a_missing_picture_is_named(results: Path) -> None:
    (results / "other" / "a b.png").unlink()
    with pytest.raises(InputError, match='other" has no picture named "a b"'):
        from_folders({"net": results / "net", "x": results / "other"})
    with pytest.raises(InputError, match='other" has no picture named "a b"'):
        from_folders({"x": results / "other", "net": results / "net"})


def test_a_missing_mask_is_named(results: Path) -> None:
    (results / "masks" / "c#1.png").unlink()
    with pytest.raises(InputError, match="no mask named"):
        from_folders({"net": results / "net", "x": results / "other"}, masks=results / "masks")


def test_folders_that_cannot_be_used(results: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, sentence in ((tmp_path / "none", "no folder"), (tmp_path / "empty", "no picture")):
        with pytest.raises(InputError, match=sentence):
            from_folders({"net": results / "net", "x": folder})
    (results / "other" / "a b.jpg").write_bytes((results / "other" / "a b.png").read_bytes())
    with pytest.raises(InputError, match="several pictures"):
        from_folders({"net": results / "net", "x": results / "other"})


def test_a_picture_is_shown_without_its_metadata_in_srgb(tmp_path: Path) -> None:
    # A profile whose red and green have changed places: what is stored as red is green.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"....").replace(b"gXYZ", b"rXYZ").replace(b"....", b"gXYZ")
    exif = Image.Exif()
    exif[0x013B] = "the artist's own network"
    image = Image.fromarray(np.full((8, 8, 3), (200, 30, 60), np.uint8))
    image.save(tmp_path / "p.png", exif=exif, icc_profile=swapped)
    seen = shown(tmp_path / "p.png", 100)
    assert (seen.info, seen.mode) == ({}, "RGB")
    assert np.asarray(seen)[4, 4] == pytest.approx((30, 200, 60), abs=3)


def test_transparency_is_laid_over_white(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    assert shown(tmp_path / "p.png", 100).getpixel((0, 0)) == (255, 255, 255)


def test_gray_16_bit_and_large_pictures(tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 80), 0x8080, np.uint16)).save(tmp_path / "p.png")
    seen = shown(tmp_path / "p.png", 20)
    assert seen.size == (20, 10)
    assert seen.getpixel((3, 3)) == (128, 128, 128)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_text("no")
    with pytest.raises(UnreadablePictureError):
        shown(tmp_path / "p.png", 100)


def test_results_of_different_sizes_are_refused(results: Path) -> None:
    _, items = from_folders({"net": results / "net", "x": results / "other"})
    images = {"net": Image.new("RGB", (3, 4)), "x": Image.new("RGB", (4, 3))}
    with pytest.raises(SizeMismatchError, match="3 x 4 by net, 4 x 3 by x"):
        check_sizes(items[0], images)


def test_composites_and_a_method_of_their_name_are_told_apart_by_nobody(results: Path) -> None:
    with pytest.raises(InvalidOptionError, match='named "composite"'):
        from_folders({"composite": results / "net", "x": results / "other"}, results / "composites")


def report_of(folder: Path, *pictures: dict[str, object]) -> Path:
    content = {"methods": {"net": {}}, "sizes": [{"at": "256", "pictures": pictures}]}
    (folder / "report.json").write_text(json.dumps(content))
    return folder


def kept(name: str, **results: str) -> dict[str, object]:
    return {"name": name, "composite": f"{name}.png", "mask": "m.png", "results": results}


def test_kept_pictures_of_the_same_name_stay_two(tmp_path: Path) -> None:
    _, items = from_report(report_of(tmp_path, kept("a", net="1.png"), kept("b", net="2.png"), kept("a", net="3.png")))
    assert [(item.name, item.files["net"].name) for item in items] == [
        ("a", "1.png"),
        ("b", "2.png"),
        ("a (2)", "3.png"),
    ]


def test_a_report_without_the_size_or_without_a_methods_result(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="no size 512") as error:
        from_report(report_of(tmp_path, kept("a", net="1.png")), "512")
    assert "256" in error.value.hint
    with pytest.raises(InputError, match="no report"):
        from_report(report_of(tmp_path, kept("a", other="1.png")))


@pytest.mark.parametrize("content", [None, "{", "[]", '{"sizes": []}', '{"sizes": [{"at": "256"}]}'])
def test_what_is_no_report_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(InputError, match="no report"):
        from_report(tmp_path)

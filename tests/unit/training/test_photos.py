"""Photographs as cameras, editors and archives leave them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from samelight.training.photos import PhotoCollection
from samelight_wire.errors import UnreadablePictureError


def test_files_of_the_system_are_no_photographs(tmp_path: Path) -> None:
    Image.new("RGB", (8, 6), (10, 20, 30)).save(tmp_path / "tree.jpg")
    (tmp_path / "._tree.jpg").write_bytes(b"a resource fork")
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as target:
        target.write(tmp_path / "tree.jpg", "holiday/tree.jpg")
        target.write(tmp_path / "._tree.jpg", "__MACOSX/holiday/._tree.jpg")
        target.write(tmp_path / "tree.jpg", ".thumbnails/tree.jpg")
    for source in (tmp_path, archive):
        assert PhotoCollection(source).names == ["tree"]


def test_photographs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    """Others keep their plain names."""
    archive = tmp_path / "photos.zip"
    files = ["a/tree.jpg", "a/tree.png", "b/Tree.JPG", "tree.webp", "b/lake.jpg", "/root/hill.jpg", "C:/hill.jpg"]
    with zipfile.ZipFile(archive, "w") as target:
        for name in files:
            target.writestr(name, b"")
    found = PhotoCollection(archive)
    assert sorted(found.names) == ["C_/hill", "a/tree", "b/Tree", "lake", "root/hill", "tree"]
    assert found.with_regions == [found.names.index("a/tree")]


def test_a_photograph_is_upright(tmp_path: Path) -> None:
    stored = np.zeros((20, 30, 3), np.uint8)
    stored[:, :15] = 255  # the left of what the sensor saw
    turned = Image.Exif()
    turned[0x0112] = 6  # to be shown turned right by a quarter: its left is the top
    Image.fromarray(stored).save(tmp_path / "tree.png", exif=turned)
    photo = PhotoCollection(tmp_path).photo(0)
    assert photo.shape == (3, 30, 20)
    assert torch.equal(photo[0], torch.tensor([255] * 15 + [0] * 15, dtype=torch.uint8)[:, None].expand(30, 20))


def test_labels_of_a_palette_are_kept(tmp_path: Path) -> None:
    labels = np.zeros((6, 8), np.uint8)
    labels[2:4, 3:6] = 7
    Image.new("RGB", (8, 6)).save(tmp_path / "tree.jpg")
    coloured = Image.fromarray(labels).convert("P")
    coloured.putpalette([255, 0, 0] * 256)
    coloured.save(tmp_path / "tree.png")
    found = PhotoCollection(tmp_path).regions(0)
    assert found is not None
    assert found.tolist() == labels.tolist()


@pytest.mark.parametrize("damage", ["cut", "crc", "tail"])
def test_a_damaged_photograph_is_named(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "tree.png"
    pixels = np.random.default_rng(1).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "crc":
        content[20] ^= 255
    else:
        content[200:260] = bytes(60)
    path.write_bytes(content)
    with pytest.raises(UnreadablePictureError, match=r"tree\.png") as told:
        PhotoCollection(tmp_path).photo(0)
    assert "the same command then goes on" in told.value.hint

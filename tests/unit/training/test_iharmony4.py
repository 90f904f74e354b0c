"""iHarmony4's reader: the official layout, copies that differ from it, and what is said of broken ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from samelight.training.iharmony4 import SUBSETS, IHarmony4
from samelight_wire.errors import EmptyMaskError, InvalidOptionError, SizeMismatchError, UnreadablePictureError

PICTURES = {"HCOCO": "c100300", "HAdobe5k": "a0001", "HFlickr": "f10", "Hday2night": "d21901-20130410-181833"}


def write(path: Path, width: int, height: int, value: int, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((height, width) if mode == "L" else (height, width, 3), value, np.uint8)
    if mode == "L":
        pixels[:, : width // 2] = 0
    Image.fromarray(pixels).save(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small data set in the official layout: in each subset a picture with two foregrounds, three composites."""
    for number, (subset, picture) in enumerate(PICTURES.items()):
        folder = tmp_path / "iHarmony4" / subset
        width, height = 24 + 2 * number, 20
        write(folder / "real_images" / f"{picture}.jpg", width, height, 90 + number)
        for foreground in (1, 2):
            write(folder / "masks" / f"{picture}_{foreground}.png", width, height, 255, "L")
        for name in ("1_1", "1_2", "2_1"):
            write(folder / "composite_images" / f"{picture}_{name}.jpg", width, height, 150 + number)
        (folder / f"{subset}_train.txt").write_text(f"{picture}_1_1.jpg\n{picture}_2_1.jpg\n")
        (folder / f"{subset}_test.txt").write_text(f"{picture}_1_2.jpg\n")
    return tmp_path / "iHarmony4"


def message(root: Path, **asked: object) -> str:
    """What is said where the data set cannot be opened: sentence and hint."""
    with pytest.raises(InvalidOptionError) as caught:
        IHarmony4(root, **asked)  # type: ignore[arg-type]
    assert caught.value.hint
    return f"{caught.value} {caught.value.hint}"


def test_all_subsets_by_the_official_splits(root: Path) -> None:
    train, test = IHarmony4(root), IHarmony4(root, "test")
    assert (len(train), len(test)) == (8, 4)
    assert [entry.subset for entry in test.entries] == list(SUBSETS)
    assert [entry.name for entry in train.entries[-2:]] == [f"{PICTURES['Hday2night']}_{n}" for n in ("1_1", "2_1")]
    assert train.entries[1].mask.name == "c100300_2.png"
    picture = train.read(7)
    assert picture.composite.shape == picture.real.shape == (3, 20, 30)
    assert picture.composite.dtype == picture.real.dtype == torch.uint8
    assert abs(int(picture.composite[0, 5, 5]) - 153) <= 1
    assert abs(int(picture.real[0, 5, 5]) - 93) <= 1
    assert picture.mask.shape == (1, 20, 30)
    assert picture.mask[0, 0].tolist() == [0.0] * 15 + [1.0] * 15


def test_some_subsets_in_any_spelling(root: Path) -> None:
    (root / "Hday2night").rename(root / "HDay2Night")
    chosen = IHarmony4(root, "test", subsets=("hday2night", "HFlickr"))
    assert [entry.subset for entry in chosen.entries] == ["Hday2night", "HFlickr"]
    assert chosen.read(0).mask.shape == (1, 20, 30)
    assert "no subset HSky" in message(root, subsets=("HSky",))
    assert "No subset" in message(root, subsets=())


def test_lists_for_all_subsets_with_folders_in_their_lines(root: Path) -> None:
    for subset in SUBSETS:
        (root / subset / f"{subset}_train.txt").unlink()
    lines = [f"{subset}/composite_images/{PICTURES[subset]}_1_1.jpg" for subset in reversed(SUBSETS)]
    (root / "IHD_train.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*lines, "", " "]).encode())
    assert [entry.subset for entry in IHarmony4(root).entries] == list(SUBSETS)
    (root / "IHD_train.txt").write_text(lines[0].replace("/", "\\"))
    assert len(IHarmony4(root, subsets=("Hday2night",))) == 1
    assert "names no picture of HCOCO" in message(root)


def test_a_copy_in_another_format(root: Path) -> None:
    for part in ("composite_images", "real_images"):
        for path in (root / "HFlickr" / part).iterdir():
            Image.open(path).save(path.with_suffix(".png"))
            path.unlink()
    copy = IHarmony4(root, "test", subsets=("HFlickr",))
    assert copy.entries[0].composite.name == "f10_1_2.png"
    assert copy.read(0).real.shape == (3, 20, 28)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize(("least", "width", "height"), [(200, 402, 301), (150, 201, 151), (40, 101, 76), (1, 51, 38)])
def test_large_pictures_may_come_reduced(root: Path, suffix: str, least: int, width: int, height: int) -> None:
    ramp = np.linspace(0, 255, 402).round().astype(np.uint8)
    ramp = np.broadcast_to(ramp[None, :, None], (301, 402, 3))
    folder = root / "HCOCO"
    for part in ("composite_images", "real_images"):
        for path in (folder / part).iterdir():
            path.unlink()
    Image.fromarray(ramp).save(folder / "composite_images" / f"c100300_1_2{suffix}", quality=95)
    Image.fromarray(ramp[:, ::-1]).save(folder / "real_images" / f"c100300{suffix}", quality=95)
    Image.fromarray((ramp[..., 0] >= 128).astype(np.uint8) * 255).save(folder / "masks" / "c100300_1.png")
    picture = IHarmony4(root, "test", subsets=("HCOCO",)).read(0, least)
    assert picture.composite.shape == picture.real.shape == (3, height, width)
    assert picture.mask.shape == (1, height, width)
    middle = picture.composite[0, height // 2].float()
    assert float((middle - torch.linspace(0, 255, width)).abs().max()) < 6
    assert float((picture.mask[0, height // 2] - (middle >= 128).float()).abs().sum()) <= 1.5


def test_what_is_missing_is_named(root: Path) -> None:
    assert "no folder" in message(root / "elsewhere")
    assert f"Name {root} instead" in message(root.parent)
    (root / "HCOCO" / "real_images" / "c100300.jpg").unlink()
    (root / "HCOCO" / "masks" / "c100300_2.png").unlink()
    assert "c100300_2.png and 1 more are missing" in message(root)
    assert "c100300.jpg is missing" in message(root, split="test")
    for path in (root / "HAdobe5k" / "masks").iterdir():
        path.unlink()
    (root / "HAdobe5k" / "masks").rmdir()
    assert f"no folder {root / 'HAdobe5k' / 'masks'}" in message(root, subsets=("HAdobe5k",))
    (root / "HFlickr" / "HFlickr_test.txt").unlink()
    assert "HFlickr_test.txt" in message(root, split="test", subsets=("HFlickr",))
    (root / "HFlickr" / "HFlickr_train.txt").write_text("f10.jpg\n")
    assert "not of the form" in message(root, subsets=("HFlickr",))
    (root / "Hday2night").rename(root / "night")
    assert "no folder Hday2night" in message(root, subsets=("Hday2night",))


def test_pictures_that_do_not_fit_are_named(root: Path) -> None:
    data = IHarmony4(root, "test")
    folder = root / "HCOCO"
    write(folder / "masks" / "c100300_1.png", 24, 20, 0, "L")
    with pytest.raises(EmptyMaskError, match=r"c100300_1\.png"):
        data.read(0)
    write(folder / "masks" / "c100300_1.png", 12, 10, 255, "L")
    with pytest.raises(SizeMismatchError, match=r"c100300_1\.png is 12 x 10 pixels.*24 x 20"):
        data.read(0)
    (folder / "composite_images" / "c100300_1_2.jpg").write_bytes(b"no picture")
    with pytest.raises(UnreadablePictureError, match=r"c100300_1_2\.jpg"):
        data.read(0)
    (root / "HFlickr" / "real_images" / "f10.jpg").unlink()
    with pytest.raises(UnreadablePictureError, match=r"f10\.jpg"):
        data.read(2)

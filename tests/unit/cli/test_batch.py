"""`samelight batch`: good files are done, bad ones are told."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import signal
import threading
import time
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import Run, write_pair
from PIL import Image

from samelight import weights
from samelight.cli.batching.overlap import finished_behind, read_ahead
from samelight.cli.batching.pairs import LeftOut, describe_left_out, find_pairs
from samelight.pictures import file_identity
from samelight_wire.errors import OutputError
from samelight_wire.messages import HarmonizeRequest, Result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good pairs, a damaged picture, a picture without mask, a mask without picture, and a note."""
    for name in ("composite", "mask"):
        (tmp_path / "in" / name).mkdir(parents=True)
    composite, mask = write_pair(tmp_path)
    for stem in ("a", "b", "damaged", "alone"):
        (tmp_path / "in" / "composite" / f"{stem}.png").write_bytes(composite.read_bytes())
    for stem in ("a", "b", "damaged", "lonely"):
        (tmp_path / "in" / "mask" / f"{stem}.png").write_bytes(mask.read_bytes())
    (tmp_path / "in" / "composite" / "damaged.png").write_text("not a picture")
    (tmp_path / "in" / "composite" / "notes.txt").write_text("ignored")
    return tmp_path / "in"


def test_goes_on_after_bad_files_and_reports_them(run: Run, folder: Path, tmp_path: Path) -> None:
    result = run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--json")
    assert result.exit_code == 2
    report = json.loads(result.stdout)
    assert [Path(str(entry["output"])).name for entry in report["done"]] == ["a.png", "b.png"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.png", "samelight.jsonl"]
    failed = {Path(entry["file"]).name: entry["code"] for entry in report["failed"]}
    assert failed == {"damaged.png": "unreadable-picture", "alone.png": "bad-input", "lonely.png": "bad-input"}


def test_a_folder_gets_what_a_picture_gets(run: Run, folder: Path, tmp_path: Path) -> None:
    files = folder / "composite" / "a.png", folder / "mask" / "a.png"
    for number, share in enumerate(([], ["--colour", "0.2"])):
        run("batch", folder, "-o", tmp_path / f"out{number}", "--no-daemon", *share)
        run("harmonize", *files, "-o", tmp_path / f"{number}.png", "--no-daemon", *share)
        assert (tmp_path / f"out{number}" / "a.png").read_bytes() == (tmp_path / f"{number}.png").read_bytes()
    assert (tmp_path / "0.png").read_bytes() != (tmp_path / "1.png").read_bytes()


def test_in_words_failures_go_to_stderr(run: Run, folder: Path, tmp_path: Path) -> None:
    result = run("batch", folder, "-o", tmp_path / "out", "--no-daemon")
    assert "Wrote 2 pictures" in result.stdout
    assert "3 failed" in result.stderr
    assert "has no mask" in result.stderr


def test_a_gray_mask_is_warned_of(run: Run, folder: Path, tmp_path: Path) -> None:
    with Image.open(folder / "mask" / "a.png") as mask:
        mask.point(lambda value: value // 2).save(folder / "mask" / "a.png")
    result = run("batch", folder, "-o", tmp_path / "out", "--no-daemon")
    assert "a.png: The mask's brightest value is 127 of 255" in result.stderr
    assert result.stderr.count("Warning: ") == 1


def test_skip_existing_leaves_results_alone(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_bytes(b"done before")
    result = run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--skip-existing", "--json")
    report = json.loads(result.stdout)
    assert [Path(path).name for path in report["skipped"]] == ["a.png"]
    assert (tmp_path / "out" / "a.png").read_bytes() == b"done before"
    assert [Path(str(entry["output"])).name for entry in report["done"]] == ["b.png"]


def test_several_masks_for_a_picture_are_a_failure(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "mask" / "a.jpg").write_bytes((folder / "mask" / "a.png").read_bytes())
    report = json.loads(run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--json").stdout)
    assert any("several masks" in entry["message"] for entry in report["failed"])


def test_all_good_ends_with_0(run: Run, folder: Path, tmp_path: Path) -> None:
    for name in ("composite/damaged.png", "composite/alone.png", "mask/damaged.png", "mask/lonely.png"):
        (folder / name).unlink()
    assert run("batch", folder, "-o", tmp_path / "out", "--no-daemon").exit_code == 0


def test_a_folder_that_is_none(run: Run, tmp_path: Path) -> None:
    result = run("batch", tmp_path / "nowhere", "-o", tmp_path / "out", "--no-daemon")
    assert result.exit_code == 2
    assert "There is no folder" in result.stderr
    assert not (tmp_path / "out").exists()


def test_the_pictures_themselves_are_never_overwritten(run: Run, folder: Path) -> None:
    before = (folder / "composite" / "a.png").read_bytes()
    result = run("batch", folder, "-o", folder / "mask" / ".." / "composite", "--no-daemon", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "output"
    assert (folder / "composite" / "a.png").read_bytes() == before


@pytest.mark.parametrize("original", ["composite/a.png", "mask/a.png", "composite/b.png", "mask/lonely.png"])
def test_a_link_among_the_results_costs_no_picture(run: Run, folder: Path, tmp_path: Path, original: str) -> None:
    before = (folder / original).read_bytes()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").symlink_to(folder / original)
    report = json.loads(run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--json").stdout)
    assert (folder / original).read_bytes() == before
    assert [Path(str(entry["output"])).name for entry in report["done"]] == ["b.png"]
    failed = {Path(entry["file"]).name: entry["message"] for entry in report["failed"]}
    assert "would overwrite one of the pictures" in failed["a.png"]


def test_pictures_that_are_only_linked_into_the_folder_are_safe(run: Run, folder: Path, tmp_path: Path) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    (folder / "composite" / "a.png").rename(photographs / "a.png")
    (folder / "composite" / "a.png").symlink_to(photographs / "a.png")
    before = (photographs / "a.png").read_bytes()
    run("batch", folder, "-o", photographs, "--no-daemon")
    assert (photographs / "a.png").read_bytes() == before
    assert (photographs / "b.png").exists()


def test_a_folder_by_a_name_of_other_case_is_known(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As on a disk that does not tell A from a.
    monkeypatch.setattr(
        "samelight.pictures.identity.file_identity",
        lambda path: file_identity(path.with_name(path.name.lower())),
    )
    before = (folder / "composite" / "a.png").read_bytes()
    result = run("batch", folder, "-o", folder / "COMPOSITE", "--no-daemon")
    assert result.exit_code == 2
    assert "would overwrite the pictures" in result.stderr
    assert (folder / "composite" / "a.png").read_bytes() == before


@pytest.mark.parametrize(("model", "code"), [("nonsense", "unknown-model"), ("rcl", "weights-missing")])
def test_a_network_that_cannot_be_used_is_told_once(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, code: str
) -> None:
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(tmp_path))
    result = run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--model", model, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 2
    assert report["error"]["code"] == code
    assert all(entry["code"] == "bad-input" for entry in report["failed"])


def test_hidden_files_are_no_pictures(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "composite" / "._a.png").write_bytes(b"what macOS puts beside a picture")
    report = json.loads(run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--json").stdout)
    assert not any("._a.png" in entry["file"] for entry in report["failed"])


def test_a_folder_that_cannot_be_read_is_an_error(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)  # root, as in a container, may read every folder
    result = run("batch", folder, "-o", folder.parent / "out", "--no-daemon")
    assert result.exit_code == 2
    assert "cannot be read: Permission denied" in result.stderr


def write_names(folder: Path, composites: list[str], masks: list[str]) -> None:
    """Empties a folder and puts files of these names into it."""
    for part, names in (("composite", composites), ("mask", masks)):
        for path in (folder / part).iterdir():
            path.unlink()
        for name in names:
            (folder / part / name).write_bytes(b"")


def pairs_of(folder: Path) -> dict[str, list[str]]:
    """The masks of each composite."""
    return {pair.composite.name: [mask.name for mask in pair.masks] for pair in find_pairs(folder).pairs}


def test_what_is_left_out_is_told(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "composite" / "plate.exr").write_bytes(b"")
    (folder / "composite" / "shot010").mkdir()
    (folder / "mask" / "a.psd").write_bytes(b"")
    (folder / "composite" / "Thumbs.db").write_bytes(b"")
    told = run("batch", folder, "-o", tmp_path / "out", "--no-daemon").stderr
    assert "4 entries were left out: composite/notes.txt, composite/plate.exr, mask/a.psd (not PNG" in told
    assert "composite/shot010/ (folders are not read)" in told
    report = json.loads(run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--json").stdout)
    assert {"name": "composite/shot010/", "reason": "folders are not read"} in report["left_out"]
    assert len(report["left_out"]) == 4


def test_a_folder_of_other_formats_alone_says_so(run: Run, folder: Path, tmp_path: Path) -> None:
    write_names(folder, ["plate.exr"], ["plate.png"])
    told = run("batch", folder, "-o", tmp_path / "out", "--no-daemon").stderr
    assert "There is no picture in" in told
    assert "composite/plate.exr (not PNG, TIFF, JPEG or WebP)" in told


def test_long_lists_are_cut() -> None:
    told = describe_left_out([LeftOut(f"{number}.exr", "not read") for number in range(8)])
    assert told == "8 entries were left out: 0.exr, 1.exr, 2.exr, 3.exr, 4.exr and 3 more (not read)."


def test_names_are_the_same_however_their_accents_are_written(folder: Path) -> None:
    write_names(folder, ["caf\u00e9.png"], ["cafe\u0301.png"])
    assert pairs_of(folder) == {"caf\u00e9.png": ["cafe\u0301.png"]}
    assert find_pairs(folder).lonely == []


def test_names_are_the_same_whatever_their_capitals_where_that_leaves_no_doubt(folder: Path) -> None:
    write_names(folder, ["Upper.PNG"], ["upper.png"])
    assert pairs_of(folder) == {"Upper.PNG": ["upper.png"]}
    write_names(folder, ["A.png", "a.png"], ["a.png"])
    assert pairs_of(folder) == {"A.png": [], "a.png": ["a.png"]}
    write_names(folder, ["AB.png", "ab.png"], ["Ab.png"])
    assert pairs_of(folder) == {"AB.png": [], "ab.png": []}
    assert [mask.name for mask in find_pairs(folder).lonely] == ["Ab.png"]


def test_formats_may_share_a_mask_as_ever(folder: Path) -> None:
    write_names(folder, ["a.jpg", "a.png"], ["a.png"])
    assert pairs_of(folder) == {"a.jpg": ["a.png"], "a.png": ["a.png"]}


def test_pictures_that_hardly_changed_are_told(run: Run, folder: Path, tmp_path: Path) -> None:
    result = run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--strength", "0")
    assert "2 of them hardly changed: a.png, b.png." in result.stdout
    report = json.loads(run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--json").stdout)
    assert report["hardly_changed"] == [
        entry["output"] for entry in report["done"] if "hardly changed" in entry["reasons"]["summary"]
    ]


@pytest.fixture
def pictures(folder: Path) -> Path:
    """Three good pairs, a.png to c.png, and nothing else."""
    picture, mask = ((folder / part / "a.png").read_bytes() for part in ("composite", "mask"))
    write_names(folder, ["a.png", "b.png", "c.png"], ["a.png", "b.png", "c.png"])
    for part, data in (("composite", picture), ("mask", mask)):
        for path in (folder / part).iterdir():
            path.write_bytes(data)
    return folder


@pytest.mark.usefixtures("ctrl_c_heard")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("as_json", [False, True])
def test_an_interrupted_batch_says_what_it_did(
    run: Run,
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    code: int,
    as_json: bool,
) -> None:
    begun = []

    def harmonize(request: HarmonizeRequest, on_progress: object) -> Result:
        begun.append(request)
        if len(begun) == 2:
            os.kill(os.getpid(), number)
        return Result(request.job, request.layer, request.selection_rect, "hdnet-lite", {}, {"summary": "Done."})

    monkeypatch.setattr("samelight.cli.harmonizing._harmonize_here", lambda settings: harmonize)
    before = signal.getsignal(signal.SIGTERM)
    result = run("batch", pictures, "-o", tmp_path / "out", "--no-daemon", *(["--json"] if as_json else []))
    assert result.exit_code == code
    assert signal.getsignal(signal.SIGTERM) == before
    assert (tmp_path / "out" / "a.png").exists()
    assert not (tmp_path / "out" / "c.png").exists()
    if as_json:
        report = json.loads(result.stdout)
        assert report["interrupted"]
        assert [Path(entry["output"]).name for entry in report["done"]] == ["a.png"]
        assert result.stderr == ""
    else:
        assert "Wrote 1 picture to" in result.stdout
        assert "Interrupted.\n2 pictures were not done; --skip-existing goes on" in result.stderr


def test_without_a_terminal_each_picture_is_a_line(run: Run, folder: Path, tmp_path: Path) -> None:
    lines = run("batch", folder, "-o", tmp_path / "out", "--no-daemon").stderr.splitlines()
    assert re.fullmatch(r"\[1/4\] a\.png: written \([\w-]+, [\d.]+ s\)\. The foreground .+", lines[0])
    assert lines[1] == '[2/4] alone.png: failed. "alone.png" has no mask.'
    assert run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--json").stderr == ""
    lines = run("batch", folder, "-o", tmp_path / "out", "--no-daemon", "--skip-existing").stderr.splitlines()
    assert lines[0] == "[1/4] a.png: was there already."


def records_of(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / "samelight.jsonl").read_text("utf-8").splitlines()]


def done_again(run: Run, pictures: Path, *options: str) -> dict[str, list[str]]:
    """The names of what was done, skipped, made again and kept when a batch goes on."""
    out = pictures.parent / "out"
    report = json.loads(run("batch", pictures, "-o", out, "--no-daemon", "--skip-existing", "--json", *options).stdout)
    done = {"done": [entry["output"] for entry in report["done"]]}
    parts = done | {part: report[part] for part in ("skipped", "made_again", "kept")}
    return {part: [Path(path).name for path in paths] for part, paths in parts.items()}


def test_each_picture_has_a_record_of_what_it_was_made_of(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("batch", folder, "-o", out, "--no-daemon", "--model", "hdnet-lite", "--colour", "0.5")
    first, alone, second, damaged = records_of(out)
    composite = folder / "composite" / "a.png"
    status = composite.stat()
    assert first["composite"] == {"name": "a.png", "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    assert first["mask"]["name"] == "a.png"
    assert (first["model"], first["strength"], first["colour"]) == ("hdnet-lite", 1.0, 0.5)
    assert first["weights"] == weights.entry("hdnet-lite")[1].sha256
    assert first["sha256"] == hashlib.sha256((out / "a.png").read_bytes()).hexdigest()
    assert "summary" in first["reasons"]
    assert alone["error"]["message"] == '"alone.png" has no mask.'
    assert (second["result"], damaged["error"]["code"]) == ("b.png", "unreadable-picture")


def test_what_was_made_otherwise_is_made_again(run: Run, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("batch", pictures, "-o", out, "--no-daemon", "--model", "hdnet-lite", "--colour", "0.5")
    (out / "c.png").unlink()
    same = done_again(run, pictures, "--model", "hdnet-lite", "--colour", "0.5")
    assert same == {"done": ["c.png"], "skipped": ["a.png", "b.png"], "made_again": [], "kept": []}
    for options in (["--colour", "0.2"], ["--colour", "0.2", "--strength", "0.5"], ["--model", "srin-lite"]):
        again = done_again(run, pictures, *options)
        assert again["made_again"] == ["a.png", "b.png", "c.png"]
        assert done_again(run, pictures, *options)["skipped"] == ["a.png", "b.png", "c.png"]
    result = run("batch", pictures, "-o", out, "--no-daemon", "--skip-existing", "--model", "hdnet-lite")
    assert "3 of them again: the model, the settings or the files were others before." in result.stdout


def test_a_result_of_a_picture_that_changed_is_made_again(run: Run, pictures: Path, tmp_path: Path) -> None:
    run("batch", pictures, "-o", tmp_path / "out", "--no-daemon")
    os.utime(pictures / "composite" / "a.png", (1, 1))
    os.utime(pictures / "mask" / "c.png", (1, 1))
    assert done_again(run, pictures)["made_again"] == ["a.png", "c.png"]


def test_a_result_that_somebody_painted_on_is_kept(run: Run, pictures: Path, tmp_path: Path) -> None:
    run("batch", pictures, "-o", tmp_path / "out", "--no-daemon")
    (tmp_path / "out" / "b.png").write_bytes(b"painted on")
    found = done_again(run, pictures, "--colour", "0.1")
    assert (found["made_again"], found["kept"], found["skipped"]) == (["a.png", "c.png"], ["b.png"], ["b.png"])
    assert (tmp_path / "out" / "b.png").read_bytes() == b"painted on"
    told = run("batch", pictures, "-o", tmp_path / "out", "--no-daemon", "--skip-existing", "--colour", "0.2").stdout
    assert "kept because they were changed since: b.png." in told


def test_half_a_record_is_passed_over(run: Run, pictures: Path, tmp_path: Path) -> None:
    run("batch", pictures, "-o", tmp_path / "out", "--no-daemon")
    with (tmp_path / "out" / "samelight.jsonl").open("ab") as file:
        file.write(b'{"result": "a.png", "colo')
    (tmp_path / "out" / "c.png").unlink()
    found = done_again(run, pictures)
    assert (found["skipped"], found["done"]) == (["a.png", "b.png"], ["c.png"])
    assert json.loads((tmp_path / "out" / "samelight.jsonl").read_text("utf-8").splitlines()[-1])["result"] == "c.png"


def test_records_that_cannot_be_written_are_an_error_before_the_work(run: Run, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "samelight.jsonl").mkdir(parents=True)
    result = run("batch", pictures, "-o", tmp_path / "out", "--no-daemon")
    assert result.exit_code == 2
    assert "cannot be written: Is a directory" in result.stderr
    assert not (tmp_path / "out" / "a.png").exists()


def test_records_never_go_into_a_picture(run: Run, pictures: Path, tmp_path: Path) -> None:
    before = (pictures / "composite" / "a.png").read_bytes()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "samelight.jsonl").symlink_to(pictures / "composite" / "a.png")
    assert run("batch", pictures, "-o", tmp_path / "out", "--no-daemon").exit_code == 2
    assert (pictures / "composite" / "a.png").read_bytes() == before


def test_a_disk_that_is_full_for_records_ends_the_work(
    run: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk(FileIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("samelight.cli.batching.records.FileIO", FullDisk)
    result = run("batch", pictures, "-o", tmp_path / "out", "--no-daemon")
    assert result.exit_code == 2
    assert "cannot be written: No space left on device" in result.stderr
    assert "2 pictures were not done" in result.stderr


def test_files_are_read_and_written_while_a_picture_is_worked_on() -> None:
    read, done = [], []
    second_is_read, first_may_be_written = threading.Event(), threading.Event()

    def read_one(number: int) -> int:
        read.append(number)
        if number == 1:
            second_is_read.set()
        return number

    def write(number: int) -> None:
        if number == 0:
            assert first_may_be_written.wait(30)
        done.append(number)

    with read_ahead(range(5), read_one) as numbers, finished_behind() as finish:
        for number in numbers:
            if number == 0:
                assert second_is_read.wait(30)  # while the first is worked on
            if number == 1:
                first_may_be_written.set()  # the second is worked on while the first waits to be written
            assert len(read) <= number + 2
            assert len(done) >= number - 1
            finish(partial(write, number))
    assert read == done == [0, 1, 2, 3, 4]


def test_what_goes_wrong_behind_ends_the_work() -> None:
    def fail() -> None:
        raise OutputError("The disk is full.")

    def work(count: int) -> None:
        with finished_behind() as finish:
            for number in range(count):
                begun.append(number)
                finish(fail)

    begun: list[int] = []
    with pytest.raises(OutputError):
        work(5)
    assert begun == [0, 1]
    with pytest.raises(OutputError):
        work(1)


def test_whatever_ends_the_work_the_last_picture_is_written() -> None:
    done = []

    def write() -> None:
        time.sleep(0.1)
        done.append("written")

    def work() -> None:
        with finished_behind() as finish:
            finish(write)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["written"]

"""The configuration file: defaults, every key, and a clear word for every mistake."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from samelight.settings import Settings, load_settings
from samelight_wire.errors import InvalidOptionError


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "config.toml") == Settings()


def test_the_documents_tell_of_every_key_with_its_default(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "installing.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| .+ \|$", text, re.MULTILINE)
    assert [key for key, _ in rows] == [field.name for field in fields(Settings)]
    lines = "\n".join(f"{key} = {value}" for key, value in rows)
    assert load_settings(written(tmp_path, lines)) == Settings()


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMELIGHT_CONFIG", str(written(tmp_path, "port = 4711")))
    assert load_settings().port == 4711


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, '\ufeffdevice = "cpu"\r\n')).device == "cpu"


def test_every_key_is_read(tmp_path: Path) -> None:
    text = """
        default_model = "hdnet"
        device = "cuda:1"
        segmenter = "regions"
        encode_foreground = true
        port = 5000
        idle_unload_seconds = 60
        preview_seconds = 30
        heartbeat_seconds = 2.5
        max_pixels = 1000
        max_queued_jobs = 2
        max_queued_megabytes = 3
        max_preview_megabytes = 0
        max_segmentation_megabytes = 5
        warm_up = false
        log_level = "debug"
    """
    settings = load_settings(written(tmp_path, text))
    assert settings == Settings("hdnet", "cuda:1", "regions", True, 5000, 60, 30, 2.5, 1000, 2, 3, 0, 5, False, "debug")
    assert settings.silence_seconds == 7.5
    assert settings.max_queued_bytes == 3 << 20
    assert settings.max_segmentation_bytes == 5 << 20


@pytest.mark.parametrize(
    ("line", "named", "allowed"),
    [
        ('colour = "red"', "colour", "default_model"),
        ("port = 70000", "port", "65535"),
        ("port = true", "port", "whole number"),
        ("port = 1.5", "port", "whole number"),
        ('idle_unload_seconds = "long"', "idle_unload_seconds", "a number"),
        ("heartbeat_seconds = nan", "heartbeat_seconds", "0.05"),
        ('device = "gpu"', "device", '"mps"'),
        ('device = "cuda:x"', "device", "cuda:1"),
        ('log_level = "loud"', "log_level", '"warning"'),
        ("warm_up = 1", "warm_up", "true or false"),
        ("default_model = 3", "default_model", "quotes"),
        ('default_model = " "', "default_model", "quotes"),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(tmp_path: Path, line: str, named: str, allowed: str) -> None:
    path = written(tmp_path, line)
    with pytest.raises(InvalidOptionError) as caught:
        load_settings(path)
    assert str(path) in caught.value.message
    assert named in caught.value.message
    assert allowed in caught.value.hint


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe"])
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidOptionError, match=r"config\.toml") as caught:
        load_settings(path)
    assert caught.value.hint


def test_the_default_network_is_the_one_of_the_registry() -> None:
    from samelight import harmonizers

    assert Settings().default_model == harmonizers.DEFAULT

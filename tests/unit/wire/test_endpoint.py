"""The connection file: where it lies, who may read it, and what happens when it is not what it should be."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from samelight_wire import endpoint as module
from samelight_wire.endpoint import Endpoint, connection_path, read_endpoint, remove_endpoint, write_endpoint
from samelight_wire.errors import ConnectionFailed, DaemonNotRunningError, OutputError, StaleConnectionError
from samelight_wire.identity import is_proven, make_nonce, prove
from samelight_wire.messages import PROTOCOL

posix = pytest.mark.skipif(os.name != "posix", reason="Windows keeps no permission bits")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "connection.json"


def test_what_is_written_is_read(path: Path) -> None:
    endpoint = Endpoint.fresh(4711, "0.1.0")
    assert write_endpoint(endpoint, path) == path
    assert read_endpoint(path) == endpoint
    assert (endpoint.version, endpoint.pid, endpoint.address) == (PROTOCOL, os.getpid(), "tcp://127.0.0.1:4711")


def test_secrets_are_new_each_time_and_not_shown() -> None:
    first, second = Endpoint.fresh(1, "0.1.0"), Endpoint.fresh(1, "0.1.0")
    assert len({first.token, first.proof_key, second.token, second.proof_key}) == 4
    assert first.token not in repr(first)
    assert first.proof_key not in repr(first)


def test_the_place_comes_from_the_environment_or_lies_in_the_users_data(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(module.ENVIRONMENT, str(path))
    assert connection_path() == path
    endpoint = Endpoint.fresh(1, "0.1.0")
    assert write_endpoint(endpoint) == path
    assert read_endpoint() == endpoint
    assert remove_endpoint(endpoint)
    monkeypatch.delenv(module.ENVIRONMENT)
    assert connection_path().is_absolute()
    assert connection_path().parent.parent.name == "samelight"


@posix
def test_only_the_user_can_read_it_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        write_endpoint(Endpoint.fresh(1, "0.1.0"), path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_new_file_replaces_the_old_one_in_one_step(path: Path) -> None:
    write_endpoint(Endpoint.fresh(1, "0.1.0"), path)
    with path.open("rb") as old:
        endpoint = Endpoint.fresh(2, "0.1.0")
        write_endpoint(endpoint, path)
        assert json.load(old)["port"] == 1  # who was reading goes on reading the old one
    assert read_endpoint(path) == endpoint
    assert list(path.parent.iterdir()) == [path]


def test_no_file_means_no_daemon(path: Path) -> None:
    with pytest.raises(DaemonNotRunningError) as caught:
        read_endpoint(path)
    assert "samelight daemon" in caught.value.hint
    path.parent.mkdir()
    path.parent.joinpath("file").write_text("")
    with pytest.raises(DaemonNotRunningError):
        read_endpoint(path.parent / "file" / "connection.json")


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_file_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    write_endpoint(Endpoint.fresh(1, "0.1.0"), path)
    path.chmod(mode)
    with pytest.raises(ConnectionFailed, match="Other users can read or change") as caught:
        read_endpoint(path)
    assert "chmod" in caught.value.hint


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o720, 0o702])
def test_a_folder_that_others_can_write_in_is_refused(path: Path, mode: int) -> None:
    write_endpoint(Endpoint.fresh(1, "0.1.0"), path)
    path.parent.chmod(mode)
    for attempt in (lambda: read_endpoint(path), lambda: write_endpoint(Endpoint.fresh(2, "0.1.0"), path)):
        with pytest.raises(ConnectionFailed, match="Other users can write in"):
            attempt()
    path.parent.chmod(0o700)
    assert read_endpoint(path).port == 1


@posix
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(path: Path) -> None:
    write_endpoint(Endpoint.fresh(1, "0.1.0"), path)
    os.chown(path, 12345, 12345)
    with pytest.raises(ConnectionFailed, match="belongs to another user"):
        read_endpoint(path)


@posix
def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    write_endpoint(Endpoint.fresh(1, "0.1.0"), path)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    with pytest.raises(ConnectionFailed, match="cannot be read"):
        read_endpoint(link)


@posix
def test_something_that_is_no_file_does_not_block(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    os.mkfifo(path, 0o600)
    with pytest.raises(StaleConnectionError):
        read_endpoint(path)
    path.unlink()
    path.mkdir(mode=0o700)
    with pytest.raises(ConnectionFailed):
        read_endpoint(path)


def _damaged() -> list[bytes]:
    good = Endpoint.fresh(4711, "0.1.0").to_fields()
    changes: list[dict[str, Any]] = [
        {"port": 0},
        {"port": 65536},
        {"port": "4711"},
        {"port": True},
        {"host": "example.org"},
        {"host": "0.0.0.0"},  # noqa: S104  # that it is refused is the point
        {"token": ""},
        {"token": None},
        {"proof_key": "short"},
        {"version": 0},
        {"started": "yesterday"},
        {"started": float("nan")},
    ]
    contents = [json.dumps({**good, **change}).encode() for change in changes]
    missing = [json.dumps({key: good[key] for key in good if key != name}).encode() for name in good]
    return [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 60_000, json.dumps(good).encode()[:-5], *contents, *missing]


@pytest.mark.parametrize("content", _damaged(), ids=lambda content: repr(content[-20:]))
def test_a_file_that_makes_no_sense_is_stale(path: Path, content: bytes) -> None:
    write_endpoint(Endpoint.fresh(1, "0.1.0"), path)
    path.write_bytes(content)
    with pytest.raises(StaleConnectionError, match="damaged"):
        read_endpoint(path)


def test_keys_of_a_newer_daemon_are_ignored(path: Path) -> None:
    endpoint = Endpoint.fresh(1, "0.1.0")
    write_endpoint(endpoint, path)
    path.write_text(json.dumps({**endpoint.to_fields(), "curve": "xyz"}))
    assert read_endpoint(path) == endpoint


def test_only_ones_own_file_is_removed(path: Path) -> None:
    old, new = Endpoint.fresh(1, "0.1.0"), Endpoint.fresh(2, "0.1.0")
    write_endpoint(old, path)
    write_endpoint(new, path)
    assert not remove_endpoint(old, path)
    assert read_endpoint(path) == new
    assert remove_endpoint(new, path)
    assert not path.exists()
    assert not remove_endpoint(new, path)


def test_a_file_that_cannot_be_written_leaves_the_old_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Endpoint.fresh(1, "0.1.0")
    write_endpoint(old, path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_endpoint(Endpoint.fresh(2, "0.1.0"), path)
    assert read_endpoint(path) == old
    assert list(path.parent.iterdir()) == [path]


def test_an_endpoint_is_checked_before_it_is_written(path: Path) -> None:
    with pytest.raises(Exception, match="host"):
        write_endpoint(dataclasses.replace(Endpoint.fresh(1, "0.1.0"), host="192.0.2.1"), path)
    assert not path.exists()


def test_the_proof_holds_for_its_key_and_nonce_only() -> None:
    key, nonce = Endpoint.fresh(1, "0.1.0").proof_key, make_nonce()
    proof = prove(key, nonce)
    assert len(proof) == 32
    assert is_proven(proof, key, nonce)
    assert not is_proven(proof, key, make_nonce())
    assert not is_proven(proof, Endpoint.fresh(1, "0.1.0").proof_key, nonce)
    assert not is_proven(proof[:-1], key, nonce)

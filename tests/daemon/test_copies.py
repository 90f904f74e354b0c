"""Editors in a sandbox find the daemon by a copy of the connection file."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_harness import RunningDaemon

from samelight.server.copies import LIST_SUFFIX, copies_published
from samelight_installer.plugin import connection_copies
from samelight_wire.client import Client
from samelight_wire.endpoint import Endpoint, read_endpoint, write_endpoint


@pytest.fixture
def connection_file(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir(mode=0o700)
    return tmp_path / "run" / "connection.json"


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint.fresh(4711, "1.2.3")


def list_copies(connection_file: Path, *copies: Path) -> None:
    for copy in copies:
        connection_copies.add_copy(connection_file, copy, lambda folder: folder.mkdir(parents=True, exist_ok=True))


def test_installer_and_daemon_mean_the_same_list() -> None:
    assert connection_copies.LIST_SUFFIX == LIST_SUFFIX


def test_each_copy_is_there_as_long_as_the_daemon(tmp_path: Path, connection_file: Path, endpoint: Endpoint) -> None:
    copies = [tmp_path / "a sandbox" / "run" / "connection.json", tmp_path / "b" / "run" / "connection.json"]
    list_copies(connection_file, *copies)
    with copies_published(endpoint, connection_file):
        for copy in copies:
            assert read_endpoint(copy) == endpoint
            assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not any(copy.exists() for copy in copies)


def test_a_removed_editors_folder_is_not_made_again(tmp_path: Path, connection_file: Path, endpoint: Endpoint) -> None:
    gone, there = tmp_path / "gone" / "run" / "connection.json", tmp_path / "there" / "run" / "connection.json"
    list_copies(connection_file, gone, there)
    gone.parent.rmdir()
    with copies_published(endpoint, connection_file):
        assert not gone.parent.exists()
        assert read_endpoint(there) == endpoint


def test_one_that_cannot_be_written_hinders_no_other(tmp_path: Path, connection_file: Path, endpoint: Endpoint) -> None:
    open_, there = tmp_path / "open" / "run" / "connection.json", tmp_path / "there" / "run" / "connection.json"
    list_copies(connection_file, open_, there)
    open_.parent.chmod(0o777)  # others could put a file of theirs there: no secrets go into it
    with copies_published(endpoint, connection_file):
        assert not open_.exists()
        assert read_endpoint(there) == endpoint


def test_a_later_daemons_copy_stays(tmp_path: Path, connection_file: Path, endpoint: Endpoint) -> None:
    copy = tmp_path / "sandbox" / "run" / "connection.json"
    list_copies(connection_file, copy)
    later = Endpoint.fresh(4712, "1.2.4")
    with copies_published(endpoint, connection_file):
        write_endpoint(later, copy)
    assert read_endpoint(copy) == later


def test_a_damaged_list_is_none(connection_file: Path, endpoint: Endpoint) -> None:
    connection_file.with_name(connection_file.name + LIST_SUFFIX).write_bytes(b"\xff\xfe\nrelative/path\n")
    with copies_published(endpoint, connection_file):
        assert [path.name for path in connection_file.parent.iterdir()] == [connection_file.name + LIST_SUFFIX]


@pytest.mark.daemon
def test_a_client_reaches_a_real_daemon_by_the_copy(start: Callable[..., RunningDaemon], tmp_path: Path) -> None:
    daemon = start()
    early, late = (tmp_path / name / "run" / "connection.json" for name in ("early", "late"))
    list_copies(daemon.connection_file, early)  # while it runs: the installer writes it itself
    with Client.connect(early) as client:
        assert client.status().pid == daemon.process.pid
    assert daemon.terminate() == 0
    assert not early.exists()
    list_copies(daemon.connection_file, late)
    again = start()
    for copy in (early, late):
        with Client.connect(copy) as client:
            assert client.status().pid == again.process.pid
    again.kill()  # no handler runs: what is left behind is overwritten by the next one
    assert early.exists()
    final = start()
    with Client.connect(early) as client:
        assert client.status().pid == final.process.pid

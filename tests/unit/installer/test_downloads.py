"""Downloads that break off, from a real server on this machine: what is there stays there, and the rest is fetched."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from installer_helpers import make_wheel, write_lock

from samelight_installer.console import Console
from samelight_installer.environment import pip as pip_runner
from samelight_installer.environment.environment import Environment
from samelight_installer.environment.interpreters import Interpreter
from samelight_installer.environment.packages import ensure_packages
from samelight_installer.errors import InstallError

THIS_PYTHON = Interpreter(Path(sys.executable), sys.version_info[:2], True)

NAMES = {"numpy", "small", "torch"}

RESUMING = (25, 1)
"""The first pip that goes on with a file that broke off."""


@dataclass
class Index:
    """A package index with moods.

    folder: the wheels.
    asked: which files were asked for, in this order, each with the byte that was begun at.
    broken: how often each file breaks off after half of it (from the byte asked for), by its name's beginning.
    closed: the beginnings of names that are refused.
    """

    folder: Path
    asked: list[tuple[str, int]] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)

    def begun(self, name: str) -> list[int]:
        """From where on a package's file was asked for."""
        return [start for file, start in self.asked if file.startswith(name)]


def handler_of(index: Index) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            part, name = self.path.strip("/").split("/")
            if part == "simple":
                links = [f'<a href="/files/{path.name}">{path.name}</a>' for path in index.folder.glob(f"{name}-*.whl")]
                self.answer(
                    200, "text/html", "<!DOCTYPE html><html><body>{}</body></html>".format("".join(links)).encode()
                )
            else:
                self.send_file(name)

        def send_file(self, name: str) -> None:
            content = (index.folder / name).read_bytes()
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(asked.group(1)) if asked else 0
            index.asked.append((name, start))
            package = name.split("-")[0]
            if package in index.closed:
                self.answer(404, "text/plain", b"")
                return
            headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if asked else {}
            rest = content[start:]
            breaks = index.broken.get(package, 0) > 0
            index.broken[package] = index.broken.get(package, 0) - 1
            self.answer(
                206 if asked else 200, "application/zip", rest, headers, sent=len(rest) // 2 if breaks else None
            )

        def answer(
            self, code: int, kind: str, content: bytes, headers: dict[str, str] | None = None, sent: int | None = None
        ) -> None:
            self.send_response(code)
            described = {
                "Content-Type": kind,
                "Content-Length": str(len(content)),
                "ETag": '"one"',
                "Accept-Ranges": "bytes",
            }
            for name, value in {**described, **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[:sent])
            if sent is not None:
                self.close_connection = True

    return Handler


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """The index that pip is set to, with two packages that count as large and a small one."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    index = Index(folder)
    ballast = "".join(f"x{number} = {number * 7919 % 10007}\n" for number in range(40_000))
    wheels = [make_wheel(folder, name, "1.0", modules={f"{name}.py": ballast}) for name in sorted(NAMES)]
    write_lock(tmp_path / "requirements", "pip.lock")
    write_lock(tmp_path / "requirements", "run.lock", *wheels)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(index))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(pip_runner, "PAUSES", (0.0, 0.0))
    yield index
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the pip of the one that runs the tests, which is the one that people get."""
    environment = Environment(tmp_path_factory.mktemp("downloads") / "env")
    environment.create(THIS_PYTHON)
    newest = importlib.metadata.distribution("pip")
    if tuple(map(int, newest.version.split(".")[:2])) > environment.pip_version():
        site = next(environment.folder.glob("lib/python*/site-packages"))
        for old in site.glob("pip*"):
            shutil.rmtree(old)
        for part in ("pip", f"pip-{newest.version}.dist-info"):
            shutil.copytree(str(newest.locate_file(part)), site / part)
    return environment


@pytest.fixture
def environment(shared: Environment) -> Environment:
    """The environment without packages."""
    shutil.rmtree(shared.folder / "downloads", ignore_errors=True)
    shared.uninstall([name for name in shared.packages() if name in NAMES])
    shared.write_stamp({})
    return shared


def fill(environment: Environment, tmp_path: Path) -> set[str]:
    ensure_packages(environment, tmp_path / "requirements", "run.lock", Console(1))
    return {name for name, (_, whole) in environment.packages().items() if whole} & NAMES


def test_a_connection_that_breaks_off_is_tried_again(environment: Environment, index: Index, tmp_path: Path) -> None:
    index.broken = {"torch": 2}
    assert fill(environment, tmp_path) == NAMES
    assert len(index.begun("torch")) >= 3
    assert index.begun("numpy") == [0]
    assert not (environment.folder / "downloads").exists()


def test_a_file_is_gone_on_with_where_it_broke_off(environment: Environment, index: Index, tmp_path: Path) -> None:
    if environment.pip_version() < RESUMING:
        pytest.skip("this pip begins files anew")
    index.broken = {"torch": 6}
    assert fill(environment, tmp_path) == NAMES
    begun = index.begun("torch")
    assert len(begun) == 7
    assert begun == sorted(set(begun)), "each time further on than before"


def test_the_next_run_fetches_what_is_missing_only(environment: Environment, index: Index, tmp_path: Path) -> None:
    index.closed = {"torch"}
    with pytest.raises(InstallError, match="torch") as caught:
        fill(environment, tmp_path)
    assert "goes on from here" in caught.value.hint
    assert len(index.begun("numpy")) == len(index.begun("small")) == 1
    index.closed = set()
    assert fill(environment, tmp_path) == NAMES
    assert len(index.begun("numpy")) == len(index.begun("small")) == 1


def test_progress_is_told_in_megabytes(
    environment: Environment, index: Index, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if environment.pip_version() < pip_runner.RAW_SINCE:
        pytest.skip("this pip tells no numbers")
    told: list[tuple[str, int, int]] = []
    lock = tmp_path / "one.lock"
    write_lock(tmp_path, "one.lock", index.folder / "torch-1.0-py3-none-any.whl")
    arguments = ["download", "--no-deps", "--require-hashes", "--dest", str(tmp_path / "got"), "-r", str(lock)]
    pip_runner.run_pip(environment, arguments, lambda *facts: told.append(facts))
    size = (index.folder / "torch-1.0-py3-none-any.whl").stat().st_size
    assert ("torch-1.0-py3-none-any.whl", size, size) in told

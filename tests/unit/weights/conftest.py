"""A small file that stands for a checkpoint, a server that offers it, and an empty weights folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from file_server import FileServer, file_server

from samelight.weights import Checkpoint

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's weights folder, empty, and a network without proxies."""
    folder = tmp_path / "weights"
    monkeypatch.setenv("SAMELIGHT_WEIGHTS", str(folder))
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return folder


@pytest.fixture(scope="session")
def content() -> bytes:
    """700,001 bytes that do not repeat."""
    return np.random.default_rng(5).bytes(700_001)


@pytest.fixture
def server(content: bytes) -> Iterator[FileServer]:
    """Offers the content."""
    with file_server(content) as running:
        yield running


@pytest.fixture
def wanted(content: bytes, server: FileServer) -> Checkpoint:
    """The checkpoint that the content is of, offered by the server."""
    return Checkpoint(
        name="sam-vit-b",
        kind="vit_b",
        file="sam.pth",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        url=server.url,
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )

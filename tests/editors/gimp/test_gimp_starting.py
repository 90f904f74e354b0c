"""The plug-in starts a daemon that does not run, with the command that the installer wrote down."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from daemon_harness import RunningDaemon, wait_until
from editor_roots import EditorRoot
from gimp_harness import make_gimp_home, start_gimp
from gimp_scene import Lab

from samelight_wire import Client

pytestmark = pytest.mark.editor

# The tests' own Python is not in the root, so the command asks this side for the daemon, and ends as the real one does:
# with 0, once the daemon has said where it is.
COMMAND = """#!/bin/sh
echo "$*|$SAMELIGHT_CONNECTION_FILE|$PYTHONHOME" > {asked}
while [ ! -e {answered} ]; do sleep 0.1; done
"""


def test_a_click_starts_the_daemon(
    root: EditorRoot, client: Client, start_daemon: Callable[..., RunningDaemon], tmp_path: Path
) -> None:
    connection_file = tmp_path / "run" / "connection.json"
    connection_file.parent.mkdir(mode=0o700)
    home = make_gimp_home(root, tmp_path / "home", connection_file, compiled=False)
    asked, answered, command = (tmp_path / name for name in ("asked", "answered", "samelight"))
    command.write_text(COMMAND.format(asked=asked, answered=answered))
    command.chmod(0o755)
    started: list[RunningDaemon] = []

    def start_when_asked() -> None:
        wait_until(asked.exists, 120)
        started.append(start_daemon())
        connection_file.write_bytes(started[0].connection_file.read_bytes())
        connection_file.chmod(0o600)
        answered.touch()

    with start_gimp(home) as gimp:
        lab = Lab(gimp, client)
        image, _, above = lab.scene()
        assert "samelight daemon --detach" in lab.refused(image, above)  # nobody wrote a command down
        (home.plug_in / "samelight-command.txt").write_text("/nowhere/samelight\n")
        assert "samelight daemon --detach" in lab.refused(image, above)
        (home.plug_in / "samelight-command.txt").write_text(f"{command}\n")
        waiting = threading.Thread(target=start_when_asked)
        waiting.start()
        answer = gimp.call("harmonize", image=image, drawables=[above])
        waiting.join()
        assert answer["status"] == "SUCCESS", answer["message"]
        assert len(lab.layers(image)) == 3
    assert asked.read_text() == f"daemon --detach|{connection_file}|\n"

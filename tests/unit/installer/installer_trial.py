"""Runs the installer on a made-up product; kills itself, with all that it started, at the effect that it is told.

Arguments: checkout, requirements, and where the environment goes, if anywhere else than usual. Variables:

    TRIAL_KILL      at which effect it is killed: "N words" is the N-th (from 1 on) in whose description the words are
    TRIAL_LATER     how many seconds after that effect
    TRIAL_EFFECTS   a file to which the effects are written, one a line
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "installer"))

from samelight_installer.environment.torch_choice import Wish
from samelight_installer.environment.upgrade import Source
from samelight_installer.errors import InstallError
from samelight_installer.product import Options, install

NOTED = {"os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "shutil.rmtree", "subprocess.Popen"}

effects: list[str] = []


def die() -> None:
    os.killpg(0, signal.SIGKILL)


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Notes what changes something outside this process; Python calls it before that happens."""
    if event not in NOTED:
        return
    said = arguments[1] if event == "subprocess.Popen" else [arguments[1 if event == "os.rename" else 0]]
    effects.append(" ".join([event, *map(str, said)]).replace("\n", " "))
    number, _, words = os.environ.get("TRIAL_KILL", "").partition(" ")
    if not words or words not in effects[-1] or sum(words in each for each in effects) != int(number):
        return
    later = float(os.environ.get("TRIAL_LATER", "0"))
    if later:
        threading.Timer(later, die).start()
    else:
        die()


def main() -> int:
    checkout, requirements, *home = map(Path, sys.argv[1:])
    sys.addaudithook(hook)
    try:
        options = Options(home[0] if home else None, torch=Wish("default"), as_json=True)
        install(options, Source(checkout, requirements))
    except InstallError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 2
    if "TRIAL_EFFECTS" in os.environ:
        Path(os.environ["TRIAL_EFFECTS"]).write_text("\n".join(effects))
    return 0


if __name__ == "__main__":
    sys.exit(main())

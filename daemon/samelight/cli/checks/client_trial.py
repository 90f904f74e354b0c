"""Runs in an editor's own Python, by itself: loads the client that a plugin carries along, greets the daemon with it.

    EDITOR'S-PYTHON -I -B client_trial.py PLUGIN-FOLDER

Prints one JSON object: "client" ("pyzmq 27.3.0" or "pure Python"), "greeted" (the daemon's release; None where none
runs) and, where something failed, "problem". Like the plugins, this file must do with Python 3.8.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

SECONDS = 5.0


def prepare(plugin: Path) -> None:
    """Lets the plugin's own code put its packages where imports find them."""
    if (plugin / "vendored.py").exists():
        load(plugin / "vendored.py").prepare()
    else:
        load(plugin / "samelight_gimp" / "places.py").use_vendored()


def load(path: Path) -> Any:
    """A module by its file."""
    spec = importlib.util.spec_from_file_location(path.stem, str(path))
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def client() -> str:
    """What the client of these packages talks with."""
    try:
        import zmq

        from samelight_wire import transport_zmq  # noqa: F401
    except ImportError:
        return "pure Python"
    return f"pyzmq {zmq.__version__}"


def greet(plugin: Path) -> str | None:
    """The release of the daemon that the plugin would find; None where there is none."""
    from samelight_wire.client import Client
    from samelight_wire.errors import DaemonNotRunningError

    written = plugin / "connection-file.txt"
    path = written.read_text(encoding="utf-8").strip() if written.exists() else None
    try:
        with Client.connect(path or None, client="doctor", timeout=SECONDS) as connected:
            return connected.hello.release
    except DaemonNotRunningError:
        return None


def main() -> None:
    """Prints the object."""
    plugin = Path(sys.argv[1]).resolve()
    found: dict[str, Any] = {}
    try:
        prepare(plugin)
        import samelight_wire

        if plugin not in Path(samelight_wire.__file__).resolve().parents:
            raise ImportError(f"samelight_wire comes from {samelight_wire.__file__}")
        found["client"] = client()
        found["greeted"] = greet(plugin)
    except Exception as error:
        found["problem"] = f"{type(error).__name__}: {error}"
    print(json.dumps(found))


main()

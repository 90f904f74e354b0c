"""The plugin in each editor, and its client, loaded by that editor's own Python where it can be started from here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from samelight import __version__
from samelight.cli.checks.check import Check, failure, ok, warning
from samelight.cli.checks.plugins import PluginState, describe_plugin
from samelight_installer.editors import Editor, find_editors
from samelight_wire.endpoint import connection_path

__all__ = ["check_editors"]

REINSTALL_PLUGIN = "Run `samelight install`, then start {editor} anew."

TRIAL = Path(__file__).with_name("client_trial.py")
TRIAL_SECONDS = 20.0

SYSTEM_PROGRAMS = os.pathsep.join(("/usr/bin", "/usr/local/bin", "/bin"))
"""Where the distribution's Pythons are: what else is on the path is none of its packages'."""


def check_editors() -> Iterator[Check]:
    """One line for each editor that is found; one if there is none."""
    found = list(find_editors())
    for editor in found:
        yield _check(editor, describe_plugin(editor))
    if not found:
        mend = "`samelight build-plugins` makes archives for editors that are not found."
        yield warning("editors", "neither Krita nor GIMP 3 was found", mend)


def _check(editor: Editor, plugin: PluginState) -> Check:
    name = f"{editor.name} {editor.version or '?'}"
    mend = REINSTALL_PLUGIN.format(editor=editor.name)
    if editor.problem:
        return warning(name, f"{editor.kind}, gets no plugin: {editor.problem}", editor.note)
    if not plugin.present:
        return warning(name, f"{editor.kind}, Harmonize layer is not in it", mend)
    if plugin.missing:
        return failure(name, f"{editor.kind}, the plugin lacks {' and '.join(plugin.missing)}", mend)
    if plugin.release != __version__:
        return warning(name, f"{editor.kind}, the plugin is of {plugin.release}, and this is {__version__}", mend)
    if plugin.connection_file not in (None, connection_path(), _copy_for(editor)):
        return failure(name, f"{editor.kind}, the plugin looks for the daemon in {plugin.connection_file}", mend)
    if plugin.command is not None and not plugin.command.exists():
        return warning(name, f"{editor.kind}, the plugin would start {plugin.command}, which is not there", mend)
    line = _try_client(editor, plugin, name, mend)
    if line.status == "ok" and not plugin.whole:
        return failure(name, f"{editor.kind}, files of the plugin in {plugin.folder} are missing or damaged", mend)
    return line


def _copy_for(editor: Editor) -> Path | None:
    """The copy of the connection file for an editor that cannot read the file itself."""
    return editor.private / connection_path().name if editor.private else None


def _try_client(editor: Editor, plugin: PluginState, name: str, mend: str) -> Check:
    """Loads the plugin's client as the editor would."""
    python = _python_of(editor)
    detail = f"{editor.kind}, the plugin is in {plugin.folder}"
    if python is None:
        return ok(name, f"{detail}; its client cannot be tried from outside of the editor")
    said = _run_trial(python, plugin.folder)
    version = ".".join(map(str, editor.python or ()))
    if "problem" in said:
        return failure(name, f"{detail}; its client does not load in Python {version}: {said['problem']}", mend)
    greeted = "it reached the daemon" if said["greeted"] else "no daemon runs for it to reach"
    detail = f"{detail}; its client ({said['client']}) loads in Python {version}, {greeted}"
    return ok(name, detail)


def _python_of(editor: Editor) -> Path | None:
    """The program that runs the editor's Python. Distributions have one for all; bundles' and sandboxes' cannot be
    started from outside, or load other libraries there than in the editor.
    """
    if editor.kind != "package" or editor.python is None:
        return None
    found = shutil.which("python{}.{}".format(*editor.python), path=SYSTEM_PROGRAMS)
    return Path(found) if found else None


def _run_trial(python: Path, plugin: Path) -> dict[str, Any]:
    # Without bytecode, which would be left in the plugin's folder; isolated, so that nothing else is taken for it.
    command = [str(python), "-I", "-B", str(TRIAL), str(plugin)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
            timeout=TRIAL_SECONDS,
        )  # fmt: skip
        return dict(json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        return {"problem": f"nothing happened within {TRIAL_SECONDS:.0f} seconds"}
    except (OSError, ValueError) as error:
        return {"problem": f"{type(error).__name__}: {error}"}

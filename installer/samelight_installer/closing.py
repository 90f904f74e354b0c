"""What the installer says at its end: a table of what is there now, and how to go on."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Tuple

__all__ = ["describe_end"]

BUILDS = {
    "cuda": "the build for NVIDIA cards",
    "cpu": "the build for the CPU",
    "small": "the default build, used on the CPU",
    "default": "the default build",
}

LOGINS = {
    "systemd": "systemd starts the daemon",
    "autostart": "the desktop starts the daemon",
    "launchd": "macOS starts the daemon",
    "task": "the task scheduler starts the daemon",
    "run-key": "Windows starts the daemon",
}

NEXT = {
    "Krita": "In Krita, started anew: Tools > Scripts > Harmonize layer, and the docker Samelight.",
    "GIMP": "In GIMP, started anew: Filters > Harmonize layer.",
}


def describe_end(report: Dict[str, Any]) -> str:
    """The table and the hints.

    Args:
        report: what `python3 installer --json` prints.
    """
    rows = list(_rows(report))
    width = max(len(name) for name, _ in rows)
    table = [f"  {name:<{width}}  {text}" for name, text in rows]
    return "\n".join(["", "Done.", "", *table, "", *_hints(report)]) + "\n"


def _rows(report: Dict[str, Any]) -> Iterator[Tuple[str, str]]:
    environment = report["environment"]
    yield "Samelight", f"{'installed' if environment.get('changed') else 'up to date'}, in {environment['folder']}"
    yield "torch", BUILDS.get(environment.get("torch", ""), "unknown")
    editors = report.get("editors", [])
    for editor in editors:
        name = f"{editor['name']} {editor.get('version') or ''}".rstrip()
        yield name, editor.get("problem") or f"Harmonize layer, in {editor['folder']}"
    if not editors:
        yield "Editors", "none found; `samelight build-plugins` makes archives for an editor elsewhere"
    yield "Login", _login(report.get("login", {}))
    daemon = report.get("daemon", {})
    yield "Daemon", daemon.get("problem") or daemon.get("state", "not started")
    yield "Sample", str(report.get("sample"))


def _login(facts: Dict[str, Any]) -> str:
    """The start at login in words."""
    if facts.get("state") == "on":
        return f"{LOGINS.get(facts.get('kind', ''), 'the daemon starts')}; `samelight login off` ends that"
    return facts.get("problem") or "the daemon does not start at login; `samelight login on` changes that"


def _hints(report: Dict[str, Any]) -> List[str]:
    command = report["command"]
    names = {editor["name"] for editor in report.get("editors", [])}
    return [
        *(NEXT[name] for name in ("Krita", "GIMP") if name in names),
        "A picture of your own (the mask is white where the pasted object is):",
        f"  {command} harmonize PICTURE MASK -o RESULT.png",
        "Is all well?  " + f"{command} doctor",
        "To take all of it away again:  " + f"{command} uninstall",
    ]

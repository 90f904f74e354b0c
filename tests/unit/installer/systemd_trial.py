"""Runs in namespaces of its own (see test_login_systemd.py): a real systemd for the user, a real daemon under it.

Arguments: the folder of the home, the `samelight` program. Prints what happened as a JSON object.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from samelight.cli.setting_up import login_and_daemon
from samelight.server.background import await_start, stop_running
from samelight_installer.login import Account, Start, login_entry, put_login_entry, remove_login_entry, start_unit
from samelight_installer.login.systemd import NAME
from samelight_wire.client import Client

SECONDS = 60.0


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.1)


def shown(name: str) -> str:
    """A property of the unit."""
    command = ["systemctl", "--user", "show", "--value", f"--property={name}", NAME]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def start_systemd() -> subprocess.Popen[bytes]:
    """A systemd for the user, which wants to believe that another one has started the machine."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    runtime = Path("/run/user")
    for folder in (Path("/run/systemd/system"), runtime):
        folder.mkdir(parents=True, mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    process = subprocess.Popen(["/usr/lib/systemd/systemd", "--user"], stdout=sys.stderr)
    ask = ["systemctl", "--user", "is-system-running"]
    wait_until(lambda: subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() == "running")
    return process


def pid() -> int:
    with Client.connect() as client:
        return client.status().pid


def trial(program: Path) -> dict[str, object]:
    """What happens to the daemon under its unit."""
    said: dict[str, object] = {}
    entry = put_login_entry(Start(program, variables=Account().carried()))
    said["kind"], said["problem"] = entry.kind, entry.problem
    enabled = subprocess.run(["systemctl", "--user", "is-enabled", NAME], capture_output=True, text=True, check=False)
    said["enabled"] = enabled.stdout.strip()

    began = time.time()
    said["starts"] = start_unit(Account())
    first = await_start(began).pid
    said["main process"] = int(shown("MainPID")) == first
    status = Path(f"/proc/{first}/status").read_text().splitlines()
    facts = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    said["guarded"] = [facts["NoNewPrivs"], facts["Seccomp"], facts["Umask"]]
    sample = "from samelight.cli.sample import *; print(SAMPLE_COMPOSITE); print(SAMPLE_MASK)"
    pictures = subprocess.run([sys.executable, "-c", sample], capture_output=True, text=True, check=True).stdout.split()
    result = str(Path.home() / "result.png")
    done = subprocess.run([str(program), "harmonize", *pictures, "-o", result], capture_output=True, check=False)
    said["harmonizes"] = done.returncode == 0 and pid() == first

    began = time.time()
    os.kill(first, signal.SIGKILL)
    await_start(began)
    said["again after a crash"] = pid() != first

    stop_running()
    wait_until(lambda: shown("ActiveState") == "inactive")
    said["wanted stop"] = shown("Result")

    facts_of_daemon = login_and_daemon(None, start=True)["daemon"]
    said["samelight install"] = [facts_of_daemon["state"], facts_of_daemon["pid"] == int(shown("MainPID"))]
    stop_running()
    subprocess.run([str(program), "daemon", "--detach"], check=True, stdout=sys.stderr)
    other = pid()
    start_unit(Account())
    wait_until(lambda: shown("ActiveState") == "inactive")
    said["beside another"] = [shown("Result"), pid() == other]
    stop_running()

    remove_login_entry()
    said["removed"] = login_entry() is None and shown("LoadState") == "not-found"
    return said


if __name__ == "__main__":
    manager = start_systemd()
    try:
        print(json.dumps(trial(Path(sys.argv[1]))))
    finally:
        subprocess.run(["systemctl", "--user", "exit"], check=False)
        manager.wait(SECONDS)

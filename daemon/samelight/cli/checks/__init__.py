"""The checks of `samelight doctor`, a few of a kind in a file.

check          one line of the report
examination    runs all, so that none stops the rest
privacy        what of it may be shown to others
machine        Python, memory (memory), disk
computing      torch and devices, tried by torch_trial in a process of its own
weights        weights, hashes, segmentation
daemon         settings, log, connection file, daemon, round trip
editors        the plugins in Krita and GIMP, and their client in those editors' own Python (client_trial)
login          the entry that starts the daemon at login
"""

from __future__ import annotations

from collections.abc import Iterator

from samelight.cli.checks.check import Check, Checks
from samelight.cli.checks.computing import check_torch
from samelight.cli.checks.configuration import check_settings
from samelight.cli.checks.daemon import check_connection, check_daemon, check_log
from samelight.cli.checks.editors import check_editors
from samelight.cli.checks.examination import examine
from samelight.cli.checks.login import check_login
from samelight.cli.checks.machine import check_disk, check_memory, check_python
from samelight.cli.checks.weights import check_segmentation, check_weights

__all__ = ["CHECKS", "Check", "run_checks"]

CHECKS: dict[str, Checks] = {
    "samelight": check_python,
    "settings": check_settings,
    "torch": check_torch,
    "memory": check_memory,
    "disk": check_disk,
    "weights": check_weights,
    "segmentation": check_segmentation,
    "log": check_log,
    "connection": check_connection,
    "daemon": check_daemon,
    "editors": check_editors,
    "login": check_login,
}
"""Every check by its name; one that raises becomes a failure of that name."""


def run_checks() -> Iterator[Check]:
    """Runs all checks; each line is given as soon as it is known."""
    return examine(CHECKS)

"""The daemon's start at login: one way for each system, each in a file of its own.

    systemd     a user unit, where systemd runs for the user
    autostart   an entry of the desktop's (XDG), on other Linuxes and BSDs
    launchd     an agent, on macOS
    task        a scheduled task, on Windows; where that is not allowed, a value in the registry's Run key

All of them start `samelight daemon --unless-running`: in the background, without a window, without waiting for the
network. `entry` has what the rest of the program calls.
"""

from .account import Account, Start
from .entry import LoginEntry, login_entry, login_files, login_kind, put_login_entry, remove_login_entry
from .systemd import start_unit

__all__ = [
    "Account",
    "LoginEntry",
    "Start",
    "login_entry",
    "login_files",
    "login_kind",
    "put_login_entry",
    "remove_login_entry",
    "start_unit",
]

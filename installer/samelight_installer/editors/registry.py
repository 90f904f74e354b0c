"""The Windows registry, as far as it tells what is installed; empty on other systems."""

from __future__ import annotations

import contextlib
import sys
from typing import Dict, Mapping

__all__ = ["PACKAGES", "UNINSTALL", "read_subkeys"]

UNINSTALL = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    r"HKLM\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
    r"HKCU\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
)
"""Where installers write down what they put where, for all users and for one."""

PACKAGES = (
    r"HKCU\Software\Classes\Local Settings\Software\Microsoft\Windows\CurrentVersion\AppModel\Repository\Packages"
)
"""The packages from the Microsoft Store that this user has: a key for each, called by its full name."""


def read_subkeys(key: str) -> Mapping[str, Mapping[str, str]]:
    r"""The text values of each key below a key.

    Args:
        key: such as `HKCU\SOFTWARE\...`.

    Returns:
        For the name of each key below it its values by their names; nothing where there is no such key.
    """
    found: Dict[str, Mapping[str, str]] = {}
    if sys.platform == "win32":
        import winreg

        hive, _, path = key.partition("\\")
        top = {"HKLM": winreg.HKEY_LOCAL_MACHINE, "HKCU": winreg.HKEY_CURRENT_USER}[hive]
        with contextlib.suppress(OSError), winreg.OpenKey(top, path) as opened:
            for index in range(winreg.QueryInfoKey(opened)[0]):
                name = winreg.EnumKey(opened, index)
                with contextlib.suppress(OSError), winreg.OpenKey(opened, name) as below:
                    values = [winreg.EnumValue(below, at) for at in range(winreg.QueryInfoKey(below)[1])]
                    found[name] = {title: text for title, text, _ in values if isinstance(text, str)}
    return found

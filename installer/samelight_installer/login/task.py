"""A task of Windows' scheduler; where a user may not make one, a value in the registry's Run key."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import List, Optional
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from .account import Account, Start

__all__ = ["NAME", "available", "find", "program", "put", "remove", "render", "run_value"]

NAME = "Samelight daemon"

RUN_KEY = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"

SPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"

TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Harmonizes layers for Krita and GIMP</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <StartWhenAvailable>true</StartWhenAvailable>
    <Enabled>true</Enabled>
    <Hidden>true</Hidden>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>3</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""
"""No limit of time, no waiting for mains or network, and priority 5, which is normal (the default is below that)."""


def available(account: Account) -> bool:
    """Whether this is Windows."""
    return account.platform == "win32"


def render(start: Start, account: Account) -> bytes:
    """The task's description. The scheduler sets no variables; what they say, Windows programs find by themselves."""
    domain, name = (account.environment.get(each, "") for each in ("USERDOMAIN", "USERNAME"))
    user = f"{domain}\\{name}" if domain else name
    words = {"user": user, "program": str(start.program), "arguments": " ".join(map(_quoted, start.arguments))}
    return TASK.format(**{name: escape(word) for name, word in words.items()}).encode("utf-16")


def _quoted(word: str) -> str:
    """An argument as Windows programs read it; ours have neither quotes nor backslashes in them."""
    return f'"{word}"' if " " in word else word


def run_value(start: Start) -> str:
    """The same as a command line."""
    return " ".join([f'"{start.program}"', *map(_quoted, start.arguments)])


def program(description: str) -> str:
    """The program that a task starts, "" where it names none."""
    try:
        found = ElementTree.fromstring(description).find(f".//{SPACE}Command")  # noqa: S314 - the system's own answer
    except ElementTree.ParseError:
        return ""
    return (found.text or "") if found is not None else ""


def put(account: Account, start: Start) -> str:
    """Makes the task, or the value where that is refused; what went wrong, or ""."""
    with tempfile.TemporaryDirectory() as folder:
        description = Path(folder) / "task.xml"
        description.write_bytes(render(start, account))
        code, said = account.run("schtasks", "/create", "/tn", NAME, "/xml", str(description), "/f")
    if code == 0:
        account.run("reg", "delete", RUN_KEY, "/v", NAME, "/f")  # from a time when it was refused
        return ""
    code, _ = account.run("reg", "add", RUN_KEY, "/v", NAME, "/t", "REG_SZ", "/d", run_value(start), "/f")
    return "" if code == 0 else f"neither the task scheduler nor the registry takes it: {said}"


def find(account: Account) -> Optional[str]:
    """The program that is started at login now; None where there is no task and no value."""
    code, said = account.run("schtasks", "/query", "/tn", NAME, "/xml")
    if code == 0:
        return program(said[said.find("<Task") :])
    code, said = account.run("reg", "query", RUN_KEY, "/v", NAME)
    if code != 0:
        return None
    return said.partition('"')[2].partition('"')[0]


def remove(account: Account) -> List[str]:
    """Removes both; gives the names of what was there."""
    gone = []
    if account.run("schtasks", "/delete", "/tn", NAME, "/f")[0] == 0:
        gone.append(f"the scheduled task {NAME}")
    if account.run("reg", "delete", RUN_KEY, "/v", NAME, "/f")[0] == 0:
        gone.append(f"the registry's value {NAME}")
    return gone

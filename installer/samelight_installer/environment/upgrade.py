"""Brings the environment up to date: in a place of its own, tried out, and only then made the one in use."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional, Tuple

from ..console import Console
from ..errors import InstallError
from ..fingerprint import fingerprint, source_files
from ..places import CHECKOUT, REQUIREMENTS
from ..record import read_record
from .environment import Environment, own_variables
from .packages import TorchIndex, ensure_packages, ensure_samelight, is_up_to_date, packages_goal, torch_version
from .preparing import check_space, prepare
from .slots import Slots
from .torch_choice import CASES, CUDA_INDEX, Case, Wish, choose_case, nvidia_seen, settled_case

__all__ = ["Source", "bring_up_to_date", "plan"]

OWN_BYTES = 5e8
"""What Samelight itself takes at most while it is built."""

LOCKS = ("pip.lock", "run.lock", "cpu.lock", "small.lock")


@dataclass(frozen=True)
class Source:
    """What is installed.

    checkout: Samelight's source tree.
    requirements: the folder of its lock files.
    """

    checkout: Path = CHECKOUT
    requirements: Path = REQUIREMENTS

    def goal(self) -> str:
        """A fingerprint of all of it."""
        locks = [self.requirements / name for name in LOCKS]
        sources = fingerprint(source_files(self.checkout), self.checkout)
        return fingerprint(locks, self.requirements)[:32] + sources[:32]


def bring_up_to_date(slots: Slots, source: Source, wish: Wish, console: Console) -> bool:
    """Leaves an environment in use that holds this source; three steps of the console.

    Returns:
        Whether anything had to be done.

    Raises:
        InstallError: a step failed; the environment in use is as before, and the next run goes on.
    """
    card = nvidia_seen()
    settled = _settled(slots, source, wish, card)
    console.step(f"Python environment in {slots.home}")
    if slots.active is not None and settled is not None and _is_current(slots.active, source, settled, wish):
        for step in ("there already", "Packages", "all there", "Samelight", "up to date"):
            (console.step if step in ("Packages", "Samelight") else console.note)(step)
        return False
    environment = _begin(slots, source, settled, console)
    console.step("Packages")
    case = settled or choose_case(wish, environment, _torch(environment, source))
    console.note(f"{case.words} ({'seen: ' + card if card else 'no NVIDIA card is seen'})")
    if card and case.name == "default" and not wish.build:
        console.note(f"the card is not used; --cuda-index or {CUDA_INDEX} can name an index that has torch for it")
    case = _fill(environment, source, case, wish, console)
    slots.commit(environment, torch=case.name, asked=wish.build or _recorded().get("asked", ""))
    return True


def plan(slots: Slots, source: Source, wish: Wish, card: Optional[str]) -> Tuple[Optional[Case], float, bool]:
    """What would be done: the case (None where an index has to be asked first), the bytes that it needs at most, and
    whether there is nothing to do.
    """
    case = _settled(slots, source, wish, card)
    current = slots.active is not None and case is not None and _is_current(slots.active, source, case, wish)
    return case, _needed_bytes(slots, source, case or CASES["small"]), current


def _settled(slots: Slots, source: Source, wish: Wish, card: Optional[str]) -> Optional[Case]:
    """The case where no index has to be asked: as ``settled_case``, but new packages from an index that this time
    nobody names may not be there any more.
    """
    case = settled_case(wish, card, _recorded())
    if case is None or wish.index.get(case.name) or torch_index(case, wish) is None:
        return case
    if slots.active is not None and _has_packages(slots.active, source, case):
        return case
    return None if case.name == "cpu" else CASES["default"]


def _recorded() -> Dict[str, str]:
    """What the record says about the environment."""
    content = read_record().get("environment", {})
    return content if isinstance(content, dict) else {}


def torch_index(case: Case, wish: Wish) -> Optional[TorchIndex]:
    """Where torch comes from, if not from the lock file."""
    index = wish.index.get(case.name, "")
    if case.name == "cpu":
        return TorchIndex("cpu", index)
    # Linux's default build is the one for NVIDIA's cards.
    return TorchIndex("cu", index) if case.name == "cuda" and sys.platform != "linux" else None


def _is_current(environment: Environment, source: Source, case: Case, wish: Wish) -> bool:
    wanted = packages_goal(source.requirements, case.lock, torch_index(case, wish))
    return is_up_to_date(environment, wanted, source.checkout)


def _begin(slots: Slots, source: Source, case: Optional[Case], console: Console) -> Environment:
    """Prepares the place that is filled next."""
    needed = _needed_bytes(slots, source, case or CASES["cpu"])
    check_space(slots.next().folder, needed)
    goal = source.goal()
    environment = slots.begin(goal)
    prepare(environment, console, needed)
    environment.write_stamp({**environment.stamp(), "goal": goal})
    return environment


def _needed_bytes(slots: Slots, source: Source, case: Case) -> float:
    """What the next environment takes beside the one in use, whose packages it shares where they stay the same."""
    stamp = slots.active.stamp() if slots.active else {}
    same = packages_goal(source.requirements, case.lock) == stamp.get("packages", "").partition(" ")[0]
    return OWN_BYTES if same else case.gigabytes[0] * 1e9


def _fill(environment: Environment, source: Source, case: Case, wish: Wish, console: Console) -> Case:
    """Fills the environment and tries it out; gives the case that it is."""
    check_space(environment.folder, OWN_BYTES if _has_packages(environment, source, case) else case.gigabytes[0] * 1e9)
    changed = ensure_packages(environment, source.requirements, case.lock, console, torch_index(case, wish))
    console.note("installed" if changed else "all there")
    console.step("Samelight")
    changed = ensure_samelight(environment, source.checkout, console)
    console.note("installed" if changed else "up to date")
    complaint = try_out(environment)
    if complaint and case.name == "small":
        console.note("torch does not start without the libraries for NVIDIA cards; they are installed too")
        case = CASES["default"]
        ensure_packages(environment, source.requirements, case.lock, console)
        complaint = try_out(environment)
    if complaint:
        raise InstallError(
            f"What was installed does not start: {complaint}",
            f"Delete {environment.folder} and run this again; what was there before is still in use.",
        )
    return case


def _torch(environment: Environment, source: Source) -> str:
    return torch_version(source.requirements, "torch", environment.python_version())


def _has_packages(environment: Environment, source: Source, case: Case) -> bool:
    stamp = environment.stamp().get("packages", "")
    return stamp.partition(" ")[0] == packages_goal(source.requirements, case.lock)


def try_out(environment: Environment) -> str:
    """What is wrong with an environment; "" where Samelight and torch start in it."""
    commands = [[str(environment.samelight), "--version"]]
    if "torch" in environment.packages():
        commands.append([str(environment.python), "-I", "-c", "import torch, torchvision; torch.zeros(1) + 1"])
    for command in commands:
        try:
            answer = subprocess.run(
                command, env=own_variables(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                errors="replace", check=False,
            )  # fmt: skip
        except OSError as error:
            return f"{command[0]}: {error.strerror}"
        if answer.returncode != 0:
            said = (answer.stderr or answer.stdout).strip().splitlines() or ["nothing was said"]
            return said[-1]
    return ""

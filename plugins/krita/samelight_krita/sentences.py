"""What the artist reads: stages, the daemon's state, results, errors. No Qt and no Krita here."""

from __future__ import annotations

from samelight_wire import SamelightError, StatusReply

__all__ = [
    "daemon_line",
    "hint_line",
    "is_loading",
    "is_occupied",
    "model_line",
    "reach_line",
    "result_line",
    "stage_line",
    "trouble",
]

STAGES = {
    "reading": "reading the layer",
    "sending": "sending it to the daemon",
    "queued": "waiting for its turn",
    "decode": "looking at its pixels",
    "compose": "laying it over the picture",
    "segment": "finding the parts of the picture",
    "harmonize": "matching the light",
    "lift": "applying it at full resolution",
    "encode": "handing the layer back",
    "stroke": "waiting until the brush stroke or transformation ends",
}


LOADING = "starting"
"""The daemon's device while it still loads its programs."""

ABSENT = {"not-running", "stale-connection"}


def is_loading(status: StatusReply) -> bool:
    """Whether the daemon still loads its programs: it does not know its models yet."""
    return status.device == LOADING


def is_occupied(status: StatusReply) -> bool:
    """Whether the daemon works or is not ready yet."""
    return status.running is not None or is_loading(status)


def stage_line(name: str, stage: str, number: int, of: int) -> str:
    """Such as: Harmonizing “Boat” (2 of 3): matching the light…"""
    place = f" ({number} of {of})" if of > 1 else ""
    return f"Harmonizing “{name}”{place}: {STAGES.get(stage, stage)}…"


def result_line(names: list[str], model: str, seconds: float) -> str:
    """Such as: “Boat” harmonized with hdnet-lite in 0.4 s."""
    what = f"“{names[0]}”" if len(names) == 1 else f"{len(names)} layers"
    return f"{what} harmonized with {model} in {seconds:.1f} s."


def reach_line(names: list[str]) -> str:
    """What the sliders act on at this moment: these layers, or no result at all."""
    if not names:
        return "Strength and Colour count for the next result."
    what = f"“{names[0]}”" if len(names) == 1 else f"the last {len(names)} layers"
    return f"Strength and Colour change {what} at once."


def daemon_line(status: StatusReply | None, problem: SamelightError | None) -> str:
    """How the daemon is."""
    if status is not None:
        if is_loading(status):
            return "The daemon is getting ready…"
        if status.running is not None:
            waiting = f", {status.queued} waiting" if status.queued else ""
            return f"The daemon is working{waiting}."
        return "The daemon is ready."
    if problem is not None:
        return problem.message
    return "Looking for the daemon…"


def model_line(status: StatusReply | None) -> str:
    """Where the networks run, and which are in memory."""
    if status is None or is_loading(status):
        return ""
    place = _place(status.device)
    if not status.warm_models:
        return f"Runs on {place}; the first picture loads the model."
    verb = "is" if len(status.warm_models) == 1 else "are"
    return f"Runs on {place}; {', '.join(status.warm_models)} {verb} loaded."


def _place(device: str) -> str:
    """A device in an artist's words; such as "cuda:0 (its name)" comes from the daemon."""
    kind, _, name = device.partition(" ")
    name = name.strip("()")
    if kind == "cpu":
        return "the processor"
    if kind == "mps":
        return "the graphics chip"
    return f"the graphics card {name or kind}"


def trouble(error: SamelightError, done: int, of: int, sandboxed: bool = False) -> tuple[str, str]:
    """An error's sentence and hint; of several layers, how far it came."""
    message = error.message
    if of > 1 and done:
        message += f" {done} of {of} layers were harmonized before."
    return message, hint_line(error, sandboxed)


def hint_line(error: SamelightError, sandboxed: bool = False) -> str:
    """What to do about an error: here is a button to start the daemon with, unless a sandbox forbids it."""
    if error.code not in ABSENT:
        return error.hint
    if sandboxed:
        return "This Krita runs in a sandbox and cannot start it. In a terminal, run: samelight daemon --detach"
    return "Press Start in the docker Samelight (Settings > Dockers), or run in a terminal: samelight daemon --detach"

"""`samelight weights`: installs, lists, removes and calibrates weights files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from samelight.cli.calibrate import calibrate
from samelight.cli.reporting import AsJson, describe_error, errors_reported, print_json
from samelight.cli.tables import by_text, plain_console, plain_table
from samelight_wire.errors import CancelledError, InvalidOptionError

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from samelight.weights import Checkpoint

__all__ = ["WeightsFile", "app", "known_files"]

INTERRUPTED = 130  # what shells expect of a program that Ctrl+C ended

app = typer.Typer(help="Install, list, remove and calibrate weights: the networks' and those of segmentation.")
app.command()(calibrate)

Name = Annotated[str, typer.Argument(help="Such as sam-vit-b; `samelight weights list` names all.", show_default=False)]


@app.command()
def install(
    name: Name,
    file: Annotated[Path | None, typer.Option(help="Take it from this file instead of the web.")] = None,
    url: Annotated[str | None, typer.Option(help="Take it from this address instead of its makers'.")] = None,
    as_json: AsJson = False,
) -> None:
    """Download weights, check their size and hash, and put them in their place.

    Ctrl+C keeps what came so far: the same command goes on there. Proxies are taken from the environment
    (https_proxy, no_proxy).
    """
    with errors_reported(as_json), _interruption_reported(name, as_json):
        report = _install(name, file, url, quiet=as_json)
    if as_json:
        print_json(report)
    else:
        how = "was installed already" if report["already"] else "is installed"
        typer.echo(f"{name} {how}, {_size(report['bytes'])}, its hash is the published one: {report['path']}")
        typer.echo(f"Rights: {report['rights']}")


@app.command(name="list")
def list_files(as_json: AsJson = False) -> None:
    """List all weights files that Samelight knows: what each is for, whether it is installed, and its rights."""
    with errors_reported(as_json):
        files = known_files()
    if as_json:
        print_json({"folder": str(_own_folder()), "weights": [asdict(file) for file in files]})
    else:
        _print_files(files)


@app.command()
def remove(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Remove also what cannot be downloaded again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete weights from your own weights folder, or what was downloaded of them. What came with Samelight stays."""
    with errors_reported(as_json):
        removed = _remove(name, sure=yes)
    if as_json:
        print_json({"name": name, "removed": [str(path) for path in removed]})
    else:
        typer.echo("Removed " + ", ".join(map(str, removed)))


@dataclass(frozen=True)
class WeightsFile:
    """One weights file that Samelight knows, here or not."""

    name: str
    """The network's name, or the one of ``samelight weights install``."""
    purpose: str
    """What it is for: "harmonization", or "segmentation (optional)"."""
    state: str
    """"ok" (there, and its hash is right), "missing", "partial" (a download was begun) or "corrupt"."""
    bytes: int | None
    """The complete file's size, where it is known."""
    held_bytes: int
    """What is there of it."""
    path: str | None
    """Where it lies or would be installed; None for a network's weights that nobody published."""
    sha256: str | None
    """Its hash, where it is known."""
    rights: str | None
    """One sentence on its terms."""
    installable: bool
    """Whether ``samelight weights install`` can fetch it."""


def known_files() -> list[WeightsFile]:
    """The weights of all networks and all checkpoints of segmentation.

    Raises:
        WeightsCorruptError: a manifest is damaged.
    """
    from samelight import harmonizers, weights

    networks = [_network_file(name) for name in harmonizers.names()]
    return networks + [_checkpoint_file(each) for each in weights.CHECKPOINTS.values()]


def _network_file(name: str) -> WeightsFile:
    from samelight import weights

    folder, listed = weights.installed().get(name, (None, None))
    path = folder / listed.file if folder and listed else None
    return WeightsFile(
        name=name,
        purpose="harmonization",
        state=weights.state_of(name),
        bytes=listed.bytes if listed else None,
        held_bytes=_held(path),
        path=str(path) if path else None,
        sha256=listed.sha256 if listed else None,
        rights=listed.rights if listed else None,
        installable=False,
    )


def _checkpoint_file(known: Checkpoint) -> WeightsFile:
    from samelight import weights
    from samelight.weights.checkpoints import part_of, path_of

    path = path_of(known)
    return WeightsFile(
        name=known.name,
        purpose="segmentation (optional)",
        state=weights.checkpoint_state(known),
        bytes=known.bytes,
        held_bytes=_held(path) or _held(part_of(path)),
        path=str(path),
        sha256=known.sha256,
        rights=known.rights,
        installable=True,
    )


def _held(path: Path | None) -> int:
    return path.stat().st_size if path and path.is_file() else 0


def _own_folder() -> Path:
    from samelight.weights import folders

    return folders()[0]


def _install(name: str, file: Path | None, url: str | None, *, quiet: bool) -> dict[str, Any]:
    """Install, and say what is there then; "already" means that nothing had to be done."""
    from samelight.weights import checkpoint, checkpoint_state
    from samelight.weights.installation import install_from_file, install_from_web

    _refuse_networks(name)
    wanted = checkpoint(name)
    if file is not None and url is not None:
        raise InvalidOptionError("--file and --url exclude each other.", "Give one of them, or neither.")
    already = checkpoint_state(wanted) == "ok"
    with _watching(wanted, quiet=quiet) as watcher:
        if file is not None:
            installed = install_from_file(wanted, watcher, file)
        else:
            installed = install_from_web(wanted, watcher, url)
    described = {"bytes": wanted.bytes, "sha256": wanted.sha256, "rights": wanted.rights, "already": already}
    return {**asdict(installed), "path": str(installed.path), **described}


def _refuse_networks(name: str) -> None:
    """Raises InvalidOptionError for the name of a network: its weights are not fetched from the web."""
    from samelight import harmonizers

    if name in harmonizers.names():
        raise InvalidOptionError(
            f"The weights of the network '{name}' are not downloaded: they come with Samelight, or from training.",
            f"`samelight train {name}` makes some; `samelight weights list` says which are there.",
        )


def _remove(name: str, *, sure: bool) -> list[Path]:
    from samelight.weights import CHECKPOINTS, checkpoint
    from samelight.weights.installation import remove_checkpoint, remove_network
    from samelight.weights.manifest import read_manifest

    if name in read_manifest(_own_folder()) and not sure:
        raise InvalidOptionError(
            f"Your own weights of '{name}' cannot be downloaded again.", "Say --yes to remove them all the same."
        )
    if name in CHECKPOINTS:
        return remove_checkpoint(checkpoint(name))
    return remove_network(name)


@contextmanager
def _interruption_reported(name: str, as_json: bool) -> Iterator[None]:
    """Says, where the block is ended by Ctrl+C, how to go on."""
    try:
        yield
    except KeyboardInterrupt as error:
        stopped = CancelledError("Stopped. What came so far is kept.", f"`samelight weights install {name}` goes on.")
        if as_json:
            print_json({"error": describe_error(stopped)})
        else:
            typer.echo(f"{stopped.message}\n{stopped.hint}", err=True)
        raise typer.Exit(INTERRUPTED) from error


@contextmanager
def _watching(wanted: Checkpoint, *, quiet: bool) -> Iterator[_Display]:
    """A bar with amount, speed and the time that is left, on stderr; lines where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    disable = quiet or not console.is_terminal
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=disable) as bars:
        yield _Display(bars, wanted, quiet=quiet)


class _Display:
    """Shows how an installation goes; see ``samelight.weights.installation.Watcher``.

    Args:
        bars: where the bar is; where it is disabled, lines say the same.
        wanted: the checkpoint.
        quiet: whether to say nothing at all.
    """

    def __init__(self, bars: Bars, wanted: Checkpoint, *, quiet: bool) -> None:
        self._bars = bars
        self._name = wanted.name
        self._size = wanted.bytes
        self._quiet = quiet
        self._task = bars.add_task(wanted.name, total=wanted.bytes)
        self._begun = False

    def arrived(self, count: int) -> None:
        """Moves the bar."""
        if not self._begun:
            self._begun = True
            if self._bars.disable:
                self._say(f"{self._name}: {_size(count)} of {_size(self._size)} are here, the rest is coming.")
            self._bars.reset(self._task, completed=count)  # so that the speed is that of this run
        self._bars.update(self._task, completed=count, description=self._name)

    def pausing(self, reason: str, seconds: float) -> None:
        """Says why nothing moves."""
        self._say(f"{self._name}: {reason}; trying again in {seconds:.0f} s.")

    def checking(self) -> None:
        """Says that all is here."""
        if self._bars.disable:
            self._say(f"{self._name}: checking the hash.")
        self._bars.update(self._task, description=f"{self._name}: checking the hash")

    def _say(self, line: str) -> None:
        """Writes a line, above the bar where there is one."""
        if not self._quiet:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_files(files: list[WeightsFile]) -> None:
    console = plain_console()
    rows = ((file.name, _size(file.bytes), _in_words(file), file.purpose) for file in files)
    console.print(plain_table(("weights", "size", "state", "for"), rows, numbers=["size"]))
    console.print(f"\nYour own weights folder: {_own_folder()}", soft_wrap=True)
    for file in files:
        if file.held_bytes:
            console.print(f"{file.name}: {file.path}", soft_wrap=True)
    console.print()
    console.print(by_text("rights of", ((file.name, file.rights) for file in files)))


def _in_words(file: WeightsFile) -> str:
    words = {"ok": "installed", "corrupt": "damaged", "partial": f"begun, {_size(file.held_bytes)} here"}
    return words.get(file.state, "not installed")


def _size(count: int | None) -> str:
    return "" if count is None else f"{count / 1e6:,.1f} MB"

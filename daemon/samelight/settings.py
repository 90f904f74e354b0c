"""The daemon's settings: one TOML file, every key optional, every mistake named.

The file is ``config.toml`` in the user's configuration folder; the environment variable ``SAMELIGHT_CONFIG`` names
another one. Without a file the defaults below hold. An example::

    default_model = "hdnet"
    device = "cpu"
    idle_unload_seconds = 300
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import platformdirs

from samelight_wire.errors import InvalidOptionError
from samelight_wire.frames import DEFAULT_LIMITS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["LOG_LEVELS", "Settings", "load_settings", "settings_path"]

LOG_LEVELS = ("debug", "info", "warning", "error")

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Settings:
    """What a person may choose about the daemon; the field names are the keys of the file."""

    default_model: str = "srin-lite"
    """The network used when a request names none."""
    device: str = "auto"
    """Where networks run: "auto" (every CUDA card, else MPS, else the CPU), "cpu", "mps", "cuda" or "cuda:1"."""
    segmenter: str = "auto"
    """What finds the backdrop's instances for networks that need them: "sam" (Segment Anything), "regions" (no weights
    needed), "auto" (SAM where its weights are installed, else regions) or "none"."""
    encode_foreground: bool = False
    """Whether SAM also looks at a pasted layer itself, once for each layer, and not only at what lies behind it."""
    port: int = 0
    """The TCP port on 127.0.0.1; 0 lets the system choose a free one."""
    idle_unload_seconds: float = 900.0
    """A network unused for so long is unloaded."""
    preview_seconds: float = 300.0
    """A layer kept so that another blend needs no network run is forgotten when unused for so long."""
    heartbeat_seconds: float = 5.0
    """How often a waiting client gives a sign of life; after three silent intervals its work is dropped."""
    max_pixels: int = 200_000_000
    """The largest layer or backdrop accepted, in pixels (width x height)."""
    max_queued_jobs: int = 64
    """How many jobs may wait at once, over all clients."""
    max_queued_megabytes: int = 4096
    """How many megabytes of pixels the waiting jobs may hold together."""
    max_preview_megabytes: int = 512
    """How many megabytes of layers are kept so that another blend needs no network run."""
    max_segmentation_megabytes: int = 256
    """How many megabytes of segmented backdrops are kept so that the next layer over one needs no segmentation."""
    warm_up: bool = True
    """Whether the default network is loaded right after the start instead of at the first request (on the CPU; a card's
    memory is used from the first request on)."""
    log_level: str = "info"
    """The least serious messages that reach the log file: "debug", "info", "warning" or "error"."""

    @property
    def silence_seconds(self) -> float:
        """Seconds without a sign of life after which a waiting client counts as gone."""
        return 3.0 * self.heartbeat_seconds

    @property
    def max_queued_bytes(self) -> int:
        """The bound on the waiting jobs' pixels, in bytes."""
        return self.max_queued_megabytes * MEGABYTE

    @property
    def max_preview_bytes(self) -> int:
        """The bound on the results kept for previews, in bytes."""
        return self.max_preview_megabytes * MEGABYTE

    @property
    def max_segmentation_bytes(self) -> int:
        """The bound on the segmented backdrops that are kept, in bytes."""
        return self.max_segmentation_megabytes * MEGABYTE


# The least and the greatest value of each number. The heartbeat may be short in tests, but never zero: a client
# could not keep up with that. Clients accept no more pixels than the protocol's own limit.
RANGES: Mapping[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "idle_unload_seconds": (0.1, 7 * 86_400),
    "preview_seconds": (0, 7 * 86_400),
    "heartbeat_seconds": (0.05, 3_600),
    "max_pixels": (1, DEFAULT_LIMITS.pixels),
    "max_queued_jobs": (1, 10_000),
    "max_queued_megabytes": (1, 1 << 20),
    "max_preview_megabytes": (0, 1 << 20),
    "max_segmentation_megabytes": (0, 1 << 20),
}

SEGMENTER_WORDS = ("auto", "sam", "regions", "none")

DEVICE_WORDS = ("auto", "cpu", "mps", "cuda")


def settings_path() -> Path:
    """Where the settings stand: ``SAMELIGHT_CONFIG``, or ``config.toml`` in the user's configuration folder."""
    named = os.environ.get("SAMELIGHT_CONFIG")
    return Path(named) if named else Path(platformdirs.user_config_dir("samelight", appauthor=False)) / "config.toml"


def load_settings(path: Path | None = None) -> Settings:
    """Reads the settings file; a file that does not exist means the defaults.

    Raises:
        InvalidOptionError: the file cannot be read, is not TOML, or has an unknown key or a value out of range.
    """
    path = settings_path() if path is None else path
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some of Windows' editors begin with a mark
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidOptionError(
            f"The settings file {path} cannot be read: {error}.",
            "Make it a UTF-8 text file that you may read, or delete it to use the defaults.",
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidOptionError(
            f"The settings file {path} is not valid TOML: {error}.",
            'Write one setting on a line, for example: device = "cpu"',
        ) from error
    return _from_table(table, path)


def _from_table(table: Mapping[str, object], path: Path) -> Settings:
    """Checks a parsed file key by key."""
    kinds = {field.name: type(field.default) for field in fields(Settings)}
    for key, value in table.items():
        if key not in kinds:
            raise InvalidOptionError(
                f'The settings file {path} has an unknown key "{key}".',
                "The keys are: " + ", ".join(kinds) + ".",
            )
        allowed = _allowed(key, kinds[key])
        if not _fits(key, value, kinds[key]):
            raise InvalidOptionError(
                f"The settings file {path} sets {key} to {value!r}, which it cannot be.",
                f"Set {key} to {allowed}.",
            )
    return Settings(**dict(table))  # type: ignore[arg-type]  # every value was checked just above


def _fits(key: str, value: object, kind: type) -> bool:
    """Whether a value has its key's type (an integer will do for a float) and lies in its range."""
    # bool is a kind of int in Python, but "port = true" is a mistake.
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is str:
        return isinstance(value, str) and _is_known_word(key, value)
    low, high = RANGES[key]
    number = isinstance(value, int) or (kind is float and isinstance(value, float))
    return number and low <= value <= high  # type: ignore[operator]  # false already where it is no number


def _is_known_word(key: str, value: str) -> bool:
    """Whether a text value is one of its key's words. Models are checked when one is used: they can be added later."""
    if key == "log_level":
        return value in LOG_LEVELS
    if key == "segmenter":
        return value in SEGMENTER_WORDS
    if key == "device":
        card = value.partition(":")[2]
        return value in DEVICE_WORDS or (value.startswith("cuda:") and card.isascii() and card.isdigit())
    return bool(value.strip())


def _allowed(key: str, kind: type) -> str:
    """What a key may be set to, in words."""
    if key == "log_level":
        return "one of " + ", ".join(f'"{level}"' for level in LOG_LEVELS)
    if key == "segmenter":
        return "one of " + ", ".join(f'"{word}"' for word in SEGMENTER_WORDS)
    if key == "device":
        return "one of " + ", ".join(f'"{word}"' for word in DEVICE_WORDS) + ', or one card such as "cuda:1"'
    if kind is str:
        return "a name in quotes"
    if kind is bool:
        return "true or false"
    low, high = RANGES[key]
    return f"{'a whole number' if kind is int else 'a number'} from {low:g} to {high:.12g}"

"""The checkpoints of the Segment Anything Model: what was published of each, and which of them are installed.

They are pickles, so nothing may read one whose hash was not checked, and even then only with ``weights_only=True``.
Hashing gigabytes at each start would be slow: a file is hashed once, and again whenever its size or its time of
modification is another.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from samelight.weights.manifest import sha256_of
from samelight.weights.store import folders
from samelight_wire.errors import InvalidOptionError, WeightsCorruptError, WeightsError

__all__ = [
    "CHECKPOINTS",
    "Checkpoint",
    "InstalledCheckpoint",
    "checkpoint",
    "checkpoint_state",
    "sam_checkpoint",
    "verify",
]

SEEN = "checked.json"
"""In the user's weights folder: which files were hashed, and what they were then."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """A file that others published, as they published it."""

    name: str
    """The name in commands, such as sam-vit-b."""
    kind: str
    """The image encoder: vit_b, vit_l or vit_h."""
    file: str
    """The file's name."""
    bytes: int
    """Its size."""
    sha256: str
    """Its hash, in hexadecimal."""
    url: str
    """Where its makers offer it."""
    md5: str | None = None
    """Its MD5, where the makers' own hash is that one; checked as well."""
    rights: str = "Apache-2.0; by Meta AI, trained on SA-1B (Kirillov et al., Segment Anything, 2023)."
    """One sentence on its terms."""


@dataclass(frozen=True)
class InstalledCheckpoint:
    """A checkpoint on this machine whose hash is the published one."""

    name: str
    """Such as sam-vit-b."""
    kind: str
    """vit_b, vit_l or vit_h: the key of segment-anything's registry."""
    path: Path
    """The file; load it with ``torch.load(path, map_location="cpu", weights_only=True)``."""


_PUBLISHED_AT = "https://dl.fbaipublicfiles.com/segment_anything/"

CHECKPOINTS = {
    each.name: each
    for each in (
        Checkpoint(
            name="sam-vit-b",
            kind="vit_b",
            file="sam_vit_b_01ec64.pth",
            bytes=375_042_383,
            sha256="ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
            url=_PUBLISHED_AT + "sam_vit_b_01ec64.pth",
        ),
        Checkpoint(
            name="sam-vit-l",
            kind="vit_l",
            file="sam_vit_l_0b3195.pth",
            bytes=1_249_524_607,
            sha256="3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
            url=_PUBLISHED_AT + "sam_vit_l_0b3195.pth",
            md5="0b3195507c641ddb6910d2bb5adee89c",
        ),
        Checkpoint(
            name="sam-vit-h",
            kind="vit_h",
            file="sam_vit_h_4b8939.pth",
            bytes=2_564_550_879,
            sha256="a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
            url=_PUBLISHED_AT + "sam_vit_h_4b8939.pth",
        ),
    )
}
"""By name, the smallest first."""


def checkpoint(name: str) -> Checkpoint:
    """Look a checkpoint up.

    Raises:
        InvalidOptionError: there is none of this name; the hint has the names.
    """
    try:
        return CHECKPOINTS[name]
    except KeyError:
        known = ", ".join(CHECKPOINTS)
        raise InvalidOptionError(f"There are no weights named '{name}' to install.", f"Choose {known}.") from None


def sam_checkpoint(name: str | None = None) -> InstalledCheckpoint | None:
    """The installed checkpoint of this name, or the largest one there is; None where there is none.

    The first call for a file hashes it, which takes a second for each gigabyte or two; later ones only look.

    Raises:
        InvalidOptionError: there is no checkpoint of this name.
        WeightsCorruptError: the one that was asked for by name is not the published file. Without a name, a damaged
            file is passed over and logged.
    """
    wanted = list(reversed(CHECKPOINTS.values())) if name is None else [checkpoint(name)]
    for each in wanted:
        path = path_of(each)
        if not path.is_file():
            continue
        try:
            verify(path, each)
        except WeightsCorruptError as error:
            if name is not None:
                raise
            logger.warning("%s", error)
        else:
            return InstalledCheckpoint(each.name, each.kind, path)
    return None


def path_of(wanted: Checkpoint) -> Path:
    """Where a checkpoint lies or would lie: in the first of the weights folders, which is the user's."""
    return folders()[0] / wanted.file


def checkpoint_state(wanted: Checkpoint) -> str:
    """What is wrong with a checkpoint, in a word: "ok", "missing", "partial" (a download was begun) or "corrupt"."""
    path = path_of(wanted)
    if not path.is_file():
        return "partial" if part_of(path).is_file() else "missing"
    try:
        verify(path, wanted)
    except WeightsError:
        return "corrupt"
    return "ok"


def part_of(path: Path) -> Path:
    """Where a download is kept until it is complete and checked."""
    return path.with_name(path.name + ".part")


def verify(path: Path, wanted: Checkpoint) -> None:
    """Check that a file is the published one; its content is read only if it was not yet, or has changed since.

    Raises:
        WeightsCorruptError: it is not, or cannot be read.
    """
    try:
        seen = _Seen.of(path, wanted)
        if seen.bytes != wanted.bytes:
            raise WeightsCorruptError(
                f"The file of {wanted.name} is not the published one: it has {seen.bytes:,} bytes instead of "
                f"{wanted.bytes:,}.",
                f"Run `samelight weights install {wanted.name}`.",
            )
        if _recall(path) != seen:
            check_content(path, wanted)
            remember(path, wanted)
    except OSError as error:
        raise WeightsCorruptError(
            f'The file of {wanted.name}, "{path}", cannot be read: {error.strerror}.', "Check that you may read it."
        ) from error


def check_content(path: Path, wanted: Checkpoint) -> None:
    """Read a whole file and compare its hashes with the published ones.

    Raises:
        WeightsCorruptError: they differ.
        OSError: it cannot be read.
    """
    right = sha256_of(path) == wanted.sha256 and (wanted.md5 is None or _md5_of(path) == wanted.md5)
    if not right:
        raise WeightsCorruptError(
            f"The file of {wanted.name} is not the published one: its hash differs.",
            f"Run `samelight weights install {wanted.name}`.",
        )


def _md5_of(path: Path) -> str:
    """The MD5 in hexadecimal; no protection by itself, only the hash that the file's makers happen to state."""
    with path.open("rb") as file:
        digest = hashlib.md5(usedforsecurity=False)
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@dataclass(frozen=True)
class _Seen:
    """What a file was when its hash was right."""

    bytes: int
    """Its size."""
    modified: int
    """Its time of modification in nanoseconds."""
    sha256: str
    """The hash that was published, and that it had."""

    @classmethod
    def of(cls, path: Path, wanted: Checkpoint) -> _Seen:
        """What a file is now, if its content is right."""
        status = path.stat()
        return cls(status.st_size, status.st_mtime_ns, wanted.sha256)


_seen_here: dict[Path, _Seen] = {}  # also where the folder cannot be written


def _recall(path: Path) -> _Seen | None:
    """What the file was when it was last found right; None where it never was."""
    if path not in _seen_here:
        noted = _notes(path.parent).get(path.name)
        if noted is not None:
            _seen_here[path] = noted
    return _seen_here.get(path)


def remember(path: Path, wanted: Checkpoint) -> None:
    """Note that a file's content was found right, for this process and, where its folder can be written, later ones."""
    seen = _seen_here[path] = _Seen.of(path, wanted)
    notes = {**_notes(path.parent), path.name: seen}
    text = json.dumps({file: asdict(each) for file, each in sorted(notes.items())}, indent=2) + "\n"
    unfinished = path.with_name(SEEN + ".part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path.with_name(SEEN))
    except OSError as error:
        logger.info("It cannot be noted that %s was checked: %s", path, error)


def _notes(folder: Path) -> dict[str, _Seen]:
    """The notes of a folder; damaged ones count as none, for then everything is only hashed again."""
    try:
        text = (folder / SEEN).read_text("utf-8")
        return {file: _Seen(**noted) for file, noted in json.loads(text).items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}

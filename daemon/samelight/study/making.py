"""Makes a study: a folder for the participants, and beside it what they must not see.

FOLDER/
    participants/            to be handed out, as it is or zipped
        index.html           the page; opens from the disk, without a network
        pictures/            0123456789.png ..., random names, nothing but pixels in them, all of one date
    answer-key.json          stays with the experimenter
    participant-codes.txt    one code a person; it decides which pairs are shown
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from PIL import Image

from samelight.evaluation.pages.outlines import outline
from samelight.evaluation.pages.rendering import render
from samelight.pictures import make_folder
from samelight.study.key import Key, Participant, Showing
from samelight.study.planning import PlannedPair, cells, plan
from samelight.study.sources import Item, check_sizes, shown, shown_mask
from samelight_wire.errors import InputError, InvalidOptionError, OutputError

__all__ = ["MOST_PARTICIPANTS", "QUESTION", "TITLE", "Made", "Wishes", "make"]

TITLE = "Which picture is more harmonious?"
QUESTION = "In which of the two pictures does everything fit together more naturally?"

MOST_PARTICIPANTS = 5000
"""So many of the 279,841 codes: whoever mistypes a letter hardly ever types another person's code."""
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"  # without those that look like digits
PICTURE_DATE = 946_684_800  # 2000-01-01: a file's own date could tell which method was run last


@dataclass(frozen=True)
class Wishes:
    """How a study shall be; the defaults are SRIH's numbers, with one pair in ten repeated."""

    title: str = TITLE
    """The page's heading."""
    question: str = QUESTION
    """Stands above each pair."""
    participants: int = 20
    """Codes to be made."""
    pairs: int = 60
    """New pairs for each participant."""
    repeats: int = 6
    """Pairs shown again with swapped sides, for each participant."""
    ties: bool = False
    """Whether "no difference" can be answered; neither paper offers it."""
    largest_side: int = 1024
    """Larger pictures are reduced to this many pixels."""
    seed: int | None = None
    """Of everything random; None draws one, which the key then holds."""


@dataclass(frozen=True)
class Made:
    """What was made."""

    folder: Path
    """The whole study."""
    key: Key
    """What the answer key says."""
    pairs: int
    """New pairs for each participant: fewer than wished where there are no more."""
    repeats: int
    """Repeated ones: at most 2 in 5 of the pairs."""
    alike: int
    """Pairs of results that are equal in every pixel, so that nobody can tell them apart."""


def make(
    methods: Sequence[str],
    items: Sequence[Item],
    folder: Path,
    wishes: Wishes | None = None,
    on_item: Callable[[str], None] | None = None,
) -> Made:
    """Write a study into a new folder.

    Args:
        methods: at least two names.
        items: the pictures, each with a file of every method.
        folder: must not exist, or be empty.
        wishes: the study's numbers and texts.
        on_item: hears each item's name before its pictures are written.

    Raises:
        InputError: too few methods, pictures that cannot be read or differ in size, jinja2 not installed.
        InvalidOptionError: a text on the page names a method; numbers that make no sense.
        OutputError: the folder is in use or cannot be written; nothing is left of what was begun.
    """
    wishes = wishes or Wishes()
    _check(methods, wishes)
    _check_empty(folder)
    seed = wishes.seed if wishes.seed is not None else random.SystemRandom().getrandbits(32)
    pairs = min(wishes.pairs, cells(len(items), len(methods)))
    planned = plan(
        pictures=len(items),
        methods=len(methods),
        participants=wishes.participants,
        pairs=pairs,
        repeats=wishes.repeats,
        seed=seed,
    )
    ids = _Ids(random.Random(f"ids {seed}"))  # noqa: S311 (has to be the same for the same seed)
    with _made_whole(folder):
        pictures = folder / "participants" / "pictures"
        make_folder(pictures)
        names, outlines, alike, digest = _write_pictures(items, pictures, wishes.largest_side, ids, on_item)
        key = _key(methods, items, planned, seed, wishes, digest, ids)
        page = render(Path(__file__).parent, "page", study=_page(key, names, outlines, wishes), wishes=wishes)
        (folder / "participants" / "index.html").write_text(page, encoding="utf-8")
        (folder / "answer-key.json").write_text(key.as_json(), encoding="utf-8")
        (folder / "participant-codes.txt").write_text("\n".join(key.participants) + "\n", encoding="utf-8")
    return Made(folder, key, pairs, len(planned[0]) - pairs, alike)


class _Ids:
    """Random digits, never the same twice: a method's name can hide in letters, but not in these."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._given: set[str] = set()

    def digits(self) -> str:
        """Ten of them."""
        return self._new(lambda: f"{self._chance.randrange(10**10):010}")

    def code(self) -> str:
        """A participant's code: four letters, easily read aloud."""
        return self._new(lambda: "".join(self._chance.choices(LETTERS, k=4)))

    def _new(self, draw: Callable[[], str]) -> str:
        drawn = draw()
        while drawn in self._given:
            drawn = draw()
        self._given.add(drawn)
        return drawn

    def shuffled(self, things: Sequence[Any]) -> list[Any]:
        """The same things in random order."""
        return self._chance.sample(things, len(things))


def _check(methods: Sequence[str], wishes: Wishes) -> None:
    if len(methods) < 2:
        raise InputError("A study compares at least two methods.", "Name more of them with --results NAME=FOLDER.")
    if not (wishes.title.strip() and wishes.question.strip()):
        raise InvalidOptionError("The title or the question is empty.", "Say what participants shall look for.")
    for name in methods:
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", f"{wishes.title}\n{wishes.question}", re.IGNORECASE):
            raise InvalidOptionError(
                f'The page\'s title or question names the method "{name}".',
                "Participants must not know the methods: choose another text, or another name for the method.",
            )
    if min(wishes.participants, wishes.pairs) < 1 or wishes.repeats < 0:
        raise InvalidOptionError("A study needs at least one participant and one pair.", "Choose larger numbers.")
    if wishes.participants > MOST_PARTICIPANTS:
        raise InvalidOptionError(
            f"There are codes for {MOST_PARTICIPANTS:,} participants.", "Choose fewer, or make several studies."
        )


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(
            f'"{folder}" is there already.', "Name a new folder: answers to the old study would not fit the new one."
        )


@contextmanager
def _made_whole(folder: Path) -> Iterator[None]:
    """What is made in the block stays only if all of it could be made, so that the next try finds the folder free.

    Raises:
        OutputError: the block could not write something.
    """
    was_there = folder.exists()
    try:
        yield
    except BaseException as error:
        with suppress(OSError):
            shutil.rmtree(folder / "participants", ignore_errors=True)
            for name in ("answer-key.json", "participant-codes.txt"):
                (folder / name).unlink(missing_ok=True)
            if not was_there:
                folder.rmdir()
        if isinstance(error, OSError):
            raise OutputError(
                f'The study cannot be written to "{folder}": {error.strerror}.',
                "Check that it is writable and has space.",
            ) from error
        raise


def _write_pictures(
    items: Sequence[Item], folder: Path, largest_side: int, ids: _Ids, on_item: Callable[[str], None] | None
) -> tuple[dict[tuple[str, str], str], dict[str, str], int, str]:
    """Names of the written pictures by item and method, those of the outlines by item, how many pairs are alike, and a
    digest of all pixels.
    """
    names, outlines, alike, digest = {}, {}, 0, hashlib.sha256()
    for item in items:
        if on_item:
            on_item(item.name)
        images = {method: shown(path, largest_side) for method, path in item.files.items()}
        check_sizes(item, images)
        for method in ids.shuffled(list(images)):
            names[item.name, method] = _write(images[method], folder, ids)
        if item.mask is not None:
            mask = shown_mask(item.mask, next(iter(images.values())).size)
            outlines[item.name] = _write(outline(mask), folder, ids)
        same = [image.tobytes() for image in images.values()]
        for pixels in same:
            digest.update(pixels)
        alike += sum(one == other for place, one in enumerate(same) for other in same[:place])
    return names, outlines, alike, digest.hexdigest()


def _write(image: Image.Image, folder: Path, ids: _Ids) -> str:
    name = f"{ids.digits()}.png"
    image.save(folder / name, compress_level=3)  # as small as 6 for photographs, thrice as fast
    os.utime(folder / name, (PICTURE_DATE, PICTURE_DATE))
    return name


def _key(
    methods: Sequence[str],
    items: Sequence[Item],
    planned: Sequence[Sequence[PlannedPair]],
    seed: int,
    wishes: Wishes,
    digest: str,
    ids: _Ids,
) -> Key:
    def showings(sequence: Sequence[PlannedPair]) -> tuple[Showing, ...]:
        own = [ids.digits() for _ in sequence]
        return tuple(
            Showing(
                id=own[place],
                picture=items[pair.picture].name,
                left=methods[pair.left],
                right=methods[pair.right],
                repeats=None if pair.repeats is None else own[pair.repeats],
            )
            for place, pair in enumerate(sequence)
        )

    # Another study made with the same seed must not take this one's answers for its own.
    everything = repr((seed, list(methods), [item.name for item in items], wishes, digest))
    return Key(
        study=f"{int(hashlib.sha256(everything.encode()).hexdigest(), 16) % 10**10:010}",
        created=datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds"),
        seed=seed,
        ties=wishes.ties,
        methods=tuple(methods),
        pictures=tuple(item.name for item in items),
        participants={ids.code(): Participant(ids.digits(), showings(sequence)) for sequence in planned},
    )


def _page(
    key: Key, names: Mapping[tuple[str, str], str], outlines: Mapping[str, str], wishes: Wishes
) -> dict[str, Any]:
    """What the page has to know: codes, and for each the pairs as (id, left picture, right picture, outline)."""
    participants = {
        code: {
            "secret": each.secret,
            "pairs": [
                (
                    showing.id,
                    names[showing.picture, showing.left],
                    names[showing.picture, showing.right],
                    outlines.get(showing.picture),
                )
                for showing in each.showings
            ],
        }
        for code, each in key.participants.items()
    }
    return {"study": key.study, "ties": wishes.ties, "participants": participants}

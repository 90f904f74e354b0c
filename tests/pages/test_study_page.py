"""A study in a real browser: done by keyboard and mouse, interrupted, saved, scored; and nobody can see the methods."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from samelight.study.answers import read_all
from samelight.study.key import Showing, read_key
from samelight.study.making import Made, Wishes, make
from samelight.study.scoring import score
from samelight.study.sources import from_folders

SEEDS = count(8)  # a study of its own for each test: the browser remembers the answers to the same one
ORDER = ("Fine", "Middling", "composite", "Awful")

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def made(results: Path, tmp_path: Path) -> Made:
    """A study of four methods on six pictures, in a folder whose name is hard for addresses."""
    methods, items = from_folders(
        {name: results / name for name in ("Fine", "Middling", "Awful")}, results / "composites", results / "masks"
    )
    wishes = Wishes(participants=3, pairs=10, repeats=2, seed=next(SEEDS))
    return make(methods, items, tmp_path / "study #1 50%", wishes)


def begin(browser: Any, made: Made, number: int) -> tuple[str, Sequence[Showing]]:
    """Opens the page, types a participant's code, and gives what that one will be shown."""
    code = list(made.key.participants)[number]
    browser.open(made.folder / "participants" / "index.html")
    browser.find("#code").send_keys(code.lower() + "\n")
    return code, made.key.participants[code].showings


def position(browser: Any) -> int:
    """Counts from 0; waits until both pictures of the pair are there to be judged."""
    browser.wait(lambda: browser.run("return !byId('end').hidden || ready"), "neither a pair that is ready nor the end")
    return int(browser.run("return answers.length"))


def better(showing: Showing) -> str:
    return "left" if ORDER.index(showing.left) < ORDER.index(showing.right) else "right"


def downloaded(browser: Any, code: str) -> Path:
    def find() -> Path | None:
        return next(iter(browser.downloads.glob(f"answers-*-{code}*.json")), None)

    found = browser.wait(find, "no answers were saved")
    assert isinstance(found, Path)
    return found


def test_a_study_from_the_first_to_the_last_pair(browser: Any, made: Made) -> None:
    from selenium.webdriver.common.keys import Keys

    code, showings = begin(browser, made, 0)
    for number, showing in enumerate(showings):
        assert position(browser) == number
        side = better(showing)
        if number % 3 == 2:
            browser.find(f"#{side}").click()
        else:
            browser.press(Keys.ARROW_LEFT if side == "left" else Keys.ARROW_RIGHT)
        browser.wait(lambda done=number: browser.run("return answers.length") == done + 1, "the answer did not count")
        if number == 5:  # the page is closed and opened again: it goes on where it was
            assert position(browser) == 6
            begin(browser, made, 0)
    assert position(browser) == len(showings)
    assert browser.find("#end").is_displayed()
    browser.press(Keys.ENTER)  # the button has the focus
    key = read_key(made.folder / "answer-key.json")
    given, refused = read_all(key, [downloaded(browser, code)])
    assert refused == []
    assert given[0].complete
    outcome = score(key, given)
    assert outcome.names[0] == "Fine"
    assert outcome.names[-1] == "Awful"
    assert (outcome.repeated, outcome.consistent) == (2, 2)


def test_what_is_on_the_screen_is_what_the_key_says(browser: Any, made: Made, results: Path) -> None:
    import numpy as np
    from PIL import Image

    _, showings = begin(browser, made, 1)
    position(browser)
    folders = {"composite": "composites"}
    for side, method in (("left", showings[0].left), ("right", showings[0].right)):
        name = browser.find(f"#{side}-picture").get_attribute("src").rpartition("/")[2]
        shown = Image.open(made.folder / "participants" / "pictures" / name)
        source = Image.open(results / folders.get(method, method) / f"{showings[0].picture}.png")
        assert np.array_equal(np.asarray(shown), np.asarray(source))
        assert browser.find(f"#{side}-picture").size["width"] > 300


def test_pause_undo_and_the_outline(browser: Any, made: Made) -> None:
    from selenium.webdriver.common.keys import Keys

    _, showings = begin(browser, made, 2)
    for number in range(2):
        assert position(browser) == number
        browser.press(Keys.ARROW_LEFT)
    assert position(browser) == 2
    browser.press(Keys.BACKSPACE)
    browser.wait(lambda: browser.run("return answers.length") == 1, "the answer was not taken back")
    assert position(browser) == 1
    browser.press("o")
    assert all(image.is_displayed() for image in browser.all(".outline"))
    browser.press(Keys.ESCAPE)
    assert browser.find("#paused").is_displayed()
    assert "1 of 12" in browser.find("#paused-count").text
    browser.press(Keys.ARROW_LEFT)  # nothing is answered while it is paused
    browser.press(Keys.ENTER)
    assert position(browser) == 1
    assert not any(image.is_displayed() for image in browser.all(".outline"))
    assert len(showings) == 12


def test_a_pause_right_after_an_answer_stays_a_pause(browser: Any, made: Made) -> None:
    begin(browser, made, 0)
    position(browser)
    browser.run("answer('left'); pause()")
    browser.driver.execute_async_script("setTimeout(arguments[0], 400)")
    assert browser.find("#paused").is_displayed()
    assert "1 of 12" in browser.find("#paused-count").text
    browser.find("#resume").click()
    assert position(browser) == 1


def test_a_key_held_down_answers_once(browser: Any, made: Made) -> None:
    begin(browser, made, 1)
    position(browser)
    browser.run(
        "for (const repeat of [false, true, true])"
        " document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', repeat }))"
    )
    assert position(browser) == 1


def test_answers_so_far_can_be_saved_and_scored(browser: Any, made: Made) -> None:
    from selenium.webdriver.common.keys import Keys

    code, _ = begin(browser, made, 2)
    position(browser)
    browser.press(Keys.ARROW_RIGHT)
    assert position(browser) == 1
    browser.press(Keys.ESCAPE)
    browser.find("#save-partial").click()
    given, refused = read_all(made.key, [downloaded(browser, code)])
    assert refused == []
    assert [(len(each.answers), each.complete) for each in given] == [(1, False)]
    assert given[0].answers[0].choice == "right"


def test_no_difference_where_the_study_offers_it(browser: Any, results: Path, tmp_path: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    methods, items = from_folders({name: results / name for name in ("Fine", "Awful")})
    wishes = Wishes(participants=1, pairs=2, repeats=0, ties=True, seed=next(SEEDS))
    made = make(methods, items, tmp_path / "ties", wishes)
    begin(browser, made, 0)
    position(browser)
    assert not browser.find("#where").is_displayed()  # there are no masks
    browser.press(Keys.ARROW_DOWN)
    assert position(browser) == 1
    browser.find("#tie").click()
    browser.wait(lambda: browser.find("#end").is_displayed(), "the end did not come")
    assert browser.run("return answers.map(each => each.choice)") == ["tie", "tie"]


def test_an_unknown_code_is_told(browser: Any, made: Made) -> None:
    browser.open(made.folder / "participants" / "index.html")
    browser.find("#code").send_keys("toString\n")
    assert "not known" in browser.find("#code-problem").text
    assert browser.find("#welcome").is_displayed()


def test_a_code_can_come_in_the_address(browser: Any, made: Made) -> None:
    code = next(iter(made.key.participants))
    browser.open(made.folder / "participants" / "index.html", f"?code={code}")
    browser.find("button.primary").click()
    assert position(browser) == 0


@pytest.mark.parametrize("width", [400, 1280, 2560])
def test_everything_fits_the_window(browser: Any, made: Made, width: int) -> None:
    browser.resize(width, 800)
    begin(browser, made, 1)
    position(browser)
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.run("return document.documentElement.scrollHeight <= innerHeight")
    assert all(browser.find(f"#{side}-picture").size["height"] > 150 for side in ("left", "right"))


def test_no_file_of_the_participants_names_a_method_or_a_picture(made: Made) -> None:
    files = [path for path in (made.folder / "participants").rglob("*") if path.is_file()]
    assert len(files) == 1 + 6 * 4 + 6
    secrets = [name.encode() for name in (*made.key.methods, *made.key.pictures)]
    own_words = (b"composite",)  # no method hides behind the word, but the page must not use it either
    for path in files:
        content = path.read_bytes().lower()
        assert [name for name in (*secrets, *own_words) if name.lower() in content] == []
        if path.suffix == ".png":
            assert re.fullmatch(r"\d{10}\.png", path.name)
            assert {kind for kind, _ in chunks(path.read_bytes())} == {b"IHDR", b"IDAT", b"IEND"}
            assert path.stat().st_mtime == 946_684_800


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """Kinds and contents of a PNG file's chunks."""
    found, place = [], 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        found.append((png[place + 4 : place + 8], png[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def test_the_data_in_the_page_is_ids_and_nothing_else(made: Made) -> None:
    page = (made.folder / "participants" / "index.html").read_text(encoding="utf-8")
    data = re.search(r'<script type="application/json" id="study">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    content = json.loads(data.group(1))
    assert set(content) == {"study", "ties", "participants"}
    for participant in content["participants"].values():
        assert set(participant) == {"secret", "pairs"}
        for pair in participant["pairs"]:
            assert all(re.fullmatch(r"\d{10}(\.png)?", each) for each in pair)

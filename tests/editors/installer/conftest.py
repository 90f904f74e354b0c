"""One person in each editor root, from nothing to a harmonized layer in both editors and back."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from editor_roots import SUITES, EditorRoot, RootUnavailableError, editor_root
from journey import Person
from screen import Screen

# What an environment takes while it is filled, and a bit for the homes.
NEEDED_BYTES = 9e9


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    with Screen(1600, 1000) as opened:
        yield opened


@pytest.fixture(scope="module", params=SUITES)
def root(request: pytest.FixtureRequest) -> EditorRoot:
    try:
        return editor_root(request.param)
    except RootUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def person(root: EditorRoot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Somebody who has neither started an editor nor heard of Samelight; all that is theirs goes in the end."""
    folder = tmp_path_factory.mktemp(f"person-{root.suite}")
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        pytest.skip(f"an environment needs {NEEDED_BYTES / 1e9:.0f} GB, and there are {free / 1e9:.1f}")
    kept = os.environ.get("SAMELIGHT_TEST_OUTPUT")
    files = Path(kept) / f"installer-{root.suite}" if kept else folder / "files"
    somebody = Person(root, folder / "home", files)
    somebody.move_in()
    somebody.fetch_sources()
    yield somebody
    if somebody.data.exists():  # a test failed half-way: no daemon must outlive it
        somebody.install("uninstall", "--yes")
    shutil.rmtree(folder / "home", ignore_errors=True)

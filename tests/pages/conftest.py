"""A real Chromium that opens pages from the disk, and the pages that it opens.

The tests skip themselves, with the reason, where there is no Chromium with its driver.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samelight.evaluation.cases import KeptPicture
from samelight.evaluation.evaluation import Evaluation, Failure, Measurement, MethodFacts
from samelight.evaluation.metrics import PictureFigures
from samelight.evaluation.scores import COMPOSITE, Scores
from samelight_wire.errors import UnreadablePictureError

HARD_NAMES = ("<script>alert(1)</script>", "50 % #1?", "Zürich ☀", "a&b'c\"d", "two words", "</script><b>")
"""Pictures' names that mean something in HTML, in addresses or in file names."""
SHIFTS = {COMPOSITE: 50, "fine": 6, "middling": 20, "<img src=x onerror=alert(2)>": 90}
"""How far each method's foregrounds are off, in 8-bit values."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--window-size=1280,900",
)


class Browser:
    """The browser and what tests ask of it."""

    def __init__(self, driver: Any, downloads: Path) -> None:
        self.driver = driver
        self.downloads = downloads
        self.driver.get("about:blank")
        self.requests()

    def open(self, page: Path, query: str = "") -> None:
        """Opens a file, spaces and # in its path escaped, and waits until it is loaded."""
        self.driver.get(page.as_uri() + query)

    def run(self, script: str, *arguments: object) -> Any:
        """The value that a script returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        """The first element."""
        return self.driver.find_element("css selector", selector)

    def all(self, selector: str) -> list[Any]:
        """All elements."""
        return list(self.driver.find_elements("css selector", selector))

    def press(self, *keys: str) -> None:
        """Keys, to whatever has the focus."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """The condition's value as soon as it is true."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, 60, poll_frequency=0.03).until(lambda _: condition(), what)

    def resize(self, width: int, height: int = 900) -> None:
        """Another size of the page, however small."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def theme(self, name: str) -> None:
        """Light or dark."""
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]}
        )

    def complaints(self) -> list[str]:
        """What the console said since this was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] != "INFO"]

    def requests(self) -> list[str]:
        """Addresses asked for since this was last asked."""
        messages = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        return [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]


@pytest.fixture(scope="module")
def one_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser with an empty profile for a module's tests."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("there is no Chromium with its driver on this machine")
    folder = tmp_path_factory.mktemp("chromium")
    downloads = folder / "downloads"
    downloads.mkdir()
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    service = webdriver.ChromeService(executable_path=driver)
    opened = webdriver.Chrome(options=options, service=service)
    try:
        yield Browser(opened, downloads)
    finally:
        opened.quit()


@pytest.fixture
def browser(one_browser: Browser) -> Iterator[Browser]:
    """The module's browser at its usual size; a test fails if its pages complained or asked for anything elsewhere."""
    one_browser.resize(1280)
    one_browser.theme("light")
    yield one_browser
    assert one_browser.complaints() == []
    elsewhere = [each for each in one_browser.requests() if not each.startswith(("file://", "data:", "blob:"))]
    assert elsewhere == []


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of three methods, composites and masks: six pictures with names that are hard for pages."""
    folder = tmp_path_factory.mktemp("results")
    names = ("plain", "two words", "50 % #1", "<script>alert(1)</script>".replace("/", "⁄"), "Zürich ☀", "a&b'c\"d")
    rng = np.random.default_rng(4)
    for name in names:
        real = rng.integers(40, 200, (9, 12, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
        mask = np.zeros(real.shape[:2], np.uint8)
        mask[20:50, 30:70] = 255
        for method, shift in {"composites": 50, "Fine": 6, "Middling": 20, "Awful": 90, "masks": 0}.items():
            picture = np.where(mask[..., None] > 0, np.clip(real.astype(int) + shift, 0, 255), real).astype(np.uint8)
            (folder / method).mkdir(exist_ok=True)
            Image.fromarray(mask if method == "masks" else picture).save(folder / method / f"{name}.png")
    return folder


def figures(shift: float) -> PictureFigures:
    """Those of a picture a quarter of which is off by `shift`."""
    mse, fmse = shift**2 / 4, shift**2
    psnr, fpsnr = (10 * float(np.log10(255**2 / max(each, 1e-5))) for each in (mse, fmse))
    return PictureFigures(mse, fmse, psnr, fpsnr, None, None, None)


def draw_picture(index: int) -> KeptPicture:
    """Blocks of colour whose upper left quarter is off, a little more from picture to picture."""
    height, width = (64, 96) if index % 2 else (96, 64)
    rng = np.random.default_rng(index)
    real = rng.integers(60, 120, (height // 8, width // 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    mask = np.zeros((height, width), np.uint8)
    mask[: height // 2, : width // 2] = 255
    made = {
        method: np.where(mask[..., None] > 0, real + np.uint8(shift + index % 40), real).astype(np.uint8)
        for method, shift in SHIFTS.items()
    }
    return KeptPicture(index, made.pop(COMPOSITE), mask, real, made)


def small_measurement(at: str, count: int, draw: Callable[[int], KeptPicture] = draw_picture) -> Measurement:
    """Figures of as many pictures, those of `draw_picture`."""
    scores = Scores(
        names=[HARD_NAMES[index] if index < len(HARD_NAMES) else f"picture {index}" for index in range(count)],
        families=["camera" if index % 3 else "reinhard" for index in range(count)],
        shares=[(0.02, 0.1, 0.4)[index % 3] for index in range(count)],
        figures={method: [figures(shift + index % 40) for index in range(count)] for method, shift in SHIFTS.items()},
        subsets=["HCOCO" if index % 2 else "HFlickr" for index in range(count)],
        seconds={method: [0.02] * count for method in SHIFTS if method != COMPOSITE},
    )
    return Measurement(at, f"Resized to {at}.", scores, draw)


def small_evaluation(measurements: list[Measurement]) -> Evaluation:
    """A whole evaluation with hard names everywhere."""
    kinds = dict(zip([name for name in SHIFTS if name != COMPOSITE], ("network", "baseline", "results"), strict=True))
    return Evaluation(
        title="photos & <b>names</b>, 12 pictures",
        measurements=measurements,
        methods={
            name: MethodFacts(kind, f"Paper of {name}", 3_000_000, 2_000_000_000, "ab" * 32)  # type: ignore[arg-type]
            for name, kind in kinds.items()
        },
        failures=[Failure("<i>broken</i>.png", "It is damaged.", "Export it again.")],
    )


@pytest.fixture(scope="session")
def whole_evaluation() -> Evaluation:
    """Twelve pictures at two sizes."""
    return small_evaluation([small_measurement("256", 12), small_measurement("native", 12)])


@pytest.fixture
def evaluation() -> Evaluation:
    """Twelve pictures at two sizes, one of which cannot be drawn any more."""

    def draw_but_one(index: int) -> KeptPicture:
        if index == 11:
            raise UnreadablePictureError("It is gone.")
        return draw_picture(index)

    return small_evaluation([small_measurement("256", 12), small_measurement("native", 12, draw_but_one)])


@pytest.fixture
def measure() -> Callable[[str, int], Measurement]:
    """Makes a measurement of this size with as many pictures."""
    return small_measurement

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

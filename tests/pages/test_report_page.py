"""The page of an evaluation in a real browser: it loads in silence, sorts, chooses, compares, and fits every window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samelight.evaluation.evaluation import Evaluation
from samelight.evaluation.pages import write_report

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def report(whole_evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report in a folder whose name is hard for addresses."""
    return write_report(whole_evaluation, tmp_path_factory.mktemp("pages") / "report #1 50% ü", cases=2)


@pytest.fixture
def page(browser: Any, report: Path) -> Any:
    browser.open(report)
    return browser


def column(page: Any, table: int, number: int) -> list[str]:
    """The texts of a table's column from top to bottom, without what only screen readers say."""
    cells = page.run(
        "return [...document.querySelectorAll('table')[arguments[0]].tBodies[0].rows]"
        ".map(row => row.cells[arguments[1]].firstChild.textContent.trim())",
        table,
        number,
    )
    return list(cells)


def test_no_name_runs_as_a_script(page: Any) -> None:
    assert page.run("return document.querySelectorAll('main script, main i, img[src=x]').length") == 0
    assert page.run("return document.querySelector('h1').textContent") == "Photos & <b>names</b>, 12 pictures"
    titles = [heading.text for heading in page.all(".card h4")]
    assert "<script>alert(1)</script>" in titles


def test_all_pictures_load_when_they_are_scrolled_to(page: Any) -> None:
    page.run("document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; })")
    page.wait(
        lambda: page.run("return [...document.querySelectorAll('main img')].every(image => image.complete)"),
        "some pictures never came",
    )
    broken = page.run(
        "return [...document.querySelectorAll('main img')].filter(image => !image.naturalWidth).map(image => image.src)"
    )
    assert broken == []


def test_sorting_a_table(page: Any) -> None:
    heading = page.all("table")[0].find_elements("css selector", "button.sort")[1]
    unsorted = column(page, 0, 1)
    heading.click()
    assert [float(text) for text in column(page, 0, 1)] == sorted(float(text) for text in unsorted)
    assert column(page, 0, 0)[0] == "fine"
    heading.click()
    assert [float(text) for text in column(page, 0, 1)] == sorted((float(text) for text in unsorted), reverse=True)
    states = page.run(
        "return [...document.querySelectorAll('table')[0].querySelectorAll('th[aria-sort]')]"
        ".map(each => each.getAttribute('aria-sort'))"
    )
    assert [state for state in states if state != "none"] == ["descending"]


def test_sorting_by_name_and_by_keyboard(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    page.run("document.querySelectorAll('table')[0].querySelector('button.sort').focus()")
    page.press(Keys.ENTER)
    assert column(page, 0, 0) == ["<img src=x onerror=alert(2)>", "composite", "fine", "middling"]


def test_where_more_is_better_the_most_comes_first(page: Any) -> None:
    page.all("table")[0].find_elements("css selector", "button.sort")[2].click()
    values = [float(text) for text in column(page, 0, 2)]
    assert values == sorted(values, reverse=True)


def test_the_best_figures_are_marked(page: Any) -> None:
    best = page.run(
        "return [...document.querySelectorAll('table')[0].querySelectorAll('td.best')]"
        ".map(cell => cell.parentElement.cells[0].textContent)"
    )
    assert set(best) == {"fine"}


def test_choosing_among_the_pictures(page: Any) -> None:
    def visible() -> list[Any]:
        return [card for card in page.all("#size-0 .card") if card.is_displayed()]

    everything = len(visible())
    page.run(
        "const select = document.querySelector('#size-0 .by-method'); select.value = 'fine';"
        "select.dispatchEvent(new Event('change'))"
    )
    of_one = len(visible())
    assert 0 < of_one <= everything
    page.run(
        "const select = document.querySelector('#size-0 .by-kind'); select.value = 'worst';"
        "select.dispatchEvent(new Event('change'))"
    )
    assert len(visible()) == 2
    assert page.find("#size-0 .matches").text == "2 pictures"
    for card in visible():
        assert "worst of fine" in card.text
    page.find("#size-0 .with-differences").click()
    assert not any(each.is_displayed() for each in page.all("#size-0 .card:not([hidden]) .difference"))
    page.find("#size-0 .with-outline").click()
    assert all(each.is_displayed() for each in page.all("#size-0 .card:not([hidden]) .open .outline"))


def open_viewer(page: Any) -> None:
    page.all("#size-0 .open")[1].click()
    page.wait(lambda: page.run("return byId('under').complete && byId('over').complete"), "the viewer stayed empty")


def test_the_slider_shows_one_picture_beside_the_other(page: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    open_viewer(page)
    assert page.find("#viewer").is_displayed()
    assert page.run("return [byId('one').value, byId('other').value]") == ["composite", "fine"]
    assert page.run("return document.activeElement.id") == "slider"
    for _ in range(4):
        page.press(Keys.ARROW_RIGHT)
    assert page.run("return byId('over').style.clipPath") == "inset(0px 48% 0px 0px)"
    page.press(Keys.HOME)
    assert page.run("return byId('over').style.clipPath") == "inset(0px 100% 0px 0px)"
    page.press(Keys.ESCAPE)
    assert not page.find("#viewer").is_displayed()


def test_the_slider_follows_the_mouse(page: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    open_viewer(page)
    canvas = page.find("#canvas")
    ActionChains(page.driver).move_to_element_with_offset(canvas, canvas.size["width"] // 4, 0).click().perform()
    assert abs(float(page.run("return byId('slider').value")) - 75) < 2


def test_zoom_and_the_two_pictures(page: Any) -> None:
    open_viewer(page)
    natural = page.run("return [byId('under').naturalWidth, byId('under').naturalHeight]")
    for zoom in (1, 4):
        page.run("byId('zoom').value = arguments[0]; byId('zoom').dispatchEvent(new Event('change'))", str(zoom))
        size = page.find("#canvas").size
        assert [size["width"], size["height"]] == [zoom * natural[0], zoom * natural[1]]
    page.run("byId('other').value = 'difference of composite'; byId('other').dispatchEvent(new Event('change'))")
    assert "difference" in page.run("return byId('under').src")
    page.find("#viewer-with-outline").click()
    assert page.find("#viewer-outline").is_displayed()
    first = page.find("#viewer-name").text
    page.find("#next").click()
    assert page.find("#viewer-name").text != first
    page.find("#previous").click()
    assert page.find("#viewer-name").text == first


def test_blinking(page: Any) -> None:
    open_viewer(page)
    page.press("b")
    page.wait(lambda: page.run("return byId('over').style.visibility") == "hidden", "nothing blinked")
    page.wait(lambda: page.run("return byId('over').style.visibility") == "", "it did not come back")
    page.press("b")
    assert page.run("return [byId('over').style.visibility, byId('blink').getAttribute('aria-pressed')]") == [
        "",
        "false",
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280, 2560])
def test_everything_fits_the_window_and_can_be_read(page: Any, width: int, theme: str) -> None:
    page.theme(theme)
    page.resize(width)
    assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    too_faint = page.run(CONTRAST)
    assert too_faint == []
    open_viewer(page)
    assert page.run("return byId('viewer').scrollWidth <= innerWidth && byId('stage').clientHeight > 300")


CONTRAST = """
const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const luminance = (colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).map((value) => linear(Number(value) / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const opaque = (colour) => !/rgba\\(.*, 0\\)/.test(colour);
const found = [];
for (const element of document.querySelectorAll("main *, header *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || element.closest("option, .unseen, svg") || !element.checkVisibility()) continue;
  let ground = element;
  while (ground && !opaque(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
  const behind = getComputedStyle(ground || document.body).backgroundColor;
  const [a, b] = [getComputedStyle(element).color, behind].map(luminance);
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) found.push(`${element.className} ${ratio.toFixed(2)}: ${element.textContent.trim().slice(0, 30)}`);
}
return found;
"""
"""Texts whose contrast with what they stand on is below 4.5, the web's accessibility guidelines' level AA."""


def test_it_works_without_its_script(browser: Any, report: Path) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.open(report)
        assert len(browser.all("#size-0 .card")) > 2
        assert browser.find("table").is_displayed()
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_thousands_of_pictures(browser: Any, whole_evaluation: Evaluation, measure: Any, tmp_path: Path) -> None:
    page = write_report(replace(whole_evaluation, measurements=[measure("256", 2000)]), tmp_path / "many")
    browser.requests()
    browser.open(page)
    # Pictures that nobody has scrolled to are not read yet.
    asked = [address for address in browser.requests() if "/pictures/" in address]
    written = sum(1 for _ in (page.parent / "pictures").iterdir())
    assert len(asked) < written / 3
    assert "1,500 of 2,000" in browser.find("#size-0-plots").text

"""The pages in a real Chromium: on a phone and on a desk, by day and by night, by keyboard, by a checker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.lab.browser import DESK, PHONE, chromium
from tests.web.scenes import SCENES, scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.web.exporter_process import ExporterProcess

TAP_PIXELS = 44
HEADINGS = {
    "well": "✓ All 2 profiles are well.",
    "report missing": "✕ 1 of 2 profiles is well.",
    "gateway dead": "✕ 1 of 2 profiles is well.",
    "blind": "? default cannot be judged.",
    "no Hermes": "? No Hermes home was found.",
    "nasty names": "? default cannot be judged.",
}
PATHS = ("/", "/profiles/default")
SCREENS = [(PHONE, "dark"), (DESK, "light")]
"""What fits does not hang on the colours, nor what can be read on the size."""
BOXES = """() => [...document.querySelectorAll('a')].map(a => {
    const box = a.getBoundingClientRect();
    return [a.textContent, box.width, box.height];
})"""
FOCUS = """() => {
    const at = document.activeElement, style = getComputedStyle(at);
    return at.tagName === 'A' ? [at.getAttribute('href'), style.outlineStyle, style.outlineWidth] : null;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this file; nothing else may run an event loop meanwhile."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module", params=SCENES)
def shown(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, ExporterProcess]]:
    """Each state by its name, with an exporter that serves it."""
    with scene(request.param, tmp_path_factory.mktemp("scene")) as exporter:
        yield request.param, exporter


@pytest.fixture(scope="module")
def missing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExporterProcess]:
    """A home in which one report is missing."""
    with scene("report missing", tmp_path_factory.mktemp("missing")) as exporter:
        yield exporter


class Visitor:
    """Somebody who opens pages, and hears what the browser complains of."""

    def __init__(self, browser: Browser, size: tuple[int, int] = PHONE, scheme: Any = "light") -> None:
        self.page: Page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def __enter__(self) -> Visitor:
        return self

    def __exit__(self, *_details: object) -> None:
        self.page.close()

    def go(self, exporter: ExporterProcess, path: str) -> None:
        """Open a page, which may be one that says that there is nothing."""
        self.page.goto(exporter.address + path)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("size", "scheme"), SCREENS)
def test_it_fits_and_can_be_hit(
    browser: Browser, shown: tuple[str, ExporterProcess], size: tuple[int, int], scheme: str, path: str
) -> None:
    """Nothing scrolls sideways, every link is as large as a thumb, and axe-core finds nothing."""
    _name, exporter = shown
    with Visitor(browser, size, scheme) as visitor:
        visitor.go(exporter, path)
        width = visitor.page.evaluate("document.documentElement.scrollWidth")
        small = [box for box in visitor.page.evaluate(BOXES) if min(box[1:]) < TAP_PIXELS]
        found = Axe().run(visitor.page)

    assert width <= size[0]
    assert small == []
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("path", PATHS)
def test_nothing_but_the_page_is_asked_for(
    browser: Browser, shown: tuple[str, ExporterProcess], path: str
) -> None:
    """One request, no cookie, no complaint of the policy, no dialog."""
    _name, exporter = shown
    with Visitor(browser) as visitor:
        visitor.go(exporter, path)
        asked = [url for url in visitor.asked if not url.endswith("/favicon.ico")]
        assert (asked, visitor.complaints) == ([exporter.address + path], [])
        assert visitor.page.context.cookies() == []


def test_a_profile_that_is_not_there(browser: Browser, missing: ExporterProcess) -> None:
    """The page that says so is a page like the others, with the way back."""
    with Visitor(browser) as visitor:
        visitor.go(missing, "/profiles/nobody")
        assert Axe().run(visitor.page).violations_count == 0
        visitor.page.get_by_role("link", name="All profiles").click()
        visitor.page.get_by_role("heading", name="1 of 2 profiles is well.").wait_for()


def test_the_checker_sees_what_is_wrong(browser: Browser, missing: ExporterProcess) -> None:
    """It is no blind one: text that nobody can read, and a page that says no language, are found."""
    with Visitor(browser) as visitor:
        visitor.go(missing, "/")
        visitor.page.evaluate("document.documentElement.removeAttribute('lang')")
        visitor.page.evaluate("document.querySelector('h1').style.color = 'gainsboro'")
        found = {violation["id"] for violation in Axe().run(visitor.page).response["violations"]}

    assert {"html-has-lang", "color-contrast"} <= found


def test_the_heading_says_how_it_is(browser: Browser, shown: tuple[str, ExporterProcess]) -> None:
    """One heading of the first rank, which is the verdict."""
    name, exporter = shown
    with Visitor(browser) as visitor:
        visitor.go(exporter, "/")
        assert visitor.page.locator("h1").all_inner_texts() == [HEADINGS[name]]


@pytest.mark.parametrize("path", PATHS)
def test_the_keyboard_reaches_everything(browser: Browser, missing: ExporterProcess, path: str) -> None:
    """Tab goes through all links in the order of the page, and shows where it is."""
    with Visitor(browser) as visitor:
        visitor.go(missing, path)
        links = visitor.page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
        walked = []
        for _link in links:
            visitor.page.keyboard.press("Tab")
            walked.append(visitor.page.evaluate(FOCUS))

    assert [focus[0] for focus in walked] == links
    assert {(focus[1], focus[2]) for focus in walked} == {("solid", "3px")}


def test_from_the_first_line_to_the_slots_of_a_job_by_keyboard(browser: Browser, missing: ExporterProcess) -> None:
    """The profile, the job that is overdue and open already, another one opened, and back."""
    with Visitor(browser) as visitor:
        page = visitor.page
        visitor.go(missing, "/?refresh=off")
        page.get_by_role("link", name="default", exact=True).focus()
        page.keyboard.press("Enter")
        page.get_by_text("no report arrived yet, late since").wait_for()
        page.get_by_role("link", name="Inbox triage").focus()
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Inbox triage (close)").wait_for()
        assert page.get_by_text("no report arrived yet, late since").count() == 0
        page.get_by_role("link", name="All profiles").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="1 of 2 profiles is well.").wait_for()
        assert page.url.endswith("/?refresh=off")


def test_names_are_shown_as_text(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A name that is a script runs nothing, and one that turns the direction turns nothing."""
    with (
        scene("nasty names", tmp_path_factory.mktemp("nasty")) as exporter,
        Visitor(browser) as visitor,
    ):
        visitor.go(exporter, "/profiles/default")
        said = visitor.page.locator("h3 bdi").inner_text()
        elements = visitor.page.locator("script, img, bdi b").count()
        visitor.page.get_by_role("link", name="open").click()
        visitor.page.get_by_role("link", name="close").wait_for()

        assert said.startswith('<script>document.title = "run"</script>')
        assert (elements, "run" in visitor.page.title(), visitor.complaints) == (0, False, [])


@pytest.mark.slow
def test_it_refreshes_itself_until_it_is_stopped(browser: Browser, missing: ExporterProcess) -> None:
    """The browser asks again by itself within its half minute; a reader who stopped that is left alone."""
    with Visitor(browser) as visitor:
        visitor.go(missing, "/")
        with visitor.page.expect_request(missing.address + "/", timeout=60_000):
            pass
        visitor.page.wait_for_load_state()
        visitor.page.get_by_role("link", name="Stop refreshing").click()
        visitor.page.get_by_text("Not refreshed.").wait_for()
    assert missing.get("/").headers["Refresh"] == "30"
    assert missing.get("/?refresh=off").headers["Refresh"] is None

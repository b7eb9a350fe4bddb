"""The handsets page in real Chromium."""

from __future__ import annotations

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.action_chains import ScrollOrigin
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import PATIENCE_S, Page, SimulatorThread
from tests.browser.survey import Survey
from tests.integration.smsc.esme import NUMBER

OTHER = "4915112345678"
MOST_TURNS = 20
"""One is enough, but a turn of the wheel during the layout is lost."""
MANY = [f"4477009{count:05d}" for count in range(80)]
IN_FOCUS = "document.activeElement.closest('[data-number]')?.dataset.number === arguments[0]"


@pytest.mark.parametrize("place", ["screen", "reply"])
def test_the_wheel_over_a_card_scrolls_the_page(
    centre: SimulatorThread, page: Page, place: str
) -> None:
    centre.texts("Hello there, this is a text of some words.\n" * 3, [*MANY[:11], *[NUMBER] * 6])
    page.open()
    page.until("document.querySelectorAll('main .phone').length === 12")
    page.until("document.querySelector('main .screen').scrollTop > 0")
    for _ in range(MOST_TURNS):
        if page.run("return scrollY") > 100:
            break
        origin = ScrollOrigin.from_element(page.card(f".{place}"))
        ActionChains(page.driver).scroll_from_origin(origin, 0, 400).perform()
    assert page.run("return scrollY") > 100


def test_a_refused_reply_is_kept_with_its_reason(centre: SimulatorThread, page: Page) -> None:
    centre.text("Hello")
    page.open()
    page.until_shown("Hello")
    centre.run(centre.esme.session.unbind())
    page.card("input").send_keys("I like it", Keys.ENTER)
    page.until("document.querySelector('main .problem').textContent.includes('No receiver')")
    assert page.card("input").get_property("value") == "I like it"
    assert page.run(f"return {IN_FOCUS}", NUMBER)
    page.card("input").send_keys("!")
    assert page.card(".problem").text == ""


def test_a_taken_reply_clears_the_field_and_keeps_the_focus(
    centre: SimulatorThread, page: Page
) -> None:
    centre.text("Hello")
    page.open()
    page.until_shown("Hello")
    page.card("input").send_keys("Yes")
    page.card(".reply button").click()
    page.until_shown("Yes")
    page.until("document.querySelector('main .reply input').value === ''")
    assert page.run(f"return {IN_FOCUS}", NUMBER)


def test_a_text_takes_neither_focus_nor_draft_nor_recipient(
    centre: SimulatorThread, page: Page
) -> None:
    centre.text("Hello")
    centre.text("Hello", OTHER)
    page.open()
    page.until_shown("Hello")
    page.card("input").send_keys("I am typ")
    centre.text("Another text", NUMBER, source_addr="somebody")
    centre.text("Another text", OTHER)
    centre.texts("Hello", MANY[:20])
    page.until_shown("Another text")
    page.until_shown("Another text", OTHER)
    page.until_shown("Hello", MANY[19])
    assert page.run(f"return {IN_FOCUS}", NUMBER)
    ActionChains(page.driver).send_keys("ing", Keys.ENTER).perform()  # wherever the focus is
    page.until_shown("I am typing")
    assert page.card(".sent .from").get_property("textContent") == "to simpost"


def test_a_full_page_and_a_new_connection_keep_the_draft(
    centre: SimulatorThread, page: Page
) -> None:
    centre.text("Hello")
    page.open()
    page.until_shown("Hello")
    page.card("input").send_keys("not sent yet")
    centre.texts("Hello", MANY)
    page.until("document.querySelectorAll('main .phone').length >= 60")
    page.until("document.querySelector('#more').textContent.includes('of 81')")
    page.run("events.dispatchEvent(new Event('reload'))")
    page.until("document.querySelector('main .phone').dataset.number === arguments[0]", MANY[-1])
    assert page.card("input").get_property("value") == "not sent yet"
    assert page.run(f"return {IN_FOCUS}", NUMBER)
    assert len(page.driver.find_elements("css selector", "main .phone")) <= 61


@pytest.mark.parametrize("way", ["button", "escape", "beside"])
def test_an_opened_handset_closes_and_gives_its_draft_back(
    centre: SimulatorThread, page: Page, way: str
) -> None:
    centre.text("Hello")
    page.open()
    page.until_shown("Hello")
    page.card("input").send_keys("half a")
    page.card(".number button").click()
    page.until("document.querySelector('dialog .reply input')?.value === 'half a'")
    page.find("dialog .reply input").send_keys(" reply")
    if way == "button":
        page.find("dialog").find_element("css selector", "[aria-label=Close]").click()
    elif way == "escape":
        ActionChains(page.driver).send_keys(Keys.ESCAPE).perform()
    else:
        ActionChains(page.driver).move_by_offset(20, 450).click().perform()
        ActionChains(page.driver).move_by_offset(-20, -450).perform()
    page.until("!document.querySelector('dialog .phone')")
    assert page.card("input").get_property("value") == "half a reply"


def test_many_handsets_are_a_list_that_can_be_filtered(centre: SimulatorThread, page: Page) -> None:
    centre.texts("Hello", MANY)
    page.open()
    page.until("document.querySelector('#more').textContent.startsWith('The 60 latest of 80')")
    page.find("#list").click()
    page.until("document.querySelectorAll('main.list .phone').length === 80")
    assert page.find("#list").get_attribute("aria-pressed") == "true"
    # Rows are drawn when they come into view; before they have an estimated height.
    page.until(
        "document.querySelector(`main [data-number='${arguments[0]}']`).offsetHeight < 50", MANY[79]
    )
    page.find("#number").send_keys("0007")
    shown = [each.text for each in page.driver.find_elements("css selector", "main h2")]
    assert [text for text in shown if text] == [
        f"+{number}" for number in reversed(MANY) if "0007" in number
    ]
    centre.text("And another", MANY[7])
    page.until_shown("And another", MANY[7])
    page.card(".number button", MANY[7]).click()
    page.until("document.querySelectorAll('dialog .bubble').length === 2")


def test_axe_finds_no_accessibility_problem(centre: SimulatorThread, page: Page) -> None:
    survey = Survey(page.driver, "handsets")
    page.open()
    survey.note("empty")
    centre.texts("Hello there", [*MANY[:3], *[OTHER] * 9])
    centre.text("Evil \u202e \x1b", NUMBER)
    page.until_shown("Hello there", OTHER)
    page.until_shown(r"Evil \u202e \x1b")
    page.card("input").send_keys("Answer", Keys.ENTER)
    page.until_shown("Answer")
    page.card(".power", MANY[0]).click()
    page.until("document.querySelector('main .off')")
    centre.run(centre.esme.session.unbind())
    page.card("input").send_keys("Refused", Keys.ENTER)
    page.until("document.querySelector('main .refused')")
    survey.note("wall")
    page.card(".number button", OTHER).click()
    page.until("document.querySelectorAll('dialog .bubble').length === 9")
    survey.note("handset")
    page.find("dialog [aria-label=Close]").click()
    page.find("#list").click()
    page.until("document.querySelector('main.list .bubble')")
    survey.note("list")
    survey.finish()


def test_headings_structure_the_page(centre: SimulatorThread, page: Page) -> None:
    centre.text("Hello")
    page.open()
    page.until_shown("Hello")
    headings = page.driver.find_elements("css selector", "h1, h2, h3")
    assert [(each.tag_name, each.text) for each in headings] == [
        ("h1", "simpost handsets"),
        ("h2", f"+{NUMBER}"),
    ]


COLOURS = """
const done = arguments[arguments.length - 1], image = new Image();
image.onload = () => {
  const {width, height} = image;
  const canvas = Object.assign(document.createElement("canvas"), {width, height});
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.drawImage(image, 0, 0);
  const {data} = context.getImageData(0, Math.round(height / 2), width, 1);
  done(Array.from({length: width}, (_, x) => data.slice(4 * x, 4 * x + 3).join()));
};
image.src = "data:image/png;base64," + arguments[0];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_switch_is_visible_in_forced_colours(
    centre: SimulatorThread, page: Page, scheme: str
) -> None:
    centre.text("Hello")
    page.open(dark=scheme == "dark", forced=True)
    page.until_shown("Hello")

    def row(before: list[str] | None = None) -> list[str]:
        """The colours through the middle of the switch; waits for the paint of both halves."""

        def painted(driver: WebDriver) -> list[str] | None:
            picture = page.card(".power").screenshot_as_base64
            colours: list[str] = driver.execute_async_script(COLOURS, picture)
            left, right = colours[len(colours) // 4], colours[len(colours) * 3 // 4]
            return colours if left != right and colours != before else None

        return WebDriverWait(page.driver, PATIENCE_S, 0.05).until(painted, "the knob is not seen")

    on = row()
    page.card(".power").click()
    page.until("document.querySelector('main .power[aria-checked=false]')")
    row(on)

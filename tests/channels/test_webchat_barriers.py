"""The page of the web chat for whoever sees little, hears it read out, has no mouse, a small phone or no patience for movement."""

from typing import TYPE_CHECKING, Any, Literal

import pytest

from bot.channels.webpage import TEXTS
from bot.i18n import translate
from bot.types import Button, Language, Reply
from tests.channels.conftest import AREAS, CARD, Tab
from tests.fakes.webchat import Answering, Served

if TYPE_CHECKING:
    from playwright.async_api import Page
else:
    pytest.importorskip("playwright.async_api", reason="the package playwright is not installed: make setup")
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def axe() -> Any:
    return pytest.importorskip(
        "axe_playwright_python.async_playwright", reason="the package axe-playwright-python is not installed: make setup"
    ).Axe()


async def talk(tab: Tab, served: Served, mailbox: Answering, language: Language) -> None:
    """All that the page can show: paragraphs, lists, links, buttons, a contact, both voices, news of the connection, and waiting."""
    person = mailbox.messages[0].sender.person
    text = f"{'Long sentence. ' * 20}\n\n1. One\n2. Two\n\n• papers\n• water\n\nhttps://poland.iom.int/pl, 112, office@example.org"
    mailbox.reply(person, Reply(text, language, AREAS), Reply("", language, contact=CARD))
    await expect(tab.page.locator(".save")).to_be_visible()
    served.cut()
    await expect(tab.page.locator("#notice")).to_have_text(translate(TEXTS["restored"], language))
    await tab.write("quiet")
    await tab.waits()
    tab.errors.clear()


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", list(Language))
async def test_axe_finds_no_barrier(
    tab: Tab, served: Served, mailbox: Answering, axe: Any, language: Language, scheme: Literal["light", "dark"], width: int
) -> None:
    await tab.page.set_viewport_size({"width": width, "height": 900})
    await tab.page.emulate_media(color_scheme=scheme)
    await tab.page.goto(f"/?lang={language}")
    await talk(tab, served, mailbox, language)
    await tab.page.clock.resume()  # axe would wait for ever
    found = (await axe.run(tab.page, options={"rules": {"target-size": {"enabled": True}}})).response
    assert [(rule["impact"], rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
    # What axe cannot decide is decided below: the bar that stays above a scrolled page.
    undecided = [(rule["id"], node["html"]) for rule in found["incomplete"] for node in rule["nodes"]]
    assert [(rule, html) for rule, html in undecided if rule != "color-contrast" or not html.startswith('<a href="tel:112">')] == []
    # A rule that met nothing to judge proves nothing.
    judged = {rule["id"] for rule in found["passes"]}
    assert judged >= {"color-contrast", "label", "html-has-lang", "link-name", "button-name", "target-size"}


async def test_axe_would_find_a_barrier(tab: Tab, axe: Any) -> None:
    await tab.page.clock.resume()
    await tab.page.evaluate("document.querySelector('h1').style.color = '#ccc'")
    violations = (await axe.run(tab.page)).response["violations"]
    assert [(rule["id"], rule["impact"], rule["nodes"][0]["target"]) for rule in violations] == [("color-contrast", "serious", ["h1"])]


async def test_every_new_message_is_announced_once_and_no_old_one_again(tab: Tab) -> None:
    hook = """const append = Element.prototype.append;
    const announced = (window.announced = []);
    Element.prototype.append = function (...nodes) {
      if (this.id === "log") announced.push([this.ariaLive, this.ariaBusy, ...nodes.map((node) => node.textContent)]);
      return append.apply(this, nodes);
    };"""
    await tab.page.add_init_script(hook)
    await tab.page.reload()
    await tab.write("hello")
    await tab.shows("heard /start", "hello", "heard hello")
    old, *new = await tab.page.evaluate("announced")
    assert old == ["polite", "true", "Assistantheard /startWorkContact"]
    assert new == [["polite", None, "Youhello"], ["polite", None, "Assistantheard helloWorkContact"]]
    log = tab.page.get_by_role("log", name="Conversation")
    assert await log.get_by_role("article").count() == 3
    assert await log.get_attribute("aria-busy") is None


async def test_nothing_moves_for_whoever_asked_for_that(tab: Tab) -> None:
    moving = """() => [
      document.documentElement.matches("html") && getComputedStyle(document.documentElement).scrollBehavior,
      getComputedStyle(document.querySelector(".skip")).transitionDuration,
      getComputedStyle(document.getElementById("status"), "::before").animationName,
    ]"""
    await tab.write("quiet")
    await tab.waits()
    assert await tab.page.evaluate(moving) == ["auto", "0s", "none"]
    await tab.page.emulate_media(reduced_motion="no-preference")
    assert await tab.page.evaluate(moving) == ["smooth", "0.15s", "breathe"]


@pytest.mark.parametrize("width", [320, 1280])
async def test_the_way_past_the_header_does_not_cover_112(tab: Tab, width: int) -> None:
    await tab.page.set_viewport_size({"width": width, "height": 640})
    await tab.page.goto("/?lang=uk")
    await tab.page.keyboard.press("Tab")
    await expect(tab.page.locator(":focus")).to_have_class("skip")
    await expect(tab.page.locator(":focus")).to_be_in_viewport(ratio=1)
    for x in (20, width / 2 - 100):
        assert (
            await tab.page.evaluate("x => document.elementFromPoint(x, document.querySelector('.danger').offsetTop + 20).href", x)
            == "tel:112"
        )


async def test_a_whole_conversation_needs_no_mouse(tab: Tab, mailbox: Answering) -> None:
    page, field, focused = tab.page, tab.page.locator("#text"), tab.page.locator(":focus")
    await field.focus()
    await page.keyboard.type("half a thought")
    await page.keyboard.press("Escape")
    await expect(field).to_have_value("half a thought")
    await tab_to(page, "Work", backwards=True)
    await page.keyboard.press("Enter")
    await tab.shows("heard /start", "Work", "heard /fair_work")
    await expect(focused).to_have_text("Work")  # an answer takes the focus from nobody
    await page.keyboard.press("Escape")
    await tab_to(page, "Polski", backwards=True)
    await page.keyboard.press("Enter")
    await expect(page.locator("html")).to_have_attribute("lang", "pl")
    await expect(field).to_have_value("half a thought")
    await expect(page.locator(".bot")).to_have_count(3)
    await tab_to(page, "Wyczyść czat")
    await page.keyboard.press("Enter")
    await expect(page.locator("#log > article")).to_have_count(1)
    await expect(focused).to_have_text("Wyczyść czat")
    await page.keyboard.press("Tab")
    await page.keyboard.type("again")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator(".me")).to_contain_text("again")
    said = [message.payload or message.text for message in mailbox.messages]
    assert said == ["/start", "/fair_work", '/change_language{"language":"pl"}', "/clear", "again"]


async def tab_to(page: "Page", name: str, backwards: bool = False) -> None:
    for _ in range(30):
        await page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if await page.locator(":focus").text_content() == name:
            return
    raise AssertionError(f"no Tab leads to {name}")


async def test_everything_can_be_done_with_the_keyboard_and_the_focus_is_always_seen(tab: Tab, mailbox: Answering) -> None:
    page = tab.page
    visited = []
    await page.evaluate("document.activeElement.blur()")
    for _ in range(10):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        visited.append((await focused.text_content() or "").strip() or await focused.get_attribute("id"))
        assert await focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
        covered = "e => { const { x, y, width, height } = e.getBoundingClientRect();"
        covered += "return !e.contains(document.elementFromPoint(x + width / 2, y + height / 2)) }"
        assert not await focused.evaluate(covered)
    skip, danger, languages = "Skip to the message field", "In danger? Call 112", ["Polski", "Українська", "English"]
    assert visited == [skip, danger, *languages, "Work", "Contact", "Clear this chat", "text", "Send"]
    for _ in range(3):
        await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Space")
    await expect(page.locator(".bot")).to_have_count(2)
    await page.get_by_role("link", name=skip).focus()
    await page.keyboard.press("Enter")
    await page.keyboard.type("hello")
    await page.keyboard.press("Enter")
    await expect(page.locator(".bot")).to_have_count(3)
    assert [message.payload or message.text for message in mailbox.messages] == ["/start", "/iom/contact", "hello"]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(
    ("width", "height", "text_size"),
    [
        (1280, 1024, "100%"),
        (640, 512, "100%"),  # the same window at 200 %
        (320, 256, "100%"),  # at 400 %
        (320, 640, "100%"),  # a small phone
        (640, 640, "200%"),  # letters alone twice as big
    ],
)
async def test_nothing_scrolls_sideways(tab: Tab, mailbox: Answering, language: Language, width: int, height: int, text_size: str) -> None:
    await tab.page.set_viewport_size({"width": width, "height": height})
    await tab.page.goto(f"/?lang={language}")
    await tab.page.evaluate("size => { document.documentElement.style.fontSize = size }", text_size)
    long = "https://example.org/" + "a" * 300
    buttons = (Button("A title of just forty characters, so long", "/x"), Button("Ж" * 40, "/y"))
    mailbox.reply(
        mailbox.messages[0].sender.person, Reply(f"{long}\n\n- {'ї' * 200}", language, buttons), Reply("", language, contact=CARD)
    )
    await tab.write("w" * 300)
    await expect(tab.page.locator(".bot")).to_have_count(4)
    assert await tab.page.evaluate("document.documentElement.scrollWidth") == width
    await expect(tab.page.locator(".danger a")).to_be_in_viewport(ratio=1)
    if height > 384:  # with less the field stands below the conversation, which needs the room more
        await expect(tab.page.locator("#text")).to_be_in_viewport(ratio=1)


async def test_what_is_pressed_is_as_big_as_a_fingertip(tab: Tab) -> None:
    await tab.page.set_viewport_size({"width": 320, "height": 640})
    await tab.page.get_by_role("button", name="Contact").click()
    await expect(tab.page.locator(".save")).to_be_visible()
    for target in await tab.page.locator("button, nav a, .danger a, .reach a, .save, textarea").all():
        box = await target.bounding_box()
        assert box is not None
        assert box["height"] >= 44, await target.text_content()
        assert box["width"] >= 44, await target.text_content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_what_is_behind_it(tab: Tab, scheme: str) -> None:
    await tab.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await tab.write("hello")
    await expect(tab.page.locator(".bot")).to_have_count(2)
    for selector in (
        "h1",
        "header p",
        "nav a",
        ".danger a",
        ".card",
        ".me",
        ".choices button",
        "#clear",
        "form > button",
        "#text",
        "#keys",
    ):
        assert await tab.page.locator(selector).first.evaluate(CONTRAST) >= 4.5, selector


CONTRAST = """element => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = (value) => ((value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  let behind = element;
  while (numbers(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const [a, b] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map((color) => light(numbers(color)));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""

"""The page of the web chat in a real Chromium, for whichever test asks for a `tab`; without one these tests are skipped, and say why."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from bot.channels import webchat
from bot.types import CLEAR, Button, ContactCard, Language, Message, Reply
from tests.fakes.webchat import Answering, Served

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CARD = ContactCard("Agnieszka Legut-Zemla", "IOM Kraków", "+48530595013", "office@example.org", "https://poland.iom.int/pl")
AREAS = (Button("Work", "/fair_work"), Button("Contact", "/iom/contact"))


def answer(message: Message) -> Sequence[Reply]:
    """A bot that says what it heard."""
    if message.payload == "/iom/contact":
        return [Reply("", Language.EN, contact=CARD)]
    if message.text == "quiet":
        return []
    if message.text == "something sensitive":
        return [Reply("help", Language.EN, (Button("Wipe this chat", CLEAR),))]
    said = message.payload or message.text
    return [Reply(f"heard {said}", message.hint or Language.PL, AREAS, clears=() if said in (CLEAR, "wipe it") else None)]


@dataclass
class Tab:
    """A page, what it complained about, and whom it asked."""

    page: "Page"
    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    async def write(self, text: str) -> None:
        await self.page.locator("#text").fill(text)
        await self.page.keyboard.press("Enter")

    async def waits(self) -> None:
        """Until the page says that the answer takes a moment."""
        status = self.page.get_by_role("status").first
        while not await status.text_content():
            await self.page.clock.run_for(100)

    async def shows(self, *texts: str) -> None:
        """Everything in the log, in its order; the names of who speaks are left out."""
        from playwright.async_api import expect

        await expect(self.page.locator("#log > article")).to_have_text(
            [re.compile(rf"^(You|Assistant){re.escape(text)}") for text in texts]
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator["Browser"]:
    playwright_api = pytest.importorskip("playwright.async_api", reason="the package playwright is not installed: make setup")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    async with playwright_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def mailbox() -> Answering:
    return Answering(answer)


@pytest_asyncio.fixture(loop_scope="module")
async def served(mailbox: Answering, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(webchat, "RECONNECT", (10, 20))
    async with Served(mailbox=mailbox) as served:
        mailbox.chat = served.chat
        delivering = asyncio.create_task(mailbox.deliver())
        yield served
        delivering.cancel()


@pytest_asyncio.fixture(loop_scope="module")
async def tab(served: Served, browser: "Browser") -> AsyncIterator[Tab]:
    context = await browser.new_context(locale="en-GB", base_url=served.url, reduced_motion="reduce")
    tab = Tab(await context.new_page())
    await tab.page.clock.install()  # time stands still unless a test moves it
    await tab.page.goto("/")
    await tab.shows("heard /start")
    yield tab
    await context.close()  # even after a failure: a page that comes back for ever would hold up whatever comes next
    assert tab.errors == []
    assert tab.hosts <= {urlsplit(served.url).netloc, ""}  # the icon is a data: address

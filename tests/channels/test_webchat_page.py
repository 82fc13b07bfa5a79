"""The page of the web chat in a real Chromium: what a person sees and says, and what happens offline."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from bot.types import Language, Reply
from tests.channels.conftest import Tab
from tests.fakes.webchat import Answering, Served

if TYPE_CHECKING:
    from playwright.async_api import Route
else:
    pytest.importorskip("playwright.async_api", reason="the package playwright is not installed: make setup")
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_whoever_opens_the_page_is_greeted_once(tab: Tab, mailbox: Answering) -> None:
    assert await tab.page.title() == "IOM Kraków assistant"
    await expect(tab.page.get_by_text("This is a program, not a person.")).to_be_visible()
    await expect(tab.page.get_by_role("link", name="In danger? Call 112")).to_have_attribute("href", "tel:112")
    await tab.page.reload()
    await tab.shows("heard /start")
    await tab.write("hello")
    await tab.shows("heard /start", "hello", "heard hello")
    assert [message.payload or message.text for message in mailbox.messages] == ["/start", "hello"]


async def test_enter_sends_and_shift_enter_starts_a_line(tab: Tab, mailbox: Answering) -> None:
    field = tab.page.locator("#text")
    height = await field.evaluate("element => element.offsetHeight")
    await field.press_sequentially("one")
    await field.press("Shift+Enter")
    await field.press_sequentially("two")
    assert await field.evaluate("element => element.offsetHeight") > height
    await field.press("Enter")
    await tab.shows("heard /start", "one\ntwo", "heard one\ntwo")
    await expect(field).to_have_value("")
    assert mailbox.messages[-1].text == "one\ntwo"


async def test_nothing_but_spaces_is_not_sent(tab: Tab, mailbox: Answering) -> None:
    await tab.write("  \n ")
    await tab.write("hello")
    await tab.shows("heard /start", "hello", "heard hello")
    assert len(mailbox.messages) == 2


async def test_a_button_sends_its_payload_and_stands_there_as_what_was_said(tab: Tab, mailbox: Answering) -> None:
    await tab.page.get_by_role("button", name="Work").click()
    await tab.shows("heard /start", "Work", "heard /fair_work")
    assert (mailbox.messages[-1].payload, mailbox.messages[-1].text) == ("/fair_work", "")


async def test_another_language_keeps_the_conversation_and_the_draft_and_tells_the_bot(tab: Tab, mailbox: Answering) -> None:
    await tab.page.locator("#text").fill("half a thought")
    await tab.page.get_by_role("link", name="Українська").click()
    await expect(tab.page.locator("html")).to_have_attribute("lang", "uk")
    await expect(tab.page.locator("#log > article")).to_have_count(3)
    await expect(tab.page.locator(".me")).to_contain_text("Українська")
    await expect(tab.page.locator("#text")).to_have_value("half a thought")
    assert mailbox.messages[-1].payload == '/change_language{"language":"uk"}'
    assert [message.hint for message in mailbox.messages] == [Language.EN, Language.UK]
    assert await tab.page.locator(".bot").last.get_attribute("lang") == "uk"


async def test_a_reply_missed_while_offline_is_shown_after_reconnecting(tab: Tab, served: Served, mailbox: Answering) -> None:
    person = mailbox.messages[0].sender.person
    served.cut()
    mailbox.reply(person, Reply("while you were away", Language.EN))
    await tab.shows("heard /start", "while you were away")
    await expect(tab.page.locator("#notice")).to_have_text("Connected again.")
    await tab.page.clock.fast_forward(5000)
    await expect(tab.page.locator("#notice")).to_have_text("")
    tab.errors.clear()


async def test_after_a_restart_of_the_server_the_page_comes_back_by_itself_and_sends_what_was_kept(
    tab: Tab, served: Served, mailbox: Answering
) -> None:
    await served.__aexit__()
    await expect(tab.page.locator("#notice")).to_have_text("No connection. Your messages are kept and sent later.")
    await tab.write("is anybody there?")
    await expect(tab.page.locator(".me .mark")).to_have_text("Not sent yet")
    await served.__aenter__()
    mailbox.chat = served.chat
    await tab.shows("heard /start", "is anybody there?", "heard is anybody there?")
    await expect(tab.page.locator("#notice")).to_have_text("Connected again.")
    await expect(tab.page.locator(".me .mark")).to_have_text("")
    mailbox.reply(mailbox.messages[0].sender.person, Reply("news", Language.EN))
    await expect(tab.page.locator(".bot").last).to_contain_text("news")
    assert [message.payload or message.text for message in mailbox.messages] == ["/start", "is anybody there?"]
    tab.errors.clear()


async def test_a_reply_another_tab_took_is_shown_after_reconnecting_and_no_reply_twice(
    tab: Tab, served: Served, mailbox: Answering
) -> None:
    person = mailbox.messages[0].sender.person
    other = await tab.page.context.new_page()
    await other.goto("/")
    await expect(other.locator(".bot")).to_have_count(1)
    await tab.shows("heard /start", "heard /start")
    for number in range(3):
        mailbox.reply(person, Reply(f"number {number}", Language.EN))
        served.cut()
    await tab.shows("heard /start", "heard /start", "number 0", "number 1", "number 2")
    await expect(other.locator(".bot")).to_have_count(4)
    tab.errors.clear()


async def test_what_was_said_while_the_store_is_down_is_kept_and_sent_later(tab: Tab, mailbox: Answering) -> None:
    mailbox.down = True
    await tab.write("one")
    await expect(tab.page.locator(".me .mark")).to_have_text("Not sent yet")
    await tab.write("two")
    await tab.page.reload()
    await tab.shows("heard /start", "one", "two")
    mailbox.down = False
    await tab.page.clock.run_for(10_000)
    await expect(tab.page.locator(".bot")).to_have_count(3)
    await expect(tab.page.locator(".me .mark")).to_have_text(["", ""])
    assert [message.text for message in mailbox.messages] == ["", "one", "two"]
    tab.errors.clear()


async def test_a_message_whose_confirmation_was_lost_is_sent_again_and_answered_once(tab: Tab, mailbox: Answering) -> None:
    posts = []

    async def lose_the_confirmation(route: "Route") -> None:
        posts.append(route.request.post_data)
        await route.fetch()
        await (route.abort() if len(posts) == 1 else route.fulfill(status=202))

    await tab.page.route("**/messages", lose_the_confirmation)
    await tab.write("once")
    await expect(tab.page.locator(".me .mark")).to_have_text("Not sent yet")
    await tab.page.clock.run_for(10_000)
    await expect(tab.page.locator(".me .mark")).to_have_text("")
    await tab.shows("heard /start", "once", "heard once")
    assert (len(posts), len(set(posts))) == (2, 1)
    tab.errors.clear()


async def test_a_lost_cookie_is_renewed_and_the_message_still_arrives(tab: Tab, mailbox: Answering) -> None:
    await tab.page.context.clear_cookies()
    await tab.write("hello")
    await tab.shows("heard /start", "hello", "heard hello")
    assert len({message.sender.person for message in mailbox.messages}) == 2
    tab.errors.clear()


async def test_a_fourth_tab_rests_until_somebody_looks_at_it(tab: Tab, served: Served, mailbox: Answering) -> None:
    person = mailbox.messages[0].sender.person
    others = [await tab.page.context.new_page() for _ in range(3)]
    for other in others:
        await other.goto("/")
        await expect(other.locator(".bot").first).to_be_visible()
    mailbox.reply(person, Reply("news", Language.EN))
    await expect(others[2].get_by_text("news")).to_be_visible()
    await expect(tab.page.get_by_text("news")).to_be_hidden()
    await tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(tab.page.get_by_text("news")).to_be_visible()


async def test_clearing_empties_the_page_and_its_memory_and_tells_the_bot(tab: Tab, mailbox: Answering) -> None:
    await tab.write("a secret")
    await tab.shows("heard /start", "a secret", "heard a secret")
    await tab.page.locator("#text").fill("a second secret")
    await tab.page.get_by_role("button", name="Clear this chat").click()
    await tab.shows("heard /clear")
    await expect(tab.page.locator("#text")).to_have_value("")
    assert "secret" not in str(await tab.page.evaluate("sessionStorage.getItem('chat')"))
    await tab.page.reload()
    await tab.shows("heard /clear")
    assert mailbox.messages[-1].payload == "/clear"


async def test_the_button_below_an_answer_empties_the_page_as_the_one_of_the_page_does(tab: Tab, mailbox: Answering) -> None:
    await tab.write("something sensitive")
    await tab.shows("heard /start", "something sensitive", "help")
    mailbox.down = True  # it does not wait for an answer
    await tab.page.get_by_role("button", name="Wipe this chat").click()
    await tab.shows()
    assert "sensitive" not in str(await tab.page.evaluate("sessionStorage.getItem('chat')"))
    await tab.write("what I say next")  # and this stays
    mailbox.down = False
    await tab.page.clock.fast_forward(3000)
    await tab.shows("what I say next", "heard /clear", "heard what I say next")
    await tab.write("wipe it")
    await tab.shows("heard wipe it")
    assert [message.payload or message.text for message in mailbox.messages[2:]] == ["/clear", "what I say next", "wipe it"]
    tab.errors.clear()


async def test_who_asks_in_words_has_every_open_tab_emptied(tab: Tab) -> None:
    other = await tab.page.context.new_page()
    await other.goto("/")
    await expect(other.locator(".bot")).to_have_count(1)
    await tab.write("something sensitive")
    await expect(other.locator(".bot")).to_have_count(2)
    await tab.write("wipe it")
    await tab.shows("heard wipe it")
    await expect(other.locator("#log > article")).to_have_count(1)
    await tab.page.reload()
    await tab.shows("heard wipe it")
    tab.errors.clear()


async def test_waiting_is_said_politely_and_only_if_it_takes_a_moment(tab: Tab, mailbox: Answering) -> None:
    status = tab.page.get_by_role("status").first
    await tab.write("quiet")
    await expect(tab.page.locator(".me")).to_have_count(1)
    await expect(status).to_have_text("")
    await tab.waits()
    await expect(status).to_have_text("Waiting for the answer…")
    mailbox.reply(mailbox.messages[0].sender.person, Reply("at last", Language.EN))
    await tab.shows("heard /start", "quiet", "at last")
    await expect(status).to_have_text("")


async def test_nobody_waits_for_an_answer_that_overtook_the_confirmation(tab: Tab) -> None:
    answered = asyncio.Event()

    async def confirm_late(route: "Route") -> None:
        response = await route.fetch()
        await answered.wait()
        await route.fulfill(response=response)

    await tab.page.route("**/messages", confirm_late)
    await tab.write("hello")
    await tab.shows("heard /start", "hello", "heard hello")
    async with tab.page.expect_response("**/messages"):
        answered.set()
    await tab.page.clock.run_for(2000)
    await expect(tab.page.get_by_role("status").first).to_have_text("")


async def test_numbers_addresses_and_links_can_be_pressed_and_nothing_else(tab: Tab, mailbox: Answering) -> None:
    text = """Call 112, 116 123 or 116\u00a0111; free: 800 70 22 22.
Office: +48\u00a0530\u00a0595\u00a0013, +380 44 123 45 67, office@example.org.

(https://poland.iom.int/pl/a?b=1). But art. 112 of the act, 112 zł, 1112, http://evil.example
and <img src=x onerror="alert(1)"> <a href="https://evil.example">here</a>"""
    mailbox.reply(mailbox.messages[0].sender.person, Reply(text, Language.EN))
    article = tab.page.locator(".bot").nth(1)
    links = article.get_by_role("link")
    await expect(links).to_have_count(9)
    assert [await link.get_attribute("href") for link in await links.all()] == [
        "tel:112",
        "tel:116123",
        "tel:116111",
        "tel:800702222",
        "tel:+48530595013",
        "tel:+380441234567",
        "mailto:office@example.org",
        "https://poland.iom.int/pl/a?b=1",
        "https://evil.example",
    ]
    assert await links.last.text_content() == "https://evil.example"
    assert await article.locator("img").count() == 0
    assert await article.locator("p").count() == 2


async def test_a_reply_is_made_of_paragraphs_and_lists(tab: Tab, mailbox: Answering) -> None:
    mailbox.reply(
        mailbox.messages[0].sender.person,
        Reply("What to do:\n1. Write.\n2. Call 112.\n\nTake:\n• papers\n• water\n\nGood luck!", Language.EN),
    )
    card = tab.page.locator(".bot").nth(1).locator(".card")
    await expect(card.locator("> *")).to_have_text(["What to do:", "Write.Call 112.", "Take:", "paperswater", "Good luck!"])
    assert await card.locator("> *").evaluate_all("all => all.map((one) => one.tagName)") == ["P", "OL", "P", "UL", "P"]


async def test_the_contact_can_be_saved_called_and_written_to(tab: Tab) -> None:
    await tab.page.get_by_role("button", name="Contact").click()
    card = tab.page.locator(".bot").nth(1)
    await expect(card.get_by_role("link", name="+48 530 595 013")).to_have_attribute("href", "tel:+48530595013")
    await expect(card.get_by_role("link", name="office@example.org")).to_have_attribute("href", "mailto:office@example.org")
    async with tab.page.expect_download() as download:
        await card.get_by_role("link", name="Save this contact").click()
    saved = await download.value
    assert saved.suggested_filename == "iom-krakow.vcf"
    assert "ORG:IOM Kraków\r\nTEL;TYPE=WORK,VOICE:+48530595013\r\n" in unquote(saved.url)

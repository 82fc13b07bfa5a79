"""The web chat over HTTP: who may speak and listen, and that no reply is lost or doubled."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from starlette.types import Message as AsgiMessage

from bot.channels import sessions, webchat
from bot.channels.base import TryLater
from bot.channels.sessions import Full, Session, Sessions
from bot.channels.webchat import EventStream, WebChat
from bot.channels.webpage import TEXTS
from bot.types import Button, ContactCard, Language, Message, Reply
from tests.fakes.webchat import SOON, Browser, MailboxInMemory, Served

CARD = ContactCard("Agnieszka Legut-Zemla", "IOM Kraków", "+48530595013", "office@example.org", "https://poland.iom.int/pl")


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with Served() as served:
        yield served


@pytest.fixture
async def browser(served: Served) -> AsyncIterator[Browser]:
    async with served.browser() as browser:
        yield browser


def direct(mailbox: MailboxInMemory | None = None, base_url: str = "http://chat.example") -> httpx.AsyncClient:
    """Without a network, for what needs no stream."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(Served(mailbox=mailbox).app), base_url=base_url)


def saying(text: str) -> Reply:
    return Reply(text, Language.PL)


async def person_of(served: Served, browser: Browser) -> str:
    await browser.post(text="who am I?")
    return (await served.mailbox.arrived()).sender.person


# --- the page


@pytest.mark.parametrize(
    ("path", "accept", "language"),
    [
        ("/?lang=uk", "pl", "uk"),
        ("/", "uk-UA,uk;q=0.9,en;q=0.8", "uk"),
        ("/", "fr;q=0.9, en;q=0.5, pl;q=0.7", "pl"),
        ("/", "ru-RU,ru", "uk"),
        ("/", "be", "pl"),
        ("/", "hi,ne", "en"),
        ("/?lang=xx", "", "pl"),
        ("/?lang=../../etc", "*;q=x,,;;", "pl"),
    ],
)
async def test_the_page_is_in_the_chosen_language_else_the_browsers_else_polish(path: str, accept: str, language: str) -> None:
    async with direct() as client:
        page = await client.get(path, headers={"Accept-Language": accept})
    assert f'<html lang="{language}">' in page.text
    assert f'lang="{language}" hreflang="{language}" aria-current="true"' in page.text


async def test_every_text_of_the_page_is_filled_in_and_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TEXTS, "title", "<Kraków> & \"co\" '$'")
    async with direct() as client:
        page = (await client.get("/?lang=en")).text
    assert "<h1>&lt;Kraków&gt; &amp; &quot;co&quot; &#x27;$&#x27;</h1>" in page


async def test_the_page_asks_nothing_of_other_hosts_and_holds_no_script_of_its_own() -> None:
    async with direct() as client:
        page = (await client.get("/")).text
        files = [await client.get(f"/{name}") for name in ("chat.js", "chat.css")]
    assert "<script>" not in page
    assert "<style" not in page
    assert "style=" not in page
    assert "onclick" not in page
    assert "https://" not in page.replace('href="https://poland.iom.int"', "")
    assert all("://" not in file.text for file in files)
    assert [file.headers["Content-Type"] for file in files] == ["text/javascript; charset=utf-8", "text/css; charset=utf-8"]


# --- who may speak


async def test_the_cookie_is_closed_to_scripts_and_other_sites_and_ends_with_the_browser() -> None:
    async with direct() as client:
        cookie = (await client.get("/")).headers["Set-Cookie"]
    key, *attributes = cookie.split("; ")
    assert len(key) == len("chat=") + 32
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=strict"]


async def test_over_https_the_cookie_is_secure_and_bound_to_this_host() -> None:
    async with direct(base_url="https://chat.example") as client:
        cookie = (await client.get("/")).headers["Set-Cookie"]
    assert cookie.startswith("__Host-chat=")
    assert "Secure" in cookie


async def test_a_second_visit_keeps_the_cookie() -> None:
    async with direct() as client:
        await client.get("/")
        assert "Set-Cookie" not in (await client.get("/?lang=uk")).headers


async def test_a_link_from_another_site_does_not_end_the_conversation_of_an_open_tab() -> None:
    async with direct() as client:
        followed = await client.get("/", headers={"Sec-Fetch-Site": "cross-site"})
        assert "Set-Cookie" not in followed.headers
        assert "Set-Cookie" in (await client.head("/", headers={"Sec-Fetch-Site": "same-origin"})).headers


@pytest.mark.parametrize("cookie", ["", "chat=", "chat=abc", "chat=" + "A" * 32, "chat=" + "a" * 33])
async def test_without_a_valid_cookie_nobody_speaks_or_listens(cookie: str) -> None:
    async with direct() as client:
        headers = {"Cookie": cookie} if cookie else {}
        assert (await client.post("/messages", json={"id": str(uuid4()), "text": "hi"}, headers=headers)).status_code == 403
        assert (await client.get("/replies", headers=headers)).status_code == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://chat.example", 202), ("https://evil.example", 403), ("http://chat.example:81", 403), ("null", 403)],
)
async def test_the_page_of_another_site_cannot_speak_for_somebody(origin: str, status: int) -> None:
    async with direct() as client:
        await client.get("/")
        answer = await client.post("/messages", json={"id": str(uuid4()), "text": "hi"}, headers={"Origin": origin})
    assert answer.status_code == status


async def test_what_the_store_knows_does_not_open_a_session() -> None:
    mailbox = MailboxInMemory()
    async with direct(mailbox) as client:
        await client.get("/")
        await client.post("/messages", json={"id": str(uuid4()), "text": "hi"})
        assert client.cookies["chat"] != mailbox.messages[0].sender.person


async def test_every_response_carries_the_security_headers() -> None:
    async with direct() as client:
        answers = [
            await client.get("/"),
            await client.get("/chat.js"),
            await client.delete("/messages"),
            await client.post("/messages", content=b"{"),
            await client.post("/messages", json={}),
            await client.post("/messages", json={"id": str(uuid4()), "text": "hi"}),
            await client.post("/replies"),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 405, 415, 400, 202, 405]
    for answer in answers:
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert "immutable" in answers[1].headers["Cache-Control"]


# --- what they say


async def test_a_message_is_confirmed_only_after_it_is_stored() -> None:
    mailbox = MailboxInMemory()
    mailbox.held.clear()
    async with direct(mailbox) as client:
        await client.get("/")
        posting = asyncio.create_task(client.post("/messages", json={"id": str(uuid4()), "text": "hi"}))
        await mailbox.asked.wait()
        assert not posting.done()
        mailbox.held.set()
        assert (await posting).status_code == 202


async def test_nothing_is_confirmed_while_the_store_is_down() -> None:
    mailbox = MailboxInMemory()
    mailbox.down = True
    async with direct(mailbox) as client:
        await client.get("/")
        for answer in (await client.post("/messages", json={"id": str(uuid4()), "text": "hi"}), await client.get("/replies")):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert mailbox.messages == []


async def test_a_message_carries_what_was_said_and_the_language_of_the_page() -> None:
    mailbox = MailboxInMemory()
    first, second = uuid4(), uuid4()
    async with direct(mailbox) as client:
        await client.get("/")
        await client.post("/messages", json={"id": str(first), "text": " szef\nnie płaci ", "language": "uk"})
        await client.post("/messages", json={"id": str(second).upper(), "payload": '/change_language{"language":"en"}', "language": 5})
    sender = mailbox.messages[0].sender
    assert sender.channel == "web"
    assert mailbox.messages == [
        Message(str(first), sender, " szef\nnie płaci ", None, Language.UK),
        Message(str(second), sender, "", '/change_language{"language":"en"}'),
    ]


async def test_half_an_emoji_and_a_zero_character_do_not_reach_the_store() -> None:
    mailbox = MailboxInMemory()
    async with direct(mailbox) as client:
        await client.get("/")
        body = json.dumps({"id": str(uuid4()), "text": "help \ud83d\0!"})
        await client.post("/messages", content=body, headers={"Content-Type": "application/json"})
    assert [message.text for message in mailbox.messages] == ["help ?!"]


ID = "102464ab-559d-446e-bfcc-c3cd75e83721"  # the names of tests are the same in every process


@pytest.mark.parametrize(
    "body",
    [
        "", "[]", "null", "{", "[" * 9000, "\x80", '{"text": "hi"}',
        *(
            json.dumps(body)
            for body in (
                {"id": "1", "text": "hi"}, {"id": 7, "text": "hi"}, {"id": ID}, {"id": ID, "text": ""}, {"id": ID, "text": " \n"},
                {"id": ID, "text": 5}, {"id": ID, "payload": "help"}, {"id": ID, "payload": "/" + "a" * 255}, {"id": ID, "payload": {}},
                {"id": ID, "text": "hi", "payload": "/help"},
            )
        ),
    ],
)  # fmt: skip
async def test_junk_is_refused(body: str) -> None:
    mailbox = MailboxInMemory()
    async with direct(mailbox) as client:
        await client.get("/")
        answer = await client.post("/messages", content=body.encode("latin-1"), headers={"Content-Type": "application/json"})
    assert (answer.status_code, mailbox.messages) == (400, [])


async def test_more_than_16_kib_is_not_read_to_its_end() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 1024:
            read += 1
            yield b"x" * 1024

    async with direct() as client:
        await client.get("/")
        headers = {"Content-Type": "application/json"}
        assert (await client.post("/messages", content=endless(), headers=headers)).status_code == 413
        assert read == 17
        declared = await client.post("/messages", content=endless(), headers={**headers, "Content-Length": "16385"})
    assert (declared.status_code, read) == (413, 17)


async def test_2000_characters_of_any_alphabet_fit() -> None:
    async with direct() as client:
        await client.get("/")
        for letter in ("a", "ї", "한", "🆘"):
            assert (await client.post("/messages", json={"id": str(uuid4()), "text": letter * 2000})).status_code == 202


# --- what they hear


async def test_a_reply_arrives_with_its_buttons_and_contact(served: Served, browser: Browser) -> None:
    person = await person_of(served, browser)
    async with browser.listen() as events:
        assert (await events.next()).name == "connected"
        assert "text/event-stream" in events.response.headers["Content-Type"]
        await served.chat.send(person, Reply("Dzień\ndobry", Language.PL, (Button("Kontakt", "/iom/contact"),)))
        await served.chat.send(person, Reply("", Language.PL, contact=CARD))
        first, second = (await events.next()).reply, (await events.next()).reply
    assert first == {
        "text": "Dzień\ndobry",
        "language": "pl",
        "buttons": [{"title": "Kontakt", "payload": "/iom/contact"}],
        "contact": None,
        "clears": None,
    }
    assert second["contact"]["phone"] == "+48\u00a0530\u00a0595\u00a0013"
    assert second["contact"]["vcard"].startswith("BEGIN:VCARD\r\n")
    assert "+48530595013" in second["contact"]["vcard"]


async def test_a_reply_nobody_is_there_to_see_stays_in_the_outbox(served: Served, browser: Browser) -> None:
    with pytest.raises(TryLater):
        await served.chat.send(await person_of(served, browser), saying("hello"))


async def test_who_connects_is_woken_and_can_be_reached_at_once(served: Served, browser: Browser) -> None:
    person = await person_of(served, browser)
    async with browser.listen() as events:
        address = await served.mailbox.waking.get()
        assert (address.channel, address.person) == ("web", person)
        await served.chat.send(person, saying("hello"))
        await events.next()
        assert (await events.next()).reply["text"] == "hello"


async def test_whoever_cannot_be_woken_is_not_taken_for_connected(served: Served, browser: Browser) -> None:
    person = await person_of(served, browser)
    served.mailbox.down = True
    assert (await browser.client.get("/replies")).status_code == 503
    with pytest.raises(TryLater):
        await served.chat.send(person, saying("hello"))


@pytest.mark.parametrize("how", ["last_event_id", "after"])
async def test_a_reply_missed_while_offline_arrives_after_reconnecting(served: Served, browser: Browser, how: str) -> None:
    person = await person_of(served, browser)
    async with browser.listen() as events, browser.listen() as second_tab:
        for text in ("one", "two", "three"):
            await served.chat.send(person, saying(text))
        await events.next()
        seen = await events.next()
        await second_tab.next()
    async with browser.listen(**{how: seen.id}) as events:
        connected = await events.next()
        assert (connected.name, connected.id) == ("connected", seen.id)
        assert [(await events.next()).reply["text"] for _ in range(2)] == ["two", "three"]
        await served.chat.send(person, saying("four"))
        assert (await events.next()).reply["text"] == "four"


async def test_a_browser_that_names_both_is_believed_what_it_saw_last(served: Served, browser: Browser) -> None:
    person = await person_of(served, browser)
    async with browser.listen() as events:
        await served.chat.send(person, saying("one"))
        await served.chat.send(person, saying("two"))
        start, one, two = [await events.next() for _ in range(3)]
    async with browser.listen(last_event_id=one.id, after=start.id) as events:
        assert [one.id, two.id] == [(await events.next()).id for _ in range(2)]


async def test_a_new_page_does_not_show_what_the_one_before_was_told(served: Served, browser: Browser) -> None:
    person = await person_of(served, browser)
    async with browser.listen() as events:
        await served.chat.send(person, saying("private"))
        await events.next()
    async with browser.listen() as events:
        await events.next()
        await served.chat.send(person, saying("new"))
        assert (await events.next()).reply["text"] == "new"


async def test_numbers_from_before_a_restart_hide_no_reply(served: Served, browser: Browser) -> None:
    person = await person_of(served, browser)
    async with browser.listen() as first_tab, browser.listen(last_event_id="0a1b2c3d-7") as events:
        assert (await events.next()).id.endswith("-0")
        await served.chat.send(person, saying("new"))
        assert (await events.next()).reply["text"] == "new"
        assert (await first_tab.next()).name == "connected"


@pytest.mark.parametrize("position", ["-", "x" * 5000, "abc-" + "9" * 5000, "-٣", "{epoch}-999", "{epoch}-x"])
async def test_a_made_up_position_does_no_harm(position: str) -> None:
    session = Session(lambda: 0)
    stream = session.connect(position.format(epoch=session.epoch))
    assert list(stream.news()) == []


async def test_people_hear_only_what_is_said_to_them(served: Served, browser: Browser) -> None:
    async with served.browser() as other, browser.listen() as events, other.listen() as other_events:
        await served.chat.send(await person_of(served, other), saying("for the other"))
        await served.chat.send(await person_of(served, browser), saying("for me"))
        assert [(await events.next()).name, (await events.next()).reply["text"]] == ["connected", "for me"]
        assert [(await other_events.next()).name, (await other_events.next()).reply["text"]] == ["connected", "for the other"]


async def test_a_quiet_stream_gives_signs_of_life() -> None:
    async with Served(WebChat(heartbeat=0.001)) as served, served.browser() as browser, browser.listen() as events:
        assert [(await events.next()).name for _ in range(3)] == ["connected", "", ""]


async def test_a_fourth_tab_takes_the_place_of_the_oldest(served: Served, browser: Browser) -> None:
    person = await person_of(served, browser)
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(browser.listen()) for _ in range(4)]
        assert [(await tabs[0].next()).name, (await tabs[0].next()).name] == ["connected", "replaced"]
        with pytest.raises(EOFError):
            await tabs[0].next()
        await served.chat.send(person, saying("hello"))
        for tab in tabs[1:]:
            assert [(await tab.next()).name, (await tab.next()).name] == ["connected", "message"]


@pytest.mark.parametrize("wish", [{"payload": "/forget"}, {"text": " /forget "}, {"payload": "/clear"}])
async def test_after_forgetting_nothing_is_kept_for_a_reconnect(served: Served, browser: Browser, wish: dict[str, str]) -> None:
    person = await person_of(served, browser)
    async with browser.listen() as events:
        start = await events.next()
        await served.chat.send(person, saying("private"))
        await browser.post(**wish)
        await served.chat.send(person, saying("forgotten"))
    async with browser.listen(last_event_id=start.id) as events:
        await events.next()
        assert (await events.next()).reply["text"] == "forgotten"


async def test_a_reply_that_clears_the_chat_leaves_nothing_before_it_for_a_reconnect(served: Served, browser: Browser) -> None:
    person = await person_of(served, browser)
    async with browser.listen() as events:
        start = await events.next()
        await served.chat.send(person, saying("private"))
        await served.chat.send(person, replace(saying("empty now"), clears=()))
        assert (await events.next()).reply["clears"] is None
        assert (await events.next()).reply["clears"] == []
    async with browser.listen(last_event_id=start.id) as events:
        await events.next()
        assert (await events.next()).reply["text"] == "empty now"


async def test_closing_ends_the_open_streams_and_takes_no_new_ones(served: Served, browser: Browser) -> None:
    async with browser.listen() as events:
        await events.next()
        await served.chat.close()
        with pytest.raises(EOFError):
            await events.next()
    assert (await browser.client.get("/replies")).status_code == 503


async def test_a_server_that_is_told_to_stop_does_not_wait_for_open_chats() -> None:
    served = Served()
    server = uvicorn.Server(uvicorn.Config(served.app, lifespan="off", log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served.port = listening.getsockname()[1]
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        async with served.browser() as browser, browser.listen() as events:
            await events.next()
            server.should_exit = True
            await served.chat.close()
            async with asyncio.timeout(SOON):
                await serving


# --- the memory behind it


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_session_is_forgotten_after_half_an_hour_alone_but_never_while_somebody_listens() -> None:
    clock = Clock()
    everybody = Sessions(clock)
    listening, leaving = everybody.connect("listening", ""), everybody.connect("leaving", "")
    clock.now = 100.0
    leaving.end()
    clock.now = 100.0 + sessions.IDLE - 1
    everybody.sweep()
    assert len(everybody) == 2
    clock.now += 1
    everybody.sweep()
    assert (len(everybody), listening.ended) == (1, False)
    everybody.close()


async def test_when_there_is_no_room_whoever_left_first_is_forgotten_and_nobody_who_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "SESSIONS", 2)
    clock = Clock()
    everybody = Sessions(clock)
    everybody.connect("a", "").end()
    clock.now = 1.0
    everybody.connect("b", "").end()
    everybody.connect("c", "")
    position = everybody.connect("b", "").position
    with pytest.raises(Full):
        everybody.connect("d", "")
    assert position.endswith("-0")
    assert len(everybody) == 2
    everybody.close()


async def test_only_the_last_fifty_replies_are_kept() -> None:
    session = Session(lambda: 0.0)
    stream = session.connect("")
    start = stream.position
    for number in range(60):
        delivering = asyncio.create_task(session.deliver(str(number)))
        await stream.change()
        list(stream.news())
        assert await delivering
    assert [str(number) for number in range(10, 60)] == list(session.connect(start).news())


async def test_a_reply_that_no_stream_took_is_not_kept_so_it_cannot_come_twice() -> None:
    session = Session(lambda: 0.0)
    stream = session.connect("")
    start = stream.position
    delivering = asyncio.create_task(session.deliver("hello"))
    await stream.change()
    stream.end()
    assert await delivering is False
    assert list(session.connect(start).news()) == []


async def test_a_page_that_opens_while_a_reply_is_on_its_way_gets_it() -> None:
    session = Session(lambda: 0.0)
    stalled = session.connect("")
    delivering = asyncio.create_task(session.deliver("hello"))
    await stalled.change()
    assert list(session.connect("").news()) == ["hello"]
    assert await delivering


async def test_a_delivery_that_is_cancelled_leaves_nothing_behind() -> None:
    session = Session(lambda: 0.0)
    stream = session.connect("")
    delivering = asyncio.create_task(session.deliver("hello"))
    await stream.change()
    delivering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivering
    assert list(stream.news()) == []


async def test_a_browser_that_takes_nothing_more_counts_as_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webchat, "STALLED", 0.001)
    session = Session(lambda: 0.0)
    stream = session.connect("")
    never = asyncio.Event()

    async def receive() -> AsgiMessage:
        await never.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if b"hello" in message.get("body", b""):
            await never.wait()

    connection = asyncio.create_task(EventStream(stream, 15.0)({"type": "http"}, receive, send))
    assert await session.deliver("hello") is False
    await connection
    assert session.streams == []

"""Messenger against the strict fake of Meta: whole conversations, and what the office does in its inbox."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette

from bot import content
from bot.channels.base import Refused
from bot.channels.messenger import Messenger
from bot.profile import profiles_from
from bot.types import Address, Button, Language, Reply
from tests.conftest import Clock
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_meta import Meta
from tests.fakes.graph_webhook import recorded
from tests.fakes.mailbox import Mailbox

HELLO = Reply("Dzień dobry", Language.PL)
MENU = tuple(Button(f"Temat {number}", f"/topic_{number}") for number in range(5))
# What the recorded deliveries hold for us: a payload or words, "" for what we cannot read. All others hold nothing.
HEARD = {
    "another_page": ["hello"],
    "attachment_of_tomorrow": [""],
    "audio": [""],
    "commands": ["help me find work"],
    "edit": ["hello again"],
    "fallback_without_payload": [""],
    "file": [""],
    "get_started": ["/start"],
    "get_started_by_link": ["/start fair_work-uk"],
    "image": [""],
    "images_with_text": ["my contract"],
    "link": ["https://example.org/"],
    "location": [""],
    "post": [""],
    "postback": ["/iom/contact"],
    "postback_old": ["/iom/contact"],
    "product": ["is it still there?"],
    "quick_reply": ["/iom/contact"],
    "reel": [""],
    "referral": ["/start fair_work-uk"],
    "reply_to": ["this one"],
    "several_entries": ["one", "two"],
    "several_events": ["one", "two", "three"],
    "sticker": [""],
    "sticker_as_image": [""],
    "sticker_in_transition": [""],
    "template": [""],
    "text": ["hello, world"],
    "text_not_ascii": ["Добрий день! Żółć 🆘 https://example.org/a/b"],
    "unsupported": [""],
    "video": [""],
}


@asynccontextmanager
async def talking(clock: Clock | None = None) -> AsyncIterator[tuple[FakeGraph, Meta, Messenger, Mailbox]]:
    mailbox = Mailbox()
    async with FakeGraph(clock=clock or Clock()) as graph:
        channel = Messenger(graph.access_token, [graph.app_secret], "word", graph.page_id, graph.url)
        transport = httpx.ASGITransport(Starlette(routes=list(channel.routes(mailbox))))
        async with Meta(graph, "https://bot.example.org/messenger", transport=transport) as meta:
            yield graph, meta, channel, mailbox
        await channel.close()


def spoken(mailbox: Mailbox) -> list[str]:
    return [message.payload or message.text for message in mailbox.messages]


async def test_a_batch_of_fifty_is_kept_whole_and_in_order() -> None:
    async with talking() as (graph, meta, _channel, mailbox):
        people = [graph.person() for _ in range(5)]
        events = [meta.says(people[number % 5], f"nr {number}") for number in range(50)]
        assert (await meta.posts(events[:20], events[20:])).status_code == 200
        assert spoken(mailbox) == [f"nr {number}" for number in range(50)]
        assert (await meta.resends()).status_code == 200
        assert len(mailbox.messages) == 50


async def test_few_buttons_stand_under_the_text_and_more_are_quick_replies_and_both_can_be_tapped() -> None:
    async with talking() as (graph, meta, channel, mailbox):
        person = graph.person()
        for buttons in (MENU[:3], MENU):
            await channel.send(person, Reply("Wybierz", Language.PL, buttons))
        await meta.taps(person, "Temat 0")
        await meta.taps_quick_reply(person, "Temat 4")
        assert spoken(mailbox) == ["/topic_0", "/topic_4"]
        assert graph.refusals == []


async def test_while_somebody_of_the_office_writes_the_conversation_is_paused_until_it_is_given_back() -> None:
    async with talking() as (graph, meta, channel, mailbox):
        person = graph.person()
        olena = Address("messenger", person)
        await meta.takes_thread_control(person)
        assert list(mailbox.paused) == [olena]
        await meta.says(person, "only for the consultant")
        assert mailbox.messages == []
        with pytest.raises(Refused):
            await channel.send(person, HELLO)
        await meta.passes_thread_control(person)
        assert mailbox.paused == {}
        await meta.says(person, "for the bot again")
        await channel.send(person, HELLO)
        assert spoken(mailbox) == ["for the bot again"]
        assert len(graph.sent(person)) == 1


async def test_a_word_from_the_inbox_pauses_and_our_own_words_do_not() -> None:
    async with talking() as (graph, meta, channel, mailbox):
        person = graph.person()
        await channel.send(person, HELLO)
        await meta.echoes(person, graph.sent(person)[0])
        assert (mailbox.paused, mailbox.messages) == ({}, [])
        await meta.consultant_writes(person, "Dzień dobry, tu biuro")
        assert (list(mailbox.paused), mailbox.messages) == ([Address("messenger", person)], [])


async def test_an_unsent_message_is_withdrawn_and_an_edited_one_comes_again() -> None:
    async with talking() as (graph, meta, _channel, mailbox):
        person = graph.person()
        first = meta.says(person, "szef nie płaci")
        await first
        await meta.edits(person, first.mid, "szef mi nie płaci")
        await meta.unsends(person, first.mid)
        assert spoken(mailbox) == ["szef nie płaci", "szef mi nie płaci"]
        assert [(message.original, message.edited) for message in mailbox.messages] == [(first.mid, False), (first.mid, True)]
        assert mailbox.withdrawn == [(Address("messenger", person), first.mid)]


async def test_a_day_after_the_last_word_nothing_is_sent() -> None:
    clock = Clock()
    async with talking(clock) as (graph, _meta, channel, _mailbox):
        person = graph.person()
        clock.pass_(24 * 3600 + 1)
        with pytest.raises(Refused, match="24"):
            await channel.send(person, HELLO)


async def test_the_profile_is_set_once_and_then_left_alone(own_content: content.Content) -> None:
    async with talking() as (graph, _meta, channel, _mailbox):
        wanted = profiles_from(own_content)
        assert any(shown.changes for shown in await channel.profile(wanted, dry_run=True))
        assert graph.profile == {}
        await channel.profile(wanted, dry_run=False)
        assert {"get_started", "greeting", "ice_breakers", "persistent_menu"} == set(graph.profile)
        calls = len(graph.calls)
        assert not any(shown.changes for shown in await channel.profile(wanted, dry_run=False))
        assert [call.verb for call in graph.calls[calls:]] == ["GET"]
        assert graph.refusals == []


@pytest.mark.parametrize("name", sorted(recorded()))
async def test_a_recorded_delivery_is_heard_for_what_it_is(name: str) -> None:
    delivery = recorded()[name]
    mailbox = Mailbox()
    async with FakeGraph() as graph:
        channel = Messenger(graph.access_token, [graph.app_secret], "word", "", graph.url)
        transport = httpx.ASGITransport(Starlette(routes=list(channel.routes(mailbox))))
        async with Meta(graph, "https://bot.example.org/messenger", transport=transport) as meta:
            assert (await meta.posts_body(json.dumps(delivery).encode())).status_code == 200
        await channel.close()
    assert spoken(mailbox) == HEARD.get(name, [])

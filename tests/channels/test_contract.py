"""What every channel keeps, whatever its platform: one list, run over all of `CHANNELS`."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import date

import pytest

from bot import content
from bot.actions.tracker import areas, questions
from bot.channels import CHANNELS
from bot.channels.base import Gone, TakesBack, TryLater
from bot.channels.splitting import parts
from bot.domain import domain_of
from bot.replies import Replies
from bot.types import Button, ContactCard, Language, Reply
from tests.channels.kits import KITS, Kit
from tests.channels.recorded import damaged, recorded

JUNK = [b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"update_id": "x"}', b'{"object": "page", "entry": 5}']
CARD = ContactCard("Anna Nowak", "IOM Kraków", "+48530595013", "office@example.org", "https://example.org")
TROUBLES = ["rate limit", "500", "HTML 502", "reset", "lost reply"]


@pytest.fixture(params=sorted(CHANNELS))
async def kit(request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    async with KITS[request.param]() as made:
        yield made


def test_every_channel_has_a_kit() -> None:
    assert set(KITS) == set(CHANNELS)


async def test_what_a_person_writes_is_kept_before_it_is_confirmed(kit: Kit) -> None:
    response = await kit.post(kit.says("Добрий день, 1 < 2 & 😀"))
    assert response.is_success
    ((sender, text, payload),) = [(message.sender, message.text, message.payload) for message in kit.mailbox.messages]
    assert (sender.channel, sender.person, text, payload) == (kit.channel.name, kit.person, "Добрий день, 1 < 2 & 😀", None)


async def test_a_pressed_button_is_its_payload(kit: Kit) -> None:
    await kit.post(kit.presses("/fair_work/unpaid_wages"))
    (message,) = kit.mailbox.messages
    assert (message.payload or message.text) == "/fair_work/unpaid_wages"


async def test_a_photo_is_a_message_that_we_cannot_read(kit: Kit) -> None:
    if kit.sends_a_photo is None:
        assert kit.channel.name == "web"
        return
    assert (await kit.post(kit.sends_a_photo())).is_success
    assert [(message.text, message.payload) for message in kit.mailbox.messages] == [("", None)]


async def test_the_same_delivery_twice_is_one_message(kit: Kit) -> None:
    said = kit.says("raz")
    assert [(await kit.post(said)).is_success for _ in range(3)] == [True] * 3
    assert [message.text for message in kit.mailbox.messages] == ["raz"]


async def test_the_same_words_twice_are_two_messages(kit: Kit) -> None:
    for _ in range(2):
        await kit.post(kit.says("ok"))
    assert [message.text for message in kit.mailbox.messages] == ["ok", "ok"]


async def test_nothing_is_confirmed_while_the_store_is_down(kit: Kit) -> None:
    kit.mailbox.down = True
    said = kit.says("hello")
    response = await kit.post(said)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")
    kit.mailbox.down = False
    assert (await kit.post(said)).is_success
    assert [message.text for message in kit.mailbox.messages] == ["hello"]


async def test_whoever_cannot_prove_who_they_are_gets_one_refusal_that_tells_nothing(kit: Kit) -> None:
    responses = [
        await kit.client.post(kit.path, content=b"{not json", headers={"Content-Type": "application/json"} | h) for h in kit.unsigned
    ]
    assert {(response.status_code, response.content) for response in responses} in ({(403, b"")}, {(403, b"Forbidden")})
    assert kit.mailbox.messages == []


async def test_nothing_is_parsed_before_it_is_known_who_sent_it(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(_body: object) -> object:
        raise AssertionError

    monkeypatch.setattr(json, "loads", parse)
    for headers in kit.unsigned:
        refused = await kit.client.post(kit.path, content=b"{not json", headers={"Content-Type": "application/json"} | headers)
        assert refused.status_code == 403


@pytest.mark.parametrize("body", JUNK)
async def test_junk_does_no_harm(kit: Kit, body: bytes) -> None:
    assert (await kit.post(body)).status_code < 500
    assert kit.mailbox.messages == []
    assert (await kit.post(kit.says("still here"))).is_success
    assert [message.text for message in kit.mailbox.messages] == ["still here"]


async def test_an_enormous_body_is_refused(kit: Kit) -> None:
    assert (await kit.post(b"x" * (1024 * 1024 + 1))).status_code == 413


async def test_what_no_database_takes_does_no_harm(kit: Kit) -> None:
    body = json.dumps(kit.says("a\0b\ud83d") if kit.channel.name != "messenger" else json.loads(kit.says("a\0b\ud83d"))).encode()
    assert (await kit.post(body)).is_success
    (message,) = kit.mailbox.messages
    assert "\0" not in message.text
    message.text.encode()


async def test_every_recorded_delivery_is_taken(kit: Kit) -> None:
    """Of every platform but our own page."""
    statuses = {name: (await kit.post(delivery)).status_code for name, delivery in recorded(kit.channel.name).items()}
    assert set(statuses.values()) == ({200} if kit.channel.name != "web" else set()), statuses


async def test_a_delivery_that_is_damaged_is_no_error_and_is_not_asked_for_again(kit: Kit) -> None:
    for delivery in recorded(kit.channel.name).values():
        for body in damaged(delivery):
            assert (await kit.post(body)).status_code == 200, body


async def test_every_answer_in_every_language_fits_the_platform(kit: Kit, own_content: content.Content) -> None:
    """All that the content can say, with the longest menus, against a platform that refuses what is too long."""
    replies, domain = Replies(own_content), domain_of(own_content, frozenset())
    for language in Language:
        menu = [Button(str(button["title"]), str(button["payload"])) for button in areas(language.value, domain)]
        said = [replies.say(name, language, date(2026, 11, 28)) for name in own_content.responses if not name.startswith("utter_profile")]
        for reply in [
            *said,
            Reply("Menu", language, tuple(menu)),
            Reply("Dom", language, tuple(menu * 5)),
            Reply("", language, contact=CARD),
        ]:
            kit.says("and then?")  # Viber takes no hundred messages to somebody who is silent
            for part in parts(reply, kit.channel.limits):
                await kit.channel.send(kit.person, part)
    assert kit.refusals() == []
    assert kit.received() > 100


async def test_no_menu_of_ours_is_longer_than_the_platform_shows(kit: Kit, own_content: content.Content) -> None:
    domain = domain_of(own_content, frozenset())
    menus = [areas("pl", domain), *(questions(area, "pl", domain) for area in domain["areas"])]
    assert max(len(menu) for menu in menus) <= kit.channel.limits.buttons


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_trouble_of_the_platform_is_tried_again_later(kit: Kit, trouble: str) -> None:
    if not kit.troubles:
        assert kit.channel.name == "web"
        return
    kit.troubles[trouble]()
    with pytest.raises(TryLater) as later:
        await kit.channel.send(kit.person, Reply("canary-words", Language.PL))
    assert "canary" not in f"{later.value} {later.value.do}"
    assert later.value.__cause__ is None


async def test_what_can_be_taken_back_has_a_number_and_the_person_is_told_that_it_was(kit: Kit, own_content: content.Content) -> None:
    number = await kit.channel.send(kit.person, Reply("hello", Language.PL))
    assert (number is not None) is isinstance(kit.channel, TakesBack)
    if isinstance(kit.channel, TakesBack):
        assert number
        before = kit.received()
        await kit.channel.take_back(kit.person, [number])
        await kit.channel.take_back(kit.person, [number])
        assert (kit.received(), kit.refusals()) == (before - 1, [])
        assert f"utter_clear_{kit.channel.name}" in own_content.responses


async def test_somebody_who_shut_us_out_is_gone(kit: Kit) -> None:
    if kit.leaves is None:
        assert kit.channel.name == "web"
        return
    kit.leaves()
    with pytest.raises(Gone):
        await kit.channel.send(kit.person, Reply("hello", Language.PL))


async def test_showing_that_an_answer_is_coming_never_fails(kit: Kit) -> None:
    await kit.channel.typing(kit.person)
    if kit.leaves:
        kit.leaves()
    await kit.channel.typing(kit.person)


async def test_no_secret_and_no_word_reaches_the_log(kit: Kit, heard: Callable[[], str]) -> None:
    await kit.post(kit.says("canary-words"))
    await kit.post(b"canary-words")
    for trouble in kit.troubles.values():
        trouble()
        with pytest.raises(TryLater):
            await kit.channel.send(kit.person, Reply("canary-words", Language.PL))
        await asyncio.sleep(0)
    written = heard()
    assert "canary" not in written
    assert kit.person not in written or len(kit.person) < 5

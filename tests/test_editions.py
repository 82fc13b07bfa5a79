"""Content that is read anew while people are answered: whatever staff wrote, somebody answers."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bot import content, editions
from bot.channels import all_settings
from bot.editions import ContentError, Edition, Editions, NotLearnt, next_edition
from bot.settings import ROOT, Settings, load
from bot.types import Conversation, Message, Understanding
from tests.conftest import Records
from tests.fakes.telegram import FakeTelegram
from tests.running import running, telegram_settings, web_address
from tests.test_dialogue import OLENA, Bot

PARTNERS = Path("responses") / "iom.yml"
HELLO = Message("1", OLENA, "hello")
FAILS = ("-c", "raise SystemExit(1)")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Records:
    records = Records()
    monkeypatch.setattr(editions, "_log", records)
    return records


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Content of its own, to be changed."""
    for name in ("intents", "responses"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def settings_of(folder: Path) -> Settings:
    return load(all_settings(), {"BOT_CONTENT_DIR": str(folder), "BOT_DATA_DIR": str(folder)})


def with_other_words(folder: Path) -> None:
    """In Polish; the translations are stale from then on."""
    file = folder / PARTNERS
    before = file.read_text(encoding="utf-8")
    key = before.index("utter_iom/partners:")
    text = before.index("text: |\n", key) + len("text: |\n")
    file.write_text(f"{before[:text]}        Nowe słowa. {before[text:].lstrip()}", encoding="utf-8")


def with_another_example(folder: Path) -> None:
    with (folder / "intents" / "iom.yml").open("a", encoding="utf-8") as file:
        file.write("  - intent: iom/partners\n    metadata: {language: pl}\n    examples: |\n      - z kim dzielicie biurko w Krakowie\n")


async def test_the_next_edition_answers_and_whoever_began_with_the_old_one_is_answered_by_it(own_content: content.Content) -> None:
    reading, read = asyncio.Event(), asyncio.Event()

    class Slow(Bot):
        async def understand(self, _text: str) -> Understanding:
            reading.set()
            await read.wait()
            return self.understanding

    bot = Bot(own_content)
    bot.understanding = Understanding("goodbye", 1.0, language="pl", language_confidence=1.0)  # the old one reads the same as a greeting
    old, new = Slow(own_content).edition, bot.edition

    async def another(before: Edition) -> Edition:
        assert before is old
        return new

    kept = Editions(old, another)
    answering = asyncio.create_task(kept.answer(HELLO, Conversation(OLENA)))
    await reading.wait()
    assert await kept.renew()
    later = await kept.answer(HELLO, Conversation(OLENA))
    assert not answering.done()
    read.set()
    assert [(await answering).action, later.action] == ["utter_greet", "utter_goodbye"]
    assert kept.now is new


@pytest.mark.parametrize(
    ("error", "event", "told"),
    [
        (ContentError("responses/iom.yml:3: error: mend it"), "content.refused", "mend what `bot check` says and send SIGHUP again"),
        (NotLearnt(), "content.failed", "run `bot train`, which says why, and send SIGHUP again"),
        (OSError(28, "No space left"), "content.failed", "check the disk or report the place in `error`, and send SIGHUP again"),
    ],
)
async def test_content_that_cannot_be_used_changes_nothing_and_the_log_says_what_to_do(
    error: Exception, event: str, told: str, own_content: content.Content, log: Records
) -> None:
    old = Bot(own_content).edition

    async def another(_before: Edition) -> Edition:
        raise error

    kept = Editions(old, another)
    assert not await kept.renew()
    assert kept.now is old
    assert [event] == log.events
    assert str(log.fields[event]["do"]).startswith(told)
    assert "No space" not in str(log.fields)
    assert "mend it" not in str(log.fields)


async def test_of_many_places_the_log_names_ten_and_how_many_there_are(own_content: content.Content, log: Records) -> None:
    async def another(_before: Edition) -> Edition:
        raise ContentError("\n".join(f"responses/iom.yml:{line}: error" for line in range(30)))

    await Editions(Bot(own_content).edition, another).renew()
    fields = log.fields["content.refused"]
    assert (len(list(fields["places"])), fields["number"]) == (10, 30)  # type: ignore[call-overload]  # it is a list


async def test_other_words_alone_are_read_without_learning_anything(
    folder: Path, own_content: content.Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editions, "LEARN", FAILS)
    with_other_words(folder)
    before = Bot(own_content).edition
    after = await next_edition(settings_of(folder), before)
    assert after.understand == before.understand
    (reply,) = (await after.dialogue.answer(Message("1", OLENA, "", "/iom/partners"), Conversation(OLENA, {"introduced": 9e9}))).replies
    assert "Nowe słowa." in reply.text


async def test_an_example_that_cannot_be_learnt_is_told_apart_from_content_that_cannot_be_read(
    folder: Path, own_content: content.Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editions, "LEARN", FAILS)
    with_another_example(folder)
    with pytest.raises(NotLearnt):
        await next_edition(settings_of(folder), Bot(own_content).edition)
    (folder / PARTNERS).write_text("responses: [", encoding="utf-8")
    with pytest.raises(ContentError, match=r"responses/iom\.yml:\d+"):
        await next_edition(settings_of(folder), Bot(own_content).edition)


async def test_a_bot_that_ends_does_not_wait_for_what_is_being_learnt(
    folder: Path, own_content: content.Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setattr(
        editions, "LEARN", ("-c", f"import signal; f = open({str(pipe)!r}, 'w'); print('on', file=f, flush=True); signal.pause()")
    )
    with_another_example(folder)
    learning = asyncio.create_task(next_edition(settings_of(folder), Bot(own_content).edition))
    with await asyncio.to_thread(pipe.open) as opened:
        assert await asyncio.to_thread(opened.readline) == "on\n"
        learning.cancel()
        await asyncio.gather(learning, return_exceptions=True)
        assert await asyncio.to_thread(opened.read) == ""  # the other end is closed: the process is gone


async def test_a_running_bot_reads_its_content_again_on_a_hang_up_and_keeps_the_old_when_it_is_broken(
    folder: Path, environment: dict[str, str]
) -> None:
    shutil.copytree((folder / "models").resolve(), folder / "own-models")  # what is learnt here stays here
    (folder / "models").unlink()
    (folder / "own-models").rename(folder / "models")
    log = folder / "log"
    async with FakeTelegram() as fake:
        person = fake.person(7, language_code="pl")
        environment = telegram_settings(fake, "polling", environment) | {"BOT_CONTENT_DIR": str(folder)}

        async def logged(enough: Callable[[str], bool]) -> None:
            async with asyncio.timeout(120), httpx.AsyncClient(trust_env=False) as client:
                while not enough(log.read_text(encoding="utf-8")):
                    await client.get(f"{web_address(environment)}/health")

        async with running(environment, log) as process:
            fake.say(person, "/iom/partners")
            await fake.until(lambda: len(fake.sent(person)) == 1, timeout=60)
            with_other_words(folder)
            process.send_signal(signal.SIGHUP)
            await logged(lambda lines: lines.count('"content.renewed"') == 1)
            fake.say(person, "/iom/partners")
            await fake.until(lambda: len(fake.sent(person)) == 2, timeout=60)
            whole = (folder / PARTNERS).read_text(encoding="utf-8")
            (folder / PARTNERS).write_text("responses: [", encoding="utf-8")
            process.send_signal(signal.SIGHUP)
            await logged(lambda lines: '"content.refused"' in lines)
            fake.say(person, "/iom/partners")
            await fake.until(lambda: len(fake.sent(person)) == 3, timeout=60)
            (folder / PARTNERS).write_text(whole, encoding="utf-8")
            with_another_example(folder)
            process.send_signal(signal.SIGHUP)
            await logged(lambda lines: lines.count('"content.renewed"') == 2)
            fake.say(person, "z kim dzielicie biurko w Krakowie")
            await fake.until(lambda: len(fake.sent(person)) == 4, timeout=60)
            process.terminate()
            assert await process.wait() == 0
        assert ["Nowe słowa." in sent.text for sent in fake.sent(person)] == [False, True, True, True]
        assert fake.refusals == []

"""`/forget`: everything at once, in the transaction of its answer, and nothing is left to show."""

from pathlib import Path

import pytest
from sqlalchemy import event

from bot.store.retention import HOUR
from bot.types import Address, Conversation, Language, Message
from tests.privacy.chats import AHMED, OLENA, Chats
from tests.privacy.traces import everything_in, files_of, found

CANARIES = ["kanarek7f3a", "канарка7f3a"]
KEPT = [OLENA.person, *CANARIES, "fair_work/unpaid_wages", "introduced"]


async def talk(chats: Chats, sender: Address = OLENA) -> None:
    """With an answer that waits: the last one is not delivered."""
    await chats.say(CANARIES[0], sender, intent="fair_work/unpaid_wages")
    await chats.store.receive(Message(f"{sender.channel}:98765432198", sender, CANARIES[1], original=CANARIES[1]))
    await chats.answer()


async def test_a_forgotten_person_is_in_no_column_of_any_table_nor_in_a_file(chats: Chats, tmp_path: Path) -> None:
    await talk(chats)
    await chats.store.pause(OLENA, HOUR)
    assert found(KEPT, await everything_in(chats.store.engine)) == [KEPT[0], *KEPT[2:]]
    await chats.say("/forget")
    assert found(KEPT, await everything_in(chats.store.engine)) == []
    await chats.store.sweep()
    assert found(KEPT, files_of(tmp_path / "bot.sqlite3")) == []


async def test_forgetting_is_one_transaction_together_with_its_answer(chats: Chats) -> None:
    """So it takes as long as any answer, and is whole or not at all (`python -m benchmarks.store` says how long)."""
    await talk(chats)
    await chats.store.receive(Message("98765432197", OLENA, "/forget"))
    claimed = await chats.store.next_message()
    assert claimed
    job, message, conversation = claimed
    turn = await chats.dialogue.answer(message, conversation)
    commits: list[object] = []
    event.listen(chats.store.engine.sync_engine, "commit", commits.append)
    assert await chats.store.finish(job, turn, turn.replies)
    assert len(commits) == 1
    assert found(KEPT[1:], await everything_in(chats.store.engine)) == []
    assert (await chats.delivered()).startswith("Gotowe, wszystko jest usunięte")  # and not with the reply that waited
    assert found([OLENA.person], await everything_in(chats.store.engine)) == []


async def test_whoever_asks_after_it_what_is_kept_hears_that_it_is_nothing_and_that_stays_true(chats: Chats) -> None:
    await talk(chats)
    await chats.say("/forget")
    for _ in range(2):
        assert "Teraz program nic o Tobie nie pamięta." in await chats.say("/privacy", hint=Language.PL)
    assert found(KEPT, await everything_in(chats.store.engine)) == []


@pytest.mark.parametrize("by", ["forget", "an operator"])
async def test_nobody_else_is_forgotten(by: str, chats: Chats) -> None:
    await chats.say("привіт", AHMED, language="uk")
    before = await chats.remembered(AHMED)
    await talk(chats)
    await (chats.say("/forget") if by == "forget" else chats.store.forget(OLENA))
    assert before == await chats.remembered(AHMED)
    assert await chats.remembered() == Conversation(OLENA)

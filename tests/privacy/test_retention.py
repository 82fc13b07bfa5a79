"""How long what is kept is kept: a chat through the real Store and Dialogue, and a clock."""

from bot.store.retention import DAY, HOUR
from bot.types import Message
from tests.conftest import Clock
from tests.privacy.chats import OLENA, Chats
from tests.privacy.traces import everything_in, found

SPOKEN_OF = ["fair_work/unpaid_wages", "introduced", "last_message", "offered"]


async def talk(chats: Chats) -> None:
    """Everything that can be remembered is, and the language was chosen."""
    await chats.say("шеф не платит", intent="fair_work/unpaid_wages", language="ru")
    await chats.say('/change_language{"language":"en"}')


async def test_what_was_spoken_of_is_gone_after_a_day_of_silence_and_the_language_stays(chats: Chats, clock: Clock) -> None:
    await talk(chats)
    clock.pass_(DAY - 1)
    await chats.store.sweep()
    assert found(SPOKEN_OF, await everything_in(chats.store.engine)) == SPOKEN_OF
    clock.pass_(2)
    await chats.store.sweep()
    assert found(SPOKEN_OF, await everything_in(chats.store.engine)) == []
    assert (await chats.remembered()).slots == {"language": "en", "language_chosen": True}


async def test_what_was_spoken_of_yesterday_is_not_remembered_even_before_it_is_swept(chats: Chats, clock: Clock) -> None:
    await talk(chats)
    clock.pass_(DAY + 1)
    assert (await chats.remembered()).slots == {"language": "en", "language_chosen": True}


async def test_a_day_counts_from_the_last_message(chats: Chats, clock: Clock) -> None:
    await talk(chats)
    clock.pass_(DAY - 1)
    await chats.say("thank you", intent="thanks", language="en")
    clock.pass_(DAY - 1)
    await chats.store.sweep()
    assert (await chats.remembered()).slots["topic"] == "fair_work/unpaid_wages"


async def test_after_ninety_days_nothing_is_left_of_somebody(chats: Chats, clock: Clock) -> None:
    await talk(chats)
    clock.pass_(90 * DAY - 1)
    await chats.store.sweep()
    assert (await chats.remembered()).slots == {"language": "en", "language_chosen": True}
    clock.pass_(2)
    await chats.store.sweep()
    assert found([OLENA.person, "language"], await everything_in(chats.store.engine)) == []


async def test_the_keys_of_answered_messages_are_forgotten_after_three_days(chats: Chats, clock: Clock) -> None:
    message = Message("98765432199", OLENA, "dzień dobry")
    await chats.store.receive(message)
    await chats.answer()
    clock.pass_(72 * HOUR - 1)
    await chats.store.sweep()
    assert not await chats.store.receive(message)
    clock.pass_(2)
    await chats.store.sweep()
    assert found([message.id], await everything_in(chats.store.engine)) == []
    assert await chats.store.receive(message)

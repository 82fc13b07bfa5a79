"""`bot chat`: the bot in a terminal. One person, no store."""

import asyncio
import contextlib
import sys

from bot.i18n import terminal_language
from bot.types import Address, Answer, Conversation, Message, Reply, Turn

ADDRESS = Address("console", "you")


def talk(answer: Answer) -> None:
    """Until an empty line or the end of input. A number presses the button with that number."""
    conversation = Conversation(ADDRESS)
    choices: dict[str, str] = {}
    number, line = 0, "/start"
    with asyncio.Runner() as runner, contextlib.suppress(KeyboardInterrupt):  # Ctrl-C works at once: the loop stands while we wait
        while line:
            number += 1
            message = Message(str(number), ADDRESS, "" if line in choices else line, choices.get(line), terminal_language())
            turn = runner.run(_answered(answer, message, conversation))
            conversation = turn.conversation
            choices = _show(turn.replies)
            line = _ask().strip()


async def _answered(answer: Answer, message: Message, conversation: Conversation) -> Turn:
    return await answer(message, conversation)


def _show(replies: tuple[Reply, ...]) -> dict[str, str]:
    choices: dict[str, str] = {}
    for reply in replies:
        print(f"\n{reply.text}")
        if reply.contact:
            print(
                f"\n{reply.contact.name}, {reply.contact.organisation}\n{reply.contact.phone}\n{reply.contact.email}\n{reply.contact.url}"
            )
        for button in reply.buttons:
            choices[str(len(choices) + 1)] = button.payload
            print(f"  [{len(choices)}] {button.title}")
    return choices


def _ask() -> str:
    print("\n> ", end="", flush=True)
    return sys.stdin.readline()

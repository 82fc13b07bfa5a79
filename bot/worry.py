"""The line with a number below an answer, when a crisis cannot be ruled out. It never takes the place of the answer.

Once in a day of talking: whoever has had a number does not get it below every message.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.replies import Replies
from bot.types import CLEAR, HELPLINES, Button, Crisis, Turn

TOLD = "action_privacy"  # all that is kept was told before the line would add to it


def with_line(turn: Turn, replies: Replies, today: date) -> Turn:
    """The line stands last, so that no locked screen shows it; its button leads to the whole answer."""
    given = list(turn.conversation.slots.get(HELPLINES) or ())
    answered = _answered(turn.action)
    worry = turn.understanding.worry if turn.understanding and turn.replies and turn.action != TOLD else None
    kind = answered or worry
    if not kind or kind in given:
        return turn
    if not answered:
        *before, last = turn.replies
        line = replies.say(f"utter_worry_{kind}", last.language, today)
        last = replace(last, text=f"{last.text}\n\n{line.text}", buttons=_with_help(last.buttons, line.buttons))
        turn = replace(turn, replies=(*before, last))
    slots = {**turn.conversation.slots, HELPLINES: [*given, kind.value]}
    return replace(turn, conversation=replace(turn.conversation, slots=slots))


def _with_help(buttons: Sequence[Button], help: Sequence[Button]) -> tuple[Button, ...]:
    """Whether the chat is offered to be cleared is up to the answer; it stays the last offer."""
    clearing = [button for button in buttons if button.payload == CLEAR]
    return (*(button for button in (*buttons, *help) if button.payload != CLEAR), *clearing)


def _answered(action: str) -> Crisis | None:
    """Which crisis this is the answer to, whether it was heard or a button was pressed."""
    if not action.startswith("utter_crisis/"):
        return None
    return Crisis.SUICIDE if action.endswith(Crisis.SUICIDE) else Crisis.DANGER

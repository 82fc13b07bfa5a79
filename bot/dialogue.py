"""Message + Conversation -> Turn. It decides and speaks; it sends nothing and stores nothing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Protocol

from bot import edits, worry
from bot.content import Content
from bot.domain import answers_in, domain_of, tracker_of
from bot.i18n import NEAREST
from bot.reading import Reading, Request
from bot.replies import Replies
from bot.types import INTRODUCED, Button, Conversation, Crisis, Language, Message, Reply, Turn, Understand, Understanding

SAYS_IT = ("action_start", "utter_greet", "utter_bot_challenge")  # that it is a program, in their own words
STICKY = 0.8  # a conversation changes its language only when we are this sure
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
ALWAYS = ("clear", "forget", "privacy")  # commands that are obeyed even while a consultant writes


class Act(Protocol):
    """Runs a `rasa_sdk` action: name, tracker, domain -> {"events": [..], "responses": [..]}."""

    async def __call__(self, name: str, tracker: Mapping[str, Any], domain: Mapping[str, Any]) -> Mapping[str, Any]: ...


class Dialogue:
    def __init__(self, content: Content, understand: Understand, act: Act, actions: frozenset[str], clock: Callable[[], datetime]) -> None:
        self.replies = Replies(content)
        self._answers = answers_in(content)
        self._domain = domain_of(content, actions)
        self._read = Reading(understand, self._domain["titles"])
        self._act = act
        self._actions = actions
        self._clock = clock

    async def answer(self, message: Message, conversation: Conversation) -> Turn:
        turn = await self._answer(message, conversation)
        if not edits.is_news(message, conversation, turn):
            return Turn(conversation, (), "action_listen", turn.intent, turn.understanding)
        if turn.forget or turn.action == "action_listen":
            return turn
        return worry.with_line(self._introduced(turn, conversation), self.replies, self._today())

    async def _answer(self, message: Message, conversation: Conversation) -> Turn:
        request = await self._read(message, conversation)
        language, offer = choose_language(request.understanding, conversation.slots, message.hint)
        offer = offer if conversation.slots.get("offered") != offer else None
        name = self.decide(request, conversation)
        if name == "action_listen":
            return Turn(conversation, (), name, request.intent, request.understanding)
        second = request.second or self._besides_a_crisis(name, request)
        said = {"language": language.value, edits.LAST: edits.noted(message), **({"offered": offer} if offer else {})}
        slots = self._remembered(name, request, second, conversation.slots, said)
        turn = await self._perform(name, request, replace(conversation, slots=slots), language)
        replies = [*turn.replies]
        if second:
            if request.understanding and request.understanding.crisis:
                replies.append(self.replies.say("utter_crisis_topic", language, self._today()))
            spoken_in = Language(turn.conversation.slots.get("language", language))  # the first may have changed it
            added = await self._perform(self.name_for(second.intent), second, turn.conversation, spoken_in)
            turn = replace(turn, conversation=added.conversation, forget=turn.forget or added.forget)
            replies += added.replies
        if offer:
            replies[-1:] = [self._with_offer(replies[-1])]
        return replace(
            turn,
            replies=tuple(replies),
            intent=request.intent,
            also=request.second.intent if request.second else None,
            understanding=request.understanding,
        )

    def _remembered(
        self, name: str, request: Request, second: Request | None, before: Mapping[str, Any], said: Mapping[str, Any]
    ) -> dict[str, Any]:
        """All that will be kept, unless an action changes it: known before the answer is made, so that the answer can tell it."""
        if name == "action_privacy" and not request.understanding and not before:
            return {}  # who only asks what is kept leaves nothing by asking
        slots = self._with_topic(name, request, {**before, **said})
        if second:
            slots = self._with_topic(self.name_for(second.intent), second, slots)
        if "crisis/" not in name:
            slots[INTRODUCED] = True
        return {key: value for key, value in slots.items() if value is not None}

    def _introduced(self, turn: Turn, before: Conversation) -> Turn:
        """Says that it is a program: in the first answer, after a day of silence, and after a consultant. Never before help in danger."""
        if before.slots.get(INTRODUCED) or "crisis/" in turn.action or turn.action in SAYS_IT or not turn.replies:
            return turn
        first, *others = turn.replies
        line = self.replies.line("utter_program", first.language)
        return replace(turn, replies=(replace(first, text=f"{first.text}\n\n{line}"), *others))

    def apologise(self, conversation: Conversation) -> Turn:
        """For the service, when answering failed again and again."""
        language = Language(conversation.slots.get("language", Language.PL))
        return Turn(conversation, (self.replies.say("utter_apology", language, self._today()),), "utter_apology")

    def reassure(self, message: Message, conversation: Conversation) -> Reply:
        """For the service, when somebody waits long for an answer."""
        language, _offer = choose_language(None, conversation.slots, message.hint)
        return self.replies.say("utter_coming", language, self._today())

    def decide(self, request: Request, conversation: Conversation) -> str:
        """The policy, in its order: safety and one's own data, then a consultant who is talking, then doubt, then the question."""
        understanding = request.understanding
        if understanding and understanding.crisis:
            held = understanding.crisis is Crisis.DANGER and (understanding.topic or "").startswith("counter_trafficking/")
            return "utter_crisis/trafficking" if held else f"utter_crisis/{understanding.crisis}"
        pressed = understanding is None and (request.intent.startswith("crisis/") or request.intent in ALWAYS)
        if conversation.paused_until and conversation.paused_until > self._clock().timestamp() and not pressed:
            return "action_listen"
        if understanding and not understanding.sure and not request.second:
            return "action_default_fallback"
        return self.name_for(request.intent)

    def name_for(self, intent: str) -> str:
        """The name is the wiring: the menu of an area, an action if somebody wrote one, else the response."""
        if intent in self._domain["areas"]:
            return "action_help"
        if f"action_{intent}" in self._actions:
            return f"action_{intent}"
        return f"utter_{intent}" if f"utter_{intent}" in self._answers else "action_default_fallback"

    async def _perform(self, name: str, request: Request, conversation: Conversation, language: Language) -> Turn:
        if name.startswith("utter_"):
            return Turn(conversation, (self.replies.say(name, language, self._today()),), name)
        result = await self._act(name, tracker_of(request, conversation, language), self._domain)
        slots = dict(conversation.slots)
        forget = False
        for event in result["events"]:
            if event["event"] == "slot":
                slots[event["name"]] = event["value"]
            elif event["event"] == "restart":
                forget, slots = True, {}
        spoken_in = Language(slots.get("language", language))
        replies = tuple(self._reply(response, spoken_in) for response in result["responses"])
        kept = {key: value for key, value in slots.items() if value is not None}
        return Turn(Conversation(conversation.address, kept), replies, name, forget=forget)

    def _with_topic(self, name: str, request: Request, before: Mapping[str, Any]) -> dict[str, Any]:
        """What the next message may lean on. A crisis, a menu and a start end what was spoken of; the contact button does not."""
        if (
            (request.understanding and request.understanding.crisis)
            or request.intent.startswith("crisis/")
            or request.intent in self._domain["areas"]
            or name in ("action_help", "action_start")
        ):
            topic = None
        elif name.endswith(f"_{request.intent}") and "/" in request.intent and (request.understanding or request.intent != "iom/contact"):
            topic = request.intent
        else:
            return dict(before)
        return {**before, "topic": topic}

    def _besides_a_crisis(self, name: str, request: Request) -> Request | None:
        """What a message in crisis asks about besides, if that is clear."""
        topic = request.understanding.topic if request.understanding else None
        return Request(topic, request.text) if topic and name != "utter_crisis/trafficking" else None

    def _reply(self, response: Mapping[str, Any], language: Language) -> Reply:
        """What an action said: the name of a response, its buttons, values for its placeholders. A line of None is left out."""
        buttons = [Button(str(button["title"]), str(button["payload"])) for button in response.get("buttons") or ()]
        reply = self.replies.say(str(response["response"]), language, self._today(), buttons or None)
        lines = [line for line in reply.text.split("\n") if all(response.get(name, "") is not None for name in _PLACEHOLDER.findall(line))]
        text = _PLACEHOLDER.sub(lambda match: str(response.get(match[1], match[0])), "\n".join(lines))
        custom = response.get("custom") or {}
        return replace(
            reply, text=text, contact=self.replies.card if custom.get("contact") else None, clears=() if custom.get("clears") else None
        )

    def _with_offer(self, reply: Reply) -> Reply:
        line = self.replies.line(f"utter_answered_in_{reply.language}", reply.language)
        return replace(reply, text=f"{reply.text}\n\n{line}")

    def _today(self) -> date:
        return self._clock().date()


def choose_language(understanding: Understanding | None, slots: Mapping[str, Any], hint: Language | None) -> tuple[Language, str | None]:
    """What they just wrote, then what they chose or wrote before, then the client's language, then Polish.

    The second value is "ru" or "be" when we answer in another language than theirs and should say so.
    """
    written = understanding.language if understanding else None
    before = str(slots.get("language") or "")
    if before and understanding and understanding.language_confidence < STICKY:
        written = None
    if written in NEAREST:
        return (Language(before), None) if slots.get("language_chosen") else (NEAREST[written], written)
    if written:
        return Language(written), None
    return Language(before) if before else hint or Language.PL, None

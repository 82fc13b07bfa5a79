"""One trial: a bot that is started again whenever it ends, people who write to it, and what came of it.

What each person must read is computed by the bot's own dialogue, in order, part by part; the trial compares it with what the fake
platform delivered.
"""

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import httpx

from benchmarks.crashing import COMMAND, Plan
from benchmarks.databases import Database
from benchmarks.ways import OverTelegram, Way, parts
from bot.dialogue import Dialogue
from bot.types import Address, Conversation, Language, Message
from tests.running import Ended, environment_in, running, web_address

_REST = ("/iom/partners", "/border/frontex", "/start")
HELP = {
    Language.PL: "mąż mnie bije, ma nóż",
    Language.UK: "чоловік мене б'є, у нього ніж",
    Language.EN: "he has a knife and he is beating me",
}
SCRIPTS = {  # a call for help passes what was said before it, so it stands where it is answered anyway
    Language.PL: (HELP[Language.PL], "szef nie zapłacił mi za wrzesień", "/contact", *_REST),
    Language.UK: (HELP[Language.UK], "шеф не заплатив мені за вересень", "/contact", *_REST),
    Language.EN: (HELP[Language.EN], "my boss did not pay me for September", "/contact", *_REST),
}
PAYLOADS = (  # questions whose answers need no classifier
    *("/border/frontex", "/border/rights", "/career/counselling", "/career/job_search", "/fair_work/contract", "/fair_work/unpaid_wages"),
    *("/integration/polish_course", "/integration/schooling", "/iom/about", "/iom/partners"),
)
PATIENCE = 180.0  # seconds until a trial says that something is lost
LOOK_EVERY = 0.1
RESTART_AFTER = 0.2


class NotAsPlanned(Exception):
    """The fault did not happen, so that the trial proves nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Messages without their whole answer, parts beyond one each, pairs of parts of one person in the wrong order, parts that nobody
    expected. `repeats`: the most that one person read twice; `gaps`: how often that may be, once a crash and once an answer of the
    platform that got lost. `seconds`: from the end of the fault until all was answered."""

    lost: int
    doubled: int
    disordered: int
    strange: int
    repeats: int
    seconds: float
    gaps: int = 0
    refusals: Sequence[str] = ()
    remarks: Sequence[str] = ()

    @property
    def breaks(self) -> list[str]:
        """Where the promise is broken."""
        return [
            *([f"{self.lost} lost"] if self.lost else []),
            *([f"{self.repeats} parts repeated for one person, where {self.gaps} may be"] if self.repeats > self.gaps else []),
            *([f"{self.disordered} disordered"] if self.disordered else []),
            *([f"{self.strange} that were not expected"] if self.strange else []),
            *([f"refused by the platform: {reason}" for reason in self.refusals]),
            *[remark for remark in self.remarks if remark.startswith("!")],
        ]


@dataclass
class Talk:
    """One person: what they say and, of each message, the parts that they must read."""

    who: str
    script: Sequence[str]
    answers: list[list[str]]
    said: int = 0
    language: Language = Language.PL

    @property
    def expected(self) -> list[str]:
        return [part for answer in self.answers[: self.said] for part in answer]

    def whole(self, received: Sequence[str]) -> bool:
        return not Counter(self.expected) - Counter(received)


@dataclass
class Trial:
    """`folder` holds its data, log and control files. A remark that begins with ! breaks the promise."""

    way: Way
    database: Database
    dialogue: Dialogue
    folder: Path
    environment: dict[str, str]
    talks: list[Talk] = field(default_factory=list)
    deaths: list[int] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    lost_answers: int = 0
    process: asyncio.subprocess.Process | None = None
    since: float = 0.0
    _up: asyncio.Event = field(default_factory=asyncio.Event)

    # The bot

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def control(self) -> Path:
        return self.folder / "control"

    def plan(self, **what: Any) -> Plan:
        return Plan(str(self.control), **what)

    @asynccontextmanager
    async def bot(self, *plans: Plan) -> AsyncIterator[None]:
        """One plan a start, the last one for every further start."""
        given = plans or (self.plan(),)
        keeping = asyncio.create_task(self._keep_up(chain(given, repeat(self.plan() if given[-1].point else given[-1]))))
        try:
            yield
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

    async def _keep_up(self, plans: Iterable[Plan]) -> None:
        for plan in plans:
            try:
                async with running({**self.environment, **plan.variable()}, self.log, COMMAND) as self.process:
                    self._up.set()
                    status = await self.process.wait()
            except Ended as error:
                status = error.status
            self._up.clear()
            self.process = None
            self.deaths.append(status)
            self.fault_ends()
            await asyncio.sleep(RESTART_AFTER)

    async def up(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._up.wait()

    def reload(self) -> None:
        """Whatever ends it then was planned, or is found by `ended`."""
        if self.process:
            self.process.send_signal(signal.SIGHUP)

    async def logged(self, event: str) -> None:
        await self._until(lambda: f'"{event}"' in self.log.read_text(encoding="utf-8"))

    async def ended(self, *statuses: int) -> None:
        """As planned, and in no other way."""
        with contextlib.suppress(TimeoutError):
            await self._until(lambda: len(self.deaths) >= len(statuses))
        if self.deaths != [*statuses]:
            raise NotAsPlanned(f"it ended with {self.deaths} instead of {[*statuses]}")

    # The people

    async def people(self, *scripts: Sequence[str] | None, poison: str = "") -> None:
        """One person a script, their languages in turn. `poison`: a text that is answered by an apology."""
        for number, own in enumerate(scripts or (None, None, None)):
            language = list(Language)[number % len(Language)]
            who, script = self.way.person(len(self.talks) + 1, language), own or SCRIPTS[language]
            talk = Talk(who, script, await self._answers(who, script, language, poison), language=language)
            if len(set(everything := list(chain(*talk.answers)))) < len(everything):
                raise ValueError("two answers of a script are the same: nobody could tell which came")
            self.talks.append(talk)

    async def begins_anew(self, talk: Talk) -> None:
        """The last thing they said reached a bot that could not reach them, and forgot them."""
        kept, rest = talk.said - 1, talk.script[talk.said :]
        talk.script = [*talk.script[:kept], *rest]
        talk.answers = [*talk.answers[:kept], *await self._answers(talk.who, rest, talk.language)]
        talk.said = kept

    async def _answers(self, who: str, script: Sequence[str], language: Language, poison: str = "") -> list[list[str]]:
        channel = "telegram" if isinstance(self.way, OverTelegram) else "messenger"
        hint = language if channel == "telegram" else None
        conversation = Conversation(Address(channel, who))
        answers = []
        for number, text in enumerate(script):
            message = Message(str(number), conversation.address, text, None, hint)
            failing = poison and text == poison
            turn = self.dialogue.apologise(conversation) if failing else await self.dialogue.answer(message, conversation)
            conversation = turn.conversation
            answers.append([part for reply in turn.replies for part in parts(self.way, reply)])
        return answers

    def all_say(self, number: int | None = None) -> None:
        """The next `number` messages of everybody, in turn: first the first of each. None: all that are left."""
        if self.since == 0.0:
            self.fault_ends()
        for talk, text in self._next(number):
            self.way.say(talk.who, text)

    def all_say_together(self) -> None:
        self.fault_ends()
        self.way.say_together([(talk.who, text) for talk, text in self._next(None)])

    def _next(self, number: int | None) -> Iterable[tuple[Talk, str]]:
        for _ in range(number or max(len(talk.script) for talk in self.talks)):
            for talk in self.talks:
                if talk.said < len(talk.script):
                    talk.said += 1
                    yield talk, talk.script[talk.said - 1]

    def says(self, talk: Talk, number: int = 1) -> None:
        for _ in range(number):
            talk.said += 1
            self.way.say(talk.who, talk.script[talk.said - 1])

    # What came of it

    def fault_ends(self) -> None:
        self.since = time.monotonic()

    async def answered(self, *talks: Talk, within: float = PATIENCE) -> float:
        """Until they have read all they must; the seconds that it took."""
        started = time.monotonic()
        await self._until(lambda: all(talk.whole(self.way.received(talk.who)) for talk in talks), within)
        return time.monotonic() - started

    async def tried(self) -> None:
        """Until the bot has tried to deliver anything, however slow the machine is."""
        await self._until(lambda: self.way.calls() > 0)

    async def nothing_under_way(self, seconds: float) -> None:
        """Until the bot has not sent anything for so long."""
        calls, since = self.way.calls(), time.monotonic()
        async with asyncio.timeout(PATIENCE):
            while time.monotonic() < since + seconds:
                await asyncio.sleep(LOOK_EVERY)
                if (now := self.way.calls()) != calls:
                    calls, since = now, time.monotonic()

    async def quiet(self, within: float = PATIENCE) -> None:
        """Until the platform has nothing more to deliver, and the bot nothing more to answer or to send."""
        deadline = time.monotonic() + within
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            while time.monotonic() < deadline and (self.way.pending() or await self._waits(client)):
                await asyncio.sleep(LOOK_EVERY)
        if time.monotonic() >= deadline:
            self.remarks.append(f"!not quiet after {within:.0f} s")

    async def _waits(self, client: httpx.AsyncClient) -> bool:
        try:
            health = (await client.get(f"{web_address(self.environment)}/health")).json()
        except (httpx.HTTPError, ValueError):
            return True
        return bool(health["status"] != "ok" or health["waiting_messages"] + health["waiting_replies"] > 0)

    async def outcome(self, within: float = PATIENCE) -> Outcome:
        await self.quiet(within)
        seconds = time.monotonic() - self.since
        told = self._that_it_is_coming()
        received = {talk.who: [part for part in self.way.received(talk.who) if part not in told] for talk in self.talks}
        if waited := sum(len(self.way.received(who)) > len(parts) for who, parts in received.items()):
            self.remarks.append(f"{waited} people waited for more than a minute and were told so")
        found = [compare(talk, received[talk.who]) for talk in self.talks]
        lost, doubled, disordered, strange = map(sum, zip(*found, strict=True))
        if unplanned := [status for status in self.deaths if status not in (0, -signal.SIGKILL)]:
            self.remarks.append(f"!it ended by itself, with {unplanned}")
        gaps = sum(status == -signal.SIGKILL for status in self.deaths) + self.lost_answers
        repeats = max(entry[1] for entry in found)
        return Outcome(lost, doubled, disordered, strange, repeats, seconds, gaps, tuple(self.way.refusals))

    def _that_it_is_coming(self) -> set[str]:
        """What is said to whoever waits long; it answers nothing."""
        nobody = Conversation(Address("", ""))
        waiting = [Message("", nobody.address, "", None, language) for language in Language]
        return {part for message in waiting for part in parts(self.way, self.dialogue.reassure(message, nobody))}

    async def _until(self, condition: Callable[[], bool], within: float = PATIENCE) -> None:
        async with asyncio.timeout(within):
            while not condition():
                await asyncio.sleep(0.02)


def compare(talk: Talk, received: Sequence[str]) -> tuple[int, int, int, int]:
    """How many messages are lost, parts doubled, pairs disordered, and parts strange."""
    expected, came = Counter(talk.expected), Counter(received)
    missing = expected - came
    lost = sum(any(missing[part] for part in answer) for answer in talk.answers[: talk.said])
    doubled = sum((came - expected)[part] for part in expected)
    places = {part: place for place, part in enumerate(talk.expected)}
    order = [places[part] for part in received if part in places]
    disordered = sum(before > after for at, after in enumerate(order) for before in order[:at])
    return lost, doubled, disordered, sum(number for part, number in came.items() if part not in expected)


def many_people(number: int, messages: int = 10) -> list[tuple[str, ...]]:
    return [tuple(PAYLOADS[(first + place) % len(PAYLOADS)] for place in range(messages)) for first in range(number)]


@asynccontextmanager
async def trial_in(folder: Path, way: Way, database: Database, dialogue: Dialogue, models: Path) -> AsyncIterator[Trial]:
    (folder / "control").mkdir(parents=True)
    environment = environment_in(folder, models) | database.settings()
    yield Trial(way, database, dialogue, folder, way.settings(environment))

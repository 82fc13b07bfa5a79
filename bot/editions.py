"""An edition: what staff wrote, read and learnt, ready to answer. It is replaced as a whole, also while people are answered.

It knows no channel and no store.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot import content, nlu, telemetry
from bot.dialogue import Dialogue
from bot.executor import executor
from bot.i18n import WARSAW
from bot.profile import profiles_from
from bot.replies import missing_answers, untranslated
from bot.settings import Settings
from bot.types import Conversation, Message, Profiles, Reply, Turn, Understand

LEARN = ("-m", "bot", "train")  # a process of its own: it takes the time of no answer, and the end of the bot does not wait for it
TOLD = 10  # places in one line of the log
_AGAIN = "send SIGHUP again; until then people are answered by what was there before"
_log = telemetry.log("editions")


class ContentError(Exception):
    """Content that cannot be read; the text lists every place."""


class NotLearnt(Exception):
    """The examples are read, and nothing could be learnt from them."""


@dataclass(frozen=True, slots=True)
class Edition:
    content: content.Content
    profiles: Profiles
    understand: Understand
    dialogue: Dialogue


def now() -> datetime:
    return datetime.now(WARSAW)


def read_content(settings: Settings) -> content.Content:
    found = content.read(settings.content_dir)
    errors = [str(problem) for problem in found.problems if not problem.warning]
    errors += [f"responses/: {name} is missing" for name in missing_answers(found.responses)]
    if errors:
        raise ContentError("\n".join(errors))
    for place in untranslated(found.responses):
        _log.warning("content.untranslated", place=place, do="add the missing language there; until then people read it in Polish")
    return found


def edition_from(settings: Settings, *, progress: bool = True) -> Edition:
    """Trains first if the examples changed."""
    found = read_content(settings)
    return _edition(found, nlu.load(found.examples, settings.data_dir, progress=progress))


async def next_edition(settings: Settings, before: Edition) -> Edition:
    """While people are answered: in threads, and what may take minutes in a process. Other words alone take no time."""
    found = await asyncio.to_thread(read_content, settings)
    if found.examples == before.content.examples:
        return _edition(found, before.understand)
    await _learn()
    understand = await asyncio.to_thread(nlu.load, found.examples, settings.data_dir, progress=False)
    return _edition(found, understand)


def _edition(found: content.Content, understand: Understand) -> Edition:
    act, actions = executor()
    return Edition(found, profiles_from(found), understand, Dialogue(found, understand, act, actions, now))


async def _learn() -> None:
    quiet = asyncio.subprocess.DEVNULL
    learning = await asyncio.create_subprocess_exec(sys.executable, *LEARN, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        if await learning.wait():
            raise NotLearnt
    finally:
        if learning.returncode is None:
            learning.kill()


class Editions:
    """The edition of now. Each message is answered to its end by the one that began with it."""

    def __init__(self, edition: Edition, another: Callable[[Edition], Awaitable[Edition]]) -> None:
        self.now, self._another = edition, another

    async def answer(self, message: Message, conversation: Conversation) -> Turn:
        return await self.now.dialogue.answer(message, conversation)

    def apologise(self, conversation: Conversation) -> Turn:
        return self.now.dialogue.apologise(conversation)

    def reassure(self, message: Message, conversation: Conversation) -> Reply:
        return self.now.dialogue.reassure(message, conversation)

    async def renew(self) -> bool:
        """False, and the edition of before stays, if what staff wrote cannot be used. Nobody waits for it meanwhile."""
        try:
            self.now = await self._another(self.now)
        except ContentError as error:
            places = [line.partition(": ")[0] for line in str(error).splitlines()]  # what is wrong there may quote what staff wrote
            _log.error("content.refused", number=len(places), places=places[:TOLD], do=f"mend what `bot check` says and {_AGAIN}")
        except NotLearnt:
            _log.error("content.failed", error=NotLearnt.__name__, do=f"run `bot train`, which says why, and {_AGAIN}")
        except Exception as error:  # a full disk, a mistake of ours: people are answered all the same
            _log.error("content.failed", error=telemetry.where(error), do=f"check the disk or report the place in `error`, and {_AGAIN}")
        else:
            _log.info("content.renewed", answers=len(self.now.content.responses), examples=len(self.now.content.examples))
            return True
        return False
